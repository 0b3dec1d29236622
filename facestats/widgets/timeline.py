"""A row for each track on the video's clock."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets

from facestats._util import words
from facestats.errors import UsageError
from facestats.models.attributes import ATTRIBUTE_CLASSES, VERDICT_COLUMNS, measure_column
from facestats.plots.palette import NOT_MEASURED, color_of, hex_color
from facestats.tables import expressions
from facestats.tables.labels import by_person, color_of_track, face_name, name_of
from facestats.tables.schema import UNKNOWN
from facestats.widgets.base import FRONT, MomentWidget
from facestats.widgets.scene import Scene

#: More tracks than this are not drawn; the table has them all.
_MOST_ROWS = 200

_SMOOTH_S = 0.5


class Timeline(MomentWidget):
    """The tracks of a video as rows on its clock, coloured by expression: click to go there, drag to choose a span.

    Attributes
    ----------
    time_s : float
        Where the cursor stands, in seconds; a trait, to be observed, set and linked like those below.
    span : list of float
        First and last second chosen, or an empty list.
    highlight : int or None
        The track that is marked; a click on its name marks it.
    attribute : str
        What the colours tell: the expression of each moment (also for ``"all"``), or the track's verdict on another
        attribute.
    min_face_px, min_probability, verdicts
        Other tracks have no row, see :class:`facestats.widgets.Wanted`.

    Examples
    --------
    >>> from facestats.widgets import Timeline, scene_of
    >>> Timeline(scene_of(result))  # doctest: +SKIP
    """

    _esm = FRONT / "timeline.js"

    span = traitlets.List(traitlets.Float()).tag(sync=True)

    def __init__(self, scene: Scene | None = None, **traits: Any) -> None:
        self._spans: dict[int, list[expressions.Span]] = {}
        self._has_view = False
        super().__init__(scene, **traits)

    def show(self, scene: Scene) -> None:
        """Show another video, given as a :class:`Scene`."""
        self._scene, self._spans = scene, {}
        with self.hold_trait_notifications():
            self.highlight = None
            self.span = []
            self.time_s = scene.tables.time_range[0]
        self._say_rows()

    def _heard(self, _: object, said: dict[str, Any], __: object) -> None:
        if said.get("kind") == "hello":
            self._has_view = True
            self._say_rows()

    def _wanted_changed(self, _: object) -> None:
        self._say_rows()

    def _say_rows(self) -> None:
        if self._scene is not None and self._has_view:
            self.send(self.rows())

    def rows(self, most: int = _MOST_ROWS) -> dict[str, Any]:
        """Return what the browser draws: a row for each of the longest tracks, cuts, and what the colours mean.

        Parameters
        ----------
        most : int
            Rows at most.

        Raises
        ------
        UsageError
            If no video is shown.
        """
        scene = self._scene
        if scene is None:
            raise UsageError("the timeline shows no video yet: call show(scene)")
        tracks = self.wanted.of(scene.tracks)
        longest = by_person(tracks.nlargest(most, "duration_s"))
        attribute = "expression" if self.attribute == "all" else self.attribute
        names: list[str | None] = [*ATTRIBUTE_CLASSES[attribute], UNKNOWN, None]
        rows = []
        for track in longest.to_dict("records"):
            number = int(track["track_id"])
            spans = self._spans_of(number)
            if attribute != "expression":
                verdict = track[VERDICT_COLUMNS[attribute]]
                key = names.index(verdict if isinstance(verdict, str) else None)
                sure = track[measure_column(attribute)]
                drawn = [[span.start_s, span.end_s, key, _percent(sure)] for span in spans]
            else:
                drawn = [[s.start_s, s.end_s, names.index(s.state), _percent(s.probability)] for s in spans]
            mark, name = hex_color(color_of_track(track)), name_of(track)
            label = name if name == face_name(number) else f"{name} · {number}"
            rows.append({"id": number, "label": label, "mark": mark, "spans": drawn})
        start_s, end_s = scene.tables.time_range
        colors = [
            {
                "name": name or NOT_MEASURED,
                "color": hex_color(color_of(attribute, name)),
                "hatched": name == UNKNOWN,
                "outlined": name is None,
            }
            for name in names
        ]
        hidden = len(tracks) - len(longest)
        return {
            "kind": "rows",
            "start": start_s,
            "end": end_s,
            "cuts": scene.tables.cuts,
            "rows": rows,
            "colors": colors,
            "hidden": hidden,
        }

    def _spans_of(self, track_id: int) -> list[expressions.Span]:
        if track_id not in self._spans:
            seen = self._scene.observations_of(track_id)
            self._spans[track_id] = expressions.spans(seen, self._scene.tables.threshold("expression"), _SMOOTH_S)
        return self._spans[track_id]


def _percent(probability: float) -> str:
    return words.percent(probability) if np.isfinite(probability) else ""
