"""Real footage, where the machine has it: how many people, when, and what comes after a cut."""

import numpy as np
import pytest

from facestats.batch.collection import analyze_collection
from facestats.tables.schema import probability_columns

#: Frames, presentation time of the last one (as ffprobe prints it), tracked faces.
EXPECTED = {
    "WolfgangLanger_Pexels.mp4": (472, 19.644625, 1),
    "face-demographics-walking-and-pause.gif": (41, 3.33, 3),
    "face-demographics-walking.gif": (35, 2.83, 2),
    "face_noface.mov": (169, 6.360352, 1),
    # A large caption, and a white flash that is a cut: two people, one of them on both sides of it.
    "debate_caption.mp4": (125, 4.96, 3),
    # A clock radio and a cat.
    "radio_cat.mp4": (148, 4.9049, 0),
    # One woman among plants.
    "half_figure.mp4": (282, 9.366667, 1),
    "expressive_makeup.mp4": (448, 14.9, 1),
}


@pytest.fixture(scope="module")
def store(clips_folder, tmp_path_factory):
    result = analyze_collection(clips_folder, out=tmp_path_factory.mktemp("clips"), clips=False, progress=False)
    assert result.exit_code == 0
    return result.store


@pytest.mark.parametrize("name", list(EXPECTED))
def test_frames_times_and_tracks(store, name):
    n_frames, last_s, n_tracks = EXPECTED[name]
    one = store.video(name)
    row = one.videos().iloc[0]
    assert row["status"] == "ok"
    assert row["n_frames"] == n_frames
    assert row["n_tracks"] == n_tracks
    assert one.frames()["time_s"].max() <= last_s + 1e-3
    assert last_s - one.frames()["time_s"].max() < 0.2
    # Ten looks a second of video, however its frames are spaced.
    assert row["n_sampled"] == pytest.approx(10 * row["duration_s"], abs=3)


def test_tracks_last_from_end_to_end(store):
    for name in ("WolfgangLanger_Pexels.mp4", "face-demographics-walking-and-pause.gif"):
        one = store.video(name)
        assert (one.tracks()["n_observations"] >= one.videos()["n_sampled"].item() - 1).all()


def test_nothing_is_tracked_after_the_cut(store):
    one = store.video("face_noface.mov")
    assert one.tracks()["end_s"].max() <= 2.4
    assert (one.frames().loc[one.frames()["time_s"] > 2.45, "n_faces"] == 0).all()
    shots = one.frames().set_index("time_s")["shot"]
    assert shots[shots.index < 2.39].nunique() == 1
    assert shots.iloc[-1] > 0


def test_the_uneven_clock_of_the_mov_is_kept(store):
    # index / fps, with the header's 26.4 frames a second, would be off by a tenth.
    frames = store.video("face_noface.mov").frames()
    at_60 = frames.set_index("frame")["time_s"]
    index = int(np.argmin(np.abs(at_60.index - 60)))
    assert at_60.iloc[index] == pytest.approx(at_60.index[index] / 30, abs=0.15)
    assert abs(at_60.iloc[index] - at_60.index[index] / 26.4) > 0.1


def test_faces_below_20_px_are_tracked_and_judged_less_surely(store):
    small = store.video("face-demographics-walking.gif").observations().query("face_px < 20")
    large = store.video("WolfgangLanger_Pexels.mp4").observations()
    assert len(small)
    assert large["face_px"].min() > 80
    assert small["classified"].all()
    for attribute, gap in (("gender", 0.03), ("expression", 0.05)):
        columns = list(probability_columns(attribute))
        assert small[columns].max(axis=1).mean() < large[columns].max(axis=1).mean() - gap
