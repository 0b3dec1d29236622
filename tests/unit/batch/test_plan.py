import json
import os
import shutil
import time

import pytest
from commands import NO_MODELS
from hypothesis import given
from hypothesis import strategies as st

from facestats.analysis.stages import load_stages
from facestats.batch.plan import Action, Planner, changed
from facestats.models.registry import choose_models
from facestats.options import AnalyzeOptions, described
from facestats.store.lacks import Part
from facestats.store.manifest import Entry
from facestats.video.discovery import Input
from facestats.video.identity import Content, content_of, file_mark, new_video_id

MODELS = {"detector": {"name": "fast", "sha256": "d"}, "gender": {"name": "people", "sha256": "p"}}
SHA = "0123456789abcdef" * 4


def entry(sha256=SHA, *, paths=("a.mp4",), status="ok", options=None, models=MODELS, **known):
    given = AnalyzeOptions().to_dict() if options is None else options
    return Entry(f"a-{(sha256 or 'none')[:8]}", "run", sha256, paths, status, options=given, models=models, **known)


def planner(*entries, options=None, models=MODELS, **how):
    return Planner({each.video_id: each for each in entries}, options or AnalyzeOptions(), models, **how)


def decided(plan, path="a.mp4", sha256=SHA):
    return plan.decide(Input(path), Content(sha256))


def test_what_is_done_is_skipped_and_anything_new_is_not():
    plan = planner(entry())
    assert (decided(plan).action, decided(plan, "b.mp4", "f" * 64).reason) == ("skip", "new")


@pytest.mark.parametrize(
    ("options", "models", "reason"),
    [
        (AnalyzeOptions(rate=5), MODELS, "rate was 10.0, is 5"),
        (
            AnalyzeOptions(),
            {**MODELS, "gender": {"name": "mine", "sha256": "q"}},
            "the model of gender was people, is mine",
        ),
        (
            AnalyzeOptions(),
            {**MODELS, "detector": {"name": "fast", "sha256": "e"}},
            "the detector was fast, is fast, of other weights",
        ),
        (AnalyzeOptions(), {"detector": MODELS["detector"]}, "the model of gender was people, is none"),
    ],
)
def test_a_changed_option_or_model_is_named(options, models, reason):
    task = decided(planner(entry(), options=options, models=models))
    assert (task.action, task.reason) == ("analyze", reason)


def test_options_that_change_nothing_do_not_matter():
    for options in (AnalyzeOptions(device="cuda"), AnalyzeOptions(limit_s=5.0), AnalyzeOptions(models_path=("x",))):
        assert changed(entry(), options.to_dict(), MODELS) is None


def test_an_option_that_older_entries_do_not_know_had_its_default():
    old = {name: value for name, value in AnalyzeOptions().to_dict().items() if name != "follow_face"}
    assert changed(entry(options=old), AnalyzeOptions().to_dict(), MODELS) is None
    assert "follow_face" in changed(entry(options=old), AnalyzeOptions(follow_face=0).to_dict(), MODELS)


@given(st.sampled_from(list(described(AnalyzeOptions).values())))
def test_an_option_is_a_reason_to_analyse_again_if_it_affects_what_is_found(option):
    why = changed(entry(), {**AnalyzeOptions().to_dict(), option.name: "something else"}, MODELS)
    assert (why is not None) == (option.affects == "found" and not option.by_content)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ({}, {"clips": False}, "clips was True, is False: its clip is deleted"),
        ({"clips": False}, {}, "clips was False, is True: its clip is drawn"),
        ({}, {"blur": True}, "blur was False, is True: its clip is drawn, its thumbnails are deleted"),
        ({"blur": True}, {}, "blur was True, is False: its clip is drawn, its thumbnails are cut"),
        ({"clips": False}, {"clips": False, "blur": True}, "blur was False, is True: its thumbnails are deleted"),
        ({}, {"thumbnails": False}, "thumbnails was True, is False: its thumbnails are deleted"),
        ({"thumbnails": False}, {}, "thumbnails was False, is True: its thumbnails are cut"),
        ({"blur": True}, {"blur": True, "thumbnails": False}, "thumbnails was True, is False: this is noted"),
    ],
)
def test_a_changed_option_of_drawing_draws_and_says_what(before, after, reason):
    known = entry(options=AnalyzeOptions(**before).to_dict())
    task = decided(planner(known, options=AnalyzeOptions(**after)))
    assert (task.action, task.reason) == (Action.DRAW, reason)


def test_what_failed_is_not_drawn():
    assert decided(planner(entry(status="failed", error="x"), options=AnalyzeOptions(blur=True))).action == "skip"


def test_lost_tables_are_analysed_again_whatever_is_to_be_drawn():
    task = decided(planner(entry(), options=AnalyzeOptions(blur=True), lacks=lambda _: Part.TABLES))
    assert task.action == "analyze"


def test_renamed_files_keep_their_id_and_copies_are_one_video(tmp_path):
    old, new, copy = tmp_path / "old.mp4", tmp_path / "new.mp4", tmp_path / "copy.mp4"
    new.touch()
    copy.touch()
    plan = planner(entry(paths=(str(old),)))
    task, again = decided(plan, str(new)), decided(plan, str(copy))
    assert (task.action, task.video_id, task.paths) == ("skip", "a-01234567", (str(new),))
    assert (again.action, again.paths) == ("copy", (str(new), str(copy)))
    assert again.reason == f"a copy of {new}"


def test_failed_ones_are_left_alone_until_asked_for():
    failed = entry(status="failed", error="no video in it", tries=2)
    assert decided(planner(failed)).action == "skip"
    assert decided(planner(failed)).reason == "failed 2 times (no video in it); --retry-failed tries again"
    task = decided(planner(failed, retry_failed=True))
    assert (task.action, task.tries) == ("analyze", 2)
    assert decided(planner(entry(), retry_failed=True)).action == "skip"
    assert decided(planner(entry(), force=True)).reason == "forced"


def test_lost_tables_and_clips_are_made_again():
    assert decided(planner(entry(), lacks=lambda _: Part.TABLES)).action == "analyze"
    assert decided(planner(entry(), lacks=lambda _: Part.CLIP)).action == "draw"
    without = AnalyzeOptions(clips=False)
    assert (
        decided(planner(entry(options=without.to_dict()), options=without, lacks=lambda _: Part.CLIP)).action == "skip"
    )
    failed = entry(status="failed", error="x")
    assert decided(planner(failed, lacks=lambda _: Part.CLIP)).action == "skip"


def test_corrections_that_cannot_be_read_are_told_of_where_a_clip_is_to_show_them():
    task = decided(planner(entry(), lacks=lambda _: Part.CORRECTIONS))
    assert (task.action, task.reason.split(":")[0]) == ("draw", "its corrections by hand cannot be read")
    how = AnalyzeOptions(clips=False)
    task = decided(planner(entry(options=how.to_dict()), options=how, lacks=lambda _: Part.CORRECTIONS))
    assert (task.action, task.reason.split(":")[0]) == ("skip", "its corrections by hand cannot be read")


def test_a_file_that_did_not_change_is_not_read_again(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"content")
    assert file_mark(Input(str(path))) == ""  # it was changed a moment ago
    long_ago = time.time() - 100
    os.utime(path, (long_ago, long_ago))
    content = content_of(Input(str(path)))
    assert content.mark
    plan = planner(entry(content.sha256, paths=(str(path),), files={str(path): content.mark}))
    assert plan.known_content(Input(str(path))) == content
    path.write_bytes(b"another")
    os.utime(path, (long_ago + 1, long_ago + 1))
    assert plan.known_content(Input(str(path))) is None


def test_what_cannot_be_read_is_tried_again_each_time(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")  # reading it would never end
    (tmp_path / "loop.mp4").symlink_to(tmp_path / "loop.mp4")
    for name in ("pipe.mp4", "loop.mp4", "absent.mp4"):
        item = Input(str(tmp_path / name))
        assert content_of(item) == Content(None)
        assert "-unread-" in new_video_id(item, None)
    unread = Entry("a-unread-1", "run", None, (), "failed")
    plan = Planner({new_video_id(item, None): unread}, AnalyzeOptions(), MODELS)
    assert plan.decide(item, Content(None)).reason == "could not be read before"


def test_a_changed_card_is_a_changed_model(tmp_path):
    options = AnalyzeOptions(models={**NO_MODELS, "gender": "mine"}, models_path=(str(tmp_path),))
    shutil.copytree(choose_models({})["gender"].folder, tmp_path / "mine")
    path = tmp_path / "mine" / "card.json"
    card = json.loads(path.read_text())
    card["name"] = "mine"
    path.write_text(json.dumps(card))
    before = load_stages(options).models
    card["heads"][0]["limits"] = "said in other words"
    path.write_text(json.dumps(card))
    assert load_stages(options).models == before
    card["heads"][0]["threshold"] = 0.9999
    path.write_text(json.dumps(card))
    entry = Entry("a", "run", "0", (), "ok", options=options.to_dict(), models=before)
    assert changed(entry, options.to_dict(), before) is None
    now = load_stages(options).models
    assert changed(entry, options.to_dict(), now) == "the card of the model of gender has changed"
