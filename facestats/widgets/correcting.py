"""A row of controls that corrects the chosen faces of a store's video by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
from markupsafe import Markup

from facestats.errors import FacestatsError
from facestats.models.attributes import ATTRIBUTE_CLASSES, VERDICT_COLUMNS
from facestats.store.store import Store
from facestats.tables.correction import told
from facestats.tables.labels import ATTRIBUTE_TITLES
from facestats.tables.schema import UNKNOWN

_CHOICE = "set verdict …"


class CorrectingRow(ipywidgets.HBox):
    """Buttons that correct what is chosen: a verdict, merge, split, no face, whose it is; and undo.

    Parameters
    ----------
    chosen : callable
        Returns the numbers of the chosen tracks.
    moment : callable
        Returns the second that is shown, at which a track is split.
    changed : callable
        Called after each correction.

    Attributes
    ----------
    said : str
        What was done last, or why it was not.
    """

    def __init__(
        self, chosen: Callable[[], Sequence[int]], moment: Callable[[], float], changed: Callable[[], None]
    ) -> None:
        self._chosen, self._moment, self._changed = chosen, moment, changed
        self._store: Store | None = None
        self._video = ""
        how = {"description": "verdict", "style": {"description_width": "initial"}, "layout": {"width": "260px"}}
        self._verdict = ipywidgets.Dropdown(options=_verdicts(), **how)
        self._reason = ipywidgets.Text(placeholder="reason", layout={"width": "180px"})
        self._say = ipywidgets.HTML()
        self._verdict.observe(self._set_verdict, "value")
        actions: dict[str, Callable[[int, Sequence[int]], dict[str, Any]]] = {
            "no face": lambda _first, _rest: {"reject": True},
            "merge": lambda _first, rest: {"merge": rest[0]},
            "split here": lambda _first, _rest: {"split": self._moment()},
            "same person": lambda _first, rest: {"same_person": rest[0]},
            "own person": lambda _first, _rest: {"own_person": True},
        }
        buttons = [ipywidgets.Button(description=name, layout={"width": "auto"}) for name in actions]
        self._of_people = buttons[-2:]
        for button, (name, change) in zip(buttons, actions.items(), strict=True):
            button.tooltip = _TIPS[name]
            button.on_click(lambda _button, name=name, change=change: self._act(name, change))
        undo = ipywidgets.Button(description="undo", layout={"width": "70px"}, tooltip=_TIPS["undo"])
        undo.on_click(lambda _button: self.undo())
        super().__init__(
            [self._verdict, *buttons, self._reason, undo, self._say],
            layout={"flex_flow": "row wrap", "align_items": "center", "width": "100%"},
        )

    @property
    def said(self) -> str:
        """What was done last, or why it was not, as HTML."""
        return str(self._say.value)

    def show(self, store: Store | None, video_id: str) -> None:
        """Correct another video; None where the tables are in no store, which has no place for corrections."""
        self._store, self._video = store, video_id
        self._say.value = ""
        self.layout.display = "none" if store is None else ""
        known = store is not None and bool(store.video(video_id).videos()["n_people"].notna().any())
        for button in self._of_people:
            button.layout.display = "" if known else "none"

    def correct(self, track: int, **change: Any) -> None:
        """Correct a track, see :meth:`facestats.store.store.Store.correct`; what does not fit is said in the row."""
        if self._store is None:
            return
        try:
            made = self._store.correct(self._video, track, reason=self._reason.value, **change)
        except FacestatsError as error:
            self._say.value = Markup("<span>{}</span>").format(error)
            return
        self._reason.value = ""
        self._changed()
        self._say.value = Markup("{}").format("; ".join(told(c.track_id, c.what, c.value, c.time_s) for c in made))

    def undo(self) -> None:
        """Undo the last correction of the video, whoever made it."""
        if self._store is None:
            return
        rows = self._store.video(self._video).corrections()
        if rows.empty:
            self._say.value = "nothing was corrected"
            return
        try:
            gone = self._store.uncorrect(self._video, int(rows["number"].max()))
        except FacestatsError as error:
            self._say.value = Markup("<span>{}</span>").format(error)
            return
        self._changed()
        self._say.value = Markup("undone: {}").format(told(gone.track_id, gone.what, gone.value, gone.time_s))

    def _act(self, name: str, change: Callable[[int, Sequence[int]], dict[str, Any]]) -> None:
        chosen = sorted(self._chosen())
        wanted = 2 if name in ("merge", "same person") else 1
        if len(chosen) != wanted:
            self._say.value = f"choose {'two faces' if wanted == 2 else 'one face'} in the table"
            return
        first, *rest = chosen
        self.correct(first, **change(first, rest))

    def _set_verdict(self, change: dict[str, Any]) -> None:
        if not change["new"]:
            return
        column, value = change["new"]
        self._verdict.value = ()
        self._act("verdict", lambda _first, _rest: {column: value})


_TIPS = {
    "no face": "the chosen face is no face",
    "merge": "the two chosen faces are one",
    "split here": "from the moment shown on, the chosen face is another one",
    "same person": "the two chosen faces are of one person, and so are all others of both",
    "own person": "the chosen face is of another person than those that it was put together with",
    "undo": "undo the last correction of this video",
}


def _verdicts() -> dict[str, tuple[str, str] | tuple[()]]:
    """Return the choices of the list: each verdict that can be set."""
    # Not None: a list that has no value shows none.
    choices: dict[str, tuple[str, str] | tuple[()]] = {_CHOICE: ()}
    for attribute, column in VERDICT_COLUMNS.items():
        for name in (*ATTRIBUTE_CLASSES[attribute], UNKNOWN):
            choices[f"{ATTRIBUTE_TITLES[attribute]}: {name}"] = (column, name)
    return choices
