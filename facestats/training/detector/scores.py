"""Scores that mean something: the probability that a detection is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import expit, logit

from facestats.datasets.boxes import BoxedImage
from facestats.datasets.labelled import decode_image
from facestats.detect import Detector
from facestats.evaluation.detection import claim
from facestats.training.detector.network import FastDetector
from facestats.types import Float32

#: Weaker detections, of which there are a thousand for each face, would decide the fit, and are of no use.
LEAST_SCORE = 0.3


def judged_scores(detector: Detector, images: Sequence[BoxedImage]) -> tuple[Float32, np.ndarray]:
    """Return the score of every detection, float32 (N,), and whether it is a face that people boxed, bool (N,).

    Examples
    --------
    >>> judged_scores(detector, images)  # doctest: +SKIP
    """
    scores, right = [], []
    for image in images:
        found = detector.detect([decode_image(image.encoded, f"{image.name}: image")])[0]
        claims = claim(image, found)
        scores.append(claims.found.scores)
        right.append(~np.isnan(claims.claimed))
    return np.concatenate(scores), np.concatenate(right)


def fit_scores(scores: Float32, right: np.ndarray) -> tuple[float, float]:
    """Return scale and shift of the logits that turn scores into probabilities of being right.

    Platt scaling (Platt, 1999, "Probabilistic outputs for support vector machines"), with his targets, which keep a
    few detections that are all right from becoming certain. The order of scores does not change.

    Parameters
    ----------
    scores : numpy.ndarray
        float (N,), in (0, 1); those below :data:`LEAST_SCORE` are not counted.
    right : numpy.ndarray
        bool (N,).

    Returns
    -------
    scale, shift : float
        1 and 0 where there are not both right and wrong detections to learn from.

    Examples
    --------
    >>> fit_scores(np.array([0.9, 0.8], np.float32), np.array([True, True]))
    (1.0, 0.0)
    """
    counted = scores >= LEAST_SCORE
    logits, right = logit(scores[counted].astype(np.float64).clip(1e-6, 1 - 1e-6)), right[counted]
    n_right, n_wrong = int(right.sum()), int((~right).sum())
    if not n_right or not n_wrong:
        return 1.0, 0.0
    wanted = np.where(right, (n_right + 1) / (n_right + 2), 1 / (n_wrong + 2))

    def loss(parameters: np.ndarray) -> float:
        chance = expit(np.exp(parameters[0]) * logits + parameters[1]).clip(1e-9, 1 - 1e-9)
        return float(-(wanted * np.log(chance) + (1 - wanted) * np.log(1 - chance)).mean())

    log_scale, shift = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    return float(np.exp(log_scale)), float(shift)


def rescale_scores(network: FastDetector, scale: float, shift: float) -> None:
    """Change a network in place so that every logit of a score becomes ``scale * logit + shift``.

    Examples
    --------
    >>> rescale_scores(FastDetector(), 2.0, -1.0)
    """
    with torch.no_grad():
        for head in network.heads:
            head.score.weight.mul_(scale)
            head.score.bias.mul_(scale).add_(shift)
