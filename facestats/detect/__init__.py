"""Face detection: one small protocol, one file per backend."""

from facestats.detect.ahead import detect_ahead
from facestats.detect.base import DEFAULT_DETECT_SIZE, DEFAULT_MIN_SCORE, Detector, create_detector

__all__ = [
    "DEFAULT_DETECT_SIZE",
    "DEFAULT_MIN_SCORE",
    "Detector",
    "create_detector",
    "detect_ahead",
]
