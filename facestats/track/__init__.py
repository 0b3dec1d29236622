"""Tracking: one small protocol, one file per backend, and what only hindsight knows."""

from facestats.track.base import TRACKERS, Tracker, create_tracker

__all__ = ["TRACKERS", "Tracker", "create_tracker"]
