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
    from facestats.analysis import analyze
    from facestats.collection import CollectionResult, analyze_collection
    from facestats.comparison import compare
    from facestats.composition import demographics
    from facestats.errors import FacestatsError
    from facestats.options import AnalyzeOptions
    from facestats.reporting import report
    from facestats.results import VideoResult
    from facestats.store import Store, open_store
    from facestats.tables import summarize_tracks
    from facestats.timelines import timeline
    from facestats.updating import UpdateResult, update
    from facestats.widgets.explorer import explore

_HOMES = {
    "AnalyzeOptions": "facestats.options",
    "CollectionResult": "facestats.collection",
    "FacestatsError": "facestats.errors",
    "Store": "facestats.store",
    "UpdateResult": "facestats.updating",
    "VideoResult": "facestats.results",
    "analyze": "facestats.analysis",
    "analyze_collection": "facestats.collection",
    "compare": "facestats.comparison",
    "demographics": "facestats.composition",
    "explore": "facestats.widgets.explorer",
    "open_store": "facestats.store",
    "report": "facestats.reporting",
    "summarize_tracks": "facestats.tables",
    "timeline": "facestats.timelines",
    "update": "facestats.updating",
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
