from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from stores import FACES, PEOPLE, Face, make_result, make_store

from facestats.clips.render import Annotator
from facestats.errors import UsageError
from facestats.store.store import create_store
from facestats.widgets import Wanted, scene_of


@pytest.fixture(scope="module")
def result():
    return make_result(PEOPLE, FACES, path="people.mp4", cut_s=6.0)


@pytest.fixture(scope="module")
def scene(result):
    return scene_of(result, threshold=0.5)


def test_faces_are_those_that_the_annotated_clip_draws(result, scene):
    drawn = Annotator.of(result)
    for frame in range(0, 240, 7):  # twenty a second, of which ten are sampled
        time_s = frame / 20
        expected = {(face.track_id, tuple(np.round(face.box, 2))) for face in drawn.faces_at(frame, time_s)}
        found = set()
        for face in scene.faces_at(time_s):
            x, y, w, h = np.array(face.box) * [640, 360, 640, 360]
            found.add((face.track_id, tuple(np.round([x, y, x + w, y + h], 2))))
        assert found == expected, time_s


def test_what_is_said_of_a_face_follows_the_attribute(scene):
    def said(attribute):
        return {face.track_id: face.lines for face in scene.faces_at(4.5, Wanted(attribute))}[1]

    assert said("all")[:2] == ("face 1", "happiness 90\N{NO-BREAK SPACE}%")
    assert said("expression") == ("face 1", "happiness 90\N{NO-BREAK SPACE}%")
    assert len(said("gender")) == 2
    assert said("gender")[1].startswith("female")
    assert said("makeup")[1].startswith("makeup none")


def test_tracks_are_wanted_by_size_probability_and_verdict(scene):
    ids = lambda wanted: wanted.of(scene.tracks)["track_id"].tolist()  # noqa: E731
    assert ids(Wanted()) == [1, 2, 3, 4]
    assert ids(Wanted(min_face_px=20)) == [1, 2, 3]
    assert ids(Wanted("gender", min_probability=0.85)) == [1, 2]
    assert ids(Wanted(verdicts={"gender": "male"})) == [2]
    assert ids(Wanted(verdicts={"gender": "not measured"})) == [4]
    assert ids(Wanted(verdicts={"age_group": "unknown"})) == [3]
    assert [face.track_id for face in scene.faces_at(3.0, Wanted(verdicts={"gender": "male"}))] == [2]
    # Whatever is asked for, a face without a track does not fit it.
    assert None in [face.track_id for face in scene.faces_at(9.05)]
    assert None not in [face.track_id for face in scene.faces_at(9.05, Wanted(min_face_px=1))]


def test_where_the_pictures_come_from(result, demo_video):
    assert scene_of(result).pictures is None
    assert "not there any more (people.mp4)" in scene_of(result).note
    video = demo_video.path
    there = replace(result, videos=result.videos.assign(path=str(video)))
    assert scene_of(there).pictures == video
    assert scene_of(there).note == ""
    clip = replace(there, clip=video)
    assert (scene_of(clip).pictures, scene_of(clip).is_drawn, scene_of(clip).tables.clip) == (video, False, video)
    gone = replace(result, clip=video)
    assert (scene_of(gone).pictures, scene_of(gone).is_drawn) == (video, True)
    assert scene_of(gone).note.startswith("The annotated clip is shown: the video is not there")


def test_blurred_faces_stay_blurred(result, demo_video, tmp_path):
    video = demo_video.path
    blurred = replace(result, videos=result.videos.assign(path=str(video)), blurred=True)
    assert scene_of(blurred).pictures is None
    assert "unrecognisable" in scene_of(blurred).note
    store = make_store(tmp_path / "store", PEOPLE)
    entry = store.entries()[PEOPLE]
    store.note(entry, options={**entry.options, "blur": True}, paths=(str(video),))
    assert store.result(PEOPLE).blurred
    shown = scene_of(store.video(PEOPLE))
    assert (shown.pictures, shown.is_drawn) == (store.clip_path(PEOPLE), True)


def test_an_empty_video_has_a_scene_too():
    empty = scene_of(make_result("e-1", (), path="e.mp4", duration_s=3.0))
    assert empty.faces_at(1.0) == []
    assert empty.tables.time_range == (0.0, 3.0)
    failed = scene_of(make_result("f-1", (), path="f.mp4", status="failed", error="x"))
    assert failed.faces_at(0.0) == []
    assert failed.tables.time_range == (0.0, 0.0)
    assert isinstance(failed.observations_of(5), pd.DataFrame)


def test_the_threshold_is_that_stored_with_the_results(result, tmp_path):
    def expression(scene):
        return {face.track_id: face.lines for face in scene.faces_at(7.0, Wanted("expression"))}[3][1]

    assert expression(scene_of(result)) == "expression unknown"  # 0.35, where nothing was stored
    store = create_store(tmp_path / "store")
    store.write(replace(result, thresholds={"expression": 0.3}), paths=("people.mp4",))
    stored = scene_of(store.video(PEOPLE))
    assert expression(stored) == "fear 35\N{NO-BREAK SPACE}%"
    assert expression(scene_of(store.video(PEOPLE), threshold=0.4)) == "expression unknown"


def test_a_store_of_several_videos_is_no_scene(tmp_path):
    with pytest.raises(UsageError, match="name one video of the store"):
        scene_of(make_store(tmp_path / "store"))


def test_where_a_head_is_turned_is_said_where_it_was_measured(result, scene):
    turned = result.observations.assign(yaw=np.float32(12.4), pitch=np.float32(-3), roll=np.float32(0))
    faces = scene_of(replace(result, observations=turned)).faces_at(7.0)
    assert all("yaw 12°, pitch -3°, roll 0°" in face.lines for face in faces if face.track_id is not None)
    assert not any("yaw" in line for face in scene.faces_at(7.0) for line in face.lines)


def test_a_single_face_in_a_single_picture_is_found():
    still = make_result("still-1", (Face(0, 0.0, 0.0),), path="still.png", duration_s=0.1)
    assert len(still.observations) == 1
    assert len(scene_of(still).observations_of(0)) == 1
    assert scene_of(still).observations_of(7).empty
