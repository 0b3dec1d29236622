"""The tracks of a video as a table: sorted, filtered, a page at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import traitlets

from facestats._util.words import moment
from facestats.errors import UsageError
from facestats.models.attributes import ATTRIBUTE_CLASSES, VERDICT_COLUMNS, measure_column, measure_name
from facestats.plots.palette import NOT_MEASURED, color_of, hex_color
from facestats.tables.labels import ATTRIBUTE_TITLES, color_of_track, face_name, name_of
from facestats.tables.schema import UNKNOWN
from facestats.widgets.base import FRONT, SceneWidget
from facestats.widgets.scene import Scene

#: Rows of a page.
PAGE = 50

_SORTABLE = ("track_id", "start_s", "gender", "age_years", "expression", "makeup", "face_px")


class TrackTable(SceneWidget):
    """The tracks of a video as a table with their pictures; sorted by a click on a column, filtered by verdicts.

    The kernel sorts, filters and hands out pages of fifty, so that thousands of tracks are no burden; pictures go to
    the browser as messages and are not saved with a notebook.

    Attributes
    ----------
    selected : list of int
        The tracks chosen: by a click, or several with Ctrl; a trait, to be observed, set and linked like those below.
    verdicts : dict of str to str
        The filter: by column of ``tracks``, the verdict wanted.
    attribute, min_face_px, min_probability
        As of :class:`facestats.widgets.Timeline`.

    Examples
    --------
    >>> from facestats.widgets import TrackTable, scene_of
    >>> TrackTable(scene_of(result))  # doctest: +SKIP
    """

    _esm = FRONT / "track_table.js"

    selected = traitlets.List(traitlets.Int()).tag(sync=True)
    verdicts = traitlets.Dict().tag(sync=True)

    @property
    def tracks(self) -> pd.DataFrame:
        """The tracks that fit the filter, in the order of the ``tracks`` table."""
        if self._scene is None:
            raise UsageError("the table shows no video yet: call show(scene)")
        return self.wanted.of(self._scene.tracks)

    def show(self, scene: Scene) -> None:
        """Show another video, given as a :class:`Scene`."""
        self._scene = scene
        with self.hold_trait_notifications():
            self.selected = []
            self.verdicts = {}
        self._say_choices()

    def _heard(self, _: object, said: dict[str, Any], __: object) -> None:
        if self._scene is None:
            return
        if said.get("kind") == "hello":
            self._say_choices()
        elif said.get("kind") == "page":
            self._say_page(str(said["sort"]), bool(said["ascending"]), int(said["page"]))

    def _wanted_changed(self, _: object) -> None:
        self.send({"kind": "stale"})

    def _say_choices(self) -> None:
        choices = [
            [column, ATTRIBUTE_TITLES[attribute], [*ATTRIBUTE_CLASSES[attribute], UNKNOWN, NOT_MEASURED]]
            for attribute, column in VERDICT_COLUMNS.items()
        ]
        self.send({"kind": "choices", "choices": choices})

    def _say_page(self, sort: str, ascending: bool, page: int) -> None:
        column = sort if sort in _SORTABLE else "start_s"
        # By face: those of a person stand together.
        first = ["person_id", column] if column == "track_id" else [column]
        by = [*first, *(name for name in ("start_s", "track_id") if name not in first)]
        fitting = self.tracks.sort_values(by, ascending=[ascending] * len(first) + [True] * (len(by) - len(first)))
        pages = max(1, math.ceil(len(fitting) / PAGE))
        page = int(np.clip(page, 0, pages - 1))
        of_page = fitting.iloc[page * PAGE : (page + 1) * PAGE]
        pictures = self._scene.pictures_of(of_page["track_id"])
        rows, sent = [], []
        for track in of_page.to_dict("records"):
            number = int(track["track_id"])
            rows.append(_row(track) | {"picture": len(sent) if number in pictures else None})
            if number in pictures:
                sent.append(pictures[number])
        said = {"kind": "page", "rows": rows, "page": page, "pages": pages, "size": PAGE}
        self.send(said | {"total": len(fitting), "all": len(self._scene.tracks)}, sent)


def _row(track: dict[str, Any]) -> dict[str, Any]:
    verdicts = []
    for attribute in ("gender", "age", "expression", "makeup"):
        column = VERDICT_COLUMNS[attribute]
        verdict = track[column] if isinstance(track[column], str) else None
        sure = float(track[measure_column(attribute)])
        text = verdict or NOT_MEASURED
        if attribute == "age" and np.isfinite(track["age_years"]):
            text = f"{text} ({track['age_years']:.0f})" if verdict != UNKNOWN else text
        share = sure if verdict is not None and np.isfinite(sure) else None
        color = hex_color(color_of(attribute, verdict))
        verdicts.append({"text": text, "share": share, "measure": measure_name(attribute), "color": color})
    return {
        "id": int(track["track_id"]),
        "who": name_of(track) if name_of(track) != face_name(int(track["track_id"])) else "",
        "mark": hex_color(color_of_track(track)),
        "when": f"{moment(track['start_s'])} – {moment(track['end_s'])}",
        "size": f"{track['face_px']:.0f} px" if np.isfinite(track["face_px"]) else "",
        "verdicts": verdicts,
    }
