import json
from dataclasses import replace

import commands
import numpy as np
import pytest
from stores import FACES, MODELS, PEOPLE, make_result, make_store, with_doubtful

from facestats.store.published import note_folder
from facestats.store.store import create_store


@pytest.fixture
def store(tmp_path):
    made = make_store(tmp_path / "store")
    made.drop_clip(PEOPLE)
    return made


@pytest.fixture
def run(capsys):
    def done(*arguments):
        code, out, err = commands.run(capsys, "correct", *arguments)
        assert (code, err) == (0, "")
        return out

    return done


def test_correct_list_and_undo(store, run):
    said = run(store.path, "people.mp4", 2, "--gender", "female", "--age", "old", "--reason", "seen at 0:03")
    then = f"next: facestats report {store.path}\n"
    assert said == f"1: gender of face 2 is female\n2: age group of face 2 is old\n{then}"
    run(store.path, "people.mp4", 4, "--reject")
    assert run(store.path, "people.mp4", 3, "--split", "0:08").startswith(
        "4: face 3 is another face from 0:08.0 on: face 5\n"
    )
    listed = run(store.path, "--list").splitlines()
    assert listed[0] == f"{PEOPLE} 1: gender of face 2 is female (seen at 0:03)"
    assert listed[2] == f"{PEOPLE} 3: face 4 is no face"
    assert listed[3] == f"{PEOPLE} 4: face 3 is another face from 0:08.0 on"
    assert listed[4] == "4 corrections"
    assert run(store.path, "people.mp4", 1, "--accept") == f"5: face 1 was looked at and let be\n{then}"
    assert run(store.path, "people.mp4", "--undo", 5) == f"undone: face 1 was looked at and let be\n{then}"
    assert run(store.path, "people.mp4", "--undo", 3) == f"undone: face 4 is no face\n{then}"
    (first, *_) = json.loads(run(store.path, "people.mp4", "--json"))["corrections"]
    assert (first["what"], first["value"], first["applies"]) == ("gender", "female", True)
    assert store.tracks()["corrected"].dropna().tolist() == ["gender, age_group", "split", "split"]


def test_what_draws_an_old_clip_anew_is_said(store, run, tmp_path, monkeypatch):
    (store.path / "clips" / f"{PEOPLE}.mp4").write_bytes(b"not really a clip")
    monkeypatch.chdir(tmp_path)
    note_folder(store.path, tmp_path / "pages")
    (tmp_path / "pages").mkdir()
    report = f"facestats report {store.path} --out pages"
    gone = f"its clip shows the faces as they were, and videos/people.mp4 is not there to draw it anew; next: {report}"
    assert run(store.path, PEOPLE, 2, "--gender", "female").splitlines()[-1] == gone
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "people.mp4").touch()
    draw = f"its clip shows the faces as they were; next: facestats analyze videos/people.mp4 --out {store.path}"
    assert run(store.path, PEOPLE, 2, "--age", "old").splitlines()[-1] == f"{draw} && {report}"
    run(store.path, PEOPLE, "--undo", 1)
    assert run(store.path, PEOPLE, "--undo", 2).splitlines()[-1] == f"next: {report}"


def test_what_was_not_measured_behind_a_split_is_said(tmp_path, run):
    result = make_result(PEOPLE, FACES, path="videos/people.mp4")
    late = result.observations["time_s"] > 11.0
    lasting = [name for name in result.observations if name.startswith(("gender_", "makeup_", "age_"))]
    rows = result.observations.copy()
    rows.loc[late, lasting] = np.nan
    store = create_store(tmp_path / "new")
    store.write(replace(result, observations=rows), paths=("videos/people.mp4",), models=MODELS)
    said = run(store.path, PEOPLE, 1, "--split", "11.2").splitlines()
    assert said[0] == "1: face 1 is another face from 0:11.2 on: face 5"
    assert said[1] == (
        "no moment of face 5 was measured for perceived gender, age group and makeup: say them by hand, or measure "
        f"every sample with facestats analyze videos/people.mp4 --out {store.path} --every-sample"
    )
    tracks = store.tracks().set_index("track_id")
    assert tracks.loc[1, "gender"] == "female"
    assert tracks.loc[5, "expression"] == "surprise"  # from its own observations
    assert len(run(store.path, PEOPLE, 1, "--split", "5").splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "facestats: name the video and the face to correct, or use --list"),
        (
            ("people.mp4", "--reject"),
            "facestats: name the face to correct, by its number (face 3 is 3; of a person, reports list the faces)",
        ),
        (
            ("people.mp4", 1),
            "facestats: nothing to correct: give verdicts (--gender, --age, --expression, --makeup), "
            "or --merge, --split, --reject, --accept, --same-person or --own-person",
        ),
        (("people.mp4", 1, "--split", "soon"), "facestats: --split must be seconds, m:s or h:m:s, as 90, 1:30 or "),
        (("people.mp4", "--face-at", "soon"), "facestats: --face-at must be seconds, m:s or h:m:s, as 90, 1:30 or "),
        (("people.mp4", 9, "--reject"), f"facestats: {PEOPLE} has no face 9: there is 1, 2, 3, 4"),
    ],
)
def test_what_is_missing_is_said_in_one_line(store, capsys, arguments, complaint):
    code, out, err = commands.run(capsys, "correct", store.path, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(complaint)


def test_what_brings_a_rejected_face_back_is_said_as_it_is_typed(store, run, capsys):
    run(store.path, "people.mp4", 4, "--reject")
    code, _, err = commands.run(capsys, "correct", store.path, "people.mp4", 4, "--accept")
    undo = f"facestats correct {store.path} {PEOPLE} --undo 1"
    assert (code, err) == (
        2,
        f"facestats: face 4 of {PEOPLE} was rejected by hand: to undo that first, use {undo}\n",
    )
    run(*undo.split()[2:])
    run(store.path, "people.mp4", 4, "--accept")


def test_what_may_be_no_face_is_taken_for_one(tmp_path, run, capsys):
    store = create_store(tmp_path / "new")
    result = with_doubtful(make_result(PEOPLE, FACES, path="videos/people.mp4"))
    store.write(result, paths=("videos/people.mp4",), models=MODELS)
    at = float(result.doubtful["time_s"][0])
    said = run(store.path, PEOPLE, "--face-at", "0:03").splitlines()[0]
    there = "it is there from 0:03.0 to 0:04.5, and its picture is of 0:03.5"
    assert said == f"1: what may be no face at 0:03.5 is face 5: {there}"
    assert run(store.path, PEOPLE, "--undo", 1).startswith("undone: what may be no face at 0:03.5 is face 5\n")
    code, _, err = commands.run(capsys, "correct", store.path, PEOPLE, 3, "--face-at", at)
    assert (code, err.count("\n")) == (2, 1)


def test_a_face_is_taken_with_its_verdicts_or_not_at_all(tmp_path, run, capsys):
    store = create_store(tmp_path / "new")
    result = with_doubtful(make_result(PEOPLE, FACES, path="videos/people.mp4"))
    store.write(result, paths=("videos/people.mp4",), models=MODELS)
    for wrong, complaint in [
        (("--gender", "woman"), "facestats: --gender 'woman' is unknown: use "),
        (("--age", "elderly"), "facestats: --age 'elderly' is unknown: use child, "),
        (("--reject",), "facestats: --face-at does not go with --reject: give them one after the other"),
        (("--merge", 2, "--own-person"), "facestats: --face-at does not go with --merge, --own-person: "),
        (("--undo", 1), "facestats: --undo does not go with --face-at: "),
    ]:
        code, out, err = commands.run(capsys, "correct", store.path, PEOPLE, "--face-at", 3.5, *wrong)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert err.startswith(complaint)
        assert store.corrections().empty
    said = run(store.path, PEOPLE, "--face-at", 3.5, "--gender", "female", "--age", "old", "--reason", "in profile")
    assert said.splitlines()[1:3] == ["2: gender of face 5 is female", "3: age group of face 5 is old"]
    assert store.tracks().set_index("track_id").loc[5, ["gender", "age_group"]].tolist() == ["female", "old"]
    assert set(store.corrections()["reason"]) == {"in profile"}
    code, _, err = commands.run(capsys, "correct", store.path, PEOPLE, "--list", "--gender", "male")
    assert (code, err) == (2, "facestats: --list does not go with --gender: give them one after the other\n")
