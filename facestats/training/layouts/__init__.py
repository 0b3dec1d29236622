"""Data sets as their authors lay them out, converted into the Parquet files of :mod:`facestats.training.datasets`.

Nothing is downloaded: each data set has terms of its own (:attr:`Layout.terms`), which you accept where you get it.
"""

from __future__ import annotations

from collections.abc import Mapping

from facestats.errors import UnknownNameError
from facestats.training.layouts.adience import ADIENCE
from facestats.training.layouts.base import Contents, Face, Layout, Skipped
from facestats.training.layouts.celeba import CELEBA
from facestats.training.layouts.fairface import FAIRFACE
from facestats.training.layouts.fer import FER2013, FERPLUS
from facestats.training.layouts.imdb_wiki import IMDB, WIKI
from facestats.training.layouts.imfdb import IMFDB
from facestats.training.layouts.jaffe import JAFFE
from facestats.training.layouts.utkface import UTKFACE
from facestats.training.layouts.writing import Converted, convert

__all__ = ["LAYOUTS", "Contents", "Converted", "Face", "Layout", "Skipped", "convert", "find_layout"]

#: The data sets that can be converted, by name.
LAYOUTS: Mapping[str, Layout] = {
    layout.name: layout for layout in (FER2013, FERPLUS, UTKFACE, FAIRFACE, CELEBA, ADIENCE, IMDB, WIKI, IMFDB, JAFFE)
}


def find_layout(name: str) -> Layout:
    """Return the layout of that name.

    Raises
    ------
    UnknownNameError
        If there is none.

    Examples
    --------
    >>> find_layout("jaffe").name
    'jaffe'
    """
    if name not in LAYOUTS:
        raise UnknownNameError(f"unknown layout {name!r}; there are {', '.join(LAYOUTS)}")
    return LAYOUTS[name]
