import dataclasses
import json

import pandas as pd
import pytest
from stores import EMPTY, FACES, MODELS, PARTIAL, PEOPLE, Face, make_result, make_store, with_persons

import facestats as fs
from facestats.errors import BusyError, FacestatsError, StoreError, UnknownNameError, UsageError
from facestats.store.export import export
from facestats.store.locking import locked
from facestats.store.store import create_store, open_store
from facestats.tables import schema
from facestats.tables.people import summarize_people, with_people


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "store")


def track(store, number, video=PEOPLE):
    return store.tracks(where=[("video_id", "==", video), ("track_id", "==", number)]).iloc[0]


def seen(store):
    rows = store.observations(where=[("video_id", "==", PEOPLE)])
    return rows.groupby("track_id").size().to_dict()


def test_a_verdict_set_by_hand_is_read_everywhere(store, tmp_path):
    (made,) = store.correct("people.mp4", 2, gender="female", reason=" she says so ")
    assert (made.number, made.reason) == (1, "she says so")
    row = track(store, 2)
    assert (row["gender"], row["gender_prob"], row["gender_female"], row["corrected"]) == ("female", 1, 1, "gender")
    assert track(store, 1)["corrected"] is None or pd.isna(track(store, 1)["corrected"])
    assert store.result(PEOPLE).tracks.set_index("track_id").loc[2, "gender"] == "female"
    assert store.sql("select count(*) n from tracks where gender = 'female'")["n"].tolist() == [3]
    pieces = pd.concat(store.batches("tracks"), ignore_index=True)
    pd.testing.assert_frame_equal(pieces, store.tracks())
    assert pieces["video_id"].is_monotonic_increasing
    export(store.path, "tracks", out=tmp_path / "tracks.csv")
    assert "female" in (tmp_path / "tracks.csv").read_text().splitlines()[2]
    for name in schema.TABLES:
        schema.validate(name, store.read(name))


def test_what_was_set_by_hand_is_certain_in_shares(store):
    tracks = store.tracks().assign(gender="female", gender_female=0.99, gender_male=0.01)
    unsure = tracks.assign(gender="unknown", gender_female=0.6, gender_male=0.4)
    by_hand = {"gender": "female", "corrected": "gender"}
    said = [
        fs.demographics(table, attributes=["gender"])
        for table in (unsure, tracks, tracks.assign(**by_hand), unsure.assign(**by_hand))
    ]
    assert said[0]["share"][0] < min(said[1]["share"][0], said[2]["share"][0])
    pd.testing.assert_frame_equal(said[2], said[3])  # whatever was measured


def test_what_is_accepted_changes_nothing_but_that_it_was_looked_at(store):
    before = {name: store.read(name) for name in schema.TABLES}
    (made,) = store.correct(PEOPLE, 2, accept=True)
    assert (made.what, made.value) == ("accept", None)
    assert track(store, 2)["corrected"] == "accept"
    assert store.corrections()["applies"].tolist() == [True]
    for name in schema.TABLES:
        after = store.read(name)
        schema.validate(name, after)
        columns = [column for column in after.columns if column != "corrected"]
        pd.testing.assert_frame_equal(after[columns], before[name][columns])
    store.correct(PEOPLE, 2, gender="female")
    store.correct(PEOPLE, 4, reject=True)
    assert track(store, 2)["corrected"] == "accept, gender"
    store.uncorrect(PEOPLE, made.number)
    assert track(store, 2)["corrected"] == "gender"
    with pytest.raises(UsageError, match="too much at once"):
        store.correct(PEOPLE, 2, accept=True, reject=True)


def test_what_is_accepted_stays_so_in_a_later_analysis_that_has_the_face(store):
    store.correct(PEOPLE, 2, accept=True)
    again = make_result(PEOPLE, FACES, path="people.mp4")
    tables = {name: getattr(again, name) for name in ("observations", "tracks", "thumbnails")}
    renumbered = {name: table.assign(track_id=table["track_id"] + 4) for name, table in tables.items()}
    store.write(dataclasses.replace(again, **renumbered), paths=("people.mp4",))
    assert track(store, 6)["corrected"] == "accept"


def test_what_was_accepted_is_doubtful_again_once_it_is_merged_or_split(store):
    first, later = 2, 3  # 1 to 5.9 s, and 6 to 11.9 s
    for each in (first, later):
        store.correct(PEOPLE, each, accept=True)
    store.correct(PEOPLE, first, gender="female")
    store.correct(PEOPLE, first, merge=later)
    assert track(store, first)["corrected"] == "gender, merge"
    store.correct(PEOPLE, first, accept=True)
    assert track(store, first)["corrected"] == "gender, merge, accept"
    store.correct(PEOPLE, first, split=6.0)
    assert track(store, first)["corrected"] == "gender, merge, split"
    assert track(store, 5)["corrected"] == "split"


def test_a_track_that_is_no_face_is_gone_from_all_tables(store):
    before = {name: store.read(name) for name in schema.TABLES}
    store.correct(PEOPLE, 2, reject=True)
    after = {name: store.read(name) for name in schema.TABLES}
    for name in schema.TABLES:
        schema.validate(name, after[name])
    n = seen_before = int((before["observations"]["track_id"] == 2).sum())
    assert n > 0
    assert len(after["observations"]) == len(before["observations"]) - seen_before
    assert after["frames"]["n_faces"].sum() == before["frames"]["n_faces"].sum() - n
    assert 2 not in after["tracks"].loc[after["tracks"]["video_id"] == PEOPLE, "track_id"].tolist()
    assert 2 not in after["thumbnails"].loc[after["thumbnails"]["video_id"] == PEOPLE, "track_id"].tolist()
    counts = after["videos"].set_index("video_id")["n_tracks"]
    assert counts[PEOPLE] == 3
    assert counts[PARTIAL] == 1


def test_two_tracks_of_one_face_become_one_and_apart_again(store):
    before = seen(store)
    later, first = 3, 2  # 1 to 5.9 s, and 6 to 11.9 s
    store.correct(PEOPLE, first, merge=later)
    assert seen(store)[first] == before[first] + before[later]
    assert later not in seen(store)
    row = track(store, first)
    assert (row["start_s"], row["end_s"], row["corrected"]) == (1.0, 11.9, "merge")
    assert row["n_observations"] == before[first] + before[later]
    pictures = store.thumbnails()
    assert pictures.loc[pictures["video_id"] == PEOPLE, "track_id"].value_counts()[first] == 2
    (split,) = store.correct(PEOPLE, first, split=6.0)
    new = max(seen(store))
    assert new == 5
    assert seen(store) == {**{k: n for k, n in before.items() if k != later}, new: before[later]}
    assert track(store, new)["gender"] == "female"
    store.correct(PEOPLE, new, gender="male")
    assert track(store, new)["corrected"] == "split, gender"
    store.uncorrect(PEOPLE, split.number)
    assert seen(store)[first] == before[first] + before[later]
    assert store.corrections()["applies"].tolist() == [True, False]
    store.uncorrect(PEOPLE, 1)
    assert seen(store) == before
    store.uncorrect(PEOPLE, 3)
    assert store.corrections().empty
    assert not (store.path / "corrections" / f"{PEOPLE}.json").exists()


def test_of_a_face_that_became_part_of_one_that_went_too_the_end_is_named(store):
    store.correct(PEOPLE, 2, merge=3)
    (rejected,) = store.correct(PEOPLE, 2, reject=True)
    with pytest.raises(UnknownNameError, match="is part of face 2, which was rejected by hand") as caught:
        store.correct(PEOPLE, 3, accept=True)
    assert str(caught.value).endswith(f"use store.uncorrect('{PEOPLE}', {rejected.number})")
    store.uncorrect(PEOPLE, rejected.number)
    times = store.video(PEOPLE).observations().query("track_id == 1")["time_s"]
    store.correct(PEOPLE, 1, split=float(times.quantile(0.3)))
    store.correct(PEOPLE, 5, split=float(times.quantile(0.6)))
    store.correct(PEOPLE, 5, merge=6)
    store.correct(PEOPLE, 1, merge=5)
    with pytest.raises(UnknownNameError, match=r"^face 6 of .* is part of face 1 by hand: correct face 1, or"):
        store.correct(PEOPLE, 6, accept=True)


def test_of_a_face_that_went_by_hand_it_is_said_how_and_what_brings_it_back(store):
    (rejected,) = store.correct(PEOPLE, 4, reject=True)
    (merged,) = store.correct(PEOPLE, 2, merge=3)
    undo = f"use store.uncorrect('{PEOPLE}', {rejected.number})"
    with pytest.raises(UnknownNameError, match=rf"^face 4 of {PEOPLE} was rejected by hand: ") as caught:
        store.correct(PEOPLE, 4, accept=True)
    assert str(caught.value).endswith(undo)
    with pytest.raises(
        UnknownNameError, match=rf"^face 3 of {PEOPLE} is part of face 2 by hand: correct face 2, or "
    ) as caught:
        store.correct(PEOPLE, 3, accept=True)
    assert str(caught.value).endswith(f"use store.uncorrect('{PEOPLE}', {merged.number})")
    with pytest.raises(UnknownNameError, match=r"^face 3 of .* is part of face 2"):
        store.correct(PEOPLE, 1, merge=3)
    store.uncorrect(PEOPLE, merged.number)
    store.correct(PEOPLE, 3, accept=True)
    with pytest.raises(UsageError, match=rf"^face 3 of {PEOPLE} was accepted before; to undo that, use"):
        store.correct(PEOPLE, 3, accept=True)
    assert len(store.corrections()) == 2


def test_a_split_takes_its_moment_as_a_text(store):
    (made,) = store.correct(PEOPLE, 3, split="0:08")
    assert (made.time_s, made.value) == (8.0, "5")


def test_corrections_are_a_table(store, tmp_path):
    store.correct(PEOPLE, 1, gender="male", makeup="over", reason="seen")
    store.correct(PARTIAL, 1, age_group="old")
    table = store.corrections()
    assert table.dtypes.astype(str).to_dict() == schema.dtypes("corrections")
    assert table["video_id"].tolist() == [PEOPLE, PEOPLE, PARTIAL]
    assert table["number"].tolist() == [1, 2, 1]
    assert table["what"].tolist() == ["gender", "makeup", "age_group"]
    assert store.video(PARTIAL).corrections()["value"].tolist() == ["old"]
    asked = store.sql("select count(*) as n from corrections join tracks using (video_id, track_id) where applies")
    assert asked["n"].tolist() == [3]
    out = tmp_path / "corrections.csv"
    assert export(store.path, "corrections", out=out, videos=["people.mp4"]) == 2
    assert "seen" in out.read_text()
    assert export(store.path, "corrections", out=out, from_s=1000) == 0


def test_a_later_analysis_keeps_what_still_has_its_track(store):
    store.correct(PEOPLE, 1, gender="male")
    store.correct(PEOPLE, 3, age_group="young")
    store.correct(PEOPLE, 2, reject=True)
    faces = (Face(8, 0.0, 11.9), Face(9, 1.0, 5.9))
    moved = make_result(PEOPLE, faces, path="videos/people.mp4")
    place = {8: 40.0, 9: 300.0}
    moved.observations["x"] = moved.observations["track_id"].map(place).astype("float32")
    store.write(moved, paths=("videos/people.mp4",), options={}, models=MODELS)
    table = store.corrections()
    assert table["applies"].tolist() == [True, False, False]
    assert table["track_id"].tolist() == [8, 3, 2]
    assert track(store, 8)["gender"] == "male"
    assert track(store, 9)["corrected"] is None or pd.isna(track(store, 9)["corrected"])


def test_forgetting_a_video_removes_its_corrections(store):
    store.correct(PEOPLE, 1, gender="male", reason="private")
    store.correct(PARTIAL, 1, gender="female")
    (gone,) = store.forget("people.mp4")
    assert "corrections" in gone.went
    assert store.corrections()["video_id"].tolist() == [PARTIAL]
    assert not any("private" in path.read_text() for path in store.path.rglob("*.json"))


def test_what_a_cut_off_run_left_is_swept(store):
    folder = store.path / "corrections"
    folder.mkdir()
    (folder / "gone-00000009.json").write_text("{}")
    (folder / ".half.tmp").write_text("{")
    store.correct(PEOPLE, 1, gender="male")
    store.sweep()
    assert [path.name for path in folder.iterdir()] == [f"{PEOPLE}.json"]


def test_what_does_not_fit_is_one_line(store):
    with pytest.raises(UnknownNameError, match=rf"^{PEOPLE} has no face 9: there is 1, 2, 3, 4$"):
        store.correct(PEOPLE, 9, gender="male")
    with pytest.raises(UnknownNameError, match="has no face 7: there is none"):
        store.correct(EMPTY, 7, reject=True)
    with pytest.raises(UnknownNameError, match="has no face 8"):
        store.correct(PEOPLE, 1, merge=8)
    with pytest.raises(UsageError, match=r"faces 1 and 2 are seen together at 0:01\.0: they are two"):
        store.correct(PEOPLE, 1, merge=2)
    with pytest.raises(UsageError, match="face 1 cannot be merged with itself"):
        store.correct(PEOPLE, 1, merge=1)
    with pytest.raises(UsageError, match=r"face 2 cannot be split at 0:06\.5: it is seen from 0:01\.0 to 0:05\.9"):
        store.correct(PEOPLE, 2, split=6.5)
    with pytest.raises(UsageError, match="nothing to correct: give verdicts"):
        store.correct(PEOPLE, 1, reason="why")
    with pytest.raises(UsageError, match="too much at once"):
        store.correct(PEOPLE, 1, gender="male", reject=True)
    with pytest.raises(UnknownNameError, match="gender 'woman' is unknown: use female, male, unknown"):
        store.correct(PEOPLE, 1, gender="woman")
    with pytest.raises(
        UnknownNameError, match=r"^age_group 'elderly' is unknown: use child, young, middle, old, unknown$"
    ):
        store.correct(PEOPLE, 1, age_group="elderly")
    for split in ("never", float("nan"), [], True):
        with pytest.raises(UsageError, match=r"^split must be seconds"):
            store.correct(PEOPLE, 1, split=split)
    with pytest.raises(UsageError, match=r"^merge must be a whole number, not '2'$"):
        store.correct(PEOPLE, 1, merge="2")
    with pytest.raises(UsageError, match=r"^track must be a whole number, not '1'$"):
        store.correct(PEOPLE, "1", reject=True)
    with pytest.raises(UnknownNameError, match=r"video 'nowhere\.mp4'"):
        store.correct("nowhere.mp4", 1, gender="male")
    with pytest.raises(UnknownNameError, match=f"{PEOPLE} has no correction 1: there is none"):
        store.uncorrect(PEOPLE, 1)
    assert store.corrections().empty


def test_one_writer_at_a_time(store):
    with locked(store.path), pytest.raises(BusyError):
        store.correct(PEOPLE, 1, gender="male")
    assert store.corrections().empty


def test_a_damaged_file_is_named(store):
    store.correct(PEOPLE, 1, gender="male")
    path = store.path / "corrections" / f"{PEOPLE}.json"
    path.write_text(json.dumps({"corrections": [{}]}))
    with pytest.raises(StoreError, match=rf"{PEOPLE}\.json cannot be read"):
        store.tracks()


def test_people_are_corrected_with_their_tracks(store):
    entry = store.entries()[PEOPLE]
    result = store.result(PEOPLE)
    tracks = with_people(result.tracks, {1: (1, 0.9), 2: (2, 0.9), 3: (2, 0.8), 4: (3, 0.9)})
    people = summarize_people(tracks, result.observations, {}, {PEOPLE: 12.0})
    together = dataclasses.replace(result, tracks=tracks, people=people)
    store.write(together, paths=entry.paths, options=entry.options, models=MODELS)

    def person(number):
        people = store.read("people")
        return people[people["person_id"] == number].iloc[0]

    store.correct(PEOPLE, 2, gender="female")
    assert (person(2)["gender"], person(2)["gender_prob"]) == ("female", 1)
    assert person(1)["gender_prob"] < 1
    store.correct(PEOPLE, 1, split=6.0)
    assert person(2)["gender_prob"] == 1
    assert track(store, 5)["person_id"] == 4  # another face is another person
    assert len(store.read("people")) == 4


def test_a_store_of_an_earlier_version_can_be_corrected(store):
    path = store.path / "entries" / f"{PEOPLE}.json"
    entry = json.loads(path.read_text())
    for name in ("people",):
        (store.path / "tables" / PEOPLE / entry["run"] / f"{name}.parquet").unlink()
    path.write_text(json.dumps({**entry, "schema_version": 4}) if "schema_version" in entry else json.dumps(entry))
    store.correct(PEOPLE, 2, merge=3)
    assert track(store, 2)["corrected"] == "merge"


def test_damaged_tables_are_named(store):
    run = store.entries()[PEOPLE].run
    (store.path / "tables" / PEOPLE / run / "observations.parquet").write_bytes(b"damaged")
    with pytest.raises(StoreError, match=r"observations\.parquet is damaged"):
        store.correct(PEOPLE, 1, gender="male")


def test_a_store_elsewhere_is_corrected_too():
    store = create_store("memory://corrected")
    result = make_result(PEOPLE, FACES, path="people.mp4")
    store.write(result, paths=("people.mp4",), models=MODELS)
    store.correct(PEOPLE, 2, merge=3)
    assert open_store("memory://corrected").corrections()["what"].tolist() == ["merge"]
    assert 3 not in store.tracks()["track_id"].tolist()
    store.uncorrect(PEOPLE, 1)
    assert store.corrections().empty


def known(tmp_path):
    """A store in which faces 2 and 3 are of person 1, and face 1, which is seen with both, of person 0."""
    store = create_store(tmp_path / "known")
    result = make_result(PEOPLE, FACES, path="people.mp4")
    people = {1: (0, 0.9), 2: (1, 0.9), 3: (1, 0.8), 4: (2, 0.9)}
    store.write(with_persons(result, people), paths=("people.mp4",), models=MODELS)
    return store


def test_whose_a_face_is_can_be_corrected_and_undone(tmp_path):
    store = known(tmp_path)
    store.correct(PEOPLE, 3, own_person=True, reason="another coat")
    assert store.tracks()["person_id"].tolist() == [0, 1, 3, 2]
    assert store.videos()["n_people"].item() == 4
    assert store.corrections()["what"].tolist() == ["own_person"]
    store.correct(PEOPLE, 3, same_person=4)
    assert store.tracks()["person_id"].tolist() == [0, 1, 3, 3]
    store.uncorrect(PEOPLE, 1)  # then all of person 1 are of one person with face 4, who is not seen with face 2
    store.uncorrect(PEOPLE, 2)
    assert store.tracks()["person_id"].tolist() == [0, 1, 1, 2]


def test_who_is_the_same_person_stays_so_where_a_later_analysis_agrees(tmp_path):
    store, result = known(tmp_path), make_result(PEOPLE, FACES, path="people.mp4")
    apart = {1: (0, 0.9), 2: (1, 0.9), 3: (2, 0.8), 4: (3, 0.9)}
    store.write(with_persons(result, apart), paths=("people.mp4",), models=MODELS)
    store.correct(PEOPLE, 2, same_person=3)
    agreeing = {**apart, 2: (1, 0.4), 3: (1, 0.5)}
    store.write(with_persons(result, agreeing), paths=("people.mp4",), models=MODELS)
    assert store.corrections()["applies"].tolist() == [True]
    assert store.tracks()["person_id"].tolist() == [0, 1, 1, 3]
    assert store.tracks()["person_prob"].tolist() == pytest.approx([0.9, 1.0, 1.0, 0.9])


@pytest.mark.parametrize(
    ("track", "change", "told"),
    [
        (2, {"same_person": 3}, "faces 2 and 3 are of one person already"),
        (1, {"same_person": 3}, "faces 1 and 2 are seen together at 0:01.0: they are two"),
        (1, {"own_person": True}, "face 1 is of a person of its own already"),
        (1, {"same_person": 9}, "has no face 9"),
        (1, {"same_person": 3, "own_person": True}, "too much at once"),
    ],
)
def test_what_cannot_be_said_of_people_is_refused(tmp_path, track, change, told):
    store = known(tmp_path)
    with pytest.raises(FacestatsError, match=told):
        store.correct(PEOPLE, track, **change)
    assert store.corrections().empty


def test_where_nobody_asked_for_people_that_is_said(store):
    with pytest.raises(UsageError, match="analyse it again with --people to know"):
        store.correct(PEOPLE, 1, own_person=True)
