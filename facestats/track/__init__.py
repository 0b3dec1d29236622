"""Tracking: one small protocol, one file per backend."""

from facestats.track.base import LOST_FOR_S, TRACKERS, Tracker, create_tracker, fill_back

__all__ = ["LOST_FOR_S", "TRACKERS", "Tracker", "create_tracker", "fill_back"]
