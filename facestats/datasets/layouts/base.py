"""What every layout says of a data set, and what its reader gives for each face."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: What a column of the written file may hold.
Label = str | int | bool | None


@dataclass(frozen=True)
class Face:
    """One picture and what the data set says of it.

    Attributes
    ----------
    name : str
        What the row is called; stable, and unique in the data set.
    image : pathlib.Path or bytes
        The picture's file, or the encoded picture itself.
    labels : mapping of str to str, int, bool or None
        By column; None, or no entry at all, where this face lacks the label.

    Examples
    --------
    >>> Face("train/1.jpg", Path("train/1.jpg"), {"gender": "female"}).name
    'train/1.jpg'
    """

    name: str
    image: Path | bytes = field(repr=False)
    labels: Mapping[str, Label]


@dataclass(frozen=True)
class Skipped:
    """One row of the data set that cannot be used.

    Attributes
    ----------
    reason : str
        In few words, the same for every row that is left out for it.

    Examples
    --------
    >>> Skipped("a second face in the picture").reason
    'a second face in the picture'
    """

    reason: str


@dataclass(frozen=True)
class Contents:
    """A data set that is ready to be read.

    Attributes
    ----------
    columns : tuple of str
        The label columns that it has, ``split`` among them where it has official splits.
    faces : iterable of Face or Skipped
        One for each row, read as it is asked for; raises :class:`facestats.errors.DataError` for a malformed row.

    Examples
    --------
    >>> Contents(("gender",), [Skipped("no picture")]).columns
    ('gender',)
    """

    columns: tuple[str, ...]
    faces: Iterable[Face | Skipped] = field(repr=False)


@dataclass(frozen=True)
class Layout:
    """How one data set lies on the disk when it has been downloaded and unpacked.

    Attributes
    ----------
    name : str
        What the command line calls it, and what stands in the column ``source``.
    source : str
        What the path must be.
    terms : str
        Whom to cite, and on what terms the data set may be used.
    read : callable
        From the path to the data set's :class:`Contents`. Raises :class:`facestats.errors.MissingInputError` where
        there is no table or no picture, :class:`facestats.errors.DataError` where they are not what they should be.

    Examples
    --------
    >>> Layout("mine", "a folder", "Me, 2026", lambda source: Contents((), [])).read(Path()).columns
    ()
    """

    name: str
    source: str
    terms: str
    read: Callable[[Path], Contents] = field(repr=False)
