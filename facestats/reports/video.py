"""The sections of the report on one video; each returns HTML, or None if there is nothing to show."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import HTML
from markupsafe import Markup

from facestats import plots
from facestats._util import words
from facestats.models.cards import Card
from facestats.options import MIN_CLASSIFIED_PX
from facestats.plots.palette import AGE_COLORS, FAINT, MUTED, hex_color
from facestats.reports.data import ReportData
from facestats.reports.doubts import rejected
from facestats.reports.figures import figure, thumbnail
from facestats.reports.headlines import doubtful_sentence, set_by_hand_sentence, video_headline
from facestats.reports.html import block, expression_legend, expression_parts, render, section
from facestats.reports.multiples import small_timelines
from facestats.reports.people import are_known, key_figure
from facestats.reports.provenance import used_cards
from facestats.reports.timeline import live, timeline_item
from facestats.reports.verdicts import by_hand, verdict_rows
from facestats.tables.expressions import mean_shares
from facestats.tables.labels import colors_of, face_name, names_of, rows_of

#: More tracks than this are not listed one by one.
LONGEST_LIST = 100

_ROWS = 30  # of the timeline
_MOST_DOUBTFUL = 12  # pictures of what may be no face
_SAID_JOINED = 0.995  # a track that was never broken has 1


def headline(data: ReportData, *, title: str = "") -> HTML:
    """Return the page's title, what was seen in one sentence, and its key figures.

    Examples
    --------
    >>> headline(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    video, notes = data.video, Markup()
    if video["status"] == "partial":
        until = words.duration(float(video["duration_s"]))
        notes += render("pieces.callout", f"Only the first {until} could be read: {video['error']}")
    if pd.notna(video["missing_since"]):
        since = f"{video['missing_since']:%Y-%m-%d}"
        notes += render("pieces.paragraphs", [f"The file has been gone since {since}; this is what was seen in it."])
    name = title or data.name(data.video_id)
    figures: list[tuple[str, str]] = []
    if video["status"] != "failed":
        length = "picture" if data.one.is_still else "of video"
        figures = [("1" if data.one.is_still else words.duration(float(video["duration_s"])), length)]
        people = None if data.one.is_still else key_figure(data)
        figures += [people] if people is not None else []
        figures.append((f"{len(data.tracks):,}", "face followed" if len(data.tracks) == 1 else "faces followed"))
        if not data.one.is_still:
            most = int(data.frames["n_faces"].max()) if len(data.frames) else 0
            figures.append((f"{most:,}", "most faces at once"))
            if data.one.cuts:
                figures.append((f"{len(data.one.cuts):,}", "cut" if len(data.one.cuts) == 1 else "cuts"))
    return section("pieces.headline", name, video_headline(data), figures, notes, linked=data.linked)


def coverage(data: ReportData) -> HTML | None:
    """Return how much was searched, how much of what was found could be classified, and why not more.

    Examples
    --------
    >>> coverage(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    video, found = data.video, data.observations
    if video["status"] == "failed":
        return None
    note = words.sentence(str(video["clock_note"])) if pd.notna(video["clock_note"]) else ""
    if found.empty:
        return section("video.coverage", _search_sentence(data), note, "", [], rejected(data), *_doubtful(data))
    classified = int(found["classified"].sum())
    small = int((~found["classified"] & (found["face_px"] < MIN_CLASSIFIED_PX)).sum())
    rest = len(found) - classified - small
    shares = [
        (f"{classified:,} classified", classified / len(found), hex_color(AGE_COLORS["middle"])),
        (f"{small:,} too small to classify", small / len(found), hex_color(MUTED)),
        (f"{rest:,} not classified", rest / len(found), hex_color(FAINT)),
    ]
    shares = [part for part in shares if part[1]]
    remarks = []
    if small:
        remarks.append(
            f"Faces whose shorter side is below {MIN_CLASSIFIED_PX} pixels are counted and followed, but classified "
            "only by models whose probabilities were fitted to faces as small."
        )
    if data.entries[data.video_id].options.get("tracker") == "none":
        remarks.append("Faces were not followed, as asked, so that there are no verdicts.")
    elif lost := int(found["track_id"].isna().sum()):
        remarks.append(
            f"{lost:,} of these sightings {'was' if lost == 1 else 'were'} too brief or too doubtful to be followed, "
            f"and so {'belongs' if lost == 1 else 'belong'} to no face below."
        )
    remarks += rejected(data)
    said = (_search_sentence(data), note, words.times(len(found)), shares, remarks)
    return section("video.coverage", *said, *_doubtful(data))


def _doubtful(data: ReportData) -> tuple[list[tuple[Any, ...]], str]:
    """Return what may be no face, the likeliest faces first, and how many there are in words."""
    ordered = data.doubtful.sort_values("face_prob", ascending=False)
    shows = data.may_show(data.video_id)
    listed = [
        (
            thumbnail(row["image"] if shows and isinstance(row["image"], bytes) else None, "What may be no face"),
            data.clip_href(data.video_id, row["time_s"]),
            words.span(row["start_s"], row["end_s"]),
            words.probability(row["face_prob"]),
        )
        for _, row in ordered.head(_MOST_DOUBTFUL).iterrows()
    ]
    return listed, doubtful_sentence(len(ordered))


def _search_sentence(data: ReportData) -> str:
    if data.one.is_still:
        return "Faces were looked for in this one picture."
    rate = data.entries[data.video_id].options.get("rate")
    often = f", {rate:g} a second" if rate else ", every one" if rate == 0 else ""
    frames, sampled = int(data.video["n_frames"]), int(data.video["n_sampled"])
    return f"Faces were looked for in {sampled:,} of its {frames:,} frames{often}."


def overview(data: ReportData, *, smooth_s: float = 0.5) -> HTML | None:
    """Return the whole video at one glance: a row for each person or face, and how many there are at a time.

    Examples
    --------
    >>> overview(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    if data.tracks.empty or data.one.is_still:
        return None
    n_rows = len(rows_of(data.tracks))
    what = "faces" if n_rows == len(data.tracks) else "people"
    still = figure(
        plots.track_overview,
        data.one,
        aligned=True,
        smooth_s=smooth_s,
        max_tracks=_ROWS,
        legend=False,
        alt=f"A row for each of {n_rows} {what} over the video's time, coloured by expression",
    )
    still += figure(
        plots.expression_average,
        data.observations,
        smooth_s=smooth_s,
        cuts=data.one.cuts,
        time_range=data.one.time_range,
        aligned=True,
        legend=False,
        height=1.7,
        alt="Mean expression probabilities of all faces in the picture over the video's time",
    )
    item = timeline_item(data.one, smooth_s=smooth_s, max_tracks=_ROWS)
    has_clip = data.clip_href(data.video_id) is not None
    hint = f"Point at it for details, drag to zoom in{', click to move the clip to that moment' if has_clip else ''}."
    parts = [expression_legend(), render("pieces.longest", _ROWS, n_rows, what), live(item, still, hint=hint)]
    if said := set_by_hand_sentence(data.tracks):
        parts.insert(0, render("pieces.paragraphs", [said]))
    if n_rows > _ROWS:  # or the rows tell it
        parts.append(
            figure(
                plots.face_count,
                data.frames,
                cuts=data.one.cuts,
                time_range=data.one.time_range,
                aligned=True,
                height=1.5,
                alt="Number of faces in the picture over the video's time",
            )
        )
    return block(*parts)


def faces(data: ReportData) -> HTML | None:
    """Return a row for each track: picture, times, verdicts with their probabilities; folded where people have rows.

    Examples
    --------
    >>> faces(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    if data.tracks.empty:
        return None
    listed = data.tracks.nlargest(LONGEST_LIST, "duration_s").sort_values(["start_s", "track_id"])
    pictures = data.thumbnails.drop_duplicates("track_id").set_index("track_id")["image"]
    cards = dict(used_cards(data))
    names, colors = names_of(data.tracks), colors_of(data.tracks)
    rows = []
    for _, track in listed.iterrows():
        number = int(track["track_id"])
        row = _face(data, track, pictures.get(number), cards)
        person = names[number] if names[number] != face_name(number) else ""
        rows.append({**row, "person": person, "color": hex_color(colors[number])})
    address = data.clip_href(data.video_id)
    where = "" if address is None else "picture" if address.endswith(".png") else "clip"
    legend = expression_legend(unknown=False, missing=False)
    return section("video.faces", legend, rows, len(data.tracks), where, are_known(data) and not data.one.is_still)


def _face(
    data: ReportData, track: pd.Series, webp: bytes | None, cards: Mapping[str, Card] = MappingProxyType({})
) -> dict[str, Any]:
    seen, classified = int(track["n_observations"]), int(track["n_classified"])
    often = f"seen {seen:,} times" if seen > 1 else "seen once"
    joined = track["joined_prob"]
    if np.isfinite(joined) and joined < _SAID_JOINED:
        often += f", joined from parts of the same person: {words.percent(joined)}"
    if pd.notna(track["static"]) and track["static"]:
        often += ", and never moved nor changed: perhaps a picture of a face"
    judged = "" if classified == seen else f", {classified:,} classified" if classified else ", never classified"
    corrected = by_hand(track["corrected"])
    return {
        "number": track["track_id"],
        "corrected": corrected,
        "picture": thumbnail(webp, f"Face {track['track_id']}"),
        "moment": "in the picture" if data.one.is_still else words.span(track["start_s"], track["end_s"]),
        "address": None if data.one.is_still else data.clip_href(data.video_id, track["start_s"]),
        "text": f"{often}{judged}; {track['face_px']:.0f} pixels",
        "shares": expression_parts(mean_shares(track.to_frame().T.infer_objects())),
        "verdicts": verdict_rows(track, cards),
    }


def timelines(data: ReportData, *, smooth_s: float = 0.5, limit: int = 12) -> HTML | None:
    """Return a small expression timeline of each person or track, on one clock; of many the longest ``limit``.

    None if there is one row only: the timeline of the whole video is that of its face.

    Examples
    --------
    >>> timelines(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    measured = data.tracks[data.tracks["expression"].notna()]
    n_all = len(rows_of(measured))
    if n_all == 0 or len(rows_of(data.tracks)) == 1 or data.one.is_still:
        return None
    longest = rows_of(measured, limit)
    drawn = small_timelines(data.one, longest, smooth_s=smooth_s)
    return section("video.timelines", drawn, len(longest), n_all, "faces" if n_all == len(measured) else "people")
