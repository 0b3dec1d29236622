from messages import ask, listen
from stores import FACES, PEOPLE, make_result, with_persons

from facestats.widgets import TrackTable, scene_of


def test_the_table_sorts_filters_and_hands_out_pages(monkeypatch):
    faces = [FACES[0].__class__(number, 0.0, 1.0 + number / 100, years=20.0 + number % 50) for number in range(120)]
    table = TrackTable(scene_of(make_result(PEOPLE, faces, path="many.mp4", duration_s=3.0)))
    sent = listen(table, monkeypatch)
    ask(table, kind="page", sort="age_years", ascending=False, page=0)
    (said, pictures) = sent.pop()
    assert (said["page"], said["pages"], said["total"], len(said["rows"])) == (0, 3, 120, 50)
    assert [row["id"] for row in said["rows"][:2]] == [49, 99]
    assert len(pictures) == 50
    assert pictures[said["rows"][0]["picture"]].startswith(b"RIFF")
    ask(table, kind="page", sort="track_id", ascending=True, page=9)
    (said, _) = sent.pop()
    assert (said["page"], said["rows"][0]["id"]) == (2, 100)
    table.verdicts = {"gender": "male"}
    assert sent.pop()[0] == {"kind": "stale"}
    ask(table, kind="page", sort="nonsense", ascending=True, page=0)
    assert sent.pop()[0]["total"] == 0
    assert table.tracks.empty


def test_faces_say_whose_they_are_and_are_sorted_by_person(monkeypatch):
    known = make_result(PEOPLE, FACES, path="known.mp4")
    table = TrackTable(scene_of(with_persons(known, {1: (1, 0.9), 2: (0, 0.9), 3: (0, 0.9)})))
    sent = listen(table, monkeypatch)
    ask(table, kind="page", sort="track_id", ascending=True, page=0)
    rows = sent.pop()[0]["rows"]
    assert [(row["id"], row["who"]) for row in rows] == [(2, "person 0"), (3, "person 0"), (1, "person 1"), (4, "")]
