"""Tracks as an xarray dataset in the conventions of movement (https://movement.neuroinformatics.dev), for its tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from facestats.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    import xarray


def boxes_dataset(
    videos: pd.DataFrame, frames: pd.DataFrame, observations: pd.DataFrame, tracks: pd.DataFrame
) -> xarray.Dataset:
    """Return the tracked faces of a video as a dataset of boxes (movement's ``ds_type="bboxes"``).

    Parameters
    ----------
    videos, frames, observations, tracks : pandas.DataFrame
        The tables of one video.

    Returns
    -------
    xarray.Dataset
        ``position`` (the middle of the box, pixels) and ``shape`` (its width and height, pixels), float32
        (time, space, individuals), and ``confidence`` (the detector's), float32 (time, individuals); NaN where a face
        was not found. ``time`` is that of each sampled frame on the video's own clock, in seconds; ``individuals`` are
        named ``face_1`` for track 1.

    Raises
    ------
    UsageError
        If xarray is not installed.

    Examples
    --------
    >>> fs.analyze("clip.mp4").to_movement()["position"].dims  # doctest: +SKIP
    ('time', 'space', 'individuals')
    """
    try:
        import xarray as xr
    except ImportError:
        raise UsageError("to_movement() needs xarray: pip install 'facestats[movement]'") from None
    tracked = observations[observations["track_id"].notna()]
    frames = frames.drop_duplicates("frame")
    names = tracks["track_id"].tolist()
    row = np.searchsorted(frames["frame"].to_numpy(np.int64), tracked["frame"].to_numpy(np.int64))
    column = np.searchsorted(np.array(names, np.int64), tracked["track_id"].to_numpy(np.int64))
    box = tracked[["x", "y", "w", "h"]].to_numpy(np.float32)
    position, shape = (np.full((len(frames), 2, len(names)), np.nan, np.float32) for _ in range(2))
    confidence = np.full((len(frames), len(names)), np.nan, np.float32)
    position[row, :, column] = box[:, :2] + box[:, 2:] / 2
    shape[row, :, column] = box[:, 2:]
    confidence[row, column] = tracked["score"].to_numpy(np.float32)
    fps = float(videos["fps"].iloc[0])
    attributes = {"ds_type": "bboxes", "source_software": "facestats", "source_file": str(videos["path"].iloc[0])}
    return xr.Dataset(
        {
            "position": (("time", "space", "individuals"), position),
            "shape": (("time", "space", "individuals"), shape),
            "confidence": (("time", "individuals"), confidence),
        },
        coords={
            "time": frames["time_s"].to_numpy(np.float64),
            "space": ["x", "y"],
            "individuals": [f"face_{track}" for track in names],
        },
        attrs=attributes | {"time_unit": "seconds"} | ({"fps": fps} if np.isfinite(fps) else {}),
    )
