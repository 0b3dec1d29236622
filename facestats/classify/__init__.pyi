from .base import Classifier as Classifier
from .registry import create_classifiers as create_classifiers
