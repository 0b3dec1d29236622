import os
from dataclasses import replace
from fractions import Fraction

import pytest
from commands import NO_MODELS
from runs import make_videos
from synth import regular_times, write_video

import facestats
from facestats.batch.collection import analyze_collection
from facestats.reports import gathering as folders
from facestats.reports import originals
from facestats.reports.data import load_video
from facestats.reports.gathering import gather_clips
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


def test_a_symbolic_link_is_followed(found, tmp_path):
    store, video = found
    (video_id,) = store.entries()
    real = tmp_path / "elsewhere.mp4"
    video.rename(real)
    video.symlink_to(os.path.relpath(real, video.parent))  # it leads nowhere from another folder
    out = tmp_path / "reports"
    out.mkdir()
    shown = out / "clips" / f"{video_id}.original.mp4"
    shown.parent.mkdir()
    shown.symlink_to("../in/v00.mp4")  # as an earlier version made
    assert gather_clips(store, out) == {video_id: shown.name}
    assert not shown.is_symlink()
    assert shown.samefile(real)
    assert "<video" in glance(load_video(str(store.path), page_folder=str(out))).data


def test_nothing_is_copied_opened_or_hashed_twice(found, tmp_path, monkeypatch):
    store, video = found
    (video_id,) = store.entries()
    out = tmp_path / "reports"
    out.mkdir()
    monkeypatch.setattr(folders.os, "link", lambda *_: (_ for _ in ()).throw(OSError("another file system")))
    assert gather_clips(store, out) == {video_id: f"{video_id}.original.mp4"}
    copied = (out / "clips" / f"{video_id}.original.mp4").stat()
    with monkeypatch.context() as patch:
        patch.setattr(folders.shutil, "copyfile", lambda *_: pytest.fail("copied again"))
        patch.setattr(originals, "why_unplayable", lambda *_: pytest.fail("opened again"))
        patch.setattr(originals, "content_hash", lambda *_: pytest.fail("hashed again"))
        assert gather_clips(store, out) == {video_id: f"{video_id}.original.mp4"}
    assert (out / "clips" / f"{video_id}.original.mp4").stat().st_ino == copied.st_ino
    video.write_bytes(video.read_bytes() + b"\0")  # another video by now
    os.utime(video, (1.1e9, 1.1e9))
    assert "not there any more" in gather_clips(store, out)[video_id]
    assert not (out / "clips" / f"{video_id}.original.mp4").exists()


@pytest.mark.parametrize(
    ("limit", "why"),
    [("LARGEST_COPY", "the video is too large"), ("LARGEST_SUM", "the videos are too large, together")],
)
def test_what_is_too_much_to_copy_is_told(found, tmp_path, monkeypatch, limit, why):
    store, video = found
    (video_id,) = store.entries()
    out = tmp_path / "reports"
    out.mkdir()
    monkeypatch.setattr(folders.os, "link", lambda *_: (_ for _ in ()).throw(OSError("another file system")))
    with monkeypatch.context() as patch:
        patch.setattr(folders, limit, video.stat().st_size - 1)
        assert why in gather_clips(store, out)[video_id]
        assert not (out / "clips" / f"{video_id}.original.mp4").exists()
        page = glance(load_video(str(store.path), page_folder=str(out))).data
        assert f"No video is shown: no clip was drawn, and {why}" in page
        patch.setattr(folders, limit, video.stat().st_size)  # and what is there already does not count twice
        for _ in range(2):
            assert gather_clips(store, out) == {video_id: f"{video_id}.original.mp4"}


def test_a_page_is_made_anew_when_the_video_goes_or_comes_back(found, tmp_path, planned):
    store, video = found
    (video_id,) = store.entries()
    out = tmp_path / "reports"

    def made():
        planned.clear()
        facestats.report(store.path, out=out, only_changed=True)
        return {name.removesuffix(".ipynb") for _, name, _ in planned}

    assert made() == {video_id, "collection"}
    assert made() == set()
    away = video.rename(tmp_path / "away.mp4")
    assert made() == {video_id}
    assert made() == set()
    away.rename(video)
    assert made() == {video_id}


def test_forgetting_leaves_nothing_of_it(found, tmp_path):
    store, video = found
    (video_id,) = store.entries()
    out = tmp_path / "reports"
    facestats.report(store.path, out=out, template="video_report", parameters={"max_evidence": 1})
    assert (out / "clips" / f"{video_id}.original.js").is_file()
    killed = out / "clips" / ".0123456789ab.mp4"
    killed.write_bytes(b"a part of it")
    facestats.open_store(store.path).forget(video_id)
    assert not killed.exists()
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
