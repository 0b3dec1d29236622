import os

import pytest
from stores import PEOPLE

import facestats
from facestats.errors import OutputError
from facestats.reports import folder, run
from facestats.store.published import report_folders


def test_clips_are_linked_where_possible_copied_where_not_and_replaced(store, tmp_path, planned, monkeypatch):
    clip = store.path / "clips" / f"{PEOPLE}.mp4"
    facestats.report(store.path, out=tmp_path / "linked")
    assert (tmp_path / "linked" / "clips" / clip.name).samefile(clip)
    facestats.report(store.path, out=tmp_path / "linked")  # again, over itself

    def refuse(*_):
        raise OSError("another file system")

    monkeypatch.setattr(folder.os, "link", refuse)
    old = tmp_path / "copied" / "clips" / clip.name
    old.parent.mkdir(parents=True)
    old.write_bytes(b"an old clip")
    facestats.report(store.path, out=tmp_path / "copied")
    assert old.read_bytes() == clip.read_bytes()
    drawn_ns = clip.stat().st_mtime_ns
    clip.write_bytes(bytes(reversed(clip.read_bytes())))  # drawn anew, as large, a moment later
    os.utime(clip, ns=(drawn_ns, drawn_ns + 500_000_000))
    facestats.report(store.path, out=tmp_path / "copied")
    assert old.read_bytes() == clip.read_bytes()
    assert not old.samefile(clip)
    assert sorted(path.name for path in old.parent.iterdir()) == [".facestats-clips", clip.name]


def test_what_a_killed_run_left_unfinished_goes_after_a_day(store, tmp_path, planned):
    names = (".0123456789ab.html", ".ab0123456789.html", ".mine.html", "clips/.0123456789ab.webm")
    old, fresh, other, video = (tmp_path / name for name in names)
    video.parent.mkdir()
    for path in (old, fresh, other, video):
        path.touch()
    for path in (old, other, video):
        os.utime(path, (0, 0))
    facestats.report(store.path, out=tmp_path, video="people")
    assert [path.exists() for path in (old, fresh, other, video)] == [False, True, True, False]


def test_the_folder_is_known_before_anything_lies_in_it(store, tmp_path, planned, monkeypatch):
    monkeypatch.setattr(run, "gather_clips", lambda *_: (_ for _ in ()).throw(OutputError("killed")))
    with pytest.raises(OutputError, match="killed"):
        facestats.report(store.path, out=tmp_path / "new")
    assert tmp_path / "new" in report_folders(store.path)
