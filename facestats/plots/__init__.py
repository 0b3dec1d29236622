"""Plots of the tables: plain DataFrames and keyword options in, matplotlib Axes out.

Each function draws into ``ax``, or makes a figure of its own where none is given. Colours come from
:mod:`facestats.plots.palette`, which can be imported without matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "corrected_shares": "composition",
    "expression_average": "timeline",
    "expression_shares": "shares",
    "expression_spread": "spread",
    "expression_timeline": "timeline",
    "face_count": "faces",
    "faces_per_video": "spread",
    "share_differences": "comparison",
    "shot_cuts": "cuts",
    "track_overview": "overview",
    "verdict_counts": "verdicts",
}

__all__ = [
    "corrected_shares",
    "expression_average",
    "expression_shares",
    "expression_spread",
    "expression_timeline",
    "face_count",
    "faces_per_video",
    "share_differences",
    "shot_cuts",
    "track_overview",
    "verdict_counts",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
