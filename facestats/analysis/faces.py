"""From the faces of frames to what the attribute models say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from facestats.classify import Classifier, crops
from facestats.classify.selection import LASTING_ATTRIBUTES
from facestats.track.sameness import appearance
from facestats.types import Detections, FaceCrops, Float32, Frame, Int64, Predictions


@dataclass(frozen=True)
class FoundFaces:
    """The N faces of one frame, and what is to be known of them.

    Attributes
    ----------
    frame : Frame
        Its full picture is made if there are faces.
    detections : Detections
    counts : numpy.ndarray
        bool (N,): the faces to classify; all are aligned.
    close : numpy.ndarray
        bool (N,): those of them whose lasting attributes are wanted too.
    """

    frame: Frame
    detections: Detections
    counts: np.ndarray
    close: np.ndarray


@dataclass(frozen=True)
class ClassifiedFaces:
    """What is known of the N faces of one frame.

    Attributes
    ----------
    sharpness : numpy.ndarray
        float32 (N,), of the crop at the default size.
    appearances : numpy.ndarray
        float16 (N, D), see :func:`facestats.track.sameness.appearance`.
    predictions : dict of str to Predictions
        By attribute.
    rows : dict of str to numpy.ndarray
        int64, by attribute: which of the N faces the predictions speak of.
    """

    sharpness: Float32
    appearances: np.ndarray
    predictions: dict[str, Predictions] = field(default_factory=dict)
    rows: dict[str, Int64] = field(default_factory=dict)


def classify_faces(found: Sequence[FoundFaces], classifiers: Sequence[Classifier]) -> list[ClassifiedFaces]:
    """Align and classify the faces of some frames, those of all frames together.

    Examples
    --------
    >>> none = np.zeros(0, bool)
    >>> faces = FoundFaces(Frame(0, 0.0, np.zeros((8, 8, 3), np.uint8)), Detections.empty(), none, none)
    >>> classify_faces([faces], ())[0].predictions
    {}
    """
    aligned = [_aligned(each, crops.DEFAULT_SIZE) for each in found]
    known = [ClassifiedFaces(each.sharpness, appearance(each.images)) for each in aligned]
    for classifier in classifiers:
        wanted = [_wanted(each, classifier) for each in found]
        if not any(map(len, wanted)):
            continue
        images = [
            cut.images[rows]
            if classifier.input_size == crops.DEFAULT_SIZE
            else _aligned(each, classifier.input_size, rows).images
            for each, cut, rows in zip(found, aligned, wanted, strict=True)
        ]
        pixels = [cut.pixels[rows] for cut, rows in zip(aligned, wanted, strict=True)]
        said = classifier.classify(np.concatenate(images), np.concatenate(pixels))
        ends = np.cumsum([len(rows) for rows in wanted])[:-1]
        for attribute, of_all in said.items():
            parts = np.split(of_all.probabilities, ends)
            for one, rows, probabilities in zip(known, wanted, parts, strict=True):
                if len(rows):
                    one.predictions[attribute] = Predictions(attribute, of_all.classes, probabilities)
                    one.rows[attribute] = rows
    return known


def _aligned(found: FoundFaces, size: int, rows: Int64 | None = None) -> FaceCrops:
    detections = found.detections if rows is None else found.detections[rows]
    if len(detections) == 0:  # the picture in full is made only when it is asked for
        return FaceCrops(np.zeros((0, size, size, 3), np.uint8), np.zeros(0, np.float32), np.zeros(0, np.float32))
    return crops.align(found.frame.rgb, detections, size)


def _wanted(found: FoundFaces, classifier: Classifier) -> Int64:
    is_due = found.close if is_lasting(classifier) else found.counts
    return np.flatnonzero(is_due & (found.detections.sizes >= classifier.smallest_face))


def is_lasting(classifier: Classifier) -> bool:
    """Say whether a classifier judges only what a person keeps for the length of a track.

    Examples
    --------
    >>> from facestats.classify import create_classifiers
    >>> from facestats.models.registry import choose_models
    >>> [is_lasting(each) for each in create_classifiers(choose_models({"age": "none", "makeup": "none"}))]
    [False, True]
    """
    return LASTING_ATTRIBUTES.issuperset(classifier.attributes)
