import gc
import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from embedding import stand_in
from faces import make_detections
from hypothesis import given
from hypothesis import strategies as st

from facestats.analysis.assembly import Assembler
from facestats.analysis.pipeline import AnalyzedVideo
from facestats.options import DEFAULT_MIN_FACE_PROB
from facestats.store.store import create_store
from facestats.tables import schema
from facestats.tables.building import SampledFrame, summarize_tracks
from facestats.track import create_tracker
from facestats.track.sameness import appearance
from facestats.types import Detections, Predictions
from facestats.video.shots import ShotCue

RNG = np.random.default_rng(0)
LOOKS = appearance(RNG.integers(0, 256, (8, 48, 48, 3)).astype(np.uint8))
GREYS = RNG.integers(0, 256, (8, 36, 64)).astype(np.uint8)


def frame(index, *people, rate=10.0, time_s=None, scene=0, cut=False, score=0.9):
    """A sampled frame with people, each (which, x) or (which, x, score)."""
    boxes = [(x, 20, x + 40, 60) for _, x, *_ in people]
    found = make_detections(*boxes) if people else Detections.empty()
    scores = np.array([each[2] if len(each) > 2 else score for each in people], np.float32)
    found = replace(found, scores=scores)
    which = [each[0] for each in people]
    female = np.array([0.9 if i % 2 else 0.2 for i in which], np.float32)
    gender = Predictions("gender", ("female", "male"), np.column_stack([female, 1 - female]).reshape(-1, 2))
    rows = np.arange(len(people))
    return SampledFrame(
        frame=index,
        time_s=index / rate if time_s is None else time_s,
        detections=found,
        sharpness=np.full(len(people), 80, np.float32),
        classified=rows,
        predictions={"gender": gender} if people else {},
        measured={"gender": rows} if people else {},
        looks=LOOKS[which],
        pictures={i: np.full((9, 9, 3), 30 * who, np.uint8) for i, who in enumerate(which) if index % 20 == 0},
        cue=ShotCue(90.0 if cut else 1.0, GREYS[scene]),
    )


def assemble(frames, *, tracker="bytetrack", rate=10.0):
    """Return the tracks, thumbnails, frames, observations and what is doubtful."""
    online = None if tracker == "none" else create_tracker(tracker, rate=rate)
    with Assembler("a", tracker=online, thresholds={"gender": 0.6}) as assembler:
        for item in frames:
            assembler.add(item)
        found = assembler.finish()
        batches = list(found.batches())
    tables = {
        "tracks": found.tracks,
        "doubtful": found.doubtful,
        "thumbnails": found.thumbnails,
        "frames": pd.concat([part[0] for part in batches], ignore_index=True),
        "observations": pd.concat([part[1] for part in batches], ignore_index=True),
    }
    for name, table in tables.items():
        schema.validate(name, table)
    assert found.n_sampled == len(tables["frames"])
    counts = tables["observations"]["frame"].value_counts().reindex(tables["frames"]["frame"], fill_value=0)
    assert tables["frames"]["n_faces"].tolist() == counts.tolist()
    return tables


def test_one_person_of_ten_minutes_is_one_track_and_rows_leave_in_batches():
    frames = [frame(i, (0, 100 + 30 * np.sin(i / 20)), (1, 400.0)) for i in range(6000)]
    with Assembler("a", tracker=create_tracker("bytetrack", rate=10), thresholds={}) as assembler:
        for item in frames:
            assembler.add(item)
        found = assembler.finish()
        assert len(list(found.batches())) > 8
    assert found.tracks["track_id"].tolist() == [0, 1]
    assert found.tracks["n_observations"].tolist() == [6000, 6000]
    assert found.tracks["joined_prob"].tolist() == [1, 1]
    assert found.tracks["gender"].isin(["male", "female"]).all()
    assert len(found.thumbnails) == 6


def test_verdicts_are_those_of_the_stored_observations():
    frames = [frame(i, *[(who, 80.0 * who + i % 7) for who in range(4) if (i // 50 + who) % 3]) for i in range(1500)]
    found = assemble(frames)
    again = summarize_tracks(found["observations"], {"gender": 0.6})
    of_tracking = ["joined_prob", "static"]
    pd.testing.assert_frame_equal(again.drop(columns=of_tracking), found["tracks"].drop(columns=of_tracking))
    assert found["tracks"]["joined_prob"].between(0, 1).all()


def test_one_who_is_away_across_a_horizon_comes_back():
    # Stretches are settled at 60, 120, 180 ... seconds: absences of 3 s begin at every second in turn.
    frames = [frame(i, *([(0, 100.0)] if i % 110 >= 30 else [])) for i in range(3000)]
    tracks = assemble(frames)["tracks"]
    assert len(tracks) == 1
    assert 0 < tracks["joined_prob"].item() < 1


def test_no_track_crosses_a_cut_and_numbers_never_repeat():
    frames = [frame(i, (0, 100.0), scene=i // 40, cut=i % 40 == 0 and i > 0) for i in range(160)]
    found = assemble(frames)
    assert found["tracks"]["shot"].tolist() == found["tracks"]["track_id"].tolist() == [0, 1, 2, 3]
    assert found["observations"].groupby("track_id")["shot"].nunique().tolist() == [1] * 4
    assert found["frames"]["shot"].tolist() == [i // 40 for i in range(160)]


def test_a_clock_that_starts_again_joins_nobody_who_was_long_gone():
    times = [*np.arange(30) / 10, *np.arange(400) / 10]  # from the 31st frame on, it begins anew
    seen = {*range(20), *range(330, 360)}
    frames = [frame(i, *([(0, 10.0)] if i in seen else []), time_s=time_s) for i, time_s in enumerate(times)]
    assert assemble(frames)["tracks"]["n_observations"].tolist() == [20, 30]


def test_what_is_no_face_and_what_is_seen_once_make_no_track():
    def people(i):
        yield 0, 100.0
        if i % 3 == 0:
            yield 1, 400.0, 0.6  # a badge, now and then
        if i == 50:
            yield 2, 700.0, 0.9  # seen once, surely
        if i == 70:
            yield 3, 700.0, 0.6  # seen once, unsurely

    found = assemble([frame(i, *people(i)) for i in range(90)])
    assert found["tracks"]["track_id"].tolist() == [0]
    rows = found["observations"]
    assert set(rows["frame"][rows["track_id"].isna()]) == {50}
    assert len(rows) == 91


def test_numbers_of_tracks_have_no_gaps():
    frames = [frame(i, (0, 100.0), *([(1, 400.0, 0.6)] if i % 3 == 0 and i < 40 else [])) for i in range(60)]
    frames += [frame(i, (0, 100.0), (2, 700.0)) for i in range(60, 90)]
    assert assemble(frames)["tracks"]["track_id"].tolist() == [0, 1]


def test_a_single_frame_gives_every_face_its_track_and_picture():
    found = assemble([frame(0, (0, 10.0, 0.5), (1, 200.0))])
    assert found["observations"]["track_id"].tolist() == [0, 1]
    assert found["tracks"]["n_observations"].tolist() == [1, 1]
    assert found["thumbnails"]["track_id"].tolist() == [0, 1]


def test_without_a_tracker_all_faces_stay_and_none_is_tracked():
    found = assemble([frame(i, (0, 10.0, 0.55)) for i in range(5)], tracker="none")
    assert found["tracks"].empty
    assert found["observations"]["track_id"].isna().all()
    assert len(found["observations"]) == 5


def test_nothing_at_all():
    with Assembler("a", tracker=create_tracker("bytetrack", rate=10), thresholds={}) as assembler:
        found = assembler.finish()
        assert (found.n_sampled, list(found.batches())) == (0, [])
    assert found.tracks.empty


@pytest.mark.parametrize("n", [3, 200])
def test_many_faces_in_a_frame(n):
    frames = [frame(i, *[(who % 8, 50.0 * who + i % 3) for who in range(n)]) for i in range(12)]
    found = assemble(frames)
    assert len(found["tracks"]) == n
    assert found["frames"]["n_faces"].tolist() == [n] * 12


@pytest.mark.slow
def test_memory_does_not_grow_with_time():
    def peak(n):
        gc.collect()
        tracemalloc.start()
        # Somebody new every ten seconds.
        with Assembler("a", tracker=create_tracker("bytetrack", rate=10), thresholds={}) as assembler:
            for i in range(n):
                assembler.add(frame(i, (i // 100 % 8, 60.0 * (i // 100 % 8))))
            for _ in assembler.finish().batches():
                pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak(300)
    short, long = peak(1500), peak(6000)
    assert long < short + 1_500_000  # rows of tracks, and what waits in memory before it goes to disk


@given(st.data())
def test_whatever_comes_is_in_order_and_nobody_twice_in_a_frame(data):
    n = data.draw(st.integers(1, 80))
    rate = data.draw(st.sampled_from([0.2, 2.0, 10.0]))
    seed = data.draw(st.integers(0, 1000))
    rng = np.random.default_rng(seed)
    frames = []
    for i in range(n):
        people = [
            (who, float(rng.integers(0, 30)) * 20, float(rng.choice([0.4, 0.6, 0.9])))
            for who in range(rng.integers(0, 4))
        ]
        cut = bool(rng.random() < 0.02)
        frames.append(frame(i, *people, rate=rate, scene=int(rng.integers(8)) if cut else 0, cut=cut))
    found = assemble(frames, rate=rate)
    rows = found["observations"]
    assert found["frames"]["frame"].tolist() == list(range(n))
    assert rows["frame"].is_monotonic_increasing
    tracked = rows[rows["track_id"].notna()]
    assert not tracked.duplicated(["frame", "track_id"]).any()
    assert found["tracks"]["track_id"].tolist() == sorted(tracked["track_id"].unique())
    assert not (tracked.groupby("track_id")["shot"].agg(["min", "max"]).diff(axis=1)["max"] > 0).any()
    assert set(found["thumbnails"]["track_id"]) <= set(found["tracks"]["track_id"])


FACES = (
    RNG.integers(0, 256, (4, 8, 8)).repeat(8, axis=1).repeat(8, axis=2)[..., None].repeat(3, axis=3).astype(np.uint8)
)


def with_people(scenes, embedder, *, made=None, end_s=None):
    """Frames of shots of one second, each with some of :data:`FACES`, and what an assembler makes of them."""
    frames = []
    for scene, who in enumerate(scenes):
        for step in range(10):
            item = frame(len(frames), *((person, 10 + 70 * place) for place, person in enumerate(who)), scene=scene % 8)
            item = replace(item, cue=ShotCue(90.0 if step == 0 and scene else 1.0, GREYS[scene % 8]))
            name, given = ("portraits", FACES) if made is None or scene % 2 else ("embeddings", made)
            frames.append(replace(item, **{name: {i: given[n] for i, n in enumerate(who) if step % 5 == 0}}))
    with Assembler("a", tracker=create_tracker("bytetrack", rate=10.0), thresholds={}, embedder=embedder) as assembler:
        for item in frames:
            assembler.add(item)
        found = assembler.finish(end_s)
        return found, list(found.batches())


def test_who_comes_back_after_a_cut_is_one_person(tmp_path):
    found, _ = with_people([(0,), (1, 2), (0, 1)], stand_in(tmp_path))
    persons = found.tracks.groupby("shot")["person_id"].agg(lambda ids: sorted(ids.tolist()))
    assert persons.tolist() == [[0], [1, 2], [0, persons[2][1]]]
    assert persons[2][1] in (1, 2)
    assert found.clusters.n_people == len(found.people) == 3
    schema.validate("people", found.people)
    seen_s = found.tracks.groupby("person_id")["seen_s"].sum().to_numpy()
    np.testing.assert_allclose(found.people["seen_s"], seen_s)
    np.testing.assert_allclose(found.people["share"], seen_s / 2.9, rtol=1e-5)  # the last sample is at 2.9 s
    ended, _ = with_people([(0,), (1, 2), (0, 1)], stand_in(tmp_path), end_s=4.0)
    np.testing.assert_allclose(ended.people["share"], seen_s / 4.0, rtol=1e-5)


def test_embeddings_that_were_made_already_serve_as_well_as_pictures(tmp_path):
    embedder = stand_in(tmp_path)
    scenes = [(0,), (1, 2), (0, 1)]
    of_pictures, _ = with_people(scenes, embedder)
    of_embeddings, _ = with_people(scenes, embedder, made=embedder.embed(FACES))
    pd.testing.assert_frame_equal(of_embeddings.tracks, of_pictures.tracks)


def test_without_an_embedding_people_are_missing():
    found, _ = with_people([(0,), (1, 2)], None)
    assert found.clusters is None
    assert found.people.empty
    assert found.tracks["person_id"].isna().all()


def test_no_embedding_reaches_the_store(tmp_path):
    """Neither the numbers of a face nor those of a track, in any width, nor a column that could hold them."""
    embedder = stand_in(tmp_path)
    found, batches = with_people([(0,), (1, 2), (0, 1)], embedder)
    videos = {"video_id": ["a"], "path": ["a.mp4"], "status": ["ok"], "started_at": [pd.Timestamp(0, tz="UTC")]}
    video = AnalyzedVideo(
        schema.conform("videos", pd.DataFrame(videos)),
        found.tracks,
        found.people,
        found.doubtful,
        found.thumbnails,
        iter(batches),
        {},
    )
    create_store(tmp_path / "store").write(video, paths=("a.mp4",))
    content = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())
    made = embedder.embed(FACES)
    for numbers in (made, made.astype(np.float16), made.astype(np.float64)):
        assert not any(row[:4].tobytes() in content for row in numbers)
    assert not [column for table in schema.TABLES for column in schema.TABLES[table] if "embedding" in column.name]


def test_what_may_be_no_face_is_kept_apart_and_counts_nowhere():
    badge = [(1, 300.0, 0.55)]
    frames = [frame(i, (0, 100 + i), *(badge if i % 3 == 0 else [])) for i in range(41)]
    found = assemble(frames)
    assert found["tracks"]["track_id"].tolist() == [0]
    assert found["tracks"]["face_prob"].item() > 0.9
    assert set(found["observations"]["x"]) == {float(100 + i) for i in range(41)}
    assert (found["frames"]["n_faces"] == 1).all()
    (row,) = found["doubtful"].to_dict("records")
    assert row["face_prob"] < DEFAULT_MIN_FACE_PROB
    assert (row["x"], row["y"], row["w"], row["h"]) == (300, 20, 40, 40)
    assert row["start_s"] == 0
    assert row["n_observations"] == 14
    assert isinstance(row["image"], bytes)


def test_a_poster_is_told_from_a_person():
    frames = [frame(i, (0, 100 + 10 * np.sin(i)), (1, 300.0)) for i in range(80)]
    tracks = assemble(frames)["tracks"].sort_values("track_id")
    assert tracks["static"].tolist() == [False, True]
