"""Results, stores and runs as a notebook displays them: what a reader wants first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from facestats._util import words
from facestats.models.attributes import VERDICT_COLUMNS, measure_column
from facestats.reports.data import ReportData
from facestats.reports.figures import data_uri
from facestats.reports.headlines import video_headline
from facestats.reports.html import render
from facestats.tables.labels import face_name, names_of

if TYPE_CHECKING:
    import pandas as pd

    from facestats.batch.collection import CollectionResult
    from facestats.store.store import Store
    from facestats.tables.video_tables import VideoTables

_MOST_FACES, _MOST_LINES = 8, 5


def result_html(result: VideoTables) -> str:
    """Return one video's result as HTML: a sentence, the faces with their verdicts, and how to go on.

    There are no pictures in it: notebooks are passed on, and the people in the video were not asked.

    Examples
    --------
    >>> result_html(result)  # doctest: +SKIP
    """
    tables = (result.videos, result.frames, result.observations, result.tracks, result.thumbnails, result.doubtful)
    data = ReportData(*tables, entries={}, store=None, people=result.people)
    names = names_of(result.tracks)
    longest = result.tracks.nlargest(_MOST_FACES, "duration_s").sort_values(["start_s", "track_id"])
    faces = [
        (
            names[track["track_id"]],
            words.span(track["start_s"], track["end_s"]),
            [
                (attribute, track[VERDICT_COLUMNS[attribute]], track[measure_column(attribute)])
                for attribute in ("gender", "age", "expression")
            ],
        )
        for track in longest.to_dict("records")
    ]
    problem = words.stop(str(result.error)) if result.status == "partial" else ""
    name = data.name(result.video_id)
    return str(render("display.result", name, video_headline(data), problem, faces, len(result.tracks)))


def store_html(store: Store) -> str:
    """Return a store as HTML: what is in it, what failed, and how to go on; from its manifest alone.

    Examples
    --------
    >>> store_html(store)  # doctest: +SKIP
    """
    entries = store.entries()
    counts = Counter(entry.status for entry in entries.values())
    statuses = [f"{counts[status]:,} {status}" for status in ("ok", "partial", "failed") if counts[status]]
    contents = f"{words.count(len(entries), 'video')} ({words.listing(statuses)})" if entries else "no videos yet"
    problems = [
        f"{entry.paths[0] if entry.paths else entry.video_id}: {entry.error}"
        for entry in entries.values()
        if entry.error
    ]
    return str(render("display.store", store.path, contents, *_first(problems)))


def _first(lines: Sequence[str]) -> tuple[Sequence[str], int]:
    """Return the first lines, and how many more there are."""
    return lines[:_MOST_LINES], len(lines) - _MOST_LINES


def collection_html(result: CollectionResult) -> str:
    """Return what became of a run as HTML: how many were analysed, what was wrong, and the store.

    Examples
    --------
    >>> collection_html(result)  # doctest: +SKIP
    """
    done = f"{words.count(len(result.analyzed), 'video')} analysed now"
    counts = (
        (len(result.drawn), "drawn only"),
        (len(result.done_before), "done before"),
        (len(result.failed_before), "failed before"),
    )
    done += "".join(f", {n:,} {what}" for n, what in counts if n)
    store = Markup(store_html(result.store))
    return str(render("display.collection", words.sentence(done), *_first(result.problems), store))


def gallery_html(thumbnails: pd.DataFrame) -> str:
    """Return pictures of faces as HTML, each with its face and its time; with its video where there are several.

    Parameters
    ----------
    thumbnails : pandas.DataFrame
        Rows of the ``thumbnails`` table.

    Examples
    --------
    >>> from facestats.tables import schema
    >>> gallery_html(schema.conform("thumbnails")).count("<figure")
    0
    """
    several = len(thumbnails["video_id"].unique()) > 1
    pictures = [
        (
            data_uri(bytes(row.image), "image/webp"),
            face_name(row.track_id),
            row.time_s,
            row.video_id if several else None,
        )
        for row in thumbnails.itertuples()
    ]
    return str(render("display.gallery", pictures))
