"""Reports: notebooks executed by papermill, and pages that open offline made of them.

:mod:`facestats.reporting.run` executes and converts; ``data``, ``video`` and ``collection`` are what the notebooks of
``notebooks/`` call, and what a notebook of one's own may call too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facestats.reporting.run import ReportResult, report

__all__ = ["ReportResult", "report"]


def __getattr__(name: str) -> Any:
    # On demand: what runs notebooks takes seconds to load, and the notebooks themselves need only the rest.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from facestats.reporting import run

    return getattr(run, name)
