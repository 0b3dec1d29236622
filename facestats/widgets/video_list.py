"""The videos of a store: search, order, and small pictures of what is in each."""

from __future__ import annotations

import hashlib
import math
import time
from typing import Any

import anywidget
import numpy as np
import pandas as pd
import traitlets

from facestats._util import words
from facestats._util.locations import is_remote
from facestats.errors import FacestatsError
from facestats.plots.palette import EXPRESSION_COLORS, hex_color
from facestats.store.store import Store
from facestats.tables.expressions import mean_shares
from facestats.tables.labels import video_names
from facestats.widgets.base import FRONT

#: Videos of a page.
PAGE = 12

_BINS = 60
_LEAST_PAUSE_S = 5.0  # before the store is asked again
_MOST_CARDS = 240
_PICTURES = 5


class VideoList(anywidget.AnyWidget):
    """The videos of a store as cards: name, length, faces over time, shares of the expressions, some faces.

    While it is open, it asks every few seconds whether the store holds more by now: what a run is writing
    shows when it is complete.

    Parameters
    ----------
    store : Store

    Attributes
    ----------
    chosen : str or None
        The id of the video that was clicked; a trait.

    Examples
    --------
    >>> from facestats.widgets import VideoList
    >>> VideoList(fs.open_store("facestats-out"))  # doctest: +SKIP
    """

    _esm = FRONT / "video_list.js"
    _css = FRONT / "widgets.css"

    chosen = traitlets.Unicode(None, allow_none=True).tag(sync=True)

    def __init__(self, store: Store, **traits: Any) -> None:
        self._store = store
        self._cards: dict[tuple[str, str], tuple[dict[str, Any], list[bytes]]] = {}  # by video and run
        super().__init__(**traits)
        self.on_msg(self._heard)

    def forget(self, video_id: str) -> None:
        """Make the card of a video anew when it is shown next: its faces were corrected."""
        self._cards = {key: card for key, card in self._cards.items() if key[0] != video_id}

    def _heard(self, _: object, said: dict[str, Any], __: object) -> None:
        if said.get("kind") != "list":
            return
        try:
            self._say_list(str(said["search"]), str(said["order"]), int(said["page"]), str(said["state"]))
        except FacestatsError as error:
            trouble = {"kind": "list", "items": [], "page": 0, "pages": 1, "total": 0, "state": "", "pause": 0}
            self.send(trouble | {"said": f"the store cannot be read: {error}"})

    def _say_list(self, search: str, order: str, page: int, known: str) -> None:
        began = time.perf_counter()
        entries = self._store.entries()
        # Asking again must cost little: not at all where each entry is a request to somewhere else.
        pause = 0.0 if is_remote(self._store.path) else max(_LEAST_PAUSE_S, 50 * (time.perf_counter() - began))
        runs = {video_id: entry.run for video_id, entry in entries.items()}
        state = hashlib.sha256(repr((sorted(runs.items()), search, order, page)).encode()).hexdigest()[:16]
        if state == known:
            return
        reply, sent = self.page(search, order, page)
        self.send(reply | {"kind": "list", "state": state, "pause": pause}, sent)

    def page(self, search: str, order: str, page: int) -> tuple[dict[str, Any], list[bytes]]:
        """Return a page of the list: the cards of its videos, and their pictures (WebP).

        Parameters
        ----------
        search : str
            Part of the videos' names.
        order : str
            ``"name"``, ``"n_tracks"``, ``"duration_s"`` or ``"status"``.
        page : int

        Raises
        ------
        StoreError
            If the store is damaged.
        """
        runs = {video_id: entry.run for video_id, entry in self._store.entries().items()}
        videos = self._store.videos()
        names = videos["video_id"].map(video_names(dict(zip(videos["video_id"], videos["path"].map(str), strict=True))))
        fitting = videos.assign(name=names)[names.str.contains(search, case=False, regex=False)]
        fitting = fitting.sort_values(
            [order if order in ("n_tracks", "duration_s", "status") else "name", "name"],
            ascending=[order not in ("n_tracks", "duration_s"), True],
            kind="stable",
        )
        pages = max(1, math.ceil(len(fitting) / PAGE))
        page = int(np.clip(page, 0, pages - 1))
        items: list[dict[str, Any]] = []
        sent: list[bytes] = []
        for video in fitting.iloc[page * PAGE : (page + 1) * PAGE].to_dict("records"):
            card, pictures = self._card(video, runs.get(video["video_id"], ""))
            items.append(card | {"pictures": list(range(len(sent), len(sent) + len(pictures)))})
            sent += pictures
        said = f"{words.count(len(videos), 'video')}" if len(videos) else "the store holds no videos yet"
        if len(fitting) < len(videos):
            said = f"{len(fitting):,} of {said}"
        return {"items": items, "page": page, "pages": pages, "total": len(fitting), "said": said}, sent

    def _card(self, video: dict[str, Any], run: str) -> tuple[dict[str, Any], list[bytes]]:
        key = str(video["video_id"]), run
        if key not in self._cards:
            self._cards[key] = self._made_card(video)
            if len(self._cards) > _MOST_CARDS:
                del self._cards[next(iter(self._cards))]
        return self._cards[key]

    def _made_card(self, video: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        card: dict[str, Any] = {"id": str(video["video_id"]), "name": video["name"], "counts": [], "shares": []}
        if video["status"] == "failed":
            return card | {"about": f"not read: {video['error']}"}, []
        about = f"{words.duration(video['duration_s'])}, {words.count(int(video['n_tracks']), 'face')}"
        if video["status"] == "partial":
            about += f"; read in part: {video['error']}"
        one = Store(self._store.path, str(video["video_id"]))
        try:
            frames, tracks, thumbnails = one.frames(), one.tracks(), one.thumbnails()
        except FacestatsError as error:
            return card | {"about": f"its tables are damaged: {error}"}, []
        shares = mean_shares(tracks)
        if shares is not None:
            card["shares"] = [[n, float(s), hex_color(EXPRESSION_COLORS[str(n)])] for n, s in shares.items()]
        longest = tracks.nlargest(_PICTURES, "duration_s")["track_id"]
        pictures = thumbnails[thumbnails["track_id"].isin(longest)].drop_duplicates("track_id")["image"]
        return card | {"about": about, "counts": _counts(frames)}, [bytes(webp) for webp in pictures]


def _counts(frames: pd.DataFrame) -> list[float]:
    """Return the mean number of faces in each of some equal parts of the video's time."""
    if frames.empty:
        return []
    order = frames.sort_values("time_s", kind="stable")
    times, faces = order["time_s"].to_numpy(np.float64), order["n_faces"].to_numpy(np.float64)
    edges = np.linspace(times[0], times[-1], min(_BINS, len(times)) + 1)
    starts = np.searchsorted(times, edges[:-1])
    ends = np.append(starts[1:], len(times))
    # A part without a sample has what the sample before it had.
    sums = np.append(0.0, np.cumsum(faces))
    means = (sums[ends] - sums[starts]) / np.maximum(ends - starts, 1)
    return np.where(ends > starts, means, faces[np.maximum(starts - 1, 0)]).round(2).tolist()
