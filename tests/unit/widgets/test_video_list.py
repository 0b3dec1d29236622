import pandas as pd
from messages import ask, listen
from stores import EMPTY, FACES, FAILED, PARTIAL, PEOPLE, make_result, make_store

from facestats.widgets import VideoList
from facestats.widgets.video_list import _counts


def test_the_list_searches_orders_and_says_nothing_new_twice(store, monkeypatch):
    videos = VideoList(store)
    sent = listen(videos, monkeypatch)
    ask(videos, kind="list", search="", order="name", page=0, state="")
    (said, pictures) = sent.pop()
    assert [item["id"] for item in said["items"]] == [PARTIAL, FAILED, EMPTY, PEOPLE]
    about = {item["id"]: item["about"] for item in said["items"]}
    assert about[PEOPLE] == "12 seconds, four faces"
    assert about[FAILED].startswith("not read: no readable frame")
    assert about[PARTIAL].startswith("2 seconds, one face; read in part")
    assert len(pictures) == 4
    ask(videos, kind="list", search="", order="name", page=0, state=said["state"])
    assert sent == []  # nothing has changed
    ask(videos, kind="list", search="PEOP", order="n_tracks", page=0, state="")
    assert [item["id"] for item in sent.pop()[0]["items"]] == [PEOPLE]


def test_a_store_that_is_being_written_shows_what_is_complete(tmp_path, monkeypatch):
    store = make_store(tmp_path / "store", EMPTY)
    videos = VideoList(store)
    sent = listen(videos, monkeypatch)
    ask(videos, kind="list", search="", order="name", page=0, state="")
    (said, _) = sent.pop()
    assert said["total"] == 1
    make_store(tmp_path / "other", PEOPLE)
    store.write(make_result("new-1", FACES, path="new.mp4"), paths=("new.mp4",))
    ask(videos, kind="list", search="", order="name", page=0, state=said["state"])
    assert [item["id"] for item in sent.pop()[0]["items"]] == [EMPTY, "new-1"]


def test_a_card_has_no_gaps_that_are_not_in_the_video():
    times = [0.0, 0.1, 0.25, 0.3, 0.55, 0.6, 0.61, 0.9, 1.0]  # looked at unevenly
    frames = pd.DataFrame({"time_s": times, "n_faces": [1] * len(times)})
    assert set(_counts(frames)) == {1.0}
    assert _counts(frames.assign(n_faces=[0, 0, 0, 0, 2, 2, 2, 2, 2]))[-1] == 2.0
