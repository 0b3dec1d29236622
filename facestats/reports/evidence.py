"""Evidence: short cuts of the annotated clip or of the video, which let a reader judge what the numbers rest on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from IPython.display import HTML

from facestats._util import words
from facestats.clips import Annotator
from facestats.clips.cut import cut_clip
from facestats.clips.draw import FaceLabel, draw_faces, label_places
from facestats.errors import FacestatsError
from facestats.models.attributes import EXPRESSIONS, VERDICT_COLUMNS
from facestats.reports.data import ReportData
from facestats.reports.figures import image, jpeg
from facestats.reports.folder import clips_folder
from facestats.reports.framing import part_around
from facestats.reports.html import block, render, section
from facestats.tables import expressions
from facestats.tables.doubts import doubts_of
from facestats.tables.labels import face_name, names_of
from facestats.tables.schema import UNKNOWN, probability_columns
from facestats.types import UInt8
from facestats.video.file import ContainerSource

#: Seconds before and after the moment that a cut shows.
AROUND_S = 1.5

_LONGER_SIDE = 960  # of cuts, in pixels
_PICTURE = (264, 176)  # of the pictures that stand for them; a card shows them at two thirds
_BLURRED = "Faces are unrecognisable in the clip, as asked, so that no moment of it can show what a verdict rests on."


@dataclass(frozen=True)
class Moment:
    """A moment of the clip that shows what a verdict rests on.

    Attributes
    ----------
    name : str
        Of its cut, without suffix.
    track_id : int
    frame : int
    time_s : float
    expression : str or None
        The expression of which it is the strongest moment; None for a doubtful verdict.
    text : str
        What is to be seen, in a few words.
    box : tuple of float
        x, y, width and height of the face, in pixels.
    """

    name: str
    track_id: int
    frame: int
    time_s: float
    expression: str | None
    text: str
    box: tuple[float, float, float, float]


def strongest_moments(
    observations: pd.DataFrame,
    *,
    threshold: float = 0.5,
    smooth_s: float = 0.5,
    doubtful: Collection[int] = (),
) -> list[Moment]:
    """Return when each expression was most probable, in the order of the expressions; none where it never was likely.

    Moments of sure faces come first: of a doubtful one only where no other shows the expression.

    Parameters
    ----------
    observations : pandas.DataFrame
        Of one video.
    threshold : float
        What is less probable is "unknown", and no evidence.
    smooth_s : float
        Width in seconds of the moving average taken before, so that a single frame decides nothing; 0 for none.
    doubtful : collection of int
        Tracks of which something is doubtful.

    Examples
    --------
    >>> from facestats import schema
    >>> strongest_moments(schema.conform("observations"))
    []
    """
    best: dict[str, tuple[tuple[bool, float], pd.Series]] = {}
    for number, track in observations[observations["track_id"].notna()].groupby("track_id"):
        track = track.sort_values("time_s", kind="stable")
        times = track["time_s"].to_numpy(np.float64)
        values = np.nan_to_num(expressions.smooth(times, expressions.probabilities(track), smooth_s), nan=-1.0)
        best_of_row = values.argmax(axis=1)
        for column in np.unique(best_of_row):
            # Where another is more probable, it is no moment of this one.
            row = int(np.where(best_of_row == column, values[:, column], -1.0).argmax())
            name, probability = EXPRESSIONS[column], float(values[row, column])
            rank = number not in doubtful, probability
            if probability >= threshold and rank > best.get(name, ((False, 0.0),))[0]:
                best[name] = rank, track.iloc[row]
    return [
        _moment(f"strongest-{name}", best[name][1], name, f"{name}, {words.percent(best[name][0][1])}")
        for name in EXPRESSIONS
        if name in best
    ]


def doubtful_moments(
    observations: pd.DataFrame, tracks: pd.DataFrame, *, threshold: float = 0.5, smooth_s: float = 0.5
) -> list[Moment]:
    """Return a moment of each face of which something is doubtful, those seen longest first.

    What is doubtful is said in :mod:`facestats.tables.doubts`. Where verdicts are unknown, it is the moment in which
    these are least sure; else the clearest one. Where an expression is sure even then, and unknown only because it
    changes, that is said.

    Parameters
    ----------
    observations, tracks : pandas.DataFrame
        Of one video.
    threshold, smooth_s : float
        See :func:`strongest_moments`.

    Examples
    --------
    >>> from facestats import schema
    >>> doubtful_moments(schema.conform("observations"), schema.conform("tracks"))
    []
    """
    found = []
    classified = dict(iter(observations[observations["classified"]].groupby("track_id")))
    for track in tracks.sort_values("duration_s", ascending=False, kind="stable").to_dict("records"):
        doubts = doubts_of(track)
        if doubts and track["track_id"] in classified:
            seen = classified[track["track_id"]].sort_values("time_s", kind="stable")
            sure = _sureness(
                seen, [name for name, column in VERDICT_COLUMNS.items() if track[column] == UNKNOWN], smooth_s
            )
            if sure.empty:
                row = int((seen["face_px"] * seen["score"]).to_numpy(np.float64).argmax())
            else:
                row = int(np.nanargmin(sure.mean(axis=1).to_numpy(np.float64)))
            if "expression" in sure and sure["expression"].iloc[row] >= threshold:
                doubts = (*doubts, "the expression changes, and is clear at single moments")
            found.append(_moment(f"face-{track['track_id']}", seen.iloc[row], None, "; ".join(doubts)))
    return found


def _sureness(seen: pd.DataFrame, attributes: Sequence[str], smooth_s: float) -> pd.DataFrame:
    """Return how probable the likeliest class of each attribute is at each moment, missing where not measured."""
    found = {}
    for name in attributes:
        values = seen[list(probability_columns(name))].to_numpy(np.float64)
        if name == "expression":
            values = expressions.smooth(seen["time_s"].to_numpy(np.float64), expressions.probabilities(seen), smooth_s)
        best = pd.DataFrame(values, index=seen.index).max(axis=1)
        if best.notna().any():
            found[name] = best
    return pd.DataFrame(found)


def _moment(name: str, seen: pd.Series, expression: str | None, text: str) -> Moment:
    box = tuple(float(seen[column]) for column in ("x", "y", "w", "h"))
    return Moment(name, int(seen["track_id"]), int(seen["frame"]), float(seen["time_s"]), expression, text, box)


def evidence(data: ReportData, *, smooth_s: float = 0.5, limit: int = 24) -> HTML | None:
    """Return the strongest moment of each expression and the doubtful faces, each with a short cut.

    They are cuts of the clip; for want of one, of the video itself where it lies beside the page. They go beside the
    page; where a notebook runs on its own, links lead into the annotated clip instead. Where faces were to be
    unrecognisable, a sentence says that there is none.

    Parameters
    ----------
    data : ReportData
        Of one video.
    smooth_s : float
        See :func:`strongest_moments`.
    limit : int
        Doubtful faces shown at most; 0 leaves out the whole section.

    Examples
    --------
    >>> evidence(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    clip = data.clip_path(data.video_id)
    if clip is None or clip.suffix == ".png" or limit <= 0:
        return None
    threshold = data.one.threshold("expression")
    doubtful = doubtful_moments(data.observations, data.tracks, threshold=threshold, smooth_s=smooth_s)
    unsure = {moment.track_id for moment in doubtful}
    strongest = strongest_moments(data.observations, threshold=threshold, smooth_s=smooth_s, doubtful=unsure)
    chosen = (("The strongest moment of each expression", strongest), ("Doubtful", doubtful[:limit]))
    chosen = tuple((title, moments) for title, moments in chosen if moments)
    if not chosen:
        return None
    if data.is_blurred(data.video_id):
        return block(render("pieces.paragraphs", [_BLURRED]))
    drawn = _drawn_at(data, [moment for _, moments in chosen for moment in moments])
    groups = [(title, [_card(data, clip, moment, drawn) for moment in moments]) for title, moments in chosen]
    what = "clip" if data.original_path(data.video_id) is None else "video"
    averaged = f"{smooth_s:g}" if strongest and smooth_s > 0 else ""
    is_outdated = data.is_clip_outdated(data.video_id)
    return section("evidence.evidence", groups, limit, len(doubtful), what, averaged, is_outdated)


def _folder(data: ReportData) -> Path:
    return clips_folder(Path(data.page_folder)) / (data.page_name or data.video_id)


def _drawn_at(data: ReportData, moments: Sequence[Moment]) -> dict[int, list[FaceLabel]]:
    """Return the faces that are drawn at some moments, by the frame of each."""
    annotator, times = Annotator.of(data.one), {moment.frame: moment.time_s for moment in moments}
    return {frame: annotator.faces_at(frame, times[frame]) for frame in sorted(times)}


def _card(data: ReportData, clip: Path, moment: Moment, drawn: Mapping[int, Sequence[FaceLabel]]) -> dict[str, Any]:
    start_s, end_s = max(moment.time_s - AROUND_S, 0.0), moment.time_s + AROUND_S
    name = names_of(data.tracks).get(moment.track_id, face_name(moment.track_id))
    card: dict[str, Any] = {
        "address": f"{data.clip_href(data.video_id, start_s)},{end_s:.2f}",
        "picture": None,
        "problem": "",
        "class": moment.expression or UNKNOWN,
        "text": moment.text,
        "place": f"{name} at {words.moment(moment.time_s)}",
    }
    try:
        if data.page_folder:
            cut = cut_clip(
                clip,
                _folder(data) / f"{moment.name}.mp4",
                start_s=start_s,
                end_s=end_s,
                longer_side=_LONGER_SIDE,
            )
            card["address"] = data.relative(cut)
        if data.may_show(data.video_id):
            faces = drawn[moment.frame]
            seen = _frame(clip, moment.time_s)
            if data.original_path(data.video_id) is not None:  # nothing is drawn on it yet: one sees which face it is
                faces = [replace(face, lines=()) for face in faces if face.track_id == moment.track_id]
                seen = draw_faces(seen, faces)
            card["picture"] = image(_around(seen, moment.box, faces), _PICTURE, f"{name}: {moment.text}")
    except FacestatsError as error:  # a clip that cannot be read is no reason to lose the page
        card |= {"picture": None, "problem": str(error)}
    return card


def _frame(clip: Path, time_s: float) -> UInt8:
    with ContainerSource(str(clip)) as video:
        for _, _, rgb in video.frames_from(time_s):
            return rgb
        return np.full((video.info.height, video.info.width, 3), 216, np.uint8)


def _around(rgb: UInt8, box: Sequence[float], faces: Sequence[FaceLabel]) -> UInt8:
    """Return the part of a picture round a face that shows what surrounds it, in the shape of a card."""
    frame = rgb.shape[1], rgb.shape[0]
    x, y, w, h = box
    labels = label_places(faces, frame)
    left, top, right, bottom = map(int, part_around((x, y, x + w, y + h), labels, frame, _PICTURE[0] / _PICTURE[1]))
    return rgb[top : max(bottom, top + 1), left : max(right, left + 1)]


def poster(data: ReportData) -> str | None:
    """Return the frame of the clip with the most faces, as the address of a JPEG; None if there is no clip.

    Examples
    --------
    >>> poster(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    clip = data.clip_path(data.video_id)
    if clip is None or clip.suffix == ".png" or data.frames.empty or not data.may_show(data.video_id):
        return None
    fullest = data.frames.loc[data.frames["n_faces"].astype("int64").idxmax()]
    try:
        rgb = _frame(clip, float(fullest["time_s"]))
        if data.original_path(data.video_id) is not None:  # nothing is drawn on it yet
            rgb = draw_faces(rgb, Annotator.of(data.one).faces_at(int(fullest["frame"]), float(fullest["time_s"])))
    except FacestatsError:
        return None
    scale = min(1.0, 900 / max(rgb.shape[:2]))
    size = round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)
    return jpeg(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
