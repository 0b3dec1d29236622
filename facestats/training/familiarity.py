"""An output that says how familiar a face is: learned from what detectors take for faces where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from torch import nn

from facestats._util.progress import bar
from facestats._util.threads import opencv_threads
from facestats.classify.crops import align
from facestats.classify.onnx import color_planes
from facestats.datasets.boxes import read_boxes
from facestats.datasets.labelled import decode_image, digest_of
from facestats.detect import create_detector
from facestats.errors import DataError
from facestats.evaluation.smallness import seen_small
from facestats.models.familiarity import FAMILIARITY_OUTPUT
from facestats.training.export import round_weights
from facestats.training.faceness.gathering import view_of
from facestats.training.lastlayer import features_of
from facestats.types import Float32, UInt8

#: Things that something is learned from at least.
ENOUGH = 50

_LEAST_SCORE, _LEAST_PX, _VIEWS = 0.08, 14.0, 4
_MOST_FACES = 2000
_SMALL = (16, 24)  # pixels across: few pixels do not make a face strange
_BLURS = (0.08, 0.125)  # standard deviation, in sides of the crop: beyond recognition
_STRENGTH, _SPREAD = 0.3, 0.3
_SHARE_UNFAMILIAR = 0.05
_PARTS = 3


@dataclass(frozen=True)
class Strangers:
    """What a detector took for faces where there is none.

    Attributes
    ----------
    crops : numpy.ndarray
        uint8 (N, S, S, 3).
    sources : numpy.ndarray
        str (N,): the data set of each photo.
    """

    crops: UInt8 = field(repr=False)
    sources: np.ndarray = field(repr=False)


def gather_strangers(data: Sequence[Path], size: int, detector: str, *, progress: bool = False) -> Strangers:
    """Crop what a detector takes for faces in photos without one, as they are and as a video might show them.

    Parameters
    ----------
    data : sequence of pathlib.Path
        See :func:`facestats.datasets.boxes.read_boxes`; photos whose ``boxed`` is ``"empty"`` count.
    size : int
        Side of the crops.
    detector : str
    progress : bool
        Whether to show a progress bar on stderr.

    Raises
    ------
    MissingInputError, DataError
        See :func:`facestats.datasets.boxes.read_boxes`; also if fewer than :data:`ENOUGH` things were found.

    Examples
    --------
    >>> gather_strangers([Path("detection_wild.parquet")], 64, "centerface").crops.shape  # doctest: +SKIP
    (371, 64, 64, 3)
    """
    photos = [photo for path in data for photo in read_boxes(path) if photo.boxed == "empty"]
    finder = create_detector(detector, detect_size=0, min_score=_LEAST_SCORE)
    crops: list[UInt8] = []
    sources: list[str] = []
    with opencv_threads(1):
        shown = bar(photos, progress=progress, desc="looking for what is no face", total=len(photos), unit="photo")
        for photo in shown:
            rgb = decode_image(photo.encoded, photo.name)
            rng = np.random.default_rng(digest_of(photo.name.encode()))
            for view in (rgb, *(view_of(rgb, rng, None)[0] for _ in range(_VIEWS))):
                found = finder.detect([view])[0]
                found = found[found.sizes >= _LEAST_PX]
                if len(found):
                    crops.append(align(view, found, size).images)
                    sources += [photo.source] * len(found)
    if len(sources) < ENOUGH:
        raise DataError(
            f"{len(sources)} things were taken for faces in {len(photos)} photos that are boxed as empty of "
            f"{', '.join(path.name for path in data)}: {ENOUGH} are needed"
        )
    return Strangers(np.concatenate(crops), np.array(sources))


def learn_familiarity(
    network: nn.Module, input_color: str, faces: UInt8, strangers: Strangers, *, progress: bool = False
) -> dict[str, Any]:
    """Give a network the output :data:`facestats.models.familiarity.FAMILIARITY_OUTPUT` in place, and return figures.

    That is a logistic regression of the features that its last layers see: faces, also such as few pixels show, against
    strangers, and faces blurred beyond recognition.

    Parameters
    ----------
    network : torch.nn.Module
        Trained.
    input_color : str
        ``"gray"`` or ``"rgb"``.
    faces : numpy.ndarray
        uint8 (N, S, S, 3).
    strangers : Strangers
    progress : bool
        Whether to show progress bars on stderr.

    Returns
    -------
    dict
        ``strangers``: how many, and the ``sources`` of their photos; ``area``: under the ROC curve that tells them from
        faces, each source being judged by what the others fit; ``pass``: the share of them that then seems more
        familiar than one face in twenty. The latter are None where all are of one source.

    Raises
    ------
    ModelError
        See :func:`facestats.training.lastlayer.features_of`.

    Examples
    --------
    >>> learn_familiarity(network, "rgb", faces, strangers)["pass"]  # doctest: +SKIP
    """
    chosen = np.random.default_rng(0).permutation(len(faces))[:_MOST_FACES]
    learned, judged = faces[np.sort(chosen[::2])], faces[np.sort(chosen[1::2])]
    known = np.concatenate([learned, *(seen_small(learned[:: len(_SMALL)], pixels) for pixels in _SMALL)])
    blurred = np.concatenate([_blurred(learned[place :: len(_BLURS)], of) for place, of in enumerate(_BLURS)])

    def features(crops: UInt8) -> Float32:
        return features_of(network, color_planes(crops, input_color), progress=progress)

    familiar, strange, blur, others = (features(crops) for crops in (known, strangers.crops, blurred, judged))
    middle, spread = familiar.mean(axis=0), familiar.std(axis=0) + 1e-3
    groups = len(set(strangers.sources))
    scores = np.full(len(strange), np.nan)
    usual = np.zeros(len(others))
    folds = GroupKFold(min(_PARTS, groups)).split(strange, groups=strangers.sources) if groups > 1 else ()
    for rest, kept_out in folds:
        weight, bias = _fitted(familiar, strange[rest], blur, middle, spread)
        of_faces = others @ weight + bias
        least = np.quantile(of_faces, _SHARE_UNFAMILIAR)
        scores[kept_out] = strange[kept_out] @ weight + bias - least
        usual += (of_faces - least) / min(_PARTS, groups)
    weight, bias = _fitted(familiar, strange, blur, middle, spread)
    layer = nn.Linear(len(weight), 1)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight[None]))
        layer.bias.fill_(bias)
    round_weights(layer)
    network.heads[FAMILIARITY_OUTPUT] = layer.eval()
    figures: dict[str, Any] = {"strangers": len(strange), "sources": sorted(set(strangers.sources.tolist()))}
    figures |= {"area": None, "pass": None}
    if groups > 1:
        truth = np.repeat([1, 0], [len(usual), len(scores)])
        figures["area"] = float(roc_auc_score(truth, np.concatenate([usual, scores])))
        figures["pass"] = float((scores >= 0).mean())
    return figures


def _fitted(
    familiar: Float32, strange: Float32, blurred: Float32, middle: Float32, spread: Float32
) -> tuple[Float32, float]:
    """Return weights and bias of a logistic regression in which faces count as much as all else."""
    parts = (familiar, strange, blurred)
    scaled = (np.concatenate(parts) - middle) / spread * _SPREAD
    counts = [1 / len(familiar), 0.5 / len(strange), 0.5 / len(blurred)]
    weights = 1000 * np.repeat(counts, [len(part) for part in parts])
    is_face = np.repeat([1, 0, 0], [len(part) for part in parts])
    model = LogisticRegression(C=_STRENGTH, max_iter=500).fit(scaled, is_face, sample_weight=weights)
    weight = model.coef_[0] * _SPREAD / spread
    return weight.astype(np.float32), float(model.intercept_[0] - middle @ weight)


def _blurred(crops: UInt8, of_side: float) -> UInt8:
    return np.stack([cv2.GaussianBlur(crop, (0, 0), of_side * crop.shape[0]) for crop in crops])
