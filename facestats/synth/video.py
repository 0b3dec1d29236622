"""Synthetic videos as files: the video, its truth in MOT format, and a table of the people in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from facestats._util.files import check_writable
from facestats.datasets.truth import TRUTH_DTYPES, write_truth
from facestats.errors import OutputError
from facestats.synth.portraits import Portrait
from facestats.synth.scenario import Scenario, scenes
from facestats.synth.scene import Scene, TruthRow, render
from facestats.types import Frame
from facestats.video import ClipWriter

#: A face of which less than this share is to be seen is not to be considered: neither missed nor false.
LEAST_VISIBLE = 0.25

#: How long a flash or fade comes up before a cut, and goes down after it, in seconds.
TRANSITION_S = 0.16


@dataclass(frozen=True)
class SynthVideo:
    """A synthetic video and what is known of it.

    Attributes
    ----------
    path, truth_path, people_path : pathlib.Path
        ``NAME.mp4``; ``NAME.txt``, the boxes (MOT, see :func:`facestats.datasets.truth.write_truth`); ``NAME.csv``,
        one row a person: ``person`` as in the boxes, ``shot``, ``name`` and the labels of the picture.
    truth : pandas.DataFrame
        :data:`facestats.datasets.truth.TRUTH_DTYPES`, and ``visible``.
    people : pandas.DataFrame
        What the CSV holds.
    """

    path: Path
    truth_path: Path
    people_path: Path
    truth: pd.DataFrame = field(repr=False)
    people: pd.DataFrame = field(repr=False)


def write_video(scenario: Scenario, portraits: Sequence[Portrait], folder: Path) -> SynthVideo:
    """Render a scenario into a folder, which is made if need be; older files of the same names are replaced.

    Somebody who is seen in two shots is two people in the truth, as no track lives on across a cut.

    Parameters
    ----------
    scenario : Scenario
    portraits : sequence of Portrait
        See :func:`facestats.synth.scenario.scenes`.
    folder : pathlib.Path

    Raises
    ------
    ValueError
        If there are too few portraits.
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> from facestats.synth.faces import people
    >>> write_video(Scenario("walk", people=2), people(None, 2), Path("videos")).truth  # doctest: +SKIP
    """
    shots = scenes(scenario, portraits)
    path, truth_path, people_path = (folder / f"{scenario.name}.{suffix}" for suffix in ("mp4", "txt", "csv"))
    rows: list[tuple[object, ...]] = []
    try:  # whoever is interrupted must not find a new video beside the truth of an old one
        check_writable(folder)
        truth_path.unlink(missing_ok=True)
        people_path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror}") from None
    with ClipWriter(path, width=scenario.width, height=scenario.height, crf=18) as clip:
        for shot, frame, truth_rows in _frames(shots, scenario.transition):
            clip.write(frame.rgb, frame.time_s)
            rows += [(shot, row.person, frame.index, row.x, row.y, row.w, row.h, row.visible) for row in truth_rows]
    truth = pd.DataFrame(rows, columns=["shot", "name", "frame", *"xywh", "visible"])
    cast = truth[["shot", "name"]].drop_duplicates(ignore_index=True)
    cast.insert(0, "person", cast.index + 1)
    truth = truth.merge(cast, on=["shot", "name"]).assign(ignored=lambda table: table["visible"] < LEAST_VISIBLE)
    truth = truth.round(dict.fromkeys("xywh", 2))[[*TRUTH_DTYPES, "visible"]].astype(TRUTH_DTYPES)
    labels = {portrait.name: portrait.labels for portrait in portraits}
    cast = pd.concat([cast, pd.DataFrame([dict(labels[name]) for name in cast["name"]])], axis=1)
    try:
        write_truth(truth, truth_path)
        cast.to_csv(people_path, index=False)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror}") from None
    truth = truth.sort_values(["frame", "person"], ignore_index=True)
    return SynthVideo(path, truth_path, people_path, truth, cast)


def _frames(shots: Sequence[Scene], transition: str) -> Iterator[tuple[int, Frame, list[TruthRow]]]:
    """Yield the frames of one shot after the other, on one clock, those at the cuts hidden by what lies over them."""
    first = 0
    for number, scene in enumerate(shots):
        for frame, rows in render(scene):
            index = first + frame.index
            share = _covered(frame.index, scene, is_first=number == 0, is_last=number == len(shots) - 1)
            rgb, shown = frame.rgb, rows
            if transition != "cut" and share:
                rgb = cv2.addWeighted(rgb, 1 - share, np.full_like(rgb, 255 * (transition == "flash")), share, 0)
                shown = [replace(row, visible=row.visible * (1 - share)) for row in rows]
            yield number, Frame(index, index / scene.fps, rgb), shown
        first += scene.n_frames


def _covered(index: int, scene: Scene, *, is_first: bool, is_last: bool) -> float:
    """Return how much of a frame is hidden by what lies over a cut: all of those beside it."""
    length = TRANSITION_S * scene.fps
    since, until = index, scene.n_frames - 1 - index
    away = min(np.inf if is_first else since, np.inf if is_last else until)
    return float(max(0.0, 1 - away / length))
