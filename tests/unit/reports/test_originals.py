import os
from dataclasses import replace
from fractions import Fraction

import pytest
from commands import NO_MODELS
from runs import make_videos
from synth import regular_times, write_video

import facestats
from facestats.batch.collection import analyze_collection
from facestats.reports import folder as folders
from facestats.reports.data import load_video
from facestats.reports.folder import gather_clips
from facestats.reports.glance import glance
from facestats.reports.leftovers import drop_stale
from facestats.reports.originals import original_of, why_unplayable


@pytest.mark.parametrize(
    ("name", "how", "why"),
    [
        ("a.mp4", {}, ""),
        ("a.mp4", {"sound": "aac"}, ""),
        ("a.webm", {"codec": "libvpx", "options": {"deadline": "realtime"}}, ""),
        ("a.mp4", {"sound": "ac3"}, "its sound is AC3"),
        ("a.mov", {}, "it is MOV, not MP4 or WebM"),
        ("a.mkv", {}, "it is MKV, not MP4 or WebM"),
        ("a.mp4", {"pix_fmt": "yuv444p"}, "its pictures have the layout yuv444p"),
        ("a.mp4", {"codec": "mpeg4", "time_base": Fraction(1, 600)}, "its pictures are MPEG4"),
    ],
)
def test_what_browsers_play(tmp_path, name, how, why):
    assert why_unplayable(write_video(tmp_path / name, regular_times(5, 25), **how)) == why


def test_a_late_start_and_what_is_no_video(tmp_path):
    assert "clock" in why_unplayable(write_video(tmp_path / "late.mp4", regular_times(5, 25, start_s=2.0)))
    (tmp_path / "text.mp4").write_text("no video")
    assert why_unplayable(tmp_path / "text.mp4") == why_unplayable(tmp_path / "absent.mp4") == "it cannot be read"


@pytest.fixture
def found(tmp_path):
    """A store of one video without a clip, and the video."""
    video = make_videos(tmp_path / "in", 1) / "v00.mp4"
    os.utime(video, (1e9, 1e9))
    return analyze_collection(video, out=tmp_path / "store", clips=False, models=NO_MODELS, progress=False).store, video


def test_when_a_video_may_be_shown_itself(found):
    store, video = found
    (entry,) = store.entries().values()
    assert original_of(entry) == (video, "")
    for options, why in (
        ({"blur": True}, "unrecognisable"),
        ({"thumbnails": False}, "no pictures"),
        ({"to_s": 1.0}, "only a part"),
        ({"region": ("0,0,9,9",)}, "only a part"),
    ):
        path, said = original_of(replace(entry, options={**entry.options, **options}))
        assert path is None
        assert why in said
    assert original_of(replace(entry, files={})) == (video, "")  # its content is the same
    video.write_bytes(video.read_bytes() + b"\0")
    assert original_of(entry)[0] is None
    video.unlink()
    assert original_of(entry)[0] is None


def test_the_video_lies_beside_the_pages_while_there_is_no_clip(found, tmp_path, monkeypatch):
    store, video = found
    (video_id,) = store.entries()
    out = tmp_path / "reports"
    out.mkdir()
    gather_clips(store, out)
    linked = out / "clips" / f"{video_id}.original.mp4"
    assert linked.samefile(video)
    data = load_video(str(store.path), page_folder=str(out))
    assert data.clip_path(video_id) == linked
    page = glance(data).data
    assert f'src="clips/{linked.name}"' in page
    assert f'<script src="clips/{video_id}.original.js">' in page
    assert (out / "clips" / f"{video_id}.original.js").is_file()
    assert drop_stale(store, out, {}) == []
    gather_clips(store, out)
    assert linked.is_file()
    assert (out / "clips" / f"{video_id}.original.js").is_file()

    # It is copied where it cannot be linked, unless it is large and lies on another disk.
    def refuse(*_):
        raise OSError("another file system")

    with monkeypatch.context() as patch:
        patch.setattr(folders.os, "link", refuse)
        linked.unlink()
        gather_clips(store, out)
        assert linked.read_bytes() == video.read_bytes()
        assert not linked.samefile(video)

    # A clip takes its place.
    clip = store.path / "clips" / f"{video_id}.mp4"
    clip.parent.mkdir(exist_ok=True)
    clip.write_bytes(video.read_bytes())
    gather_clips(store, out)
    assert sorted(path.name for path in (out / "clips").iterdir()) == [".facestats-clips", clip.name]


def test_forgetting_leaves_nothing_of_it(found, tmp_path):
    store, video = found
    (video_id,) = store.entries()
    out = tmp_path / "reports"
    facestats.report(store.path, out=out, template="video_report", parameters={"max_evidence": 1})
    assert (out / "clips" / f"{video_id}.original.js").is_file()
    facestats.open_store(store.path).forget(video_id)
    assert not [path for path in out.rglob("*") if video_id in str(path)]
    assert video.is_file()


def test_a_page_says_why_no_video_is_shown(found, tmp_path):
    store, video = found
    video.unlink()
    out = tmp_path / "reports"
    out.mkdir()
    gather_clips(store, out)
    page = glance(load_video(str(store.path), page_folder=str(out))).data
    assert "No video is shown: no clip was drawn, and the video itself is not there any more." in page
    assert "<video" not in page
