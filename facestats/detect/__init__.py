"""Face detection: one small protocol, a registry, one file a backend."""

from facestats.detect.ahead import detect_ahead
from facestats.detect.base import Detector
from facestats.detect.registry import DETECTORS, create_detector, detector_file, detector_identity

__all__ = ["DETECTORS", "Detector", "create_detector", "detect_ahead", "detector_file", "detector_identity"]
