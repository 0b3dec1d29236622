"""Reports: notebooks executed by papermill, and pages that open offline made of them.

:mod:`facestats.reports.run` executes and converts; ``data``, ``video`` and ``collection`` are what the notebooks of
``notebooks/`` call, and what a notebook of one's own may call too.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facestats.reports.results import Report, ReportResult
    from facestats.reports.run import report

_HOMES = {"Report": "results", "ReportResult": "results", "report": "run"}

__all__ = ["Report", "ReportResult", "report"]


def __getattr__(name: str) -> Any:
    # On demand: what runs notebooks takes seconds to load, and the notebooks themselves need only the rest.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
