"""Options of drawing make or delete clips and thumbnails; nothing is found anew, and the tables stay."""

import pytest
from commands import NO_MODELS
from runs import make_videos

from facestats.batch.collection import analyze_collection, plan_collection
from facestats.batch.status import status
from facestats.errors import OutputError
from facestats.store.annotation.files import export_annotations

FOUND = ("videos", "frames", "observations", "tracks")


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return make_videos(tmp_path_factory.mktemp("in") / "videos", 1) / "v00.mp4"


@pytest.fixture
def run(video, tmp_path, monkeypatch):
    """Analyse once; afterwards nothing may be sampled any more. Returns what runs it again with other options."""

    def again(*, workers=0, **options):
        defaults = {"clips": True, "blur": False, "thumbnails": True}  # or the store's own would hold
        how = {"out": tmp_path / "store", "models": NO_MODELS, **defaults, **options}
        (task,) = plan_collection(video, **how)
        result = analyze_collection(video, progress=False, workers=workers, **how)
        return result, task

    again()

    def forbidden(*given, **named):
        raise AssertionError("analysed again")

    monkeypatch.setattr("facestats.analysis.pipeline.sampled", forbidden)
    return again


def found(store):
    """Return the bytes of the tables."""
    entry = next(iter(store.entries().values()))
    folder = store.path / "tables" / entry.video_id / entry.run
    return {name: (folder / f"{name}.parquet").read_bytes() for name in FOUND}


def test_clips_off_deletes_the_clip_and_on_draws_it(run):
    result, task = run()
    store, video_id = result.store, result.video_ids[0]
    assert (task.action, result.analyzed, result.drawn) == ("skip", (), ())
    before, thumbnails = found(store), store.thumbnails()
    drawn = store.clip_path(video_id).read_bytes()

    result, task = run(clips=False)
    assert (task.action, task.reason) == ("draw", "clips was True, is False: its clip is deleted")
    assert (result.analyzed, result.drawn, result.exit_code) == ((), (video_id,), 0)
    assert store.clip_path(video_id) is None
    assert found(store) == before
    assert store.thumbnails().equals(thumbnails)
    assert run(clips=False)[1].action == "skip"

    result, task = run()
    assert task.reason == "clips was False, is True: its clip is drawn"
    assert store.clip_path(video_id).read_bytes() == drawn
    assert found(store) == before


def test_blur_draws_again_and_takes_the_thumbnails_away_and_back(run):
    result, _ = run()
    store, video_id = result.store, result.video_ids[0]
    before, thumbnails = found(store), store.thumbnails()
    drawn = store.clip_path(video_id).read_bytes()
    assert len(thumbnails)

    _, task = run(blur=True)
    assert task.reason == "blur was False, is True: its clip is drawn, its thumbnails are deleted"
    assert store.clip_path(video_id).read_bytes() != drawn
    assert store.thumbnails().empty
    assert store.result(video_id).blurred
    assert found(store) == before
    assert run(blur=True)[1].action == "skip"

    _, task = run()
    assert task.reason == "blur was True, is False: its clip is drawn, its thumbnails are cut"
    assert store.clip_path(video_id).read_bytes() == drawn
    assert not store.result(video_id).blurred
    again = store.thumbnails()
    assert set(again["track_id"]) == set(thumbnails["track_id"])
    assert again.groupby("track_id").size().max() <= 3
    assert found(store) == before


def test_a_clip_that_was_drawn_before_a_correction_is_drawn_anew(run, monkeypatch):
    result, _ = run()
    store, video_id = result.store, result.video_ids[0]
    drawn = store.clip_path(video_id).read_bytes()
    subtitles = store.path / "clips" / f"{video_id}.vtt"
    export_annotations(store, format="vtt", out=subtitles, smooth_s=0.0)
    own = subtitles.with_suffix(".ass")
    own.write_text("[Script Info]\nby hand")
    store.correct(video_id, int(store.tracks()["track_id"][0]), accept=True)  # which no clip shows
    assert run()[1].action == "skip"

    track = int(store.tracks()["track_id"][0])
    (made,) = store.correct(video_id, track, reject=True)
    (state,) = status(store.path)["reason"]
    assert "its clip was drawn before faces were corrected" in state
    before = subtitles.read_text()
    subtitles.write_text(f"{before}of before")

    def full(*given, **named):
        raise OutputError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("facestats.store.annotation.files.export_annotations", full)
        result, _ = run()
    (problem,) = result.problems
    assert problem.endswith("v00.mp4: its clip is drawn, but not all beside it is written: no space left")
    result, task = run()  # and tries it again
    assert (task.action, task.reason) == ("draw", "its clip was drawn before faces were corrected")
    assert result.drawn == (video_id,)
    corrected = store.clip_path(video_id).read_bytes()
    assert corrected != drawn
    assert subtitles.read_text().startswith("WEBVTT\n\nNOTE made by facestats, expressions smoothed over 0 s\n")
    assert "of before" not in subtitles.read_text()
    assert own.read_text() == "[Script Info]\nby hand"
    assert run()[1].action == "skip"

    store.uncorrect(video_id, made)
    assert run()[1].action == "draw"
    assert store.clip_path(video_id).read_bytes() != corrected
    assert run()[1].action == "skip"
    assert run(clips=False)[1].action == "draw"
    assert list((store.path / "clips").iterdir()) == []


def test_faces_are_hidden_though_corrections_cannot_be_read(run, capsys):
    result, _ = run()
    store, video_id = result.store, result.video_ids[0]
    shown = store.clip_path(video_id).read_bytes()
    (store.path / "corrections").mkdir()
    broken = store.path / "corrections" / f"{video_id}.json"
    broken.write_text("{")
    result, task = run()
    assert (task.action, result.exit_code) == ("draw", 3)
    assert f"v00.mp4: no new clip: {broken} cannot be read" in result.problems[0]
    assert store.clip_path(video_id).read_bytes() == shown

    result, _ = run(blur=True)
    assert result.exit_code == 3
    assert store.clip_path(video_id) is None
    (entry,) = store.entries().values()
    assert entry.options["blur"]
    broken.unlink()
    assert store.thumbnails().empty
    assert run(blur=True)[0].exit_code == 0
    assert store.clip_path(video_id).read_bytes() != shown


def test_what_is_deleted_is_gone_even_if_the_clip_cannot_be_drawn(run, monkeypatch):
    result, _ = run()
    store, video_id = result.store, result.video_ids[0]

    def fails(*given, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("facestats.analysis.inputs.write_clip", fails)
        with pytest.raises(KeyboardInterrupt):
            run(blur=True)
    assert store.thumbnails().empty
    assert store.clip_path(video_id) is None
    _, task = run(blur=True)  # goes on where it had come to
    assert task.reason == "its clip is missing"
    assert store.clip_path(video_id) is not None
    assert store.result(video_id).blurred


def test_thumbnails_come_back_with_the_options_that_allow_them_or_not_at_all(run, monkeypatch):
    store = run(blur=True)[0].store

    def stops(*given, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("facestats.store.write.write_entry", stops)
        with pytest.raises(KeyboardInterrupt):
            run()
    (entry,) = store.entries().values()
    assert entry.options["blur"]
    assert store.thumbnails().empty
    assert len(list((store.path / "tables" / entry.video_id).iterdir())) == 1
    run()
    assert len(store.thumbnails())


def test_options_of_the_run_change_nothing(run):
    assert run(device="cpu", limit_s=5.0)[1].action == "skip"


def test_workers_draw_too(run):
    result, _ = run(blur=True, workers=1)
    assert result.drawn == result.video_ids
    assert result.store.thumbnails().empty
    assert result.store.clip_path(result.video_ids[0]) is not None
