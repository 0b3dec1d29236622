"""People in reports: how many there were, who was seen for how long, and what counts once where people are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from IPython.display import HTML

from facestats._util import words
from facestats.plots.palette import hex_color
from facestats.reports.data import ReportData
from facestats.reports.figures import thumbnail
from facestats.reports.html import section
from facestats.reports.provenance import used_cards
from facestats.reports.verdicts import by_hand, verdict_rows
from facestats.tables.labels import face_color, face_name, person_name
from facestats.track.gaps import bridged_gap_s

#: More people than this are not listed one by one.
LONGEST_LIST = 30

#: A person of one track that may be another one's with more than the rest of this is said to be.
_SURELY_ALONE = 0.9


def who(data: ReportData) -> HTML | None:
    """Return a row for each person: when and for how long it was on screen, and verdicts from all its faces together.

    None where nobody asked which faces are of one person.

    Examples
    --------
    >>> who(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    if not are_known(data) or data.one.is_still:
        return None
    told = data.people[data.people["comparable"]]
    longest = told.sort_values(["seen_s", "first_s"], ascending=[False, True], kind="stable").head(LONGEST_LIST)
    pictures = data.thumbnails.drop_duplicates("track_id").set_index("track_id")["image"]
    cards = dict(used_cards(data))
    rows = []
    for _, person in longest.iterrows():
        tracks = data.tracks[data.tracks["person_id"] == person["person_id"]].sort_values("start_s", kind="stable")
        corrected = by_hand(*tracks["corrected"])
        said = ", ".join(value for value in tracks["corrected"] if isinstance(value, str))
        verdicts = verdict_rows(pd.concat([person, pd.Series({"corrected": said})]), cards)
        row = _row(data, person, tracks, pictures.get(person["best_track"]))
        rows.append({**row, "corrected": corrected, "verdicts": verdicts})
    untold = data.tracks[data.tracks["person_id"].notna() & data.tracks["person_prob"].isna()]
    return section("people.who", rows, len(told), _untold_sentence(untold, alone=not rows))


def _row(data: ReportData, person: pd.Series, tracks: pd.DataFrame, webp: bytes | None) -> dict[str, Any]:
    start_s, end_s = data.one.time_range
    length_s = max(end_s - start_s, 1e-3)
    name = person_name(person["person_id"])
    share = person["share"]
    of_video = f", {words.percent(share)} of the video" if np.isfinite(share) else ""
    return {
        "number": person["person_id"],
        "name": words.sentence(name)[:-1],
        "color": hex_color(face_color(int(person["person_id"]))),
        "picture": thumbnail(webp, name),
        "seen": f"{words.duration(float(person['seen_s']))} on screen{of_video}",
        "share": float(share) if np.isfinite(share) else 0.0,
        "faces": [(int(number), face_name(number)) for number in tracks["track_id"]],
        "sure": _sure(person),
        "spans": [
            (
                (begins_s - start_s) / length_s,
                max(ends_s - begins_s, 0.0) / length_s,
                data.clip_href(data.video_id, begins_s),
                f"{face_name(track_id)}, {words.span(begins_s, ends_s)}",
            )
            for track_id in tracks["track_id"]
            for begins_s, ends_s in _seen(data, track_id)
        ],
    }


def _seen(data: ReportData, track_id: int) -> list[tuple[float, float]]:
    """Return from when to when a track was seen, without the absences that its time on screen leaves out."""
    rows = data.observations[data.observations["track_id"].eq(track_id).fillna(False)]
    times = np.sort(rows["time_s"].to_numpy(np.float64))
    breaks = np.flatnonzero(np.diff(times) > bridged_gap_s(np.sort(data.frames["time_s"].to_numpy(np.float64))))
    pieces = np.split(times, breaks + 1) if len(times) else []
    return [(float(piece[0]), float(piece[-1])) for piece in pieces]


def _sure(person: pd.Series) -> str:
    sure = person["person_prob"]
    if not np.isfinite(sure):
        return ""
    if person["n_tracks"] > 1:
        return f"the same person: {words.percent(sure)}"
    return "" if sure >= _SURELY_ALONE else f"perhaps one of the others: {words.percent(1 - sure)}"


def _untold_sentence(untold: pd.DataFrame, *, alone: bool) -> str:
    if untold.empty:
        return ""
    names = [face_name(number) for number in sorted(untold["track_id"])]
    shown = names[:5] + [f"{len(names) - 5:,} more"] * (len(names) > 5)
    them = "it" if len(names) == 1 else "they"
    maybe = "" if alone else f": {them} may be of these people or not"
    return words.sentence(f"{words.listing(shown)} cannot be told from others{maybe}")


def are_known(data: ReportData) -> bool:
    """Say whether in any video it is known which faces are of one person.

    Examples
    --------
    >>> are_known(load_collection("facestats-out"))  # doctest: +SKIP
    False
    """
    return data.people is not None and len(data.people) > 0


def units(data: ReportData) -> pd.DataFrame:
    """Return what counts once each, with its verdicts: people, and the faces of which nobody asked whose they are.

    Examples
    --------
    >>> units(load_collection("facestats-out"))  # doctest: +SKIP
    """
    if not are_known(data):
        return data.tracks
    loose = data.tracks[data.tracks["person_id"].isna()]
    return pd.concat([data.people, loose], ignore_index=True) if len(loose) else data.people


def counting_sentence(*sides: ReportData) -> str:
    """Return what counts once: in a page's words.

    Examples
    --------
    >>> counting_sentence(load_collection("facestats-out"))  # doctest: +SKIP
    'Each followed face counts once.'
    """
    small = any(data.people is not None and not data.people["comparable"].all() for data in sides)
    known = any(data.people is not None and data.people["comparable"].any() for data in sides)
    loose = any(data.tracks["person_id"].isna().any() for data in sides)
    if not known:
        return "Each followed face counts once."
    person = "Each person counts once, with the verdicts on all their faces together"
    person += "; so does each face that cannot be told from others" if small else ""
    return f"{person}{'; where people were not looked for, each followed face does' if loose else ''}."


def totals(data: ReportData) -> tuple[int, int, int] | None:
    """Return how many people were seen in all videos, and the interval of it; None where that is not known.

    Nobody asked, or no face can be told from others.

    Who is seen in two videos counts twice. The ends of the videos' own intervals are added: what makes too many people
    of the faces of one video may well do so in all.

    Examples
    --------
    >>> totals(load_collection("facestats-out"))  # doctest: +SKIP
    (12, 10, 15)
    """
    known = data.videos[data.videos["n_people"].notna()]
    n, low, high = (int(known[name].sum()) for name in ("n_people", "n_people_low", "n_people_high"))
    return (n, low, high) if n else None


def asked(data: ReportData) -> tuple[int, int]:
    """Return in how many videos people were looked for, and how many were read.

    Examples
    --------
    >>> asked(load_collection("facestats-out"))  # doctest: +SKIP
    (2, 3)
    """
    return int(data.videos["n_people"].notna().sum()), int((data.videos["status"] != "failed").sum())


def key_figure(data: ReportData) -> tuple[str, str] | None:
    """Return the number of people as a key figure of a page, with its interval; None where that is not known.

    It says in how many videos they were looked for, if not in all.

    Examples
    --------
    >>> key_figure(load_collection("facestats-out"))  # doctest: +SKIP
    ('10 to 15', 'people')
    """
    found = totals(data)
    if found is None:
        return None
    n, low, high = found
    n_asked, n_read = asked(data)
    some = "" if n_asked == n_read else f", in {n_asked:,} of {n_read:,} videos"
    noun = "person" if n == high == 1 else "people"
    return (f"{low:,} to {high:,}" if low < high else f"{n:,}"), f"{noun}{some}"


def people_words(n: int, low: int, high: int) -> str:
    """Return a number of people with its interval, in words.

    Examples
    --------
    >>> people_words(6, 5, 7), people_words(1, 1, 1)
    ('six people (5 to 7)', 'one person')
    """
    return words.count(n, "person", "people") + (f" ({low:,} to {high:,})" if low < high else "")
