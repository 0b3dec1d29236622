"""The first screen of a video's page: the clip, a contact sheet of the faces, and what is doubtful."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from IPython.display import HTML

from facestats._util import words
from facestats.plots.palette import hex_color
from facestats.reports.data import ReportData
from facestats.reports.doubts import video_doubts
from facestats.reports.evidence import poster
from facestats.reports.figures import thumbnail
from facestats.reports.folder import CLIPS
from facestats.reports.html import section
from facestats.reports.originals import NOTE_SUFFIX, why_missing
from facestats.reports.overlay import overlay_href
from facestats.reports.people import are_known
from facestats.store.lacks import is_gone
from facestats.tables.labels import colors_of, names_of
from facestats.tables.schema import UNKNOWN

#: Of the contact sheet, those seen longest; the rest is below.
SHEET = 12

_SAID = {"gender": "gender", "age": "age_group"}  # of each face on it, and the columns


def glance(data: ReportData) -> HTML | None:
    """Return the annotated clip or still, and beside it a contact sheet of the people with their time in the picture.

    Where nobody asked which faces are of one person, it shows the faces.

    Examples
    --------
    >>> glance(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    address = data.clip_href(data.video_id)
    if address is None and data.tracks.empty:
        return None
    still = None if address is None or address.endswith(".png") else poster(data)
    found, what = _people(data), "people"
    if found is None:
        found, what = data.tracks.assign(best_track=data.tracks["track_id"], first_s=data.tracks["start_s"]), "faces"
    longest = found.nlargest(SHEET, "seen_s").sort_values(["first_s", "best_track"])
    names, colors = names_of(data.tracks), colors_of(data.tracks)
    pictures = data.thumbnails.drop_duplicates("track_id").set_index("track_id")["image"]
    cards = []
    for row in longest.to_dict("records"):
        number = int(row["best_track"])
        named = {"name": names[number], "color": hex_color(colors[number])}
        cards.append({**_card(data, row, pictures.get(number), names[number]), **named})
    how = {"faces": overlay_href(data), "missing": _missing(data) if address is None else outdated_sentence(data)}
    return section("glance.glance", address, still, cards, len(found), what, **how)


def outdated_sentence(data: ReportData) -> str:
    """Return that a clip shows faces as they were before corrections; nothing of one that does not.

    Examples
    --------
    >>> outdated_sentence(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    ''
    """
    if not data.is_clip_outdated(data.video_id):
        return ""
    entry = data.entries.get(data.video_id)
    then = "The next run of facestats over this video draws it anew."
    if entry is not None and is_gone(entry):
        then = "The video itself is not there any more, so that it cannot be drawn anew."
    return f"The clip was drawn before faces were corrected by hand, and shows them as they were then. {then}"


def _missing(data: ReportData) -> str:
    """Return why neither a clip nor the video itself is shown beside a page."""
    entry = data.entries.get(data.video_id)
    if entry is None or not data.page_folder or data.one.is_still:
        return ""
    why = why_missing(entry, Path(data.page_folder, CLIPS, f"{data.video_id}{NOTE_SUFFIX}"))
    return words.sentence(f"no video is shown: {why}")


def _people(data: ReportData) -> pd.DataFrame | None:
    """Return the people; None where they are not known, or the faces of a still, each of which is of another."""
    if not are_known(data) or data.one.is_still:
        return None
    counts = [words.count(int(n), "face") if n > 1 else "" for n in data.people["n_tracks"]]
    return data.people.assign(faces=counts)


def _card(data: ReportData, row: Mapping[Any, Any], webp: bytes | None, name: str) -> dict[str, Any]:
    known = {what: row[column] for what, column in _SAID.items() if isinstance(row[column], str)}
    told = [str(verdict) for verdict in known.values() if verdict != UNKNOWN]
    unsure = f"{words.listing(list(known))} unknown" if known else "not measured"
    return {
        "number": row["best_track"],
        "faces": row.get("faces", ""),
        "picture": thumbnail(webp, name),
        "seen": "" if data.one.is_still else words.duration(float(row["seen_s"])),
        "verdicts": ", ".join(told) or unsure,
    }


def doubts(data: ReportData) -> HTML | None:
    """Return what a reader must know before trusting the page, a line each; None if there is nothing.

    Examples
    --------
    >>> doubts(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    lines = video_doubts(data)
    return section("glance.doubts", lines) if lines else None
