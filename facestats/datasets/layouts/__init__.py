"""Data sets as their authors lay them out, converted into the Parquet files of :mod:`facestats.datasets.labelled`.

Nothing is downloaded: each data set has terms of its own (:attr:`Layout.terms`), which you accept where you get it.
"""

from __future__ import annotations

from collections.abc import Mapping

from facestats.datasets.layouts.adience import ADIENCE
from facestats.datasets.layouts.base import Contents, Face, Layout, Skipped
from facestats.datasets.layouts.celeba import CELEBA
from facestats.datasets.layouts.fairface import FAIRFACE
from facestats.datasets.layouts.fer import FER2013, FERPLUS
from facestats.datasets.layouts.imdb_wiki import IMDB, WIKI
from facestats.datasets.layouts.imfdb import IMFDB
from facestats.datasets.layouts.jaffe import JAFFE
from facestats.datasets.layouts.utkface import UTKFACE
from facestats.datasets.layouts.writing import Converted, convert
from facestats.errors import UnknownNameError

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
