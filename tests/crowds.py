"""Crowds that walk about at random, as tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from facestats.tables import schema

FRAME = (1280, 720)


def crowd(n: int, *, seconds: float = 60, rate: float = 10, speed: float = 30, seed: int = 0) -> np.ndarray:
    """Return the boxes of ``n`` faces, float64 (T, n, 4): they change their way, and turn back at the edges."""
    rng, step = np.random.default_rng(seed), 1 / rate
    size = rng.uniform(45, 120, n)
    room = np.stack([FRAME[0] - size, FRAME[1] - 1.3 * size], axis=1)
    at, velocity = rng.uniform(0, room), rng.normal(0, speed, (n, 2))
    boxes = np.empty((int(seconds * rate), n, 4))
    for moment in range(len(boxes)):
        velocity += -0.5 * velocity * step + 0.8 * speed * np.sqrt(step) * rng.normal(size=(n, 2))
        at += velocity * step
        velocity[(at < 0) | (at > room)] *= -1
        at = at.clip(0, room)
        boxes[moment] = np.concatenate([at, at + np.stack([size, 1.3 * size], axis=1)], axis=1)
    return boxes


def tables_of(boxes: np.ndarray, *, rate: float = 10, fps: float = 25, shots: np.ndarray | None = None) -> dict:
    """Return what an annotator takes, of boxes (T, N, 4) in a video of ``fps`` frames a second; NaN: not there."""
    n_moments, n = boxes.shape[:2]
    times = np.arange(n_moments) / rate
    numbers = np.round(times * fps).astype(int)
    shots = np.zeros(n_moments, int) if shots is None else shots
    moment, face = np.nonzero(~np.isnan(boxes[..., 0]))
    x1, y1, x2, y2 = boxes[moment, face].T
    observations = pd.DataFrame(
        {
            "video_id": "a", "frame": numbers[moment], "time_s": times[moment], "shot": shots[moment],
            "track_id": face, "x": x1, "y": y1, "w": x2 - x1, "h": y2 - y1, "score": 0.9, "classified": True,
            "expression_happiness": 0.9, "expression_neutral": 0.1,
        }
    )  # fmt: skip
    frames = {"video_id": "a", "frame": numbers, "time_s": times, "shot": shots, "n_faces": n}
    tracks = {
        "video_id": "a", "track_id": range(n), "shot": 0, "start_s": 0.0, "end_s": times[-1],
        "n_observations": n_moments, "n_classified": n_moments, "gender": "female", "gender_prob": 0.96,
        "age_group": "middle", "age_group_prob": 0.7, "makeup": "unknown", "makeup_prob": 0.4,
    }  # fmt: skip
    probabilities = [name for name in schema.probability_columns("expression") if name not in observations]
    return {
        "observations": [schema.conform("observations", observations.assign(**dict.fromkeys(probabilities, 0.0)))],
        "frames": schema.conform("frames", pd.DataFrame(frames)),
        "tracks": schema.conform("tracks", pd.DataFrame(tracks)),
    }
