"""What the widgets answer to the browser; the browser's side is tested in a real JupyterLab."""

import math

import cv2
import numpy as np
import pandas as pd
import pytest
from stores import EMPTY, FACES, FAILED, PARTIAL, PEOPLE, make_result, make_store

import facestats
from facestats.errors import StoreError, UsageError
from facestats.widgets import Explorer, FramePane, Timeline, TrackTable, VideoList, scene_of
from facestats.widgets.video_list import _counts


@pytest.fixture(scope="module")
def video(demo_video):
    return demo_video.path


@pytest.fixture
def result(video):
    return make_result(PEOPLE, FACES, path=str(video), cut_s=6.0)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("store") / "syn")


def listen(widget, monkeypatch):
    """Collect what a widget sends."""
    sent = []
    monkeypatch.setattr(widget, "send", lambda content, buffers=None: sent.append((content, buffers or [])))
    return sent


def ask(widget, **said):
    widget._handle_custom_msg(said, [])


def test_the_pane_answers_with_a_picture_and_the_faces_in_it(result, monkeypatch):
    pane = FramePane(scene_of(result, threshold=0.5))
    sent = listen(pane, monkeypatch)
    ask(pane, kind="hello")
    (facts, _) = sent.pop()
    assert (facts["kind"], facts["start"], facts["end"], facts["cuts"]) == ("facts", 0.0, 12.0, [pytest.approx(5.95)])
    assert (facts["width"], facts["height"], facts["note"]) == (640, 360, "")
    while True:
        ask(pane, kind="frame", view="v", n=7, time=4.52, step=0, width=320)
        (said, (jpeg,)) = sent.pop()
        if said["exact"]:
            break
    assert (said["view"], said["n"]) == ("v", 7)
    assert said["time"] == pytest.approx(4.52, abs=0.001)
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (180, 320, 3)
    assert {face["track"] for face in said["faces"]} == {1, 2}
    ask(pane, kind="frame", view="v", n=8, time=4.52, step=1, width=320)
    assert sent.pop()[0]["time"] == pytest.approx(4.56, abs=0.001)
    pane.attribute = "expression"
    assert sent.pop() == ({"kind": "again"}, [])
    pane.close()


def test_without_a_picture_the_pane_says_why_and_shows_the_faces(monkeypatch):
    pane = FramePane(scene_of(make_result(PEOPLE, FACES, path="gone.mp4")))
    sent = listen(pane, monkeypatch)
    ask(pane, kind="hello")
    assert "not there any more (gone.mp4)" in sent.pop()[0]["note"]
    ask(pane, kind="frame", view="v", n=1, time=1.0, step=0, width=320)
    said, pictures = sent.pop()
    assert pictures == []
    assert said["exact"]
    assert len(said["faces"]) == 2


def test_a_file_that_is_no_video_is_told(tmp_path, monkeypatch):
    (tmp_path / "text.mp4").write_bytes(b"text")
    pane = FramePane(scene_of(make_result(PEOPLE, FACES, path=str(tmp_path / "text.mp4"))))
    sent = listen(pane, monkeypatch)
    ask(pane, kind="hello")
    assert "There is no picture to show: cannot read" in sent.pop()[0]["note"]


def test_the_timeline_has_a_row_for_each_wanted_track(result, monkeypatch):
    timeline = Timeline(scene_of(result, threshold=0.5))
    sent = listen(timeline, monkeypatch)
    ask(timeline, kind="hello")
    (said, _) = sent.pop()
    assert [row["id"] for row in said["rows"]] == [1, 2, 4, 3]  # as they appear
    names = [color["name"] for color in said["colors"]]
    assert names[-2:] == ["unknown", "not measured"]
    assert [names[span[2]] for span in said["rows"][0]["spans"]] == ["neutral", "happiness", "surprise"]
    assert not any(math.isnan(value) for row in said["rows"] for span in row["spans"] for value in span)
    timeline.verdicts = {"gender": "male"}
    assert [row["id"] for row in sent.pop()[0]["rows"]] == [2]
    timeline.attribute = "gender"
    (said, _) = sent.pop()
    assert {said["colors"][span[2]]["name"] for span in said["rows"][0]["spans"]} == {"male"}


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


def test_the_explorer_of_a_store_opens_and_closes_videos(store):
    explorer = Explorer(store)
    assert explorer.videos in explorer.children
    with pytest.raises(UsageError, match="no video is open"):
        _ = explorer.selection
    explorer.videos.chosen = PEOPLE
    assert explorer.video_id == PEOPLE
    assert explorer.videos not in explorer.children
    assert len(explorer.selection.tracks) == 4
    for video_id in (EMPTY, FAILED, PARTIAL):
        explorer.video_id = video_id
        assert explorer.selection.observations["video_id"].isin([video_id]).all()
    explorer._close_video()
    assert explorer.videos in explorer.children
    explorer.table.selected = [2]  # of a video that is closed
    explorer.close()


def test_a_video_that_cannot_be_opened_is_told_and_the_others_can(tmp_path):
    store = make_store(tmp_path / "store", PEOPLE, EMPTY)
    run = store.entries()[PEOPLE].run
    (store.path / "tables" / PEOPLE / run / "tracks.parquet").write_bytes(b"damaged")
    explorer = Explorer(store)
    explorer.videos.chosen = PEOPLE
    assert "cannot be opened" in explorer._trouble.value
    assert explorer.videos in explorer.children
    explorer.videos.chosen = EMPTY
    assert explorer.video_id == EMPTY


def test_the_parts_follow_each_other_and_the_selection_is_what_they_say(result):
    explorer = Explorer(result, threshold=0.5)
    assert explorer.selection.span == (0.0, 12.0)
    assert len(explorer.selection.observations) == result.observations["track_id"].notna().sum()
    explorer.timeline.span = [6.5, 8.0]
    chosen = explorer.selection
    assert chosen.tracks["track_id"].tolist() == [1, 3]
    assert chosen.observations["time_s"].between(6.5, 8.0).all()
    assert set(chosen.observations["track_id"]) == {1, 3}
    explorer.table.selected = [3]
    assert explorer.pane.highlight == 3
    assert explorer.pane.time_s == pytest.approx(6.0)  # it was not to be seen before
    assert explorer.selection.tracks["track_id"].tolist() == [3]
    explorer.pane.highlight = None
    assert explorer.table.selected == []
    explorer._controls["min_face_px"].value = 20.0
    explorer.timeline.span = []
    assert explorer.selection.tracks["track_id"].tolist() == [1, 2, 3]
    explorer.table.verdicts = {"gender": "male"}
    assert explorer.timeline.verdicts == {"gender": "male"}
    assert explorer.selection.tracks["track_id"].tolist() == [2]
    with pytest.raises(UsageError, match="no list to go back to"):
        explorer.video_id = None
    explorer.close()


def test_the_span_can_be_kept_as_a_clip(result, tmp_path):
    explorer = Explorer(result)
    with pytest.raises(UsageError, match="no span is chosen"):
        explorer.save_clip(tmp_path / "a")
    explorer.timeline.span = [1.0, 2.0]
    made = explorer.save_clip(tmp_path / "a.clip")
    assert made == tmp_path / "a.clip.mp4"
    with pytest.raises(UsageError, match="would overwrite"):
        explorer.save_clip(result.videos["path"].iloc[0])
    with facestats.video.open_source(made) as source:
        assert source.info.duration_s == pytest.approx(1.0, abs=0.05)
    lost = Explorer(make_result(PEOPLE, FACES, path="gone.mp4"))
    lost.timeline.span = [1.0, 2.0]
    with pytest.raises(UsageError, match="no video to cut from: There is no picture"):
        lost.save_clip(tmp_path / "b.mp4")


def test_where_widgets_cannot_be_shown_there_is_a_still_figure(store, result, capsys):
    for found in (store, store.path, store.video(PEOPLE), result):
        figure = facestats.explore(found)
        assert figure.axes
        assert "needs a notebook" in capsys.readouterr().err
    bundle = Explorer(store)._repr_mimebundle_()
    assert "still figure" in bundle["text/plain"]
    assert bundle["image/png"].startswith("iVBOR")
    with pytest.raises(StoreError):
        facestats.explore(store.path / "nowhere")


def test_nothing_that_is_shown_is_saved_with_a_notebook(result):
    explorer = Explorer(result)
    ask(explorer.pane, kind="frame", view="v", n=1, time=1.0, step=0, width=640)
    ask(explorer.table, kind="page", sort="start_s", ascending=True, page=0)
    state = {**explorer.pane.get_state(), **explorer.table.get_state(), **explorer.timeline.get_state()}
    kept = {name: value for name, value in state.items() if not name.startswith("_")}
    assert not any(isinstance(value, bytes | memoryview) for value in kept.values())
    assert sum(len(str(value)) for value in kept.values()) < 2000


def test_what_is_hidden_is_not_chosen_and_of_several_none_is_marked(result):
    explorer = Explorer(result, threshold=0.5)
    explorer.table.selected = [1, 2]
    assert explorer.pane.highlight is None
    assert explorer.table.selected == [1, 2]
    explorer.table.verdicts = {"gender": "male"}
    assert explorer.table.selected == [2]
    assert explorer.selection.tracks["track_id"].tolist() == [2]
    assert repr(explorer.selection).startswith("Selection: 1 tracks, ")
    explorer.close()


def test_a_card_has_no_gaps_that_are_not_in_the_video():
    times = [0.0, 0.1, 0.25, 0.3, 0.55, 0.6, 0.61, 0.9, 1.0]  # looked at unevenly
    frames = pd.DataFrame({"time_s": times, "n_faces": [1] * len(times)})
    assert set(_counts(frames)) == {1.0}
    assert _counts(frames.assign(n_faces=[0, 0, 0, 0, 2, 2, 2, 2, 2]))[-1] == 2.0
