import dataclasses

import pandas as pd
import pytest
from browser import barriers, chromium
from front import put
from messages import ask, listen
from stores import FACES, PEOPLE, make_result, make_store

from facestats.widgets import FaceGrid
from facestats.widgets.face_grid import PAGE


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "store")


def faces(said):
    return [tuple(item["face"]) for item in said["items"]]


def test_a_page_has_pictures_doubts_and_what_became_of_each(store, monkeypatch):
    changed = []
    grid = FaceGrid(store, changed=changed.append)
    sent = listen(grid, monkeypatch)
    ask(grid, kind="hello")
    (said, pictures) = sent.pop()
    assert (said["page"], said["pages"], len(pictures), said["corrects"]) == (0, 1, 4, True)
    assert said["about"] == f"five faces, {grid.review.n_doubtful()} doubtful"
    assert {item["video"] for item in said["items"]} >= {"people.mp4"}
    first, second = faces(said)[:2]
    ask(grid, kind="act", what="accept", face=list(first), other=None)
    (said, _) = sent.pop()
    assert (said["items"][0]["state"], said["items"][0]["doubts"]) == ("accepted", [])
    assert tuple(said["go"]) == second  # the next doubtful one
    ask(grid, kind="act", what="reject", face=list(second), other=None)
    (item,) = (each for each in sent.pop()[0]["items"] if tuple(each["face"]) == second)
    assert (item["state"], item["here"], item["doubts"]) == ("not a face", False, [])
    ask(grid, kind="undo")
    (said, _) = sent.pop()
    assert said["items"][1]["here"]
    assert tuple(said["go"]) == second
    assert changed == [first[0], second[0], second[0]]
    ask(grid, kind="act", what="merge", face=list(second), other=["elsewhere-1", 1])
    assert sent.pop()[0] == {"kind": "said", "said": "only two faces of one video can be merged", "trouble": True}
    ask(grid, kind="act", what="delete", face=list(second), other=None)
    assert sent == []


def test_many_faces_come_in_pages_and_the_next_doubtful_one_may_be_on_another(monkeypatch):
    many = [FACES[0].__class__(number, 0.0, 1.0 + number / 100, sureness=0.9) for number in range(PAGE + 20)]
    grid = FaceGrid(make_result(PEOPLE, many, path="many.mp4", duration_s=3.0))
    sent = listen(grid, monkeypatch)
    ask(grid, kind="order", order="time")
    (said, pictures) = sent.pop()
    assert (said["pages"], len(said["items"]), len(pictures)) == (2, PAGE, PAGE)
    ask(grid, kind="next", after=None)
    assert sent.pop()[0]["said"] == "nothing is doubtful"
    last = grid.review.order[-1]
    grid.review.track(last)["face_prob"] = 0.5
    ask(grid, kind="next", after=said["items"][0]["face"])
    (said, _) = sent.pop()
    assert (said["page"], tuple(said["go"])) == (1, last)
    ask(grid, kind="next", after=None)
    assert sent.pop()[0] == {"kind": "go", "face": list(last)}
    ask(grid, kind="page", page=99)
    assert sent.pop()[0]["page"] == 1


def test_a_face_is_called_by_its_person_too_where_that_is_known(monkeypatch):
    made = make_result(PEOPLE, FACES[:2], path="people.mp4")
    tracks = made.tracks.assign(person_id=pd.array([5, pd.NA], "Int64"), person_prob=[0.9, float("nan")])
    grid = FaceGrid(dataclasses.replace(made, tracks=tracks))
    sent = listen(grid, monkeypatch)
    ask(grid, kind="order", order="time")
    assert [item["name"] for item in sent.pop()[0]["items"]] == ["face 1, person 5", "face 2"]


def test_nothing_of_the_faces_is_saved_with_a_notebook(store):
    grid = FaceGrid(store)
    ask(grid, kind="hello")
    kept = {name: value for name, value in grid.get_state().items() if not name.startswith("_")}
    assert not any(isinstance(value, bytes | memoryview) for value in kept.values())
    assert sum(len(str(value)) for value in kept.values()) < 500


@pytest.mark.slow
def test_a_store_is_looked_through_from_the_keyboard(store):
    grid = FaceGrid(store)
    with chromium() as browser:
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        trouble = []
        page.on("pageerror", lambda error: trouble.append(str(error)))
        put(page, grid)
        cards, said = page.locator(".fsx-card"), page.locator(".fsx-note")
        cards.first.wait_for()
        assert cards.count() == 5
        order = [tuple(key) for key in grid.review.order]
        name = lambda key: f".fsx-card[data-face='{key[0]} {key[1]}']"  # noqa: E731

        def is_current(key):
            page.wait_for_selector(f"{name(key)}[aria-selected=true]")
            assert page.evaluate("document.activeElement.dataset.face") == f"{key[0]} {key[1]}"

        page.locator(".fsx-card[tabindex='0']").focus()
        page.keyboard.press("a")
        page.wait_for_selector(f"{name(order[0])}:has-text('✓ accepted')")
        is_current(order[1])
        page.keyboard.press("x")
        page.wait_for_selector(f"{name(order[1])}.fsx-gone")
        page.keyboard.press("u")
        is_current(order[1])
        assert "undone" in said.inner_text()
        page.keyboard.press("Home")
        is_current(order[0])
        page.keyboard.press("ArrowRight")
        is_current(order[1])
        page.keyboard.press("n")
        is_current(grid.review.next_doubtful(order[1]))

        for number in (2, 3):
            page.locator(name((PEOPLE, number))).click()
            page.keyboard.press("m")
        page.wait_for_selector(f"{name((PEOPLE, 3))}:has-text('part of face 2')")
        is_current((PEOPLE, 2))
        assert store.corrections()["what"].tolist() == ["accept", "merge"]
        page.keyboard.press("m")
        page.keyboard.press("Escape")
        assert said.inner_text() == ""
        page.keyboard.press("Enter")
        page.wait_for_timeout(200)
        assert grid.opened == [PEOPLE, 2]
        assert all(page.locator("button", has=page.locator(f"kbd:text-is('{key}')")).is_visible() for key in "naxmu")
        assert barriers(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert trouble == []
