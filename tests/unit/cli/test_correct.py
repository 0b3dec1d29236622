import json

import commands
import pytest
from stores import PEOPLE, make_store


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "store")


@pytest.fixture
def run(capsys):
    def done(*arguments):
        code, out, err = commands.run(capsys, "correct", *arguments)
        assert (code, err) == (0, "")
        return out

    return done


def test_correct_list_and_undo(store, run):
    said = run(store.path, "people.mp4", 2, "--gender", "female", "--age", "old", "--reason", "seen at 0:03")
    assert said == "1: gender of face 2 is female\n2: age group of face 2 is old\n"
    run(store.path, "people.mp4", 4, "--reject")
    run(store.path, "people.mp4", 3, "--split", "8")
    listed = run(store.path, "--list").splitlines()
    assert listed[0] == f"{PEOPLE} 1: gender of face 2 is female (seen at 0:03)"
    assert listed[2] == f"{PEOPLE} 3: face 4 is no face"
    assert listed[3] == f"{PEOPLE} 4: face 3 is another face from 8.0 s on"
    assert listed[4] == "4 corrections"
    assert run(store.path, "people.mp4", 1, "--accept") == "5: face 1 was looked at and let be\n"
    assert run(store.path, "people.mp4", "--undo", 5) == "undone: face 1 was looked at and let be\n"
    assert run(store.path, "people.mp4", "--undo", 3) == "undone: face 4 is no face\n"
    (first, *_) = json.loads(run(store.path, "people.mp4", "--json"))["corrections"]
    assert (first["what"], first["value"], first["applies"]) == ("gender", "female", True)
    assert store.tracks()["corrected"].dropna().tolist() == ["gender, age_group", "split", "split"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "facestats: name the video and the face to correct, or use --list"),
        (
            ("people.mp4", "--reject"),
            "facestats: name the face to correct, by its number (face 3 is 3; of a person, reports list the faces)",
        ),
        (("people.mp4", 9, "--reject"), f"facestats: {PEOPLE} has no face 9: there is 1, 2, 3, 4"),
    ],
)
def test_what_is_missing_is_said_in_one_line(store, capsys, arguments, complaint):
    code, out, err = commands.run(capsys, "correct", store.path, *arguments)
    assert (code, out, err) == (2, "", complaint + "\n")
