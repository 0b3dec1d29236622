"""Tracking: one small protocol, a registry, one file a backend, and what only hindsight knows."""

from facestats.track.base import Tracker
from facestats.track.registry import TRACKERS, create_tracker

__all__ = ["TRACKERS", "Tracker", "create_tracker"]
