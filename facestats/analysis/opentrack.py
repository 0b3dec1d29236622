"""What is remembered of a track while it may go on: a few numbers an observation, and its best pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from facestats.classify.embedding import Embedder
from facestats.tables import people
from facestats.tables.stillness import Stillness
from facestats.tables.thumbnails import Picture, encode_webp
from facestats.types import Float32

#: What a track's verdicts are not made from.
_NOT_SUMMARIZED = ["video_id", "frame", "track_id", "x", "y", "w", "h"]


@dataclass
class OpenTrack:
    """What is known of a track that may go on.

    Attributes
    ----------
    last_sample : int
        Number of the last sampled frame in which it was found.
    joined : float
        Probability that its parts belong together.
    pictures : list of Picture
        For thumbnails, the best so far.
    portraits : list of Portrait
        Aligned faces, the best so far; in memory alone.

    Examples
    --------
    >>> OpenTrack().joined
    1.0
    """

    last_sample: int = 0
    joined: float = 1.0
    pictures: list[Picture] = field(default_factory=list)
    portraits: list[people.Portrait] = field(default_factory=list)
    _samples: list[np.ndarray] = field(default_factory=list)
    _rows: list[pd.DataFrame] = field(default_factory=list)
    _stillness: Stillness = field(default_factory=Stillness)
    _first_box: np.ndarray = field(default_factory=lambda: np.zeros(4))
    _last_box: np.ndarray = field(default_factory=lambda: np.zeros(4))
    _surest: tuple[float, float, np.ndarray] = (-1.0, 0.0, np.zeros(4))  # probability, time and box of a detection

    def add(self, samples: np.ndarray, rows: pd.DataFrame, boxes: np.ndarray, looks: np.ndarray) -> None:
        """Take more observations, in the order of time.

        Parameters
        ----------
        samples : numpy.ndarray
            int (N,): numbers of the sampled frames, N at least 1.
        rows : pandas.DataFrame
            Of ``observations``, N rows.
        boxes : numpy.ndarray
            float (N, 4): ``x1, y1, x2, y2``.
        looks : numpy.ndarray
            float (N, D), see :func:`facestats.track.sameness.appearance`.
        """
        times, scores = rows["time_s"].to_numpy(np.float64), rows["score"].to_numpy(np.float64)
        self.last_sample = int(samples[-1])
        self._first_box = self._first_box if self._rows else boxes[0]
        self._samples.append(samples)
        self._rows.append(rows.drop(columns=_NOT_SUMMARIZED))
        self._last_box = boxes[-1]
        self._stillness.add(times, boxes, looks)
        best = int(scores.argmax())
        if scores[best] > self._surest[0]:
            self._surest = float(scores[best]), float(times[best]), boxes[best]

    @property
    def rows(self) -> pd.DataFrame:
        """All of its observations, without ids and boxes, in the order of time."""
        return pd.concat(self._rows, ignore_index=True).sort_values("time_s", kind="stable")

    @property
    def is_static(self) -> bool:
        """Whether it never moved nor changed, see :mod:`facestats.tables.stillness`."""
        return self._stillness.is_static

    def appearance(self, row: Mapping[str, Any], embedder: Embedder) -> people.Appearance:
        """Return what the track looks like, in numbers.

        Parameters
        ----------
        row : mapping
            Its row of ``tracks``.
        embedder : Embedder
        """
        embedding, pixels = None, 0.0
        if self.portraits:
            embedding, pixels = people.together(self._embeddings(embedder), self.portraits)
        when = int(row["shot"]), row["start_s"], row["end_s"], np.concatenate(self._samples)
        return people.Appearance(*when, self._first_box, self._last_box, embedding=embedding, pixels=pixels)

    def _embeddings(self, embedder: Embedder) -> Float32:
        """Return those of the portraits, float32 (N, D), making what is not made yet."""
        made = {i: portrait.embedding for i, portrait in enumerate(self.portraits) if portrait.embedding is not None}
        if missing := [i for i in range(len(self.portraits)) if i not in made]:
            faces = np.stack([self.portraits[i].rgb for i in missing])
            made |= dict(zip(missing, embedder.embed(faces), strict=True))
        return np.stack([made[i] for i in range(len(self.portraits))])

    def doubtful_row(self, row: Mapping[str, Any]) -> dict[str, object]:
        """Return its row of ``doubtful``: when and where it was, with its best picture.

        Parameters
        ----------
        row : mapping
            What would be its row of ``tracks``.
        """
        _, time_s, (x1, y1, x2, y2) = self._surest
        best = max(self.pictures, key=lambda picture: picture.quality, default=None)
        shared = ("video_id", "shot", "start_s", "end_s", "n_observations", "face_px", "face_prob")
        where = {"time_s": time_s, "x": x1, "y": y1, "w": x2 - x1, "h": y2 - y1}
        return {name: row[name] for name in shared} | where | {"image": None if best is None else encode_webp(best.rgb)}
