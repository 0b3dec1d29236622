"""The versions of the tables: which of them are read, which tables they have, and what their columns were called."""

from __future__ import annotations

from collections.abc import Mapping

#: Version of the tables of :mod:`facestats.tables.schema`; a store says which one it was written with.
SCHEMA_VERSION = 6

#: The versions whose stores are read: what older ones lack is missing.
READABLE_VERSIONS = (4, 5, 6)

#: The version that a table came with, where it is not the oldest of these.
SINCE: Mapping[str, int] = {"people": 5, "doubtful": 5}

#: By table, columns that were renamed: the last version with the old name, that name, and the new one.
_RENAMED: Mapping[str, tuple[tuple[int, str, str], ...]] = {
    "tracks": ((5, "expression_prob", "expression_share"),),
    "people": ((5, "expression_prob", "expression_share"),),
}


def former_names(table: str, version: int = min(READABLE_VERSIONS)) -> dict[str, str]:
    """Return the columns of a table that had other names in a version of the schema: by present name, that name.

    Examples
    --------
    >>> former_names("tracks", 5), former_names("tracks", SCHEMA_VERSION)
    ({'expression_share': 'expression_prob'}, {})
    """
    return {now: then for last, then, now in _RENAMED.get(table, ()) if version <= last}
