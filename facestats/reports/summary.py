"""What the list of reports knows of a video besides the first sentence of its report: some faces, when, how many."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd
from PIL import Image, ImageOps

from facestats.reports.figures import data_uri
from facestats.tables.expressions import mean_shares
from facestats.track.gaps import seconds_seen

if TYPE_CHECKING:
    from facestats.store.store import Store

#: Faces in the picture, and the side of each in pixels.
_FACES, _SIDE = 3, 56

_QUALITY = 55


@dataclass(frozen=True)
class Summary:
    """A video in the list of reports; it is kept with the list, so that this needs no store.

    Attributes
    ----------
    picture : str
        The faces seen longest side by side, as an address that needs no file; empty if there is none, as with ``blur``.
    recorded_on, analysed_on : str
        Days, UTC, ISO 8601; ``recorded_on`` is empty where the file does not tell it.
    n_faces : int
        Faces followed.
    seen_s : float
        For how long their expressions were measured, in seconds.
    shares : mapping of str to float
        The shares of that time, by expression; empty where it was not measured.
    """

    picture: str = ""
    recorded_on: str = ""
    analysed_on: str = ""
    n_faces: int = 0
    seen_s: float = 0.0
    shares: Mapping[str, float] = field(default_factory=dict)


def summary_of(store: Store) -> Summary:
    """Return the summary of the one video that a store is restricted to; an empty one where it was forgotten.

    Examples
    --------
    >>> summary_of(open_store("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    videos, tracks = store.videos(), store.tracks()
    if videos.empty:
        return Summary()
    video = videos.iloc[0]
    shares = mean_shares(tracks)
    return Summary(
        picture=faces_picture(tracks, store.thumbnails()),
        recorded_on="" if pd.isna(video["recorded_at"]) else f"{video['recorded_at']:%Y-%m-%d}",
        analysed_on=f"{video['started_at']:%Y-%m-%d}",
        n_faces=len(tracks),
        seen_s=0.0 if shares is None else round(float(seconds_seen(tracks[tracks["expression"].notna()]).sum()), 2),
        shares={} if shares is None else {str(name): round(float(share), 4) for name, share in shares.items()},
    )


def faces_picture(tracks: pd.DataFrame, thumbnails: pd.DataFrame) -> str:
    """Return the faces seen longest side by side, as an address that needs no file; empty without pictures.

    Of each person there is one.

    Examples
    --------
    >>> from facestats.tables import schema
    >>> faces_picture(schema.conform("tracks"), schema.conform("thumbnails"))
    ''
    """
    pictures = thumbnails.drop_duplicates("track_id").set_index("track_id")["image"]
    longest = tracks[tracks["track_id"].isin(pictures.index)].sort_values("seen_s", ascending=False, kind="stable")
    is_again = longest["person_id"].notna() & longest["person_id"].duplicated()  # one picture of each person
    longest = longest[~is_again].head(_FACES)
    if longest.empty:
        return ""
    together = Image.new("RGB", (_SIDE * len(longest), _SIDE))
    for place, track_id in enumerate(longest["track_id"]):
        face = Image.open(io.BytesIO(pictures[track_id])).convert("RGB")
        together.paste(ImageOps.fit(face, (_SIDE, _SIDE), Image.Resampling.LANCZOS), (place * _SIDE, 0))
    file = io.BytesIO()
    together.save(file, "WEBP", quality=_QUALITY)
    return data_uri(file.getvalue(), "image/webp")
