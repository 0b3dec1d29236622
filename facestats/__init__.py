"""facestats: from collections of videos to tidy tables of tracked faces.

The public API is loaded when it is first used, so that ``import facestats`` is quick and loads neither pandas nor
OpenCV nor torch.

Examples
--------
>>> import facestats as fs
>>> result = fs.analyze("clip.mp4")  # doctest: +SKIP
>>> result.tracks  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facestats.analysis.single import analyze
    from facestats.batch.collection import CollectionResult, analyze_collection
    from facestats.errors import FacestatsError
    from facestats.options import AnalyzeOptions
    from facestats.reports import report
    from facestats.reports.updating import UpdateResult, update
    from facestats.store.store import Store, open_store
    from facestats.tables.building import summarize_tracks
    from facestats.tables.comparison import compare
    from facestats.tables.demographics import demographics
    from facestats.tables.timelines import timeline
    from facestats.tables.video_tables import VideoResult
    from facestats.widgets.explorer import explore

_HOMES = {
    "AnalyzeOptions": "facestats.options",
    "CollectionResult": "facestats.batch.collection",
    "FacestatsError": "facestats.errors",
    "Store": "facestats.store.store",
    "UpdateResult": "facestats.reports.updating",
    "VideoResult": "facestats.tables.video_tables",
    "analyze": "facestats.analysis.single",
    "analyze_collection": "facestats.batch.collection",
    "compare": "facestats.tables.comparison",
    "demographics": "facestats.tables.demographics",
    "explore": "facestats.widgets.explorer",
    "open_store": "facestats.store.store",
    "report": "facestats.reports",
    "summarize_tracks": "facestats.tables.building",
    "timeline": "facestats.tables.timelines",
    "update": "facestats.reports.updating",
}

__all__ = [
    "AnalyzeOptions",
    "CollectionResult",
    "FacestatsError",
    "Store",
    "UpdateResult",
    "VideoResult",
    "analyze",
    "analyze_collection",
    "compare",
    "demographics",
    "explore",
    "open_store",
    "report",
    "summarize_tracks",
    "timeline",
    "update",
]


def __getattr__(name: str) -> Any:
    if name == "widgets":  # fs.widgets.FramePane, without an import of one's own
        return import_module("facestats.widgets")
    if name not in _HOMES:
        raise AttributeError(f"module 'facestats' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
