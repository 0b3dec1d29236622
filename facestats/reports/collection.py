"""The sections of the report on a whole store; each returns HTML, or None if there is nothing to show."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import pandas as pd
from IPython.display import HTML

from facestats import plots
from facestats._util import words
from facestats.models.attributes import EXPRESSIONS, VERDICT_COLUMNS
from facestats.plots.palette import AGE_COLORS, MUTED, hex_color
from facestats.plots.shares import mean_shares
from facestats.reports import page
from facestats.reports.data import ReportData
from facestats.reports.demographics import make_up
from facestats.reports.headlines import collection_headline
from facestats.tables.schema import STATUSES, UNKNOWN
from facestats.track.gaps import seconds_seen

#: More videos than this are not listed one by one.
_MANY = 50

#: More failures than this are told by their reasons.
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
    parts += [_trouble(data), _gone(data)]
    return page.block(*parts)


def _trouble(data: ReportData) -> str:
    """Return why videos were not read, or not to their end: one by one if they are few, else by reason."""
    trouble = data.videos[data.videos["error"].notna()]
    if trouble.empty:
        return ""
    if len(trouble) <= _FEW:
        items = [
            f"<li><b>{page.escape(data.name(video.video_id))}</b>: {page.escape(words.sentence(video.error))}</li>"
            for video in trouble.itertuples()
        ]
        return f"<p>What could not be read, and why:</p><ul>{''.join(items)}</ul>"
    # Reasons that differ only in a number or a name in quotes are one reason.
    alike = trouble["error"].str.replace(_PARTICULAR, "…", regex=True)
    groups = sorted(trouble.groupby(alike), key=lambda group: -len(group[1]))
    items = []
    for _, group in groups[:_FEW]:
        first = group.iloc[0]
        name, others = page.escape(data.name(first["video_id"])), len(group) - 1
        more = f" and {words.count(others, 'more video')}" if others else ""
        items.append(f"<li><b>{name}</b>{more}: {page.escape(words.sentence(first['error']))}</li>")
    rest = len(groups) - _FEW
    other = f"<p>… and {words.count(rest, 'more reason')}.</p>" if rest > 0 else ""
    return f"<p>What could not be read, and why, the most frequent reasons first:</p><ul>{''.join(items)}</ul>{other}"


def _gone(data: ReportData) -> str:
    gone = int(data.videos["missing_since"].notna().sum())
    if not gone:
        return ""
    its = "its file is" if gone == 1 else "their files are"
    return page.callout(f"{words.sentence(words.count(gone, 'video'))[:-1]} counted here though {its} gone by now.")


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
    """Return the shares of the expressions: over all videos, and in each, or how they are spread if these are many.

    Examples
    --------
    >>> expressions(load_collection("facestats-out"))  # doctest: +SKIP
    """
    shares = mean_shares(data.tracks)
    if shares is None:
        return None
    legend = page.expression_legend(unknown=False, missing=False)
    if len(data.videos) > _MANY:
        most = [f"{name} {words.percent(float(share))}" for name, share in shares.items()]
        drawn = page.figure(
            plots.expression_spread, data.tracks, alt="How the share of each expression is spread over the videos"
        )
        return page.block(
            legend,
            page.expression_strip(shares),
            f"<p>Over all: {page.escape(words.listing(most))}.</p>",
            "<p>How videos differ: each box holds the middle half of them, the line in it is the median, and the thin "
            "line leaves out the five in a hundred at either end.</p>",
            drawn,
        )
    labels = {video_id: data.name(video_id) for video_id in data.videos["video_id"]}
    drawn = page.figure(
        plots.expression_shares,
        data.tracks,
        labels=labels,
        legend=False,
        alt="Shares of the expressions over all videos and in each video",
    )
    return page.block(legend, drawn)


def videos(data: ReportData) -> HTML | None:
    """Return the list of all videos, or of those that stand out if they are many, with links to their reports.

    Examples
    --------
    >>> videos(load_collection("facestats-out"))  # doctest: +SKIP
    """
    if data.videos.empty:
        return None
    if len(data.videos) <= _MANY:
        return page.block(_table(data, {"": data.videos}))
    read = data.videos[data.videos["status"] != "failed"]
    drawn = page.figure(plots.faces_per_video, read, alt="In how many videos how many faces were followed")
    listed = '<a href="index.html">The list of all reports</a> names every video.' if data.linked else ""
    said = (
        "<p>Below are those that stand out; by their expressions only where faces were seen for "
        f"{_LASTING_S:.0f} seconds or more. {listed}</p>"
    )
    groups = {title: rows for title, rows in standing_out(data).items() if len(rows)}
    return page.block(drawn, said, _table(data, groups))


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


def _table(data: ReportData, groups: Mapping[str, pd.DataFrame]) -> str:
    shown = pd.concat([videos["video_id"] for videos in groups.values()]).unique()
    of_video = dict(iter(data.tracks[data.tracks["video_id"].isin(shown)].groupby("video_id")))
    titles = ("video", "status", "length", "faces", "expressions")
    head = "".join(f"<th>{title}</th>" for title in titles)
    bodies = []
    for title, videos in groups.items():
        above = f'<tr class="fs-group"><th colspan="{len(titles)}">{title}</th></tr>' if title else ""
        rows = "".join(_video(data, video, of_video.get(video["video_id"])) for _, video in videos.iterrows())
        bodies.append(f"<tbody>{above}{rows}</tbody>")
    return f'<table class="fs-videos"><thead><tr>{head}</tr></thead>{"".join(bodies)}</table>'


def _video(data: ReportData, video: pd.Series, tracks: pd.DataFrame | None) -> str:
    name = page.escape(data.name(video["video_id"]))
    if data.linked:
        name = f'<a href="{quote(video["video_id"])}.html">{name}</a>'
    length = words.duration(video["duration_s"]) if video["duration_s"] > 0 else "picture"
    failed = video["status"] == "failed"
    strip = "" if tracks is None else page.expression_strip(mean_shares(tracks))
    cells = (
        ("video", name),
        ("status", page.badge(video["status"]) + (" gone" if pd.notna(video["missing_since"]) else "")),
        ("length", "" if failed else length),
        ("faces", "" if failed else f"{video['n_tracks']:,}"),
        ("expressions", strip),
    )
    return "<tr>" + "".join(f'<td data-label="{title}">{value}</td>' for title, value in cells) + "</tr>"
