import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synth import numbered_picture, regular_times, write_video

from facestats.clips.draw import draw_faces
from facestats.clips.render import Annotator, write_clip
from facestats.tables import schema
from facestats.video import open_source
from facestats.video.picture import fitted


def tables(rows, sampled=(0.0, 0.1, 0.2, 0.3), tracks=()):
    """Tables of one video of 100 frames a second from (time_s, track_id or None, x) rows."""
    observations = schema.conform(
        "observations",
        {
            "video_id": ["a"] * len(rows), "frame": [round(100 * row[0]) for row in rows],
            "time_s": [row[0] for row in rows], "shot": [0] * len(rows),
            "track_id": pd.array([row[1] for row in rows], dtype="Int64"),
            "x": [row[2] for row in rows], "y": [0] * len(rows), "w": [10] * len(rows), "h": [20] * len(rows),
            "score": [0.9] * len(rows), "classified": [False] * len(rows),
        },
    )  # fmt: skip
    n = len(sampled)
    frames = schema.conform(
        "frames",
        {
            "video_id": ["a"] * n, "frame": [round(100 * time) for time in sampled], "time_s": sampled,
            "shot": [0] * n, "n_faces": [1] * n,
        },
    )  # fmt: skip
    return {
        "observations": [observations],
        "frames": frames,
        "tracks": schema.conform("tracks", pd.DataFrame(tracks) if tracks else None),
    }


def at(annotator, *times):
    return [[(face.track_id, face.box[0]) for face in annotator.faces_at(round(100 * time), time)] for time in times]


def test_boxes_between_sampled_frames_are_interpolated():
    annotator = Annotator(**tables([(0.0, 3, 0.0), (0.1, 3, 10.0)]))
    seen = at(annotator, 0.0, 0.025, 0.05, 0.1, 0.15)
    assert [[(track, pytest.approx(x)) for track, x in row] for row in seen] == [
        [(3, 0.0)], [(3, 2.5)], [(3, 5.0)], [(3, 10.0)], [(3, 10.0)],
    ]  # fmt: skip


def test_a_face_that_is_gone_at_the_next_sampled_frame_is_no_longer_drawn():
    annotator = Annotator(**tables([(0.0, 3, 0.0)]))
    assert at(annotator, 0.05, 0.1, 0.15) == [[(3, 0.0)], [], []]


def test_the_last_sampled_frame_holds_to_the_end():
    annotator = Annotator(**tables([(0.3, 3, 7.0)]))
    assert at(annotator, 0.2, 0.35, 99.0) == [[], [(3, 7.0)], [(3, 7.0)]]


def test_a_short_gap_is_bridged_and_a_long_one_is_not():
    sampled = tuple(np.round(np.arange(0, 4, 0.1), 1))
    annotator = Annotator(**tables([(0.0, 1, 0.0), (0.5, 1, 50.0), (3.0, 1, 0.0)], sampled))
    assert at(annotator, 0.25)[0] == [(1, 25.0)]
    assert at(annotator, 0.55, 0.7, 2.0) == [[(1, 50.0)], [], []]
    assert at(annotator, 3.05) == [[(1, 0.0)]]


def test_unconfirmed_faces_are_drawn_too_until_the_next_look():
    annotator = Annotator(**tables([(0.1, None, 5.0), (0.1, 2, 80.0)]))
    assert sorted(at(annotator, 0.15)[0], key=str) == [(2, 80.0), (None, 5.0)]


def test_a_clock_that_runs_back_does_not_move_faces_to_other_frames():
    both = tables([(0.0, 1, 0.0), (0.1, 1, 10.0)], sampled=(0.0, 0.1))
    observations = pd.concat(both["observations"] * 2, ignore_index=True)
    observations["frame"] = pd.array([0, 1, 2, 3], dtype="Int64")
    observations["track_id"] = pd.array([1, 1, 2, 2], dtype="Int64")
    frames = pd.concat([both["frames"]] * 2, ignore_index=True)
    frames["frame"] = pd.array([0, 1, 2, 3], dtype="Int64")
    annotator = Annotator(observations=[observations], frames=frames, tracks=both["tracks"])
    seen = [annotator.faces_at(i, time_s) for i, time_s in enumerate((0.0, 0.1, 0.0, 0.1))]
    assert [[(face.track_id, face.box[0]) for face in row] for row in seen] == [
        [(1, 0)],
        [(1, 10)],
        [(2, 0)],
        [(2, 10)],
    ]


def test_looking_rarely_still_bridges_from_look_to_look():
    annotator = Annotator(**tables([(0.0, 1, 0.0), (4.0, 1, 40.0), (8.0, 1, 80.0)], sampled=(0.0, 4.0, 8.0)))
    assert at(annotator, 2.0, 6.0) == [[(1, 20.0)], [(1, 60.0)]]


@given(
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from([1, 2, None]), st.integers(0, 99)), max_size=40),
    st.lists(st.integers(1, 9), min_size=1, max_size=5),
)
def test_in_pieces_of_any_size_faces_are_the_same(seen, sizes):
    rows = sorted({(tick / 10, track, x) for tick, track, x in seen}, key=lambda row: row[0])
    one = {(time_s, track): (time_s, track, x) for time_s, track, x in rows}  # nobody twice in a frame
    whole = tables(list(one.values()), sampled=tuple(tick / 10 for tick in range(61)))
    (observations,), pieces, start = whole["observations"], [], 0
    for size in itertools.cycle(sizes):
        if start >= len(observations):
            break
        pieces.append(observations.iloc[start : start + size])
        start += size
    moments = np.arange(0, 7, 0.05)
    assert at(Annotator(**{**whole, "observations": iter(pieces)}), *moments) == at(Annotator(**whole), *moments)


def drawn_and_read_back(path, tmp_path, tables_of_it, size=None):
    """Return the frames of a clip, and what they should be."""
    with open_source(path) as source:
        annotator = Annotator(**tables_of_it, size=size or (source.info.width, source.info.height))
        frames = list(source.frames())
        expected = [
            draw_faces(fitted(frame.rgb, *annotator.size), annotator.faces_at(frame.index, frame.time_s))
            for frame in frames
        ]
    with open_source(path) as source:
        clip = write_clip(source, tmp_path / "drawn", Annotator(**tables_of_it, size=size))
    with open_source(clip) as source:
        return [frame.rgb for frame in source.frames()], expected


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"size": (97, 65), "pix_fmt": "yuv444p"},
        {"pix_fmt": "yuvj420p"},
        {"pix_fmt": "yuv420p10le"},
        {"rotation": 90},
        {"rotation": 180, "mirrored": True},
        {"options": {"x264-params": "colorprim=bt709:transfer=bt709:colormatrix=bt709"}},
        {"size": (1280, 720)},
    ],
    ids=["plain", "odd", "full range", "ten bits", "turned", "mirrored", "tagged", "large"],
)
def test_a_clip_shows_the_video_and_its_faces_in_their_colours(tmp_path, how):
    width, height = how.pop("size", (192, 128))
    pictures = [numbered_picture(i, width, height) for i in range(3)]
    path = write_video(tmp_path / "a.mp4", regular_times(3, 10), pictures=pictures, **how)
    rows = [(i / 10, 1, 40.0 + 3 * i) for i in range(3)]
    of_it = tables(rows, sampled=(0.0, 0.1, 0.2))
    of_it["observations"][0]["frame"] = of_it["frames"]["frame"] = [0, 1, 2]
    of_it["observations"][0].loc[:, ["y", "w", "h"]] = 40.0
    shown, expected = drawn_and_read_back(path, tmp_path, of_it)
    assert len(shown) == len(expected) == 3
    for clip, should in zip(shown, expected, strict=True):
        apart = np.abs(clip[:height, :width].astype(int) - should)
        assert apart.mean() < 4
        for place in np.s_[2:14, 2:14], np.s_[2:14, width - 14 : width - 2], np.s_[-14:-2, 2:14]:
            assert np.abs(clip[:height, :width][place].mean(axis=(0, 1)) - should[place].mean(axis=(0, 1))).max() < 8
        line = should[55:65, 38:44].reshape(-1, 3).mean(axis=0)  # the left edge of the box
        assert np.abs(clip[55:65, 38:44].reshape(-1, 3).mean(axis=0) - line).max() < 20


def test_where_the_size_changes_half_way_smaller_frames_are_filled_up(tmp_path):
    for name, size in (("a", (96, 64)), ("b", (192, 128))):
        write_video(tmp_path / f"{name}.h264", regular_times(3, 25), size=size)
    joined = tmp_path / "ab.h264"
    joined.write_bytes((tmp_path / "a.h264").read_bytes() + (tmp_path / "b.h264").read_bytes())
    shown, expected = drawn_and_read_back(joined, tmp_path, tables([(0.0, 1, 20.0)]), size=(192, 128))
    assert [picture.shape for picture in shown] == [(128, 192, 3)] * 6
    assert all(np.abs(clip.astype(int) - should).mean() < 4 for clip, should in zip(shown, expected, strict=True))
    assert shown[0][70:, 100:].max() < 8
