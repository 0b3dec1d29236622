"""Widgets for notebooks: a video pane, a timeline, a table of tracks, each of use alone, and the explorer of them all.

They share traits (``time_s``, ``highlight``, ``span``, ``selected``, ``attribute``, ...), so that a dashboard of one's
own links them with ``traitlets.link`` or ``ipywidgets.jslink``; they run under voila too.

Examples
--------
>>> import facestats as fs, ipywidgets
>>> scene = fs.widgets.scene_of(result)  # doctest: +SKIP
>>> pane, timeline = fs.widgets.FramePane(scene), fs.widgets.Timeline(scene)  # doctest: +SKIP
>>> link = ipywidgets.jslink((pane, "time_s"), (timeline, "time_s"))  # doctest: +SKIP
>>> ipywidgets.VBox([pane, timeline])  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "Explorer": "explorer",
    "FramePane": "frame_pane",
    "Scene": "scene",
    "Selection": "explorer",
    "Timeline": "timeline",
    "TrackTable": "track_table",
    "VideoList": "video_list",
    "Wanted": "scene",
    "explore": "explorer",
    "scene_of": "scene",
}

__all__ = [
    "Explorer",
    "FramePane",
    "Scene",
    "Selection",
    "Timeline",
    "TrackTable",
    "VideoList",
    "Wanted",
    "explore",
    "scene_of",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
