"""The faces of a video or of a store as a grid of pictures, the most doubtful first, corrected from the keyboard."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import anywidget
import numpy as np
import traitlets

from facestats._util import words
from facestats.errors import FacestatsError
from facestats.models.attributes import lasting_attributes
from facestats.plots.palette import hex_color
from facestats.store.store import Store
from facestats.tables.labels import color_of_track, face_name, name_of, verdict_lines
from facestats.tables.schema import UNKNOWN
from facestats.tables.video_tables import VideoTables
from facestats.widgets.base import FRONT
from facestats.widgets.review import ORDERS, Key, Review

#: Faces of a page.
PAGE = 60


class FaceGrid(anywidget.AnyWidget):
    """The faces of a video or of a store as a grid of pictures, the most doubtful first.

    Keys look through it: next doubtful face, accept, not a face, merge, undo; the widget shows them. What is done is
    kept in the store as a correction, see :meth:`facestats.store.store.Store.correct`. Pictures go to the browser as
    messages and are not saved with a notebook; of videos that were analysed with ``--blur`` there are none.

    Parameters
    ----------
    found : VideoTables or Store
        Of a result nothing can be corrected, as it lies in no store.
    changed : callable, optional
        Called with the ``video_id`` after each correction.

    Attributes
    ----------
    current : list
        The face that the keys work on, ``[video_id, track_id]``, or an empty list; a trait.
    opened : list
        The face that was opened last, by Enter or a double click, likewise; the explorer shows it in its video.

    Examples
    --------
    >>> from facestats.widgets import FaceGrid
    >>> FaceGrid(fs.open_store("facestats-out"))  # doctest: +SKIP
    """

    _esm = FRONT / "face_grid.js"
    _css = FRONT / "widgets.css"

    current = traitlets.List().tag(sync=True)
    opened = traitlets.List().tag(sync=True)

    def __init__(
        self, found: VideoTables | Store, *, changed: Callable[[str], None] | None = None, **traits: Any
    ) -> None:
        self.review = Review(found)
        self._changed = changed
        self._page = 0
        super().__init__(**traits)
        self.on_msg(self._heard)

    def read(self) -> None:
        """Read the faces anew, and begin again with the most doubtful one."""
        self.review.read()
        self._say_page(0)

    def _heard(self, _: object, said: dict[str, Any], __: object) -> None:
        try:
            self._answer(said)
        except FacestatsError as error:
            self.send({"kind": "said", "said": str(error), "trouble": True})

    def _answer(self, said: dict[str, Any]) -> None:
        kind = said.get("kind")
        if kind == "hello":
            self._say_page(self._page)
        elif kind == "page":
            self._say_page(int(said["page"]))
        elif kind == "order":
            self.review.read(said["order"] if said["order"] in ORDERS else None)
            self._say_page(0)
        elif kind == "next":
            self._go(self.review.next_doubtful(_key(said["after"])))
        elif kind == "act" and said.get("what") in ("accept", "reject", "merge"):
            self._act(str(said["what"]), _key(said["face"]), _key(said.get("other")))
        elif kind == "undo":
            told, key = self.review.undo()
            self._say_changed(told, key)

    def _act(self, what: str, key: Key | None, other: Key | None) -> None:
        if key is None:
            return
        told = self.review.act(key, what, other)
        # A merged face is looked at once more: what it is now may be doubtful still.
        self._say_changed(told, key if what == "merge" else self.review.next_doubtful(key) or key)

    def _say_changed(self, told: str, key: Key | None) -> None:
        if key is None:
            self.send({"kind": "said", "said": told, "trouble": False})
            return
        self._say_page(self.review.place(key) // PAGE, key, told)
        if self._changed is not None:
            self._changed(key[0])

    def _go(self, key: Key | None) -> None:
        if key is None:
            self.send({"kind": "said", "said": "nothing is doubtful", "trouble": False})
        elif (page := self.review.place(key) // PAGE) == self._page:
            self.send({"kind": "go", "face": list(key)})
        else:
            self._say_page(page, key)

    def _say_page(self, page: int, key: Key | None = None, told: str = "") -> None:
        """Send a page of faces, the one to go to, and what was done."""
        review = self.review
        pages = max(1, math.ceil(len(review.order) / PAGE))
        self._page = page = int(np.clip(page, 0, pages - 1))
        keys = review.order[page * PAGE : (page + 1) * PAGE]
        pictures = review.pictures(keys)
        items: list[dict[str, Any]] = []
        sent: list[bytes] = []
        for face in keys:
            items.append(self._item(face) | {"picture": len(sent) if face in pictures else None})
            sent += [pictures[face]] if face in pictures else []
        said = {"kind": "page", "items": items, "page": page, "pages": pages, "go": None if key is None else list(key)}
        doubtful, total = review.n_doubtful(), len(review.order)
        about = f"{words.count(total, 'face')}, {doubtful or 'none'} doubtful" if total else "no face was tracked"
        self.send(said | {"about": about, "said": told, "orders": ORDERS, "corrects": review.can_correct}, sent)

    def _item(self, key: Key) -> dict[str, Any]:
        track, (video_id, number) = self.review.track(key), key
        expression = track["expression"]
        verdicts = list(verdict_lines(track, lasting_attributes(), unknown=False))
        verdicts += [expression] if isinstance(expression, str) and expression != UNKNOWN else []
        state = self.review.gone(key) or ("accepted" if self.review.is_accepted(key) else "")
        who, name = name_of(track), face_name(number)
        name = name if who == name else f"{name}, {who}"
        video = self.review.names.get(video_id, video_id) if len(self.review.names) > 1 else ""
        return {
            "face": [video_id, number],
            "name": name,
            "video": video,
            "mark": hex_color(color_of_track(track)),
            "when": words.moment(track["start_s"]),
            "verdicts": ", ".join(verdicts),
            "doubts": list(self.review.doubts(key)),
            "state": state,
            "here": not self.review.gone(key),
        }


def _key(said: Any) -> Key | None:
    return (str(said[0]), int(said[1])) if said else None
