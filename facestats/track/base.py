"""What every tracker offers."""

from __future__ import annotations

from typing import Protocol

from facestats.types import Detections, Int64

#: Trackers mark what they have not confirmed (yet) with this id.
UNCONFIRMED = -1


class Tracker(Protocol):
    """Gives the faces of one video their ids; one instance per video."""

    name: str

    def update(self, detections: Detections, time_s: float) -> Int64:
        """Return the track id of each detection of the next sampled frame.

        Parameters
        ----------
        detections : Detections
            N faces.
        time_s : float
            Presentation time of the frame in seconds.

        Returns
        -------
        numpy.ndarray
            int64 (N,), in the order of the detections; -1 where the face is not (yet) confirmed. Ids never repeat
            within a video, across cuts included.
        """
        ...

    def cut(self) -> None:
        """Tell the tracker of a shot cut: no track lives on."""
        ...
