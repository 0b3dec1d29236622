"""Where the parts of an open video stand in the explorer, and the controls for what is shown of it."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets

from facestats.widgets.frame_pane import FramePane
from facestats.widgets.scene import attribute_choices
from facestats.widgets.timeline import Timeline
from facestats.widgets.track_table import TrackTable

_WORDS = {"all": "everything", "gender": "perceived gender", "age": "age"}
_ROW = {"flex_flow": "row wrap", "margin": "6px 0 0", "width": "100%", "align_items": "center"}
_WIDE = {"width": "330px"}


def controls() -> dict[str, ipywidgets.Widget]:
    """Return the controls for what is shown, by the trait that each one sets.

    Examples
    --------
    >>> list(controls())
    ['attribute', 'min_face_px', 'min_probability']
    """
    style = {"description_width": "initial"}
    names = {_WORDS.get(name, name): name for name in attribute_choices()}
    return {
        "attribute": ipywidgets.Dropdown(options=names, description="show", style=style, layout={"width": "220px"}),
        "min_face_px": ipywidgets.FloatSlider(
            0, min=0, max=200, step=1, description="smallest face (px)", style=style, readout_format=".0f", layout=_WIDE
        ),
        "min_probability": ipywidgets.FloatSlider(
            0,
            min=0,
            max=1,
            step=0.05,
            description="least probability or share",
            style=style,
            readout_format=".2f",
            layout=_WIDE,
        ),
    }


def stage(pane: FramePane, table: TrackTable, timeline: Timeline) -> ipywidgets.Box:
    """Return the parts in their places: the video, beside it the table, below both the timeline.

    Examples
    --------
    >>> stage(pane, table, timeline)  # doctest: +SKIP
    """
    # The pane comes first, as it is asked first too. Where each part stands, widgets.css says.
    parts = ipywidgets.Box([pane, table, timeline])
    parts.add_class("fsx-stage")
    return parts


def button(text: str, icon: str, action: Callable[[], object]) -> ipywidgets.Button:
    """Return a button that does something.

    Examples
    --------
    >>> button("all videos", "arrow-left", print).description
    'all videos'
    """
    made = ipywidgets.Button(description=text, icon=icon)
    made.on_click(lambda _button: action())
    return made


def row(*parts: ipywidgets.Widget) -> ipywidgets.Box:
    """Return parts in a row, which breaks where there is no room.

    Examples
    --------
    >>> row().children
    ()
    """
    return ipywidgets.Box(parts, layout=_ROW)
