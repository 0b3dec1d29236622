import pytest
from stores import FACES, PEOPLE, make_result, make_store, with_persons

from facestats.errors import UnknownNameError, UsageError
from facestats.store.store import create_store
from facestats.widgets import Explorer


@pytest.fixture
def explorer(tmp_path):
    explorer = Explorer(make_store(tmp_path / "store").video(PEOPLE))
    yield explorer
    explorer.close()


def press(explorer, name):
    (button,) = (each for each in explorer.correcting.children if getattr(each, "description", "") == name)
    button.click()


def numbers(explorer):
    return explorer.table.tracks["track_id"].tolist()


def test_the_chosen_faces_are_corrected_and_what_was_done_is_undone(explorer):
    explorer.table.selected = [3, 2]
    press(explorer, "merge")
    assert explorer.correcting.said == "face 2 takes in face 3"
    assert numbers(explorer) == [1, 2, 4]
    assert explorer.table.selected == [2]
    explorer.pane.time_s = 6.0
    press(explorer, "split here")
    assert numbers(explorer) == [1, 2, 4, 5]
    assert explorer.pane.time_s == 6.0
    explorer.table.selected = [4]
    explorer.correcting._reason.value = "a <b>poster</b>"
    press(explorer, "no face")
    assert numbers(explorer) == [1, 2, 5]
    assert explorer.table.selected == []
    assert explorer._found.corrections()["reason"].tolist() == ["", "", "a <b>poster</b>"]
    assert explorer.correcting._reason.value == ""
    for left in ([1, 2, 4, 5], [1, 2, 4], [1, 2, 3, 4]):
        press(explorer, "undo")
        assert numbers(explorer) == left
    press(explorer, "undo")
    assert explorer.correcting.said == "nothing was corrected"


def test_a_verdict_is_set_from_the_list(explorer):
    explorer.table.selected = [2]
    explorer.correcting._verdict.label = "perceived gender: female"
    assert explorer.correcting._verdict.label == "set verdict …"
    assert explorer.table.tracks.set_index("track_id").loc[2, "gender"] == "female"
    explorer.correcting._verdict.label = "age group: unknown"
    assert explorer.table.tracks.set_index("track_id").loc[2, "age_group"] == "unknown"


def test_what_does_not_fit_is_said_in_the_row(explorer):
    press(explorer, "no face")
    assert explorer.correcting.said == "choose one face in the table"
    press(explorer, "merge")
    assert explorer.correcting.said == "choose two faces in the table"
    explorer.table.selected = [1, 2]
    press(explorer, "merge")
    assert "are seen together at 0:01.0" in explorer.correcting.said
    assert explorer._found.corrections().empty


def test_the_same_by_methods(explorer):
    explorer.merge(2, 3)
    explorer.split(2, 6.0)
    explorer.reject(4)
    assert numbers(explorer) == [1, 2, 5]
    with pytest.raises(UnknownNameError, match="has no face 9"):
        explorer.merge(2, 9)


def test_a_result_has_no_place_for_corrections():
    explorer = Explorer(make_result(PEOPLE, FACES, path="people.mp4"))
    assert explorer.correcting.layout.display == "none"
    with pytest.raises(UsageError, match="a result has no place for corrections"):
        explorer.reject(1)


def test_people_are_joined_and_taken_apart_where_they_are_known(tmp_path):
    store = create_store(tmp_path / "known")
    known = with_persons(make_result(PEOPLE, FACES, path="p.mp4"), {1: (0, 1.0), 2: (1, 0.9), 3: (1, 0.9), 4: (2, 0.9)})
    store.write(known, paths=("p.mp4",))
    explorer = Explorer(store.video(PEOPLE))
    explorer.table.selected = [3]
    press(explorer, "own person")
    assert explorer.correcting.said == "face 3 is of a person of its own"
    explorer.table.selected = [3, 4]
    press(explorer, "same person")
    assert explorer.correcting.said == "face 3 is of the same person as face 4"
    explorer.own_person(4)
    with pytest.raises(UsageError, match="seen together"):
        explorer.same_person(2, 4)
    explorer.same_person(2, 3)
    assert explorer.selection.tracks["person_id"].nunique() == 2
    explorer.close()


def test_where_people_are_not_known_there_are_no_buttons_for_them(explorer):
    shown = [each.description for each in explorer.correcting.children if getattr(each, "description", "")]
    hidden = [each.description for each in explorer.correcting.children if each.layout.display == "none"]
    assert set(hidden) == {"same person", "own person"} <= set(shown)
