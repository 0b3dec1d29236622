"""The sections of the report on a whole store; each returns HTML, or None if there is nothing to show."""

from __future__ import annotations

from urllib.parse import quote

import pandas as pd
from IPython.display import HTML

from facestats import plots
from facestats.plots.palette import AGE_COLORS, MUTED, hex_color
from facestats.plots.shares import mean_shares
from facestats.reporting import page, words
from facestats.reporting.data import ReportData
from facestats.reporting.headlines import collection_headline
from facestats.reporting.who import make_up
from facestats.schema import STATUSES, VERDICT_COLUMNS


def headline(data: ReportData, *, title: str = "") -> HTML:
    """Return the page's title, what was seen in one sentence, and its key figures.

    Examples
    --------
    >>> headline(load_collection("facestats-out"))  # doctest: +SKIP
    """
    name = title or f"Faces in {data.store.path.resolve().name}"
    length = float(data.videos["duration_s"].sum())
    figures = [(f"{len(data.videos):,}", "video" if len(data.videos) == 1 else "videos")]
    if length > 0:
        figures.append((words.duration(length), "of video"))
    figures.append((f"{len(data.tracks):,}", "face followed" if len(data.tracks) == 1 else "faces followed"))
    lead = f'<p class="fs-lead">{page.escape(collection_headline(data))}</p>'
    return page.block(page.style(), f"<h1>{page.escape(name)}</h1>", lead, page.key_figures(figures))


def coverage(data: ReportData) -> HTML | None:
    """Return how many videos were read, how much was found in them, and why not more.

    Examples
    --------
    >>> coverage(load_collection("facestats-out"))  # doctest: +SKIP
    """
    if data.videos.empty:
        return None
    counts = data.videos["status"].value_counts()
    meaning = {"ok": "read to the end", "partial": "read in part", "failed": "not read"}
    colors = {"ok": AGE_COLORS["middle"], "partial": AGE_COLORS["child"], "failed": MUTED}
    shares = [
        (f"{int(number):,} {meaning[status]}", number / len(data.videos), hex_color(colors[status]))
        for status in STATUSES
        if (number := counts.get(status, 0))
    ]
    parts = [page.keyed_strip(shares, "videos"), _found(data)]
    trouble = data.videos[data.videos["error"].notna()]
    if len(trouble):
        items = "".join(
            f"<li><b>{page.escape(data.name(video.video_id))}</b>: {page.escape(words.sentence(video.error))}</li>"
            for video in trouble.itertuples()
        )
        parts.append(f"<p>What could not be read, and why:</p><ul>{items}</ul>")
    return page.block(*parts)


def _found(data: ReportData) -> str:
    frames, faces = len(data.frames), int(data.frames["n_faces"].sum())
    tracked, classified = int(data.tracks["n_observations"].sum()), int(data.tracks["n_classified"].sum())
    if not faces:
        return f"<p>{frames:,} frames were looked at; no face was found in any.</p>"
    times = words.count(faces, "time").replace("one time", "once")
    empty = int(((data.videos["n_tracks"] == 0) & (data.videos["status"] != "failed")).sum())
    nobody = f" In {words.count(empty, 'video')} nobody was followed." if empty else ""
    of_tracks = "all" if tracked == faces else f"{tracked:,}"
    return (
        f"<p>{frames:,} frames were looked at, and a face was found {times}: {of_tracks} of these sightings belong to "
        f"a followed face, and {classified:,} of those were large enough to classify.{nobody}</p>"
    )


def verdicts(data: ReportData) -> HTML | None:
    """Return how many faces got which verdict on every attribute.

    Examples
    --------
    >>> verdicts(load_collection("facestats-out"))  # doctest: +SKIP
    """
    return make_up(data, tuple(VERDICT_COLUMNS))


def expressions(data: ReportData) -> HTML | None:
    """Return the shares of the expressions, over all videos and in each.

    Examples
    --------
    >>> expressions(load_collection("facestats-out"))  # doctest: +SKIP
    """
    if mean_shares(data.tracks) is None:
        return None
    labels = {video_id: data.name(video_id) for video_id in data.videos["video_id"]}
    drawn = page.figure(
        plots.expression_shares,
        data.tracks,
        labels=labels,
        legend=False,
        alt="Shares of the expressions over all videos and in each video",
    )
    return page.block(page.expression_legend(unknown=False, missing=False), drawn)


def videos(data: ReportData) -> HTML | None:
    """Return the list of all videos, with links to their reports where these lie beside this one.

    Examples
    --------
    >>> videos(load_collection("facestats-out"))  # doctest: +SKIP
    """
    if data.videos.empty:
        return None
    of_video = dict(iter(data.tracks.groupby("video_id")))
    rows = "".join(_video(data, video, of_video.get(video["video_id"])) for _, video in data.videos.iterrows())
    titles = ("video", "status", "length", "faces", "expressions")
    head = "".join(f"<th>{title}</th>" for title in titles)
    return page.block(f'<table class="fs-videos"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>')


def _video(data: ReportData, video: pd.Series, tracks: pd.DataFrame | None) -> str:
    name = page.escape(data.name(video["video_id"]))
    if data.linked:
        name = f'<a href="{quote(video["video_id"])}.html">{name}</a>'
    length = words.duration(video["duration_s"]) if video["duration_s"] > 0 else "picture"
    failed = video["status"] == "failed"
    strip = "" if tracks is None else page.expression_strip(mean_shares(tracks))
    cells = (
        ("video", name),
        ("status", page.badge(video["status"])),
        ("length", "" if failed else length),
        ("faces", "" if failed else f"{video['n_tracks']:,}"),
        ("expressions", strip),
    )
    return "<tr>" + "".join(f'<td data-label="{title}">{value}</td>' for title, value in cells) + "</tr>"
