"""Reports: notebooks executed by papermill, and pages that open offline made of them.

:mod:`facestats.reports.run` executes the notebooks and makes pages of them. The notebooks read tables by ``data`` and
``sides``, and call one function for each section: those of ``video``, ``collection``, ``comparison``, ``demographics``,
``evidence`` and ``provenance``. A notebook of one's own may call them too. All HTML comes from the templates that
``html`` renders.
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
