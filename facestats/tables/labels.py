"""What is written beside a face: in clips, in the window of a running analysis, in the explorer and in reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from facestats._util.words import percent
from facestats.models.attributes import VERDICT_COLUMNS, lasting_attributes, measure_column
from facestats.tables import expressions
from facestats.tables.schema import UNKNOWN
from facestats.types import Predictions

#: With more faces than this in a frame, labels shrink to one line.
FULL_LABELS = 4


class Titles(dict[str, str]):
    """Titles of attributes; one of the user's own has its name for a title."""

    def __missing__(self, attribute: str) -> str:
        return attribute


#: What each attribute is called where a reader sees it.
ATTRIBUTE_TITLES = Titles(
    {
        "gender": "perceived gender",
        "age": "age group",
        "expression": "expression",
        "makeup": "makeup",
    }
)

_PREFIXES = {"gender": "", "age": "age ", "makeup": "makeup "}


#: Colours of faces, distinct for colour-blind readers too (Okabe and Ito, 2008), RGB; a track keeps its colour.
TRACK_COLORS = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (204, 121, 167),
    (213, 94, 0),
    (0, 114, 178),
)
#: Faces that no tracker confirmed.
UNTRACKED_COLOR = (190, 190, 190)


def face_color(track_id: int | None) -> tuple[int, int, int]:
    """Return the colour of a tracked face in clips, pages and explorer: red, green, blue, 0 to 255 each.

    Examples
    --------
    >>> face_color(0), face_color(7), face_color(None)
    ((230, 159, 0), (230, 159, 0), (190, 190, 190))
    """
    return UNTRACKED_COLOR if track_id is None else TRACK_COLORS[track_id % len(TRACK_COLORS)]


def face_name(track_id: int) -> str:
    """Return what a tracked face is called.

    Examples
    --------
    >>> face_name(3)
    'face 3'
    """
    return f"face {track_id}"


def video_names(paths: Mapping[str, str]) -> dict[str, str]:
    """Return what a reader would call each of some videos: the file's name, with folders where several have the same.

    Parameters
    ----------
    paths : mapping of str to str
        Where each is, by ``video_id``.

    Examples
    --------
    >>> video_names({"a-1": "mon/a.mp4", "a-2": "tue/a.mp4", "b-3": "mon/b.mp4", "c-4": "camera:0", "c-5": "camera:0"})
    {'a-1': 'mon/a.mp4', 'a-2': 'tue/a.mp4', 'b-3': 'b.mp4', 'c-4': 'camera:0 (c-4)', 'c-5': 'camera:0 (c-5)'}
    """
    parts = {each: [path] if "://" in path else path.rstrip("/").split("/") for each, path in paths.items()}
    lengths = dict.fromkeys(paths, 1)
    while True:
        names = {each: "/".join(parts[each][-lengths[each] :]) for each in paths}
        counts = Counter(names.values())
        alike = [each for each in paths if counts[names[each]] > 1]
        longer = [each for each in alike if lengths[each] < len(parts[each])]
        if not longer:
            return {each: f"{name} ({each})" if counts[name] > 1 else name for each, name in names.items()}
        for each in longer:
            lengths[each] += 1


def person_name(person_id: int) -> str:
    """Return what a person of a video is called.

    Examples
    --------
    >>> person_name(2)
    'person 2'
    """
    return f"person {person_id}"


def name_of(track: Mapping[Any, Any]) -> str:
    """Return what a face is called where a reader sees it: as its person, where that is known.

    Parameters
    ----------
    track : mapping
        A row of ``tracks``, or what is known of it.

    Examples
    --------
    >>> name_of({"track_id": 3, "person_id": 4, "person_prob": 0.9}), name_of({"track_id": 3})
    ('person 4', 'face 3')
    >>> name_of({"track_id": 3, "person_id": 4, "person_prob": None})  # too small to tell
    'face 3'
    """
    is_told = pd.notna(track.get("person_id")) and pd.notna(track.get("person_prob"))
    return person_name(int(track["person_id"])) if is_told else face_name(int(track["track_id"]))


def color_of_track(track: Mapping[Any, Any]) -> tuple[int, int, int]:
    """Return the colour of a face, see :func:`face_color`: all faces of a person have one.

    Parameters
    ----------
    track : mapping
        A row of ``tracks``, or what is known of it.

    Examples
    --------
    >>> color_of_track({"track_id": 3, "person_id": 4}) == face_color(4)
    True
    """
    person = track.get("person_id")
    return face_color(int(track["track_id"] if pd.isna(person) else person))


def names_of(tracks: pd.DataFrame) -> dict[int, str]:
    """Return what the faces of a video are called, see :func:`name_of`, by ``track_id``.

    Examples
    --------
    >>> names_of(pd.DataFrame({"track_id": [0, 1, 2], "person_id": [4, 4, 5], "person_prob": [0.9, 0.9, None]}))
    {0: 'person 4', 1: 'person 4', 2: 'face 2'}
    """
    return {int(track["track_id"]): name_of(track) for track in _told(tracks)}


def colors_of(tracks: pd.DataFrame) -> dict[int, tuple[int, int, int]]:
    """Return the colours of the faces of a video, see :func:`color_of_track`, by ``track_id``.

    Examples
    --------
    >>> found = colors_of(pd.DataFrame({"track_id": [0, 1, 2], "person_id": [4, 4, 5]}))
    >>> found[0] == found[1] == face_color(4), found[2] == face_color(5)
    (True, True)
    """
    return {int(track["track_id"]): color_of_track(track) for track in _told(tracks)}


def _told(tracks: pd.DataFrame) -> list[dict[Hashable, Any]]:
    return tracks[[name for name in ("track_id", "person_id", "person_prob") if name in tracks]].to_dict("records")


@dataclass(frozen=True)
class Row:
    """A row of a timeline: a person, or a face of which nobody knows whose it is.

    Attributes
    ----------
    name : str
    color : tuple of int
        See :func:`face_color`.
    track_ids : tuple of int
        In the order in which they are seen.
    """

    name: str
    color: tuple[int, int, int]
    track_ids: tuple[int, ...]


def by_person(tracks: pd.DataFrame) -> pd.DataFrame:
    """Return tracks in the order in which they begin; where people are known, those of a person stand together.

    Parameters
    ----------
    tracks : pandas.DataFrame
        Of one video or of many, one after the other.

    Examples
    --------
    >>> tracks = pd.DataFrame({"track_id": [0, 1, 2], "start_s": [0.0, 1.0, 2.0], "person_id": [4, 5, 4]})
    >>> by_person(tracks)["track_id"].tolist()
    [0, 2, 1]
    """
    video = ["video_id"] if "video_id" in tracks else []
    ordered = tracks.sort_values([*video, "start_s", "track_id"], kind="stable").reset_index(drop=True)
    if "person_id" not in ordered:
        return ordered
    alone = "face " + ordered["track_id"].astype("str")
    whose = ("person " + ordered["person_id"].astype("Int64").astype("str")).where(ordered["person_id"].notna(), alone)
    keys = [*(ordered[name].astype("str") for name in video), whose]
    first = ordered.groupby(keys, sort=False).ngroup()
    return ordered.iloc[first.argsort(kind="stable")].reset_index(drop=True)


def rows_of(tracks: pd.DataFrame, most: int | None = None) -> list[Row]:
    """Return the rows of a video's timeline, in the order in which they begin; of many, those that last longest.

    Parameters
    ----------
    tracks : pandas.DataFrame
        Of one video.
    most : int, optional
        Rows at most.

    Examples
    --------
    >>> rows_of(pd.DataFrame({"track_id": [3], "start_s": [0.0], "duration_s": [2.0]}))[0].name
    'face 3'
    """
    if tracks.empty:
        return []
    names, colors = names_of(tracks), colors_of(tracks)
    ordered = tracks.sort_values(["start_s", "track_id"], kind="stable")
    lasting = ordered["duration_s"].groupby(ordered["track_id"].map(names), sort=False).sum()
    longest = set(lasting.nlargest(len(lasting) if most is None else most).index)
    found: dict[str, list[int]] = {name: [] for name in lasting.index if name in longest}
    for track_id in ordered["track_id"].tolist():
        if names[track_id] in found:
            found[names[track_id]].append(int(track_id))
    return [Row(name, colors[ids[0]], tuple(ids)) for name, ids in found.items()]


def label_lines(name: str | None, lines: Sequence[str], *, brief: bool = False) -> tuple[str, ...]:
    """Return the lines of a face's label; none for a face without a track.

    Parameters
    ----------
    name : str or None
        See :func:`name_of`.
    lines : sequence of str
        What is said of it, the most important first.
    brief : bool
        Only one line: the name, and the first of ``lines``.

    Examples
    --------
    >>> label_lines("face 3", ["happiness", "female"]), label_lines("face 3", ["happiness", "female"], brief=True)
    (('face 3', 'happiness', 'female'), ('face 3 happiness',))
    """
    if name is None:
        return ()
    named = (name, *lines)
    return (" ".join(named[:2]),) if brief else named


def expression_lines(observations: pd.DataFrame, threshold: float, *, unknown: bool = True) -> list[str | None]:
    """Return the expression of each observation with its probability, "unknown", or None where it was not measured.

    Without ``unknown``, None stands there too.

    Examples
    --------
    >>> from facestats.tables import schema
    >>> expression_lines(schema.conform("observations"), 0.5)
    []
    """
    values = expressions.probabilities(observations)
    lines: list[str | None] = []
    for state, row in zip(expressions.states(values, threshold), values, strict=True):
        if state == UNKNOWN:
            lines.append("expression unknown" if unknown else None)
        else:
            lines.append(None if state is None else f"{state} {percent(row.max())}")
    return lines


def pose_lines(observation: Mapping[str, Any]) -> list[str]:
    """Return where a head is turned, in one line; none where that was not measured.

    Parameters
    ----------
    observation : mapping
        A row of the ``observations`` table.

    Examples
    --------
    >>> pose_lines({"yaw": 12.3, "pitch": -4.0, "roll": 0.2})
    ['yaw 12°, pitch -4°, roll 0°']
    """
    turns = [(name, observation.get(name)) for name in ("yaw", "pitch", "roll")]
    known = [(name, float(turn)) for name, turn in turns if turn is not None and not pd.isna(turn)]
    return [", ".join(f"{name} {round(turn)}°" for name, turn in known)] if len(known) == 3 else []


def verdict_lines(
    track: Mapping[str, Any], attributes: Sequence[str] | None = None, *, unknown: bool = True
) -> tuple[str, ...]:
    """Return the lasting verdicts on a track, a line each; what was not measured is left out.

    Parameters
    ----------
    track : mapping
        A row of the ``tracks`` table.
    attributes : sequence of str, optional
        Which of them; all by default.
    unknown : bool
        Whether "unknown" is written too.

    Examples
    --------
    >>> track = {"gender": "female", "gender_prob": 0.93, "age_group": "unknown", "age_group_prob": 0.4}
    >>> [line.replace("\N{NO-BREAK SPACE}", " ") for line in verdict_lines(track)]
    ['female 93 %', 'age unknown']
    """
    lines = []
    for attribute in lasting_attributes() if attributes is None else attributes:
        column = VERDICT_COLUMNS[attribute]
        verdict = track.get(column)
        if verdict is None or pd.isna(verdict):
            continue
        if verdict == UNKNOWN:
            lines += [f"{attribute} unknown"] if unknown else []
            continue
        said = f"{_PREFIXES.get(attribute, f'{attribute} ')}{verdict} {percent(track[measure_column(attribute)])}"
        low, high = track.get("age_years_low"), track.get("age_years_high")
        if attribute == "age" and low is not None and not pd.isna(low):
            # The interval, not the mean: a mean may lie outside the most probable group.
            said += f", {low:.0f}-{high:.0f}"
        lines.append(said)
    return tuple(lines)


def prediction_line(predictions: Predictions, row: int) -> str:
    """Return the most likely class of one face with its probability; of an age distribution, the expected year.

    Parameters
    ----------
    predictions : Predictions
    row : int
        Which of its faces.

    Examples
    --------
    >>> import numpy as np
    >>> line = prediction_line(Predictions("gender", ("female", "male"), np.array([[0.9, 0.1]], np.float32)), 0)
    >>> line.replace("\N{NO-BREAK SPACE}", " ")
    'female 90 %'
    """
    probabilities = predictions.probabilities[row]
    if predictions.years is not None:
        return f"age {float(probabilities @ predictions.years):.0f}"
    best = int(probabilities.argmax())
    return f"{_PREFIXES.get(predictions.attribute, '')}{predictions.classes[best]} {percent(probabilities[best])}"
