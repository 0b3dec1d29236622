"""Classification of aligned faces: one small protocol, a registry, one file a backend."""

from facestats.classify.base import Classifier
from facestats.classify.registry import create_classifiers

__all__ = ["Classifier", "create_classifiers"]
