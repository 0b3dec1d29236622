"""The faces of a video, or of a whole store, to look through one after the other, and to correct by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from facestats.errors import FacestatsError, UsageError
from facestats.store.store import Store
from facestats.tables.correction import Correction, told
from facestats.tables.doubts import by_doubt, doubts_of, is_accepted
from facestats.tables.labels import by_person, video_names
from facestats.tables.video_tables import VideoTables

#: A face of a store: its video and its number.
Key = tuple[str, int]

#: How faces may be ordered, and what each order is called.
ORDERS = {
    "doubt": "most doubtful first",
    "time": "in the order of time",
    "person": "person by person",
    "length": "longest first",
    "size": "largest first",
}

_KEPT = 64  # videos whose pictures are kept


@dataclass(frozen=True)
class _Done:
    """What was done by hand: of which face, and its corrections."""

    key: Key
    made: tuple[Correction, ...]


class Review:
    """The faces of a video or of a store, in an order that stays until it is asked for anew.

    Parameters
    ----------
    found : VideoTables or Store
        Of a result nothing can be corrected, as it lies in no store.

    Attributes
    ----------
    order : list of (str, int)
        The faces: ``video_id`` and ``track_id``.
    names : dict of str to str
        What each video is called, by ``video_id``.
    """

    def __init__(self, found: VideoTables | Store) -> None:
        self._found = found
        self._order_by = "doubt"
        self._done: list[_Done] = []
        self._pictures: dict[str, dict[int, bytes]] = {}
        self.read()

    @property
    def can_correct(self) -> bool:
        """Whether there is a store that keeps corrections."""
        return isinstance(self._found, Store)

    def read(self, order_by: str | None = None) -> None:
        """Read the faces, and bring them in an order.

        Parameters
        ----------
        order_by : str, optional
            One of :data:`ORDERS`; that of last time by default.

        Raises
        ------
        StoreError
            If the store is damaged.
        """
        self._order_by = order_by or self._order_by
        tracks = self._found.tracks() if isinstance(self._found, Store) else self._found.tracks
        tracks = _ORDERED[self._order_by](tracks)
        self._rows: dict[Key, dict[Any, Any]] = _rows(tracks)
        self._gone: dict[Key, str] = {}
        self._pictures.clear()
        self.order: list[Key] = list(self._rows)
        self._place = {key: place for place, key in enumerate(self.order)}

    @cached_property
    def names(self) -> dict[str, str]:
        """What each video is called, by ``video_id``."""
        videos = self._found.videos(columns=["video_id", "path"]) if self.can_correct else self._found.videos
        return video_names(dict(zip(videos["video_id"], videos["path"].map(str), strict=True)))

    def track(self, key: Key) -> dict[Any, Any]:
        """Return the row of ``tracks`` of a face, as it is, or was before it went."""
        return self._rows[key]

    def gone(self, key: Key) -> str:
        """Return what became of a face that is none any more; empty if it is there."""
        return self._gone.get(key, "")

    def is_accepted(self, key: Key) -> bool:
        """Say whether somebody looked at a face and let it be."""
        return not self.gone(key) and is_accepted(self._rows[key])

    def doubts(self, key: Key) -> tuple[str, ...]:
        """Return what is doubtful about a face."""
        return () if self.gone(key) else doubts_of(self._rows[key])

    def n_doubtful(self) -> int:
        """Return of how many faces something is doubtful."""
        return sum(bool(self.doubts(key)) for key in self.order)

    def place(self, key: Key) -> int:
        """Return where a face stands in the order; -1 if it does not."""
        return self._place.get(key, -1)

    def next_doubtful(self, after: Key | None = None) -> Key | None:
        """Return the next face of which something is doubtful, from the first one again behind the last; None if none.

        Parameters
        ----------
        after : (str, int), optional
            From the first face on by default.
        """
        start = 0 if after is None else self._place.get(after, -1) + 1
        return next((key for key in (*self.order[start:], *self.order[:start]) if self.doubts(key)), None)

    def pictures(self, keys: Iterable[Key]) -> dict[Key, bytes]:
        """Return the first thumbnail (WebP) of each of these faces that has one; none of a video analysed with blur."""
        found = {}
        for key in keys:
            video_id, number = key
            if video_id not in self._pictures:
                if len(self._pictures) >= _KEPT:
                    del self._pictures[next(iter(self._pictures))]
                self._pictures[video_id] = self._pictures_of(video_id)
            if number in self._pictures[video_id]:
                found[key] = self._pictures[video_id][number]
        return found

    def act(self, key: Key, what: str, other: Key | None = None) -> str:
        """Correct a face by hand, and return in words what was done.

        Parameters
        ----------
        key : (str, int)
        what : str
            ``"accept"``, ``"reject"`` or ``"merge"``.
        other : (str, int), optional
            The face of the same person that becomes part of this one.

        Raises
        ------
        UsageError
            If nothing can be corrected, or it does not fit the faces.
        FacestatsError
            See :meth:`facestats.store.store.Store.correct`.
        """
        if not isinstance(self._found, Store):
            raise UsageError("a result has no place for corrections: write it to a store, and explore that")
        (video_id, number), change = key, {what: True}
        if what == "merge":
            if other is None or other[0] != video_id:
                raise UsageError("only two faces of one video can be merged")
            change = {"merge": other[1]}
        made = self._found.correct(video_id, number, **change)
        self._done.append(_Done(key, made))
        if what == "reject":
            self._gone[key] = "not a face"
        if what == "merge" and other is not None:
            self._gone[other] = f"part of face {number}"
        self._again(video_id)
        return "; ".join(told(each.track_id, each.what, each.value, each.time_s) for each in made)

    def undo(self) -> tuple[str, Key | None]:
        """Undo what was done last here; what others did stays.

        Returns
        -------
        str
            What was undone, in words.
        (str, int) or None
            The face; None where nothing was done.

        Raises
        ------
        FacestatsError
            See :meth:`facestats.store.store.Store.uncorrect`.
        """
        if not self._done or not isinstance(self._found, Store):
            return "nothing was done here", None
        last = self._done.pop()
        video_id, _ = last.key
        try:
            gone = [self._found.uncorrect(video_id, each) for each in reversed(last.made)]
        except FacestatsError:
            self._again(video_id)  # somebody else undid it
            raise
        self._again(video_id)
        said = "; ".join(told(each.track_id, each.what, each.value, each.time_s) for each in gone)
        return f"undone: {said}", last.key

    def _again(self, video_id: str) -> None:
        """Read the faces of one video anew; they stay where they are."""
        there = _rows(Store(self._found.path, video_id).tracks())
        self._pictures.pop(video_id, None)
        for key in self.order:
            if key in there:
                self._rows[key] = there[key]
                self._gone.pop(key, None)
            elif key[0] == video_id:
                self._gone.setdefault(key, "there no more")

    def _pictures_of(self, video_id: str) -> dict[int, bytes]:
        thumbnails = (
            Store(self._found.path, video_id).thumbnails() if self.can_correct else self._found.thumbnails
        ).drop_duplicates("track_id")
        return {
            int(number): bytes(webp) for number, webp in zip(thumbnails["track_id"], thumbnails["image"], strict=True)
        }


def _rows(tracks: pd.DataFrame) -> dict[Key, dict[Any, Any]]:
    return {(str(row["video_id"]), int(row["track_id"])): row for row in tracks.to_dict("records")}


_ORDERED = {
    "doubt": by_doubt,
    "time": lambda tracks: tracks.sort_values(["video_id", "start_s", "track_id"], kind="stable"),
    "person": by_person,
    "length": lambda tracks: tracks.sort_values("duration_s", ascending=False, kind="stable"),
    "size": lambda tracks: tracks.sort_values("face_px", ascending=False, kind="stable"),
}
