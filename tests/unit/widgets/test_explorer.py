"""What the widgets answer to the browser; the browser's side is tested in a real JupyterLab."""

import pytest
from messages import ask
from stores import EMPTY, FACES, FAILED, PARTIAL, PEOPLE, make_result, make_store

import facestats
from facestats.errors import UsageError
from facestats.widgets import Explorer


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


def test_the_grid_of_faces_opens_a_face_in_its_video_and_tells_of_corrections(tmp_path, monkeypatch):
    store = make_store(tmp_path / "store")
    explorer = Explorer(store)
    grid = explorer.show_faces()
    assert grid in explorer.children
    ask(explorer.videos, kind="list", search="", order="name", page=0, state="")
    assert any(video_id == PEOPLE for video_id, _ in explorer.videos._cards)
    ask(grid, kind="act", what="reject", face=[PEOPLE, 4], other=None)
    assert all(video_id != PEOPLE for video_id, _ in explorer.videos._cards)  # it is made anew
    grid.opened = [PEOPLE, 2]
    assert (explorer.grid, explorer.video_id, explorer.table.selected) == (None, PEOPLE, [2])
    assert explorer.table.tracks["track_id"].tolist() == [1, 2, 3]
    grid = explorer.show_faces()
    assert {video_id for video_id, _ in grid.review.order} == {PEOPLE}
    ask(grid, kind="act", what="merge", face=[PEOPLE, 2], other=[PEOPLE, 3])
    explorer.close_faces()
    assert explorer.grid is None
    assert explorer.table.tracks["track_id"].tolist() == [1, 2]
    explorer.show_faces()
    explorer.close()


def test_the_faces_of_a_result_are_a_grid_too(result):
    explorer = Explorer(result)
    assert explorer.show_faces().review.order
    explorer.close_faces()
    assert explorer.grid is None


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
