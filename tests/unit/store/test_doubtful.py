"""What may be no face is taken for one by hand: it counts as a face then, and undone it is doubtful again."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from stores import FACES, MODELS, PEOPLE, make_result, with_doubtful, with_persons

from facestats.errors import UnknownNameError, UsageError
from facestats.store.store import create_store
from facestats.tables import schema
from facestats.tables.thumbnails import encode_webp

IMAGE = encode_webp(np.full((8, 8, 3), 90, np.uint8))


def written(folder, result):
    store = create_store(folder)
    store.write(result, paths=("people.mp4",), models=MODELS)
    return store


@pytest.fixture
def store(tmp_path):
    return written(tmp_path / "store", with_doubtful(make_result(PEOPLE, FACES, path="people.mp4"), image=IMAGE))


def read(store):
    return {name: store.read(name) for name in schema.TABLES}


def test_what_was_doubtful_is_a_face_and_undone_doubtful_again(store):
    before = read(store)
    (row,) = before["doubtful"].to_dict("records")
    (made,) = store.take_for_face("people.mp4", row["time_s"], reason=" in profile ")
    after = read(store)
    for name, table in after.items():
        schema.validate(name, table)
    assert (made.track_id, made.what, made.reason) == (5, "is_face", "in profile")
    assert after["doubtful"].empty
    track = after["tracks"].set_index("track_id").loc[5]
    assert (track["start_s"], track["end_s"]) == (row["start_s"], row["end_s"])
    assert track["n_observations"] == 1  # as many as there are rows
    assert track["corrected"] == "is_face, accept"
    assert pd.isna(track["gender"])
    assert pd.isna(track["face_prob"])  # 0.3 by its detections, and a face by hand
    (seen,) = after["observations"][after["observations"]["track_id"] == 5].to_dict("records")
    assert (seen["time_s"], seen["x"], seen["w"]) == (pytest.approx(row["time_s"], abs=0.06), row["x"], row["w"])
    assert after["frames"]["n_faces"].sum() == before["frames"]["n_faces"].sum() + 1
    assert after["observations"]["frame"].is_monotonic_increasing
    assert after["videos"]["n_tracks"][0] == len(FACES)  # of which one was never followed
    assert after["thumbnails"].set_index("track_id").loc[5, "image"] == IMAGE
    assert store.corrections()[["track_id", "applies"]].to_numpy().tolist() == [[5, True]]

    store.correct(PEOPLE, 5, gender="female")
    assert store.tracks().set_index("track_id").loc[5, "gender"] == "female"
    store.correct(PEOPLE, 5, reject=True)
    assert read(store)["frames"].equals(before["frames"])
    for number in (3, 2, 1):
        store.uncorrect(PEOPLE, number)
    for name, table in read(store).items():
        pd.testing.assert_frame_equal(table, before[name])


def test_where_people_are_known_it_is_one_that_cannot_be_told(tmp_path):
    result = make_result(PEOPLE, FACES, path="people.mp4")
    whose = {1: (0, 0.8), 2: (1, 0.9), 3: (1, 0.7), 4: (2, np.nan)}
    store = written(tmp_path / "known", with_doubtful(with_persons(result, whose, within=(2, 4))))
    (row,) = store.doubtful().to_dict("records")
    store.take_for_face(PEOPLE, row["time_s"])
    person = store.people().set_index("best_track").loc[5]
    assert not person["comparable"]
    assert store.thumbnails()["track_id"].max() == 4  # without a picture there is none


@pytest.mark.parametrize("asked", [True, False])
def test_the_only_face_of_a_video_is_of_a_person_where_people_were_looked_for(tmp_path, asked):
    result = with_doubtful(make_result(PEOPLE, (), path="people.mp4"))
    n_people = pd.array([0 if asked else None], dtype="Int64")
    videos = result.videos.assign(n_people=n_people, n_people_low=n_people, n_people_high=n_people)
    store = written(tmp_path / "alone", replace(result, videos=videos))
    store.take_for_face(PEOPLE, 3.5)
    assert store.tracks()["person_id"].isna().tolist() == [not asked]
    assert store.people()["comparable"].tolist() == [False] * asked
    assert store.videos()["n_people"].isna().tolist() == [not asked]
    store.uncorrect(PEOPLE, 1)
    assert store.people().empty
    assert store.tracks().empty


def test_a_later_analysis_may_have_found_it_by_itself(store):
    (row,) = store.doubtful().to_dict("records")
    store.take_for_face(PEOPLE, row["time_s"])
    plain = make_result(PEOPLE, FACES, path="people.mp4")
    near = plain.observations["track_id"].eq(1).fillna(False) & (
        plain.observations["time_s"].sub(row["time_s"]).abs() < 0.3
    )
    rows = plain.observations.copy()
    for name in ("x", "y", "w", "h"):
        rows.loc[near, name] = np.float32(row[name])
    store.write(replace(plain, observations=rows), paths=("people.mp4",), models=MODELS)
    assert store.tracks().set_index("track_id").loc[1, "corrected"] == "accept"
    assert store.corrections()["applies"].tolist() == [True]
    assert len(store.tracks()) == len(plain.tracks)


def test_verdicts_are_set_with_the_face_or_nothing_is(store):
    with pytest.raises(UnknownNameError, match=r"^gender 'woman' is unknown"):
        store.take_for_face(PEOPLE, 3.5, gender="woman")
    assert store.corrections().empty
    made = store.take_for_face(PEOPLE, "0:03", gender="female", age_group="old")
    assert [(each.what, each.value, each.track_id) for each in made] == [
        ("is_face", None, 5),
        ("gender", "female", 5),
        ("age_group", "old", 5),
    ]
    assert store.tracks().set_index("track_id").loc[5, ["gender", "age_group"]].tolist() == ["female", "old"]
    with pytest.raises(UsageError, match=rf"^what was doubtful in {PEOPLE} at 0:03\.2 is face 5 already$"):
        store.take_for_face(PEOPLE, 3.2)
    with pytest.raises(UsageError, match=r"^time_s must be seconds"):
        store.take_for_face(PEOPLE, [3.2])


def test_what_is_not_doubtful_cannot_be_taken_for_a_face(store):
    with pytest.raises(UnknownNameError, match="nothing is doubtful in people-00000001 at"):
        store.take_for_face(PEOPLE, 11.0)
    result = with_doubtful(make_result(PEOPLE, FACES, path="people.mp4"))
    two = schema.conform("doubtful", pd.concat([result.doubtful, result.doubtful.assign(x=300.0)], ignore_index=True))
    store.write(replace(result, doubtful=two), paths=("people.mp4",), models=MODELS)
    with pytest.raises(UsageError, match="2 things are doubtful"):
        store.take_for_face(PEOPLE, float(result.doubtful["time_s"][0]))
    apart = two.assign(time_s=two["time_s"] + np.array([0.0, 0.2]))
    store.write(replace(result, doubtful=apart), paths=("people.mp4",), models=MODELS)
    store.take_for_face(PEOPLE, float(apart["time_s"][1]))
    assert store.doubtful()["x"].tolist() == apart["x"].tolist()[:1]
