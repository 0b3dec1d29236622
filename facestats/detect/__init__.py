"""Face detection: one small protocol, one file per backend."""

from facestats.detect.ahead import MOST_WORKERS, detect_ahead, usable_cores
from facestats.detect.base import DEFAULT_DETECT_SIZE, DEFAULT_MIN_SCORE, Detector, create_detector

__all__ = [
    "DEFAULT_DETECT_SIZE",
    "DEFAULT_MIN_SCORE",
    "MOST_WORKERS",
    "Detector",
    "create_detector",
    "detect_ahead",
    "usable_cores",
]
