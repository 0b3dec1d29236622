"""Classification of aligned faces: one small protocol, one file per backend."""

from facestats.classify.base import Classifier, create_classifiers

__all__ = ["Classifier", "create_classifiers"]
