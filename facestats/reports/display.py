"""How results and stores show themselves in a notebook: what a person wants first."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from facestats._util import words
from facestats.models.attributes import VERDICT_COLUMNS
from facestats.reports import page
from facestats.reports.data import ReportData
from facestats.reports.headlines import video_headline

if TYPE_CHECKING:
    from facestats.batch.collection import CollectionResult
    from facestats.store.store import Store
    from facestats.tables.video_tables import VideoResult

_MOST_FACES, _MOST_LINES = 8, 5


def result_html(result: VideoResult) -> str:
    """Return one video's result as HTML: a sentence, the faces with their verdicts, and how to go on.

    There are no pictures in it: notebooks are passed on, and whoever is seen was not asked.

    Examples
    --------
    >>> result_html(result)  # doctest: +SKIP
    """
    tables = (result.videos, result.frames, result.observations, result.tracks, result.thumbnails)
    data = ReportData(*tables, entries={}, store=None)
    parts = [f"<p><b>{page.escape(data.name(result.video_id))}</b>: {page.escape(video_headline(data))}</p>"]
    if result.status == "partial":
        parts.append(page.callout(page.escape(f"Read in part: {words.stop(str(result.error))}")))
    longest = result.tracks.nlargest(_MOST_FACES, "duration_s").sort_values(["start_s", "track_id"])
    rows = []
    for track in longest.to_dict("records"):
        when = f"{words.moment(track['start_s'])} to {words.moment(track['end_s'])}"
        verdicts = [
            page.verdict(attribute, track[VERDICT_COLUMNS[attribute]], track[f"{VERDICT_COLUMNS[attribute]}_prob"])
            for attribute in ("gender", "age", "expression")
        ]
        cells = [f"face {track['track_id']}", when, *verdicts]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    if rows:
        head = "".join(f"<th>{title}</th>" for title in ("", "when", "perceived gender", "age group", "expression"))
        parts.append(
            f'<table class="fs-videos fs-short"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
        )
    if len(longest) < len(result.tracks):
        parts.append(f'<p class="fs-muted">The {len(longest)} longest of {len(result.tracks):,} faces.</p>')
    parts.append(
        '<p class="fs-muted">Tables: <code>.tracks</code>, <code>.observations</code>, <code>.frames</code>, '
        "<code>.thumbnails</code>, <code>.videos</code>. Look at it: <code>fs.explore(result)</code>.</p>"
    )
    return f'{page.style()}<div class="fs">{"".join(parts)}</div>'


def store_html(store: Store) -> str:
    """Return a store as HTML: what is in it, what failed, and how to go on; from its manifest alone.

    Examples
    --------
    >>> store_html(store)  # doctest: +SKIP
    """
    entries = store.entries()
    counts = Counter(entry.status for entry in entries.values())
    told = words.listing([f"{counts[status]:,} {status}" for status in ("ok", "partial", "failed") if counts[status]])
    what = f"{words.count(len(entries), 'video')} ({told})" if entries else "no videos yet"
    parts = [f"<p><b>{page.escape(store.path)}</b>: {what}</p>"]
    failed = [entry for entry in entries.values() if entry.error]
    lines = "".join(
        f"<li>{page.escape(entry.paths[0] if entry.paths else entry.video_id)}: {page.escape(entry.error)}</li>"
        for entry in failed[:_MOST_LINES]
    )
    more = f"<li>… and {len(failed) - _MOST_LINES:,} more</li>" if len(failed) > _MOST_LINES else ""
    parts.append(f"<ul>{lines}{more}</ul>" if lines else "")
    parts.append(
        '<p class="fs-muted">Tables: <code>.tracks()</code>, <code>.observations()</code>, <code>.videos()</code>, '
        "<code>.sql(...)</code>. Look at it: <code>fs.explore(store)</code>; report on it: "
        "<code>fs.report(store)</code>.</p>"
    )
    return f'{page.style()}<div class="fs">{"".join(parts)}</div>'


def collection_html(result: CollectionResult) -> str:
    """Return what became of a run as HTML: how many were analysed, what was wrong, and the store.

    Examples
    --------
    >>> collection_html(result)  # doctest: +SKIP
    """
    n, before = len(result.analyzed), len(result.video_ids) - len(result.analyzed)
    done = f"{words.count(n, 'video')} analysed now" + (f", {before:,} done before" if before else "")
    lines = "".join(f"<li>{page.escape(line)}</li>" for line in result.problems[:_MOST_LINES])
    more = len(result.problems) - _MOST_LINES
    lines += f"<li>… and {more:,} more</li>" if more > 0 else ""
    trouble = f"<ul>{lines}</ul>" if lines else ""
    return f'{page.style()}<div class="fs"><p>{words.sentence(done)}</p>{trouble}</div>{store_html(result.store)}'
