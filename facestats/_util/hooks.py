"""What a lower package asks of a higher one: one table, resolved when it is first needed.

Tables, stores and results can show themselves in a notebook, what is forgotten goes from the reports too, and a model
of weights alone becomes a network file; how is the matter of packages that import them. They name what they need here
instead of importing it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

#: What can be asked, and the function of a higher package that answers.
HOOKS = {
    "collection_html": "facestats.reports.display:collection_html",
    "result_html": "facestats.reports.display:result_html",
    "store_html": "facestats.reports.display:store_html",
    "gallery_html": "facestats.reports.display:gallery_html",
    "take_down": "facestats.reports.leftovers:take_down",
    "open_store": "facestats.store.store:open_store",
    "build_onnx": "facestats.training.export:build_onnx",
    "live_preview": "facestats.widgets.preview:live_preview",
    "register_accessor": "facestats.plots.accessor:register",
}


def call(name: str, *arguments: Any, **keywords: Any) -> Any:
    """Call what stands under a name in :data:`HOOKS`, and return its answer.

    Raises
    ------
    KeyError
        If there is no such name.

    Examples
    --------
    >>> call("store_html", store)  # doctest: +SKIP
    """
    module, _, function = HOOKS[name].partition(":")
    return getattr(import_module(module), function)(*arguments, **keywords)
