"""Thumbnails of tracks that are known already, cut out of the video a second time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from facestats.classify.quality import quality_weight
from facestats.tables import schema
from facestats.tables.thumbnails import APART_S, LONGER_SIDE, PER_TRACK, cut_face, encode_webp, picture_weight
from facestats.video import FrameSource


def cut_thumbnails(
    source: FrameSource, observations: pd.DataFrame, on_frame: Callable[[int], object] = lambda n: None
) -> pd.DataFrame:
    """Return up to three pictures of each track, from the frames in which its face is seen best.

    Parameters
    ----------
    source : FrameSource
        Of the video, open and not yet read.
    observations : pandas.DataFrame
        Of one video.
    on_frame : callable
        Called with the number of frames read so far.

    Returns
    -------
    pandas.DataFrame
        The table ``thumbnails``.

    Examples
    --------
    >>> cut_thumbnails(source, store.observations())  # doctest: +SKIP
    """
    chosen = best_observations(observations)
    of_frame = {int(frame): rows for frame, rows in chosen.groupby("frame")}
    found = []
    # The small pictures are not needed; with them, a frame is converted in full only where it is asked for.
    for n, frame in enumerate(source.frames(small_side=LONGER_SIDE) if of_frame else (), start=1):
        on_frame(n)
        for row in of_frame.pop(frame.index, chosen.iloc[:0]).itertuples():
            box = np.array([row.x, row.y, row.x + row.w, row.y + row.h])
            picture = cut_face(frame.rgb, box)
            image, quality = encode_webp(picture), row.quality * picture_weight(picture)
            known = {"video_id": row.video_id, "track_id": row.track_id, "time_s": row.time_s}
            found.append({**known, "image": image, "quality": quality})
        if not of_frame:
            break
    if not found:
        return schema.conform("thumbnails")
    ordered = pd.DataFrame(found).sort_values(["track_id", "quality"], ascending=[True, False], kind="stable")
    return schema.conform("thumbnails", ordered.drop(columns="quality").reset_index(drop=True))


def best_observations(observations: pd.DataFrame) -> pd.DataFrame:
    """Return those observations of each track that make the best pictures, far enough apart, with their ``quality``.

    Examples
    --------
    >>> best_observations(schema.conform("observations")).empty
    True
    """
    tracked = observations[observations["track_id"].notna()]
    sizes = tracked[["w", "h"]].min(axis=1).to_numpy(np.float64)
    scores, sharpness = (tracked[name].to_numpy(np.float64) for name in ("score", "sharpness"))
    rows = tracked.assign(quality=quality_weight(scores, sizes, sharpness))
    rows = rows.sort_values("quality", ascending=False, kind="stable")
    chosen = []
    for _, own in rows.groupby("track_id"):
        times: list[float] = []
        for place, time_s in zip(own.index, own["time_s"], strict=True):
            if len(times) < PER_TRACK and all(abs(time_s - other) >= APART_S for other in times):
                times.append(time_s)
                chosen.append(place)
    return rows.loc[chosen]
