"""Labels over a whole shot: they cover nobody's face, and are calm."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from crowds import FRAME, crowd, tables_of

from facestats.clips.draw import FaceLabel
from facestats.clips.render import Annotator
from facestats.clips.stretches import stretches
from facestats.tables.labels import face_color

FPS = 25


def drawn(tables, n_frames: int) -> list[list[FaceLabel]]:
    annotator = Annotator(**tables, size=FRAME, threshold=0.5)
    return [annotator.faces_at(frame, frame / FPS) for frame in range(n_frames)]


def covers(label: FaceLabel, box) -> bool:
    (x, y), (w, h) = label.corner, label.plate
    return min(x + w, box[2]) > max(x, box[0]) and min(y + h, box[3]) > max(y, box[1])


def visible(frames: list[list[FaceLabel]]) -> list[list[FaceLabel]]:
    return [[face for face in faces if face.corner is not None and face.opacity >= 0.05] for faces in frames]


def n_changes(frames: list[list[FaceLabel]]) -> int:
    """Return how often a label neither stays where it is nor goes with its face, in steps of half a second."""
    n, before = 0, {}
    for faces in visible(frames)[:: FPS // 2]:
        for face in faces:
            middle = np.add(face.box[:2], face.box[2:]) / 2
            corner = np.array(face.corner)
            if face.track_id in before:
                moved, went = corner - before[face.track_id][0], middle - before[face.track_id][1]
                n += bool((np.minimum(np.abs(moved), np.abs(moved - went)) > 0.5 * face.plate[1]).any())
            before[face.track_id] = corner, middle
    return n


@pytest.mark.parametrize("n", [2, 3, 4, 6, 8, 10, 12])
def test_labels_of_a_crowd_cover_no_face_and_are_calm(n):
    frames = drawn(tables_of(crowd(n, seed=n)), 60 * FPS)
    shown = visible(frames)
    on_a_face = [
        any(covers(label, face.box) for label in labels for face in faces if face.track_id != label.track_id)
        for labels, faces in zip(shown, frames, strict=True)
    ]
    assert np.mean(on_a_face) < 0.005
    on_each_other = [
        any(covers(a, (*b.corner, b.corner[0] + b.plate[0], b.corner[1] + b.plate[1])) for a in labels for b in labels
            if a.track_id < b.track_id)
        for labels in shown
    ]  # fmt: skip
    assert np.mean(on_each_other) < 0.005
    assert sum(map(len, shown)) > 0.8 * n * len(frames)
    assert n_changes(frames) / n < 2


def test_a_label_that_moves_does_so_in_small_steps():
    frames = drawn(tables_of(crowd(6, seed=1)), 60 * FPS)
    steps = [
        np.abs(np.subtract(now.corner, before.corner)).max()
        for earlier, later in itertools.pairwise(frames)
        for before, now in zip(earlier, later, strict=True)
        if min(before.opacity, now.opacity) >= 0.05
    ]
    assert max(steps) < 60  # of 1280 pixels


def test_in_a_crowd_a_face_has_its_name_and_one_verdict_and_a_close_one_has_all():
    boxes = crowd(6, seconds=2)
    boxes[:, 0] = (500, 200, 760, 520)
    said = {face.track_id: face.lines for face in drawn(tables_of(boxes), 1)[0]}
    percent = "\N{NO-BREAK SPACE}%"
    assert said[1] == (f"face 1 happiness 90{percent}",)
    assert said[0] == ("face 0", f"female 96{percent}", f"age middle 70{percent}", f"happiness 90{percent}")


def test_labels_are_placed_anew_behind_a_cut():
    boxes = np.full((20, 2, 4), np.nan)
    boxes[:10, 0], boxes[10:, 1] = (100, 100, 300, 350), (700, 10, 900, 260)
    tables = tables_of(boxes, shots=np.repeat([0, 1], 10))
    assert [(each.end_frame, each.goes_on) for each in stretches(tables["frames"])] == [(25, False), (np.inf, False)]
    first, second = drawn(tables, 26)[24:]
    assert [face.track_id for face in first] == [0]
    assert [(face.track_id, face.opacity) for face in second] == [(1, 1.0)]
    assert second[0].corner[0] >= 690


def test_a_face_before_a_face_has_its_label_on_neither():
    boxes = np.full((30, 2, 4), np.nan)
    boxes[:, 0], boxes[:, 1] = (400, 200, 600, 460), (420, 480, 640, 710)
    for faces in drawn(tables_of(boxes), 75):
        assert all(face.opacity == 1 for face in faces)
        assert not any(covers(label, face.box) for label in faces for face in faces)


def test_samples_far_apart_and_a_clock_that_stands_still():
    boxes = crowd(3, seconds=40, rate=0.25)
    far = drawn(tables_of(boxes, rate=0.25), 40 * FPS)
    assert all(len(faces) == 3 for faces in far)
    still = tables_of(crowd(3, seconds=2))
    still["frames"]["time_s"] = 0.0
    assert all(len(faces) == 3 for faces in drawn(still, 50))


def test_where_people_are_known_a_face_is_called_and_coloured_as_its_person():
    boxes = np.full((20, 2, 4), np.nan)
    boxes[:10, 0], boxes[10:, 1] = (100, 100, 300, 350), (700, 10, 900, 260)
    tables = tables_of(boxes, shots=np.repeat([0, 1], 10))
    known = {"person_id": pd.array([3, 3], dtype="Int64"), "person_prob": np.float32(0.9)}
    frames = drawn({**tables, "tracks": tables["tracks"].assign(**known)}, 40)
    faces = [face for faces in frames for face in faces]
    assert {face.track_id for face in faces} == {0, 1}
    assert {face.lines[0] for face in faces if face.lines} == {"person 3"}
    assert {face.color for face in faces} == {face_color(3)}
    annotator = Annotator(**{**tables, "tracks": tables["tracks"].assign(**known)})  # of unknown size: boxes alone
    assert annotator.faces_at(0, 0.0)[0].color == face_color(3)
    # Too small to be told: a face, in a colour of its own.
    untold = {**tables, "tracks": tables["tracks"].assign(**{**known, "person_prob": np.nan})}
    assert drawn(untold, 1)[0][0].lines[0] == "face 0"
