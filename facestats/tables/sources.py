"""Where tables may be asked of: a store or its path, the result of a video, or a table itself."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from facestats._util import hooks
from facestats.errors import UsageError
from facestats.models.embedding import EMBEDDING
from facestats.models.faceness import FACENESS
from facestats.tables.video_tables import VideoTables


class StoredTables(Protocol):
    """What reads the tables of many videos, see :class:`facestats.store.store.Store`."""

    def observations(self, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return these columns of ``observations``."""
        ...

    def tracks(self, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return these columns of ``tracks``."""
        ...

    def thresholds(self, attribute: str) -> Mapping[str, float]:
        """Return, by ``video_id``, the probability below which the attribute is "unknown"."""
        ...

    def entries(self) -> Mapping[str, Any]:
        """Return how each video was analysed."""
        ...

    def people(self, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return these columns of ``people``."""
        ...


@dataclass(frozen=True)
class Tracked:
    """Tracks, and what is known of the models that judged them.

    Attributes
    ----------
    tracks : pandas.DataFrame
    models : mapping of str to str or None
        By attribute; None where nobody says.
    models_path : tuple of str
        Folders of one's own models.
    people : pandas.DataFrame or None
        The people of the tracks; None where nobody says.
    """

    tracks: pd.DataFrame
    models: Mapping[str, str] | None = None
    models_path: tuple[str, ...] = ()
    people: pd.DataFrame | None = None


#: What functions take that ask something of the tables.
Source = VideoTables | StoredTables | pd.DataFrame | str | os.PathLike[str]


def opened(source: Source) -> VideoTables | StoredTables | pd.DataFrame:
    """Return a store in place of its path.

    Raises
    ------
    StoreError
        If it is none.

    Examples
    --------
    >>> opened(pd.DataFrame()).empty
    True
    """
    if isinstance(source, str | os.PathLike):
        found: StoredTables = hooks.call("open_store", source)
        return found
    return source


def tracks_of(source: Source | Tracked, attributes: Sequence[str] = ()) -> Tracked:
    """Return the tracks of a source, with the models that its analyses used.

    Parameters
    ----------
    source : Store, VideoTables, pandas.DataFrame, Tracked, str or path
        A DataFrame is taken for ``tracks``.
    attributes : sequence of str
        Those that are asked about, ``"age"`` or ``"age_group"``; a store that used several models for one of them is
        refused.

    Raises
    ------
    UsageError
        If it is none of these, or several models judged an attribute.
    StoreError
        If the path is not that of a store.

    Examples
    --------
    >>> tracks_of(pd.DataFrame({"track_id": [0]})).tracks["track_id"].item()
    0
    """
    if isinstance(source, Tracked):
        return source
    source = opened(source)
    if isinstance(source, pd.DataFrame):
        return Tracked(source)
    if isinstance(source, VideoTables):
        return Tracked(source.tracks, people=source.people)
    if not hasattr(source, "tracks") or not hasattr(source, "entries"):
        raise UsageError(f"give a store or its path, a result, or a table of tracks, not {source!r:.60}")
    names: dict[str, set[str]] = {}
    folders: dict[str, None] = {}
    for entry in source.entries().values():
        if entry.status == "failed":
            continue
        folders |= dict.fromkeys(entry.options.get("models_path", ()))
        for attribute, model in entry.models.items():
            if attribute not in ("detector", EMBEDDING, FACENESS):  # none of them is an attribute
                names.setdefault(attribute, set()).add(model["name"])
    for attribute in attributes:
        if len(used := names.get(attribute.removesuffix("_group"), set())) > 1:
            raise UsageError(
                f"{attribute} was judged by several models ({', '.join(sorted(used))}): ask of the tracks of each, by "
                "store.tracks(where=[('video_id', 'in', ids)])"
            )
    models = {attribute: min(used) for attribute, used in names.items() if len(used) == 1}
    return Tracked(source.tracks(), models or None, tuple(folders), source.people())
