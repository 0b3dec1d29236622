"""ELAN's files (``.eaf``), by pympi."""

from __future__ import annotations

import mimetypes
import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd

from facestats._util.locations import is_remote
from facestats.errors import UnreadableInputError, UsageError
from facestats.store.annotation.intervals import INTERVAL_DTYPES, milliseconds
from facestats.tables.video_tables import VideoTables


def write_eaf(tables: VideoTables, intervals: pd.DataFrame, out: Path) -> None:
    """Write intervals as an ELAN file that names the video.

    Parameters
    ----------
    tables : VideoTables
    intervals : pandas.DataFrame
        See :func:`facestats.store.annotation.intervals.intervals_of`.
    out : pathlib.Path
        The file to write, which is not there.

    Raises
    ------
    UsageError
        If pympi is not installed.

    Examples
    --------
    >>> write_eaf(tables, intervals_of(tables), Path("clip.eaf"))  # doctest: +SKIP
    """
    file = _pympi().Eaf(author="facestats")
    kind = mimetypes.guess_type(tables.path)[0] or "video/*"
    if is_remote(tables.path):
        file.add_linked_file(tables.path, mimetype=kind)
    else:
        video = Path(tables.path).resolve()
        file.add_linked_file(video.as_uri(), Path(os.path.relpath(video, out.parent.resolve())).as_posix(), kind)
    file.remove_tier("default")
    for tier, rows in intervals.groupby("tier", sort=False):
        file.add_tier(str(tier))
        for start_s, end_s, label in rows[["start_s", "end_s", "label"]].itertuples(index=False):
            file.add_annotation(str(tier), milliseconds(start_s), milliseconds(end_s), label)
    file.to_file(str(out))


def read_eaf(path: Path) -> pd.DataFrame:
    """Return the annotations of an ELAN file as intervals, without track numbers.

    Raises
    ------
    UnreadableInputError
        If it is no ELAN file.
    UsageError
        If pympi is not installed.

    Examples
    --------
    >>> read_eaf(Path("clip.eaf"))  # doctest: +SKIP
    """
    pympi = _pympi()
    try:
        ElementTree.parse(path)  # pympi says nothing more than that something went wrong
        file = pympi.Eaf(str(path))
        rows = [
            (tier, pd.NA, start / 1000, end / 1000, value or "")
            for tier in file.get_tier_names()
            for start, end, value, *_ in sorted(file.get_annotation_data_for_tier(tier))
        ]
    except (OSError, SyntaxError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise UnreadableInputError(f"{path} is no ELAN file: {error}") from None
    return pd.DataFrame(rows, columns=list(INTERVAL_DTYPES)).astype(INTERVAL_DTYPES)


def _pympi() -> Any:
    try:
        import pympi
    except ImportError:
        raise UsageError("ELAN files need pympi-ling: pip install 'facestats[annotation]'") from None
    return pympi
