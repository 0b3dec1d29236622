"""Tracking: one small protocol, one file per backend."""

from facestats.track.base import TRACKERS, Tracker, create_tracker, fill_back

__all__ = ["TRACKERS", "Tracker", "create_tracker", "fill_back"]
