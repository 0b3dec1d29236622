import os
import shutil

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pytest
import runs
from commands import NO_MODELS
from PIL import Image
from runs import make_videos, tables
from synth import regular_times, write_video

from facestats.analysis.single import analyze
from facestats.batch import collection
from facestats.batch.collection import plan_collection
from facestats.batch.status import acknowledge
from facestats.errors import (
    MissingInputError,
    OutputError,
    StoreError,
    UnknownNameError,
    UnreadableInputError,
    UsageError,
)
from facestats.store.keptout import let_in
from facestats.store.store import open_store
from facestats.tables import schema
from facestats.video.discovery import Input
from facestats.video.identity import content_of, new_video_id


@pytest.fixture
def videos(tmp_path):
    """A folder with a good video, its copy, a text file that calls itself a video, and an empty one."""
    folder = tmp_path / "videos"
    folder.mkdir()
    write_video(folder / "good.mp4", regular_times(12, 10))
    shutil.copy(folder / "good.mp4", folder / "good copy.mp4")
    (folder / "text.mp4").write_text("this is not a video\n" * 50)
    (folder / "void.mp4").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """A folder with three videos of two people each: v00.mp4, v01.mp4, v02.mp4."""
    return make_videos(tmp_path_factory.mktemp("films") / "videos", 3)


def run(inputs, out, **options):
    return runs.run(inputs, out, **{"workers": 0, "clips": True, **options})


def test_failures_are_recorded_and_the_others_go_on(videos, tmp_path):
    result = run([videos], tmp_path / "store")
    assert result.exit_code == 3
    table = result.store.videos().set_index("path")
    assert table.loc[str(videos / "text.mp4"), "status"] == "failed"
    assert table.loc[str(videos / "void.mp4"), "status"] == "failed"
    assert table["error"].notna().sum() == len(result.problems) == 2
    assert (table["status"] == "ok").sum() == 1
    assert len(result.copies) == 1
    (good,) = [entry for entry in result.store.entries().values() if entry.status == "ok"]
    assert sorted(good.paths) == [str(videos / "good copy.mp4"), str(videos / "good.mp4")]
    for name in schema.TABLES:
        schema.validate(name, result.store.read(name))


def test_a_missing_input_is_told_and_the_others_are_analysed(videos, tmp_path):
    result = run([videos / "good.mp4", videos / "absent.mp4"], tmp_path / "store")
    assert result.exit_code == 2
    assert len(result.video_ids) == 1
    assert "absent.mp4 does not exist" in result.problems[0]


def test_nothing_to_do_leaves_no_store(tmp_path):
    with pytest.raises(MissingInputError, match="does not exist"):
        run([tmp_path / "absent.mp4"], tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_wrong_options_are_refused_before_anything_is_written(videos, tmp_path):
    with pytest.raises(UnknownNameError):
        run([videos], tmp_path / "store", tracker="sort")
    assert not (tmp_path / "store").exists()


def test_a_video_keeps_its_id_when_it_is_renamed(videos, tmp_path):
    first = run([videos / "good.mp4"], tmp_path / "store")
    (videos / "good.mp4").rename(videos / "better.mp4")
    second = run([videos / "better.mp4"], tmp_path / "store")
    assert first.video_ids == second.video_ids
    assert len(second.store.videos()) == 1


def test_two_different_files_of_one_name_are_two_videos(videos, tmp_path):
    other = tmp_path / "other" / "good.mp4"
    other.parent.mkdir()
    write_video(other, regular_times(5, 10))
    result = run([videos / "good.mp4", other], tmp_path / "store")
    assert len(set(result.video_ids)) == 2
    assert all(video_id.startswith("good-") for video_id in result.video_ids)
    with pytest.raises(UsageError, match="say which"):
        result.store.video("good.mp4")


def test_options_and_models_are_kept_with_each_video(videos, tmp_path):
    result = run([videos / "good.mp4"], tmp_path / "store", rate=3)
    entry = result.store.entries()[result.video_ids[0]]
    assert entry.options["rate"] == 3
    assert entry.models["detector"]["name"] == entry.options["detector"]


def test_clips_are_written_unless_told_otherwise(videos, tmp_path):
    with_clip = run([videos / "good.mp4"], tmp_path / "a")
    assert with_clip.store.clip_path(with_clip.video_ids[0]).suffix == ".mp4"
    without = run([videos / "good.mp4"], tmp_path / "b", clips=False)
    assert without.store.clip_path(without.video_ids[0]) is None


def test_tables_survive_a_clip_that_cannot_be_written(videos, tmp_path):
    (tmp_path / "store").mkdir()
    run([videos / "good.mp4"], tmp_path / "store", clips=False)
    shutil.rmtree(tmp_path / "store" / "tables")
    (tmp_path / "store" / "clips").write_text("in the way")
    result = run([videos / "good.mp4"], tmp_path / "store")
    assert result.exit_code == 3
    assert "no clip: cannot write" in result.problems[0]
    assert len(open_store(tmp_path / "store").frames()) == 12


def test_tables_survive_an_encoder_that_fails_half_way_and_the_clip_is_drawn_later(videos, tmp_path, monkeypatch):
    def fails(writer, picture, time_s, end_s=None):
        if time_s > 0.3:
            raise OutputError("cannot write the clip: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("facestats.video.writer.ClipWriter.write", fails)
        result = run([videos / "good.mp4"], tmp_path / "store")
    assert [line.split(": ", 1)[1] for line in result.problems] == [
        "no clip: cannot write the clip: No space left on device"
    ]
    assert len(result.store.frames()) == 12
    assert list((tmp_path / "store" / "clips").iterdir()) == []
    again = run([videos / "good.mp4"], tmp_path / "store")
    assert (again.analyzed, again.drawn) == ((), again.video_ids)
    assert again.store.clip_path(again.video_ids[0]) is not None


def test_stills_are_inputs_of_their_own_and_a_sequence_is_one(tmp_path, portrait):
    folder = tmp_path / "stills"
    folder.mkdir()
    for i in (1, 2, 10):
        Image.fromarray(np.roll(portrait, i, axis=1)).save(folder / f"frame{i}.png")
    stills = run([folder], tmp_path / "a")
    assert len(stills.video_ids) == 3
    assert stills.store.tracks()["n_observations"].tolist() == [1, 1, 1]
    assert stills.store.clip_path(stills.video_ids[0]).suffix == ".png"
    with Image.open(stills.store.clip_path(stills.video_ids[0])) as image:
        assert image.size == (portrait.shape[1], portrait.shape[0])
    sequence = run([folder], tmp_path / "b", sequence=True, sequence_fps=2, rate=0)
    assert len(sequence.video_ids) == 1
    assert sequence.store.frames()["time_s"].tolist() == [0, 0.5, 1]
    assert sequence.store.tracks()["n_observations"].tolist() == [3]


def test_analyze_gives_the_tables_of_one_video(videos, tmp_path):
    result = analyze(videos / "good.mp4", models=NO_MODELS, clip=tmp_path / "c.mp4", progress=False)
    assert result.videos["n_frames"].item() == 12
    assert result.clip == tmp_path / "c.mp4"
    assert result.clip.stat().st_size > 0
    assert analyze(videos / "good.mp4", models=NO_MODELS, progress=False).clip is None


def test_analyze_raises_where_a_collection_would_note(videos, tmp_path):
    with pytest.raises(UnreadableInputError, match=r"text\.mp4"):
        analyze(videos / "text.mp4", models=NO_MODELS)
    with pytest.raises(MissingInputError, match="does not exist"):
        analyze(tmp_path / "absent.mp4", models=NO_MODELS)


def test_a_cut_off_video_is_partial_and_keeps_its_rows(tmp_path):
    whole = write_video(
        tmp_path / "whole.mp4", regular_times(100, 25), container_options={"movflags": "faststart"}, size=(320, 240)
    )
    data = whole.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[: len(data) * 6 // 10])
    result = run([cut], tmp_path / "store")
    row = result.store.videos().iloc[0]
    assert row["status"] == "partial"
    assert 10 < row["n_frames"] < 100
    assert len(result.store.frames()) > 3
    assert row["error"]
    assert result.exit_code == 3
    assert result.store.clip_path(row["video_id"]) is not None


def test_a_file_that_may_not_be_read_is_a_failure_like_any_other(videos, tmp_path, monkeypatch):
    def forbidden(item, report=None):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("facestats.video.identity.content_hash", forbidden)
    (videos / "good.mp4").write_bytes(b"")  # root may read anything; an empty file fails to open for everybody
    for _ in range(2):
        result = run([videos / "good.mp4"], tmp_path / "store")
        assert result.exit_code == 3
        assert result.video_ids[0].startswith("good-unread-")
    assert len(result.store.videos()) == 1


def test_live_ids_carry_the_source_and_the_moment():
    video_id = new_video_id(Input("camera:0"), None)
    assert video_id.startswith("camera-0-20")
    assert video_id.endswith("Z")


def test_an_input_that_vanishes_or_a_camera_that_is_absent_does_not_end_the_run(videos, tmp_path):
    (videos / "dangling.mp4").symlink_to(videos / "gone.mp4")
    result = run([videos, "camera:97", videos / "good.mp4"], tmp_path / "store")
    statuses = result.store.videos()["status"].value_counts()
    assert (statuses["ok"], statuses["failed"]) == (1, 4)
    assert result.exit_code == 3


def test_analysing_again_with_blur_leaves_no_old_clip(videos, tmp_path):
    first = run([videos / "good.mp4"], tmp_path / "store")
    assert first.store.clip_path(first.video_ids[0])
    run([videos / "good.mp4"], tmp_path / "store", blur=True, clips=False)
    assert first.store.clip_path(first.video_ids[0]) is None


@pytest.mark.parametrize("blur", [True, False])
def test_chunks_of_a_stopped_run_stay_to_be_gone_on_with_unless_faces_are_hidden(videos, tmp_path, monkeypatch, blur):
    chunk = tmp_path / "store" / "chunks" / "good-1234" / "00000.npz"

    def stopped(*_):
        chunk.parent.mkdir(parents=True)
        chunk.write_bytes(b"aligned faces")
        raise KeyboardInterrupt

    monkeypatch.setattr(collection, "run_jobs", stopped)
    with pytest.raises(KeyboardInterrupt):
        run([videos / "good.mp4"], tmp_path / "store", blur=blur)
    assert chunk.exists() is not blur


def test_a_clip_never_overwrites_its_own_video(videos):
    before = (videos / "good.mp4").read_bytes()
    for clip in (videos / "good.mp4", videos / "good", videos / "x" / ".." / "good.mp4"):
        with pytest.raises(UsageError, match="overwrite"):
            analyze(videos / "good.mp4", clip=clip, models=NO_MODELS)
    assert (videos / "good.mp4").read_bytes() == before


def test_dots_in_the_name_of_a_clip_are_kept(videos, tmp_path):
    result = analyze(videos / "good.mp4", clip=tmp_path / "12:30 run.2024", models=NO_MODELS, progress=False)
    assert result.clip.name == "12:30 run.2024.mp4"
    assert result.clip.is_file()


def test_the_places_of_copies_are_remembered_while_they_last(videos, tmp_path):
    run([videos], tmp_path / "store")
    again = run([videos / "good.mp4"], tmp_path / "store")
    (entry,) = [entry for entry in again.store.entries().values() if entry.status == "ok"]
    assert len(entry.paths) == 2
    (videos / "good copy.mp4").unlink()
    run([videos / "good.mp4"], tmp_path / "store")
    assert again.store.entries()[entry.video_id].paths == (str(videos / "good.mp4"),)


@pytest.mark.parametrize("rate", [0.2, 0.5, 1.0])
def test_looking_rarely_still_tracks(tmp_path, portrait, rate):
    import cv2

    face = cv2.resize(portrait[40:360, 90:400], (160, 165))
    picture = np.full((240, 320, 3), 120, np.uint8)
    picture[40:205, 80:240] = face
    # 29.97 frames a second, so that the looks are a little more than 1 / rate apart.
    write_video(tmp_path / "still.mp4", [i * 1001 / 1000 for i in range(16)], pictures=[picture] * 16)
    for tracker in ("bytetrack", "centroid"):
        result = analyze(tmp_path / "still.mp4", rate=rate, tracker=tracker, models=NO_MODELS, progress=False)
        assert len(result.tracks) == 1
        assert result.tracks["n_observations"].item() == len(result.frames)


def test_videos_are_told_and_chosen_by_where_they_are_now(films, tmp_path):
    folder = tmp_path / "in"
    shutil.copytree(films, folder)
    run(folder, tmp_path / "store", clips=False)
    (folder / "v00.mp4").rename(folder / "moved.mp4")
    (folder / "v01.mp4").unlink()
    store = run(folder, tmp_path / "store", clips=False).store
    moved = str(folder / "moved.mp4")
    assert store.read("videos", columns=["path"], where=[("path", "==", moved)])["path"].tolist() == [moved]
    gone = store.read("videos", columns=["path", "missing_since"], where=ds.field("missing_since").is_valid())
    assert gone["path"].tolist() == [str(folder / "v01.mp4")]
    assert next(iter(store.batches("videos")))["path"].tolist() == store.videos()["path"].tolist()


def test_only_what_is_gone_counts_as_gone(films, tmp_path, monkeypatch):
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(films / "v00.mp4", folder / "notes.dat")  # found only where it is named outright
    shutil.copy(films / "v01.mp4", folder / "a.mp4")
    run([folder / "notes.dat", folder / "a.mp4"], tmp_path / "store", clips=False)
    assert run(folder, tmp_path / "store", clips=False).store.videos()["missing_since"].isna().all()
    (folder / "a.mp4").rename(tmp_path / "a.mp4")
    shutil.copy(films / "v00.mp4", folder / "b.mp4")
    monkeypatch.chdir(folder)
    store = run("*.mp4", tmp_path / "store", clips=False).store  # a pattern looks through its folder
    assert store.videos().set_index("path")["missing_since"].notna()[str(folder / "a.mp4")]
    # One that comes back, and needs its clip alone, is there again.
    (tmp_path / "a.mp4").rename(folder / "a.mp4")
    store = run(folder, tmp_path / "store", clips=True, force=True).store
    assert store.videos()["missing_since"].isna().all()


def test_what_could_not_be_read_before_leaves_no_ghost(films, tmp_path):
    path = tmp_path / "a.mp4"
    os.mkfifo(path)
    assert run(path, tmp_path / "store", clips=False).exit_code == 3
    path.unlink()
    shutil.copy(films / "v00.mp4", path)
    result = run(path, tmp_path / "store", clips=False)
    assert result.store.videos()["status"].tolist() == ["ok"]
    assert len(list((tmp_path / "store" / "tables").iterdir())) == 1


def test_a_bad_file_that_was_mended_is_forgotten(films, tmp_path):
    path = tmp_path / "a.mp4"
    path.write_text("no video")
    assert run(path, tmp_path / "store", clips=False).exit_code == 3
    shutil.copy(films / "v00.mp4", path)
    result = run(path, tmp_path / "store", clips=False)
    assert result.store.videos(columns=["status"], where=[("path", "==", str(path))])["status"].tolist() == ["ok"]
    assert len(result.store.entries()) == 1


@pytest.mark.parametrize("share", [0.6, 0.0])
def test_a_file_that_was_still_written_is_replaced_by_the_whole_of_it(films, tmp_path, share):
    path, whole = tmp_path / "a.mkv", tmp_path / "whole.mkv"
    write_video(whole, regular_times(60, 25))
    content = whole.read_bytes()
    path.write_bytes(content[: int(share * len(content))] or b"EBML")
    half = run(path, tmp_path / "store", clips=False)
    assert half.store.videos()["status"].item() != "ok"
    path.write_bytes(content)
    result = run(path, tmp_path / "store", clips=False)
    assert result.video_ids != half.video_ids
    videos = result.store.videos()
    assert videos["status"].tolist() == ["ok"]
    assert videos["n_frames"].item() == 60
    assert run(path, tmp_path / "store", clips=False).analyzed == ()


def test_a_file_that_changed_just_now_is_left_for_the_next_run(films, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("old.mp4", "new.mp4"):
        shutil.copy(films / "v00.mp4", folder / name)
    with (folder / "new.mp4").open("ab") as file:
        file.write(b"more")
    os.utime(folder / "old.mp4", (1e9, 1e9))
    first = run(folder, tmp_path / "store", clips=False, settle=3600)
    assert first.unsettled == (str(folder / "new.mp4"),)
    assert first.exit_code == 0
    assert len(first.video_ids) == 1
    assert len(run(folder, tmp_path / "store", clips=False).video_ids) == 2


def test_other_content_at_the_same_place_replaces_what_was_found_before(films, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(films / "v00.mp4", folder / "a.mp4")
    shutil.copy(films / "v00.mp4", folder / "copy.mp4")
    first = run(folder, tmp_path / "store")
    (folder / "copy.mp4").unlink()
    shutil.copy(films / "v01.mp4", folder / "a.mp4")
    second = run(folder, tmp_path / "store")
    store = second.store
    assert store.videos()["video_id"].tolist() == list(second.video_ids) != list(first.video_ids)
    assert set(store.tracks()["video_id"]) == set(second.video_ids)
    assert set(store.tracks(current=False)["video_id"]) == {*first.video_ids, *second.video_ids}
    assert store.video("a.mp4").video_id == second.video_ids[0]
    # Two that change places are renamed, and nothing else; what comes back counts again.
    shutil.copy(films / "v00.mp4", folder / "b.mp4")
    (folder / "a.mp4").rename(tmp_path / "x")
    (folder / "b.mp4").rename(folder / "a.mp4")
    (tmp_path / "x").rename(folder / "b.mp4")
    third = run(folder, tmp_path / "store")
    assert third.analyzed == ()
    assert len(third.done_before) == 2
    paths = store.videos(columns=["video_id", "path"]).set_index("video_id")["path"]
    assert paths[first.video_ids[0]] == str(folder / "a.mp4")
    assert paths[second.video_ids[0]] == str(folder / "b.mp4")


def test_what_was_forgotten_is_not_analysed_again_until_it_is_let_in(films, tmp_path):
    store = run(films, tmp_path / "store").store
    store.forget("v01.mp4")
    again = run(films, tmp_path / "store", force=True)
    assert (len(again.analyzed), again.kept_out, again.exit_code) == (2, (str(films / "v01.mp4"),), 0)
    tasks = plan_collection(films, out=tmp_path / "store", models=NO_MODELS)
    assert [str(task.action) for task in tasks if "v01" in task.item.path] == ["keep out"]
    assert "v01" not in (store.path / "run.json").read_text()
    let_in(store.path, content_of(Input(str(films / "v01.mp4"))).sha256)
    assert len(run(films, tmp_path / "store").analyzed) == 1


def test_a_failure_that_is_known_is_no_problem_until_it_is_another(films, tmp_path):
    path = tmp_path / "a.mp4"
    path.write_text("no video")
    assert run(path, tmp_path / "store").exit_code == 3
    again = run(path, tmp_path / "store")
    assert (again.exit_code, again.failed_before, again.done_before) == (3, again.video_ids, ())
    acknowledge(tmp_path / "store", "a.mp4")
    for how in ({}, {"retry_failed": True}, {}):
        result = run(path, tmp_path / "store", **how)
        assert (result.exit_code, result.problems) == (0, ())
    path.write_text("no video either")
    assert run(path, tmp_path / "store").exit_code == 3


def test_loops_of_links_end(films, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(films / "v00.mp4", folder / "a.mp4")
    (folder / "again").symlink_to(folder)
    (folder / "loop.mp4").symlink_to(folder / "loop.mp4")
    (folder / "b.mp4").symlink_to(folder / "a.mp4")  # the same file, not a copy
    result = run(folder, tmp_path / "store", clips=False)
    assert len(result.video_ids) == 2
    assert ["loop.mp4" in line for line in result.problems] == [True]


def test_a_store_half_deleted_says_what_is_missing_and_is_mended(films, tmp_path):
    store = run(films, tmp_path / "store", clips=False).store
    whole = tables(store.path)
    first, second, third = sorted(store.entries())
    shutil.rmtree(store.path / "tables" / first)
    next((store.path / "tables" / second).rglob("tracks.parquet")).write_bytes(b"PAR1 no more")
    with pytest.raises(StoreError, match=rf"{first}.*is missing: analyse .* again, with --force"):
        store.tracks()
    assert len(store.video(third).tracks()) >= 1
    with pytest.raises(StoreError, match=rf"{second}.*is damaged"):
        store.video(second).tracks()
    again = run(films, store.path, clips=False)
    assert again.analyzed == (first, second)
    for name, table in tables(store.path).items():
        pd.testing.assert_frame_equal(table, whole[name])


def test_an_output_inside_a_file_is_refused(films, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write to"):
        run(films, tmp_path / "file" / "store", clips=False)
