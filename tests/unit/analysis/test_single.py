import av
import numpy as np
import pytest
from commands import NO_MODELS
from runs import make_videos

from facestats.analysis.single import analyze
from facestats.errors import ModelError, UnreadableInputError, UsageError
from facestats.synth.faces import people
from facestats.synth.scenario import Scenario
from facestats.synth.video import write_video
from facestats.video import ClipWriter, open_source


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return make_videos(tmp_path_factory.mktemp("in") / "videos", 1, seconds=2.0) / "v00.mp4"


@pytest.fixture(scope="module")
def frames(video):
    with open_source(video) as source:
        return np.stack([frame.rgb for frame in source.frames()])


def run(given, **how):
    return analyze(given, models=NO_MODELS, progress=False, **how)


def test_a_part_keeps_the_clock_and_the_numbers_of_the_whole(video, tmp_path):
    whole = run(video, rate=0)
    part = run(video, rate=0, from_s="0:00.5", to_s=1.5, clip=tmp_path / "part.mp4")
    wanted = whole.frames["time_s"].between(0.5, 1.5, inclusive="left")
    assert part.frames["frame"].tolist() == whole.frames.loc[wanted, "frame"].tolist()
    assert part.frames["time_s"].tolist() == whole.frames.loc[wanted, "time_s"].tolist()
    row = part.videos.iloc[0]
    assert (row["from_s"], row["to_s"], row["status"]) == (0.5, 1.5, "ok")
    assert row["duration_s"] == pytest.approx(1.0)
    assert part.observations["time_s"].between(0.5, 1.5, inclusive="left").all()
    with av.open(str(part.clip)) as clip:
        times = [float(frame.pts * frame.time_base) for frame in clip.decode(video=0)]
    assert times == pytest.approx(part.frames["time_s"].tolist(), abs=1e-4)


def test_a_part_that_shows_nothing_is_one_line(video):
    with pytest.raises(UnreadableInputError, match=r"shows nothing from 60 s on: it lasts 2\.0 s"):
        run(video, from_s=60)


def test_only_faces_in_the_regions_are_found_and_their_names_told(video):
    whole = run(video)
    middles = whole.observations["x"] + whole.observations["w"] / 2
    halves = run(video, region={"left": "0,0,50%,100%", "right": (120, 0, 120, 160)})
    assert len(halves.observations) == len(whole.observations)
    named = halves.observations["region"].map({"left": 0, "right": 1}).to_numpy()
    found = (halves.observations["x"] + halves.observations["w"] / 2 >= 120).to_numpy()
    assert (named == found).all()
    assert set(halves.tracks["region"]) <= {"left", "right"}
    left = run(video, region="0,0,50%,100%")
    assert 0 < len(left.observations) == int((middles < 120).sum())
    assert left.observations["region"].isna().all()


def test_a_region_outside_the_picture_is_one_line(video):
    with pytest.raises(UnreadableInputError, match="the region a=500,0,10,10 lies outside its picture of 240x160"):
        run(video, region="a=500,0,10,10")


@pytest.mark.parametrize("wrap", [lambda frames: frames, list, iter])
def test_frames_in_memory_give_what_their_video_gives(wrap, frames, video, tmp_path):
    whole, found = run(video), run(wrap(frames), fps=12, clip=tmp_path / "c.mp4")
    assert found.frames["time_s"].tolist() == pytest.approx(whole.frames["time_s"].tolist(), abs=1e-3)
    assert len(found.tracks) == len(whole.tracks)
    assert found.video_id.startswith("frames-")
    with av.open(str(found.clip)) as clip:
        assert sum(1 for _ in clip.decode(video=0)) == len(frames)


@pytest.mark.parametrize(
    ("given", "how", "told"),
    [
        ([np.zeros((48, 64, 3), np.uint8)], {}, "fps=25"),
        ("clip.mp4", {"fps": 25}, "fps is for frames"),
        (5, {"fps": 25}, "give a path, or frames"),
        (iter([np.zeros((48, 64, 3), np.uint8), np.zeros((32, 64, 3), np.uint8)]), {"fps": 10}, "frame 1 is 64x32"),
    ],
)
def test_wrong_frames_are_one_line(given, how, told):
    with pytest.raises(UsageError, match=told) as caught:
        run(given, **how)
    assert "\n" not in str(caught.value)


def test_a_clip_whose_encoder_fails_half_way_costs_no_table(video, tmp_path, monkeypatch):
    whole, mux, n_written = run(video), ClipWriter._mux, 0

    def fails_late(writer, packets):
        nonlocal n_written
        n_written += len(packets)
        if n_written > 8:
            raise OSError(28, "No space left on device")
        mux(writer, packets)

    monkeypatch.setattr(ClipWriter, "_mux", fails_late)
    with pytest.warns(UserWarning, match="no clip, the tables are whole: cannot write .*No space left"):
        found = run(video, clip=tmp_path / "clip.mp4")
    assert found.clip is None
    assert found.observations.equals(whole.observations)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def with_a_cut(tmp_path_factory):
    """Two people, and both again after a cut, at other places."""
    size = {"width": 320, "height": 200, "face_px": (50, 60)}
    scenario = Scenario("cut", people=2, seconds=3, fps=10, shots=3, seed=3, **size)
    return write_video(scenario, people(None, 2), tmp_path_factory.mktemp("cut")).path


def test_the_shipped_weights_know_again_who_returns_after_a_cut(with_a_cut):
    found = run(with_a_cut)
    assert found.tracks.groupby("person_id")["shot"].agg(set).tolist() == [{0, 1}] * 2
    assert found.videos[["n_people", "n_people_low", "n_people_high"]].to_numpy().tolist() == [[2, 2, 2]]
    assert found.people["n_tracks"].tolist() == [2, 2]
    assert (found.people["person_prob"] > 0.9).all()
    length_s = found.videos["duration_s"].item()
    np.testing.assert_allclose(found.people["share"], found.people["seen_s"] / length_s, rtol=1e-5)
    assert length_s > np.ptp(found.frames["time_s"])


def test_nobody_is_told_apart_where_people_are_left_out(with_a_cut):
    found = run(with_a_cut, people=False)
    assert len(found.tracks) == 4
    assert found.tracks["person_id"].isna().all()
    assert found.videos["n_people"].isna().all()
    assert found.people.empty


def test_people_are_refused_in_a_copy_without_the_weights(with_a_cut, tmp_path, monkeypatch):
    monkeypatch.setattr("facestats.models.cards.bundled", lambda name: tmp_path)
    with pytest.raises(ModelError, match=r"telling people apart needs the embedding model.*--no-people"):
        run(with_a_cut, people=True)
