import os

import pytest
from stores import EMPTY, PEOPLE, make_store

import facestats
from facestats.reports.index import DATA, PAGE, Listed, read_index, write_index
from facestats.reports.leftovers import drop_stale, take_down
from facestats.store.published import report_folders


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "s")


@pytest.fixture
def reports(store, tmp_path, planned):
    """Reports on all videos, whose clip lies beside them, with a cut of it and a page printed."""
    out = tmp_path / "r"
    facestats.report(store.path, out=out)
    (out / "clips" / PEOPLE).mkdir()
    (out / "clips" / PEOPLE / "face-1.mp4").write_bytes(b"cut")
    (out / f"{PEOPLE}.pdf").write_bytes(b"%PDF")
    return out


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_is_forgotten_goes_from_the_reports_at_once(store, reports):
    assert report_folders(store.path) == [reports]
    for name in (PAGE, DATA):
        assert "data:image/webp" in (reports / name).read_text()  # its faces
    (gone,) = store.forget(PEOPLE)
    assert not any(PEOPLE in name for name in files(reports))
    assert not (reports / "collection.html").exists()  # it spoke of it; the next report makes it anew
    assert {os.path.relpath(path, reports) for path in gone.went[3:]} == {
        *(f"{PEOPLE}{suffix}" for suffix in (".html", ".ipynb", ".pdf")),
        *(f"clips/{PEOPLE}{suffix}" for suffix in (".mp4", "/face-1.mp4")),
        "collection.html",
        "collection.ipynb",
    }
    for name in (PAGE, DATA):
        text = (reports / name).read_text()
        assert PEOPLE not in text
        assert "data:image" not in text
        assert EMPTY in text


def test_a_report_takes_away_what_is_forgotten_where_nobody_noted_the_folder(store, reports, planned):
    (store.path / "reports.json").unlink()
    store.forget(PEOPLE)
    assert (reports / f"{PEOPLE}.html").is_file()
    planned.clear()
    made = facestats.report(store.path, out=reports, video=EMPTY)
    assert set(made.removed) == {PEOPLE, "collection"}
    assert not any(PEOPLE in name for name in files(reports))
    assert [name for _, name, _ in planned] == [f"{EMPTY}.ipynb"]


def test_a_list_that_was_lost_hides_nothing(store, reports):
    (reports / DATA).unlink()
    notebook = reports / f"{PEOPLE}.ipynb"
    given = f'{{"store": "{store.path}", "video": "{PEOPLE}"}}'
    notebook.write_text(f'{{"metadata": {{"papermill": {{"parameters": {given}}}}}}}')
    assert take_down(store.path, [PEOPLE])[PEOPLE][0].endswith(f"{PEOPLE}.html")
    assert not any(PEOPLE in name for name in files(reports))


def test_what_was_made_from_other_stores_stays(store, reports, tmp_path, planned):
    other = make_store(tmp_path / "other", PEOPLE)
    facestats.report(other.path, out=reports)
    facestats.report(store.path, out=reports, video=EMPTY)
    store.note(store.entries()[PEOPLE], replaced_since="2026-01-02T03:04:05+00:00")
    assert drop_stale(store, reports, read_index(reports)) == []
    assert (reports / f"{PEOPLE}.html").is_file()
    assert (reports / "clips" / f"{PEOPLE}.mp4").is_file()


def test_what_was_replaced_has_no_page_and_what_came_back_has_one(store, reports, planned):
    entry = store.entries()[PEOPLE]
    changed = store.note(entry, replaced_since="2026-01-02T03:04:05+00:00")
    assert facestats.report(store.path, out=reports, only_changed=True).removed == (PEOPLE,)
    assert not any(PEOPLE in name for name in files(reports))
    store.note(changed, replaced_since=None)
    assert PEOPLE in {made.html.stem for made in facestats.report(store.path, out=reports, only_changed=True).reports}


def test_what_a_run_hides_is_taken_from_the_reports_on_one_video(store, reports):
    take_down(store.path, [PEOPLE], alone=True)
    assert not any(PEOPLE in name for name in files(reports))
    assert (reports / "collection.html").is_file()


def test_lines_of_a_list_can_be_told_apart(tmp_path):
    alike = Listed("Day 1", "Two faces.", "2026-01-01T06:00:00+00:00", "f00", "ok", None)
    write_index(tmp_path, {"a-1": alike, "a-2": alike})
    page = (tmp_path / PAGE).read_text()
    assert ">Day 1 (a-1)<" in page
    assert ">Day 1 (a-2)<" in page
