"""Where the parts of an open video stand in the explorer, and the controls for what is shown of it."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets

from facestats.widgets.correcting import CorrectingRow
from facestats.widgets.frame_pane import FramePane
from facestats.widgets.scene import attribute_choices
from facestats.widgets.timeline import Timeline
from facestats.widgets.track_table import TrackTable

_WORDS = {"all": "everything", "gender": "perceived gender", "age": "age"}
_ROW = {"flex_flow": "row wrap", "margin": "6px 0 0", "width": "100%"}
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


def stage(
    top: Sequence[ipywidgets.Widget],
    pane: FramePane,
    table: TrackTable,
    timeline: Timeline,
    chosen: Sequence[ipywidgets.Widget],
    correcting: CorrectingRow,
) -> ipywidgets.VBox:
    """Return the parts in their places: the video, beside it the table, below both the timeline, then the controls.

    Examples
    --------
    >>> stage([], pane, table, timeline, [], correcting)  # doctest: +SKIP
    """
    pane.layout = ipywidgets.Layout(flex="1 1 400px", min_width="320px")
    table.layout = ipywidgets.Layout(flex="1 1 420px", min_width="320px")
    table.add_class("fsx-beside")
    upper = ipywidgets.Box([pane, table], layout={"flex_flow": "row wrap", "width": "100%"})
    rows = [
        ipywidgets.HBox(list(top), layout={"align_items": "center"}),
        upper,
        ipywidgets.Box(list(chosen), layout=_ROW),
        timeline,
        correcting,
    ]
    return ipywidgets.VBox(rows, layout={"width": "100%"})
