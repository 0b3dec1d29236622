"""The sections of the report on one video; each returns HTML, or None if there is nothing to show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from IPython.display import HTML

from facestats import plots
from facestats._util import words
from facestats.options import MIN_CLASSIFIED_PX
from facestats.plots.palette import AGE_COLORS, FAINT, MUTED, hex_color
from facestats.plots.shares import mean_shares
from facestats.reports import page
from facestats.reports.data import ReportData
from facestats.reports.evidence import poster
from facestats.reports.headlines import video_headline
from facestats.reports.live import live, timeline_item
from facestats.reports.provenance import used_cards
from facestats.tables.schema import UNKNOWN

#: More tracks than this are not listed one by one.
LONGEST_LIST = 100

_ROWS = 30  # of the timeline
_SAID_JOINED = 0.995  # a track that was never broken has 1


def headline(data: ReportData, *, title: str = "") -> HTML:
    """Return the page's title, what was seen in one sentence, and its key figures.

    Examples
    --------
    >>> headline(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    video = data.video
    back = '<p class="fs-back"><a href="collection.html">All videos</a></p>' if data.linked else ""
    name = title or data.name(data.video_id)
    parts = [page.style(), back, f"<h1>{page.escape(name)}</h1>"]
    parts.append(f'<p class="fs-lead">{page.escape(video_headline(data))}</p>')
    if video["status"] == "partial":
        until = words.duration(float(video["duration_s"]))
        parts.append(page.callout(f"Only the first {page.escape(until)} could be read: {page.escape(video['error'])}"))
    if pd.notna(video["missing_since"]):
        parts.append(
            page.callout(
                f"The file has been gone since {video['missing_since']:%Y-%m-%d}; this is what was seen in it."
            )
        )
    if video["status"] != "failed":
        length = "picture" if data.is_still else "of video"
        figures = [
            ("1" if data.is_still else words.duration(float(video["duration_s"])), length),
            (f"{len(data.tracks):,}", "face followed" if len(data.tracks) == 1 else "faces followed"),
        ]
        if not data.is_still:
            most = int(data.frames["n_faces"].max()) if len(data.frames) else 0
            figures.append((f"{most:,}", "most faces at once"))
            if data.cuts:
                figures.append((f"{len(data.cuts):,}", "cut" if len(data.cuts) == 1 else "cuts"))
        parts.append(page.key_figures(figures))
    return page.block(*parts)


def clip(data: ReportData) -> HTML | None:
    """Return the annotated clip or still, if there is one.

    Examples
    --------
    >>> clip(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    address = data.clip_href(data.video_id)
    if address is None:
        return None
    address = page.escape(address)
    if address.endswith(".png"):
        return page.block(f'<img class="fs-clip" src="{address}" alt="the picture with the faces marked">')
    shown = poster(data)
    still = f' poster="{shown}"' if shown else ""
    # Paper and PDF show no video.
    printed = f'<img class="fs-clip fs-printed" src="{shown}" alt="a frame of the annotated clip">' if shown else ""
    return page.block(
        f'<video class="fs-clip" controls preload="{"none" if shown else "metadata"}"{still} '
        f'aria-label="annotated clip" src="{address}"></video>{printed}'
    )


def coverage(data: ReportData) -> HTML | None:
    """Return how much was looked at and how much of what was found could be judged, and why not more.

    Examples
    --------
    >>> coverage(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    video = data.video
    if video["status"] == "failed":
        return None
    frames, sampled = int(video["n_frames"]), int(video["n_sampled"])
    if data.is_still:
        looked = "Faces were looked for in this one picture."
    else:
        rate = data.entries[data.video_id].options.get("rate")
        often = f", {rate:g} a second" if rate else ", every one" if rate == 0 else ""
        looked = f"Faces were looked for in {sampled:,} of its {frames:,} frames{often}."
    parts = [f"<p>{looked}</p>"]
    if pd.notna(video["clock_note"]):
        note = page.escape(words.sentence(str(video["clock_note"])))
        parts.append(page.callout(f"The times of this video are odd: {note}"))
    found = data.observations
    if len(found):
        classified = int(found["classified"].sum())
        small = int((~found["classified"] & (found["face_px"] < MIN_CLASSIFIED_PX)).sum())
        rest = len(found) - classified - small
        shares = [
            (f"{classified:,} classified", classified / len(found), hex_color(AGE_COLORS["middle"])),
            (f"{small:,} too small to classify", small / len(found), hex_color(MUTED)),
            (f"{rest:,} not classified", rest / len(found), hex_color(FAINT)),
        ]
        times = words.times(len(found))
        parts.append(f"<p>A face was found {times}:</p>{page.keyed_strip(shares, 'faces found')}")
        if small:
            parts.append(
                f"<p>Faces whose shorter side is below {MIN_CLASSIFIED_PX} pixels are counted and followed, but not "
                "classified by models that never saw any so small.</p>"
            )
        if data.entries[data.video_id].options.get("tracker") == "none":
            parts.append("<p>Faces were not followed, as asked, so that there are no verdicts.</p>")
        elif lost := int(found["track_id"].isna().sum()):
            parts.append(
                f"<p>{lost:,} of these sightings {'was' if lost == 1 else 'were'} too brief or too doubtful to "
                f"be followed, and so {'belongs' if lost == 1 else 'belong'} to no face below.</p>"
            )
    return page.block(*parts)


def overview(data: ReportData, *, smooth_s: float = 0.5) -> HTML | None:
    """Return the whole video at one glance: a row for each face, and how many there were.

    Examples
    --------
    >>> overview(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    if data.tracks.empty or data.is_still:
        return None
    more = len(data.tracks) - _ROWS
    shared: dict[str, Any] = {"cuts": data.cuts, "time_range": data.time_range}
    rows = page.figure(
        plots.track_overview,
        data.observations,
        data.tracks,
        aligned=True,
        threshold=expression_threshold(data),
        smooth_s=smooth_s,
        max_tracks=_ROWS,
        legend=False,
        alt=f"A row for each of {len(data.tracks)} faces over the video's time, coloured by expression",
        **shared,
    )
    # The mean over one face is that face, whose timeline stands below.
    mean = (
        ""
        if len(data.tracks) == 1
        else page.figure(
            plots.expression_average,
            data.observations,
            smooth_s=smooth_s,
            aligned=True,
            legend=False,
            alt="Mean expression probabilities of all faces in the picture over the video's time",
            **shared,
        )
    )
    item = timeline_item(
        data.observations,
        data.tracks,
        threshold=expression_threshold(data),
        smooth_s=smooth_s,
        max_tracks=_ROWS,
        **shared,
    )
    counts = page.figure(
        plots.face_count,
        data.frames,
        aligned=True,
        alt="Number of faces in the picture over the video's time",
        **shared,
    )
    hint = "Point at it for details, drag to zoom in, click to move the clip to that moment."
    longest = f"<p>The {_ROWS} longest of {len(data.tracks):,} faces.</p>" if more > 0 else ""
    return page.block(page.expression_legend(), longest, live(item, rows + mean, hint=hint), counts)


def expression_threshold(data: ReportData) -> float:
    """Return the probability below which the models used call an expression "unknown".

    Examples
    --------
    >>> expression_threshold(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    thresholds = {head.attribute: head.threshold for _, card in used_cards(data) for head in card.heads}
    return thresholds.get("expression", 0.5)


def faces(data: ReportData) -> HTML | None:
    """Return a row for each track: picture, times, verdicts with their probabilities.

    Examples
    --------
    >>> faces(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    if data.tracks.empty:
        return None
    listed = data.tracks.nlargest(LONGEST_LIST, "duration_s").sort_values(["start_s", "track_id"])
    pictures = data.thumbnails.drop_duplicates("track_id").set_index("track_id")["image"]
    rows = "".join(_face(data, track, pictures.get(track["track_id"])) for _, track in listed.iterrows())
    more = f"<p>The {len(listed)} longest of {len(data.tracks):,} faces.</p>" if len(listed) < len(data.tracks) else ""
    return page.block(page.expression_legend(unknown=False, missing=False), f'<div class="fs-faces">{rows}</div>', more)


def _face(data: ReportData, track: pd.Series, webp: bytes | None) -> str:
    name = f"Face {track['track_id']}"
    shares = mean_shares(track.to_frame().T.infer_objects())
    strip = "" if shares is None else page.expression_strip(shares)
    seen, classified = int(track["n_observations"]), int(track["n_classified"])
    often = f"seen {seen:,} times" if seen > 1 else "seen once"
    joined = track["joined_prob"]
    if np.isfinite(joined) and joined < _SAID_JOINED:
        often += f", joined from parts: one person with {words.percent(joined)}"
    judged = "" if classified == seen else f", {classified:,} classified" if classified else ", never classified"
    cells = [
        ("perceived gender", page.verdict("gender", track["gender"], track["gender_prob"])),
        ("age group", page.verdict("age", track["age_group"], track["age_group_prob"], detail=_years(track))),
        ("expression", page.verdict("expression", track["expression"], track["expression_prob"])),
        ("makeup", page.verdict("makeup", track["makeup"], track["makeup_prob"])),
    ]
    verdicts = "".join(f"<div><dt>{title}</dt><dd>{value}</dd></div>" for title, value in cells)
    return (
        f'<section class="fs-track" id="face-{track["track_id"]}">{page.picture(webp, name)}<div>'
        f"<h3>{name}</h3><p>{_moment(data, track)}<br>{often}{judged}; {track['face_px']:.0f} pixels</p>{strip}"
        f'</div><dl class="fs-verdicts">{verdicts}</dl></section>'
    )


def _years(track: pd.Series) -> str:
    if not np.isfinite(track["age_years"]):
        return ""
    low, high = track["age_years_low"], track["age_years_high"]
    between = f" ({low:.0f} to {high:.0f})" if np.isfinite(low) and np.isfinite(high) else ""
    return f'<span class="fs-muted">, about {track["age_years"]:.0f}{between}</span>'


def _moment(data: ReportData, track: pd.Series) -> str:
    if data.is_still:
        return "in the picture"
    text = f"{words.moment(track['start_s'])} to {words.moment(track['end_s'])}"
    address = data.clip_href(data.video_id, track["start_s"])
    return text if address is None else f'<a href="{page.escape(address)}">{text}</a>'


def timelines(data: ReportData, *, smooth_s: float = 0.5, limit: int = 12) -> HTML | None:
    """Return the expression timeline of each track, of the longest ``limit`` if there are more.

    Examples
    --------
    >>> timelines(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    measured = data.tracks[data.tracks["expression"].notna()]
    if measured.empty or data.is_still:
        return None
    shown = measured.nlargest(limit, "duration_s").sort_values(["start_s", "track_id"])
    parts = [page.expression_legend(unknown=False, missing=False)]
    if len(shown) < len(measured):
        parts.append(f"<p>The {len(shown)} longest of {len(measured):,} faces.</p>")
    for track in shown.itertuples():
        verdict = "unknown" if track.expression == UNKNOWN else f"mostly {track.expression}"
        drawn = page.figure(
            plots.expression_timeline,
            data.observations,
            track_id=track.track_id,
            cuts=data.cuts,
            smooth_s=smooth_s,
            time_range=data.time_range,
            aligned=True,
            legend=False,
            alt=f"Expression probabilities of face {track.track_id} over time, {verdict}",
        )
        parts.append(f"<h3>Face {track.track_id}</h3>{drawn}")
    return page.block(*parts)
