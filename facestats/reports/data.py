"""The tables that a report is made from, with the manifest and the way to the clips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from facestats._util.locations import is_remote
from facestats.errors import FacestatsError, UsageError
from facestats.models.cards import Card
from facestats.models.registry import find_models
from facestats.reports.folder import CLIPS, address_of
from facestats.reports.originals import ORIGINAL_SUFFIXES
from facestats.store.drawn import is_outdated
from facestats.store.store import Entry, Store, open_store
from facestats.tables import schema
from facestats.tables.labels import video_names
from facestats.tables.video_tables import VideoTables


@dataclass(frozen=True)
class ReportData:
    """The tables of one video or of many, read once.

    Attributes
    ----------
    videos, frames, observations, tracks, thumbnails, doubtful : pandas.DataFrame
        See :mod:`facestats.tables.schema`; for many videos, ``observations`` and ``thumbnails`` are left empty,
        ``doubtful`` has no pictures, and ``frames`` has only ``n_faces``.
    entries : mapping of str to Entry
        The manifest: how each video was analysed.
    store : Store or None
        Where they come from; None for a result that is in no store.
    page_folder : str
        Where the page will lie, with the clips beside it; empty if it lies here and uses those of the store.
    page_name : str
        What it is called, without suffix; its cuts of the clip go into a folder of that name below the clips.
    linked : bool
        Whether the other reports of the store lie beside this one.
    corrections : pandas.DataFrame or None
        What was corrected by hand, see :meth:`facestats.store.store.Store.corrections`; None where there is no store.
    people : pandas.DataFrame or None
        The people that its tracks were put together to; None or empty where nobody asked.
    """

    videos: pd.DataFrame
    frames: pd.DataFrame
    observations: pd.DataFrame
    tracks: pd.DataFrame
    thumbnails: pd.DataFrame
    doubtful: pd.DataFrame
    entries: Mapping[str, Entry]
    store: Store | None
    page_folder: str = ""
    page_name: str = ""
    linked: bool = False
    corrections: pd.DataFrame | None = None
    people: pd.DataFrame | None = None

    @property
    def video(self) -> pd.Series:
        """The row of ``videos``, where there is one video."""
        return self.videos.iloc[0]

    @property
    def video_id(self) -> str:
        """The id, where there is one video."""
        return str(self.video["video_id"])

    @cached_property
    def one(self) -> VideoTables:
        """The tables of the one video."""
        entry = self.entries.get(self.video_id)
        tables = (self.videos, self.frames, self.observations, self.tracks, self.thumbnails, self.doubtful)
        return VideoTables(*tables, thresholds={} if entry is None else entry.thresholds)

    @cached_property
    def cards(self) -> list[tuple[str, Card]]:
        """Attribute and card of each model used, where this installation has the very same one."""
        used: dict[tuple[str, str, str], tuple[str, ...]] = {}
        for entry in self.entries.values():
            for attribute, model in entry.models.items():
                paths = tuple(entry.options.get("models_path", ()))
                used.setdefault((attribute, model.get("name", ""), model.get("sha256", "")), paths)
        found, known = [], {}
        for (attribute, name, sha256), paths in used.items():
            try:
                if paths not in known:
                    known[paths] = find_models([Path(path) for path in paths])
                card = known[paths][name].card
            except (FacestatsError, KeyError, FileNotFoundError):
                continue  # the page still names the model and its hash
            if card.files.get("model.onnx", sha256) == sha256:
                found.append((attribute, card))
        return found

    @cached_property
    def _names(self) -> dict[str, str]:
        return video_names(dict(zip(self.videos["video_id"], self.videos["path"].astype(str), strict=True)))

    def name(self, video_id: str) -> str:
        """Return what a reader would call a video: its file's name, with folders where two have the same."""
        return self._names[video_id]

    def clip_href(self, video_id: str, time_s: float | None = None) -> str | None:
        """Return the address of what :meth:`clip_path` returns, at a moment of it; None if there is none."""
        path = self.clip_path(video_id)
        if path is None:
            return None
        moment = f"#t={max(time_s, 0.0):.2f}" if time_s is not None and path.suffix != ".png" else ""
        return self.relative(path) + moment

    def clip_path(self, video_id: str) -> Path | None:
        """Return where a video's clip or still is, or the video itself: beside the page, if that has a folder."""
        path = self.store.clip_path(video_id)
        if path is None:
            return self.original_path(video_id)
        if self.page_folder:
            return Path(self.page_folder, CLIPS, path.name)
        return None if is_remote(path) else path

    def original_path(self, video_id: str) -> Path | None:
        """Return where a video itself lies beside the page, for want of a clip; None if it does not."""
        places = [Path(self.page_folder, CLIPS, f"{video_id}{suffix}") for suffix in ORIGINAL_SUFFIXES]
        has_clip = self.store is None or self.store.clip_path(video_id) is not None
        return None if has_clip or not self.page_folder else next((path for path in places if path.is_file()), None)

    def is_clip_outdated(self, video_id: str) -> bool:
        """Whether a video's clip was drawn before its faces were corrected, and shows them as they were."""
        return self.store is not None and is_outdated(self.store.path, video_id)

    def may_show(self, video_id: str) -> bool:
        """Whether pictures of a video may stand in the page itself: not if it was analysed without thumbnails."""
        entry = self.entries.get(video_id)
        return entry is None or bool(entry.options.get("thumbnails", True) or entry.options.get("blur"))

    def is_blurred(self, video_id: str) -> bool:
        """Whether the faces of a video were to be unrecognisable."""
        entry = self.entries.get(video_id)
        return entry is not None and bool(entry.options.get("blur"))

    def relative(self, path: Path) -> str:
        """Return the address of a file, as seen from the page."""
        return address_of(path, self.page_folder or None)


def load_video(
    store: str, video: str = "", *, page_folder: str = "", page_name: str = "", linked: bool = False
) -> ReportData:
    """Read one video out of a store.

    Parameters
    ----------
    store : str
    video : str
        A ``video_id``, the beginning of one or a file name; ``""`` for the only one.
    page_folder : str
        Where the page will lie; empty for the working directory.
    page_name : str
        What it will be called, without suffix.
    linked : bool
        Whether the other reports of the store lie beside this one.

    Returns
    -------
    ReportData

    Raises
    ------
    StoreError
        If it is not a store.
    UsageError
        If there are several videos and none is named.
    UnknownNameError
        If there is no such video.

    Examples
    --------
    >>> load_video("facestats-out", "clip.mp4").tracks  # doctest: +SKIP
    """
    opened = open_store(store)
    if not video:
        ids = list(opened.entries())
        if len(ids) != 1:
            raise UsageError(f"{store} holds {len(ids)} videos: name one with video ({', '.join(ids[:5])}, ...)")
        video = ids[0]
    return replace(_read(opened.video(video), page_folder, linked), page_name=page_name)


def load_collection(store: str, *, linked: bool = False) -> ReportData:
    """Read all videos of a store, without their pictures and single observations.

    Parameters
    ----------
    store : str
    linked : bool
        Whether the videos' reports lie beside this one.

    Raises
    ------
    StoreError
        If it is not a store.

    Examples
    --------
    >>> load_collection("facestats-out").videos  # doctest: +SKIP
    """
    return _read(open_store(store), "", linked)


def _read(store: Store, page_folder: str, linked: bool) -> ReportData:
    # Observations and pictures of a large collection are long, and its report shows neither.
    one = store.video_id is not None
    return ReportData(
        videos=store.videos(),
        frames=store.frames() if one else store.frames(columns=["n_faces"]),
        observations=store.observations() if one else schema.conform("observations"),
        tracks=store.tracks(),
        thumbnails=store.thumbnails() if one else schema.conform("thumbnails"),
        doubtful=store.read("doubtful", columns=None if one else ["video_id", "face_prob"]),
        entries=store.entries(),
        store=store,
        page_folder=page_folder,
        linked=linked,
        corrections=store.corrections(),
        people=store.people(),
    )
