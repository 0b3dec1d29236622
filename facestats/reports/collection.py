"""The sections of the report on a whole store; each returns HTML, or None if there is nothing to show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pandas as pd
from IPython.display import HTML
from markupsafe import Markup

from facestats import plots
from facestats._util import words
from facestats.models.attributes import EXPRESSIONS
from facestats.plots.palette import AGE_COLORS, MUTED, hex_color
from facestats.reports.data import ReportData
from facestats.reports.demographics import composition
from facestats.reports.doubts import collection_doubts, rejected
from facestats.reports.figures import figure
from facestats.reports.headlines import collection_headline, doubtful_sentence
from facestats.reports.html import Share, expression_legend, expression_parts, render, section
from facestats.reports.mixture import mixture
from facestats.reports.people import key_figure
from facestats.tables.expressions import mean_shares
from facestats.tables.schema import STATUSES, UNKNOWN
from facestats.track.gaps import seconds_seen

#: More videos than this are not listed one by one.
_MANY = 50

#: More failures than this are grouped by their reasons.
_FEW = 12

_LASTING_S = 5.0
_PARTICULAR = r"\d+(?:\.\d+)?|'[^']*'|\"[^\"]*\"|\S*/\S*"


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
    figures += [people] if (people := key_figure(data)) is not None else []
    figures.append((f"{len(data.tracks):,}", "face followed" if len(data.tracks) == 1 else "faces followed"))
    said = mixture(data.entries.values())
    notice = render("pieces.callout", said) if said else ""
    return section("pieces.headline", name, collection_headline(data), figures, notice)


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
    return section("collection.coverage", shares, _found(data), _trouble(data), _gone(data))


def _trouble(data: ReportData) -> tuple[str, list[tuple[str, int, str]], int] | None:
    """Return what could not be read, or not to its end: an introduction, the items, and how many reasons are left out.

    An item is one video if they are few, else one reason: the name of the first video, how many others, and why.
    """
    trouble = data.videos[data.videos["error"].notna()]
    if trouble.empty:
        return None
    if len(trouble) <= _FEW:
        items = [(data.name(video.video_id), 0, words.sentence(video.error)) for video in trouble.itertuples()]
        return "What could not be read, and why:", items, 0
    # Reasons that differ only in a number or a name in quotes are one reason.
    alike = trouble["error"].str.replace(_PARTICULAR, "…", regex=True)
    groups = sorted((group for _, group in trouble.groupby(alike)), key=lambda group: -len(group))
    items = [
        (data.name(group.iloc[0]["video_id"]), len(group) - 1, words.sentence(group.iloc[0]["error"]))
        for group in groups[:_FEW]
    ]
    return "What could not be read, and why, the most frequent reasons first:", items, len(groups) - _FEW


def _gone(data: ReportData) -> str:
    gone = int(data.videos["missing_since"].notna().sum())
    if not gone:
        return ""
    its = "its file is" if gone == 1 else "their files are"
    return f"{words.sentence(words.count(gone, 'video'))[:-1]} counted here though {its} gone by now."


def _found(data: ReportData) -> str:
    frames, faces = len(data.frames), int(data.frames["n_faces"].sum())
    tracked, classified = int(data.tracks["n_observations"].sum()), int(data.tracks["n_classified"].sum())
    by_hand = "".join(f" {line}" for line in rejected(data))
    if not frames:
        return ""
    if not faces:
        return f"{frames:,} frames were looked at; no face was found in any.{by_hand}"
    times = words.count(faces, "time").replace("one time", "once")
    empty = int(((data.videos["n_tracks"] == 0) & (data.videos["status"] != "failed")).sum())
    nobody = f" In {words.count(empty, 'video')} nobody was followed." if empty else ""
    of_tracks = "all" if tracked == faces else f"{tracked:,}"
    judged = "all" if classified == tracked else f"{classified:,}"
    belong = (
        f"{of_tracks} of these sightings belong to a followed face, and {judged} of those were classified"
        if tracked
        else "none of these sightings belongs to a followed face"
    )
    said = f"{frames:,} frames were looked at, and a face was found {times}: {belong}.{nobody}"
    return f"{said} {doubtful_sentence(len(data.doubtful))}".rstrip() + by_hand


def glance(data: ReportData) -> HTML | None:
    """Return the first screen: the expressions over all, who was seen, and what is doubtful.

    Examples
    --------
    >>> glance(load_collection("facestats-out"))  # doctest: +SKIP
    """
    if data.videos.empty:
        return None
    doubts = render("pieces.doubts", collection_doubts(data))
    who = composition(data, beside=doubts)
    shares = mean_shares(data.tracks)
    return section(
        "collection.glance",
        [] if shares is None else _named_shares(shares),
        _most_frequent(data.tracks),
        doubts if who is None else Markup(who.data),
        who is not None,
    )


def _named_shares(shares: pd.Series) -> list[Share]:
    """Return the parts of the bar over all, each with its share in its name."""
    found = expression_parts(shares) or []
    return [(f"{name} {words.percent(share)}", share, color) for name, share, color in found]


def _most_frequent(tracks: pd.DataFrame) -> str:
    """Return in words how many faces showed which expression most."""
    counts = tracks["expression"].value_counts()
    names = [*(name for name in counts.index if name != UNKNOWN), UNKNOWN]
    parts = [f"{name} {counts[name]:,}" for name in names if counts.get(name, 0)]
    return f"Counted by faces instead of time: {words.listing(parts)}." if parts else ""


def spread(data: ReportData) -> HTML | None:
    """Return how the videos differ in their expressions; None where these are few, and the list of them shows it.

    Examples
    --------
    >>> spread(load_collection("facestats-out"))  # doctest: +SKIP
    """
    if len(data.videos) <= _MANY or mean_shares(data.tracks) is None:
        return None
    alt = "How the share of each expression is spread over the videos"
    return section("collection.spread", figure(plots.expression_spread, data.tracks, alt=alt))


def videos(data: ReportData) -> HTML | None:
    """Return the list of all videos, or of those that stand out if they are many, with links to their reports.

    Examples
    --------
    >>> videos(load_collection("facestats-out"))  # doctest: +SKIP
    """
    if data.videos.empty:
        return None
    if len(data.videos) <= _MANY:
        legend = "" if mean_shares(data.tracks) is None else expression_legend(unknown=False, missing=False)
        return section("collection.listed", _rows(data, {"": data.videos}), legend)
    read = data.videos[data.videos["status"] != "failed"]
    drawn = figure(plots.faces_per_video, read, alt="In how many videos how many faces were followed")
    groups = {title: rows for title, rows in standing_out(data).items() if len(rows)}
    return section("collection.outstanding", drawn, data.linked, _LASTING_S, _rows(data, groups))


def standing_out(data: ReportData, n: int = 5) -> dict[str, pd.DataFrame]:
    """Return the rows of ``videos`` that stand out, by what they stand out with; ``n`` of each.

    Examples
    --------
    >>> standing_out(load_collection("facestats-out"))  # doctest: +SKIP
    """
    read = data.videos[data.videos["status"] != "failed"].set_index("video_id", drop=False)
    found = {
        "Most faces": read.sort_values("n_tracks", ascending=False, kind="stable").head(n),
    }
    if read["duration_s"].nunique() > n:
        found["Longest"] = read.sort_values("duration_s", ascending=False, kind="stable").head(n)
    measured = data.tracks[data.tracks[f"expression_share_{EXPRESSIONS[0]}"].notna()]
    seen_s = pd.Series(seconds_seen(measured), measured.index)
    # A face that was seen for a moment fills any share.
    lasting_s = seen_s.groupby(measured["video_id"]).sum()
    lasting_s = lasting_s[lasting_s >= _LASTING_S]
    lasting = measured[measured["video_id"].isin(lasting_s.index)].groupby("video_id")
    shares = pd.DataFrame({video_id: mean_shares(tracks) for video_id, tracks in lasting}, index=list(EXPRESSIONS)).T
    for name in (name for name in EXPRESSIONS if name != "neutral"):
        best = shares[name].nlargest(n)
        found[f"Most {name}"] = read.loc[best[best > 0].index]
    decided = data.tracks[data.tracks["gender"].notna()]
    unsure = (decided["gender"] == UNKNOWN).groupby(decided["video_id"]).sum().nlargest(n)
    found["Most often of unknown perceived gender"] = read.loc[unsure[unsure > 0].index]
    return found


def _rows(data: ReportData, groups: Mapping[str, pd.DataFrame]) -> list[tuple[str, list[dict[str, Any]]]]:
    listed = pd.concat([videos["video_id"] for videos in groups.values()]).unique()
    of_video = dict(iter(data.tracks[data.tracks["video_id"].isin(listed)].groupby("video_id")))
    return [
        (title, [_video(data, video, of_video.get(video["video_id"])) for _, video in videos.iterrows()])
        for title, videos in groups.items()
    ]


def _video(data: ReportData, video: pd.Series, tracks: pd.DataFrame | None) -> dict[str, Any]:
    length = words.duration(video["duration_s"]) if video["duration_s"] > 0 else "picture"
    failed = video["status"] == "failed"
    return {
        "name": data.name(video["video_id"]),
        "address": f"{quote(video['video_id'])}.html" if data.linked else None,
        "status": video["status"],
        "gone": pd.notna(video["missing_since"]),
        "length": "" if failed else length,
        "faces": "" if failed else f"{video['n_tracks']:,}{_of_people(video['n_people'])}",
        "tracked": tracks is not None,
        "shares": None if tracks is None else expression_parts(mean_shares(tracks)),
    }


def _of_people(n: object) -> str:
    """Return of how many people the faces of a video are; nothing where that is not known."""
    return "" if pd.isna(n) or not n else f" ({int(n):,} {'person' if n == 1 else 'people'})"
