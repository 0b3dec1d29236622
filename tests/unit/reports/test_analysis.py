from types import SimpleNamespace

import pytest

from facestats.batch import collection
from facestats.errors import UsageError
from facestats.reports.analysis import analyze_first


def test_without_a_store_the_video_is_analysed_first(monkeypatch):
    asked = []

    def analyze(inputs, *, out):
        asked.append((inputs, out))
        return SimpleNamespace(video_ids=("clip-1",) if inputs == ["clip.mp4"] else ("a-1", "b-2"))

    monkeypatch.setattr(collection, "analyze_collection", analyze)
    assert analyze_first("", "clip.mp4", out="here") == ("here", "clip-1")
    with pytest.raises(UsageError, match="folder holds 2 videos: use collection_report on the store here"):
        analyze_first("", "folder", out="here")
    assert asked == [(["clip.mp4"], "here"), (["folder"], "here")]


def test_with_a_store_nothing_is_analysed():
    assert analyze_first("store", "clip.mp4") == ("store", "clip.mp4")
    with pytest.raises(UsageError, match="nothing to report on"):
        analyze_first("", "")
