"""What is known of a detector: the card in its folder, with what its scores mean, as every model has one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from facestats._util.resources import bundled
from facestats.errors import ModelError
from facestats.models.cards import CARD_FILE, ONNX_FILE, ModelCard
from facestats.models.fields import check_fields
from facestats.models.figures import detector_figures
from facestats.types import Float32

_LEAST_SCORE, _MOST_SCORE = 1e-6, 1 - 1e-6  # the logit of 0 and 1 is infinite


@dataclass(frozen=True)
class Calibration:
    """What turns a detector's own score into the probability that there is a face.

    Platt scaling (Platt, 1999, "Probabilistic outputs for support vector machines"): ``scale * logit + shift``.

    Attributes
    ----------
    scale : float
        Above 0, so that the order of detections stays.
    shift : float
    data : str
        What it was fitted on.

    Raises
    ------
    ModelError
        If the scale is not above 0, or a number is not finite.

    Examples
    --------
    >>> Calibration(scale=2.0).probability(np.array([0.5, 0.8], np.float32)).round(2).tolist()
    [0.5, 0.9399999976158142]
    """

    scale: float = 1.0
    shift: float = 0.0
    data: str = ""

    def __post_init__(self) -> None:
        if not (np.isfinite([self.scale, self.shift]).all() and self.scale > 0):
            raise ModelError(f"calibration of a detector: scale {self.scale} and shift {self.shift} are not usable")

    def probability(self, scores: Float32) -> Float32:
        """Return the probability of a face for each score, float32 (N,)."""
        bounded = np.asarray(scores, np.float64).clip(_LEAST_SCORE, _MOST_SCORE)
        from scipy.special import expit, logit  # not before: tables are read without it

        return expit(self.scale * logit(bounded) + self.shift).astype(np.float32)

    def score(self, probability: float) -> float:
        """Return the detector's own score that stands for a probability.

        Examples
        --------
        >>> round(Calibration(scale=2.0).score(0.94), 2)
        0.8
        """
        bounded = min(max(probability, _LEAST_SCORE), _MOST_SCORE)
        from scipy.special import expit, logit

        return float(expit((logit(bounded) - self.shift) / self.scale))


@dataclass(frozen=True)
class DetectorCard(ModelCard):
    """What a program needs to know of a detector, besides what :class:`facestats.models.cards.ModelCard` has.

    A detector whose weights come from elsewhere has a card too: for its calibration.

    Attributes
    ----------
    calibration : Calibration
        From the network's scores to probabilities.
    kind : str
        ``"detector"``, by which this card is told from an attribute model's.

    Raises
    ------
    ModelError
        If the card is of another version, or has no calibration.
    """

    title: ClassVar[str] = "the card of a detector"
    need: ClassVar[str] = "a detector needs its card beside it, which tells what a score means"

    network: str = field(kw_only=True)
    input_mean: float = field(kw_only=True)
    input_std: float = field(kw_only=True)
    calibration: Calibration = field(kw_only=True)
    kind: str = field(default="detector", kw_only=True)

    @classmethod
    def parse(cls, raw: dict[str, Any]) -> Self:
        """Return the card that a JSON object stands for."""
        if isinstance(raw, dict) and raw.get("calibration") is None:
            name = raw.get("name", "without a name")
            raise ModelError(
                f"the card of detector {name!r} has no calibration, so that its scores mean nothing: train it anew"
            )
        check_fields(cls, raw)
        check_fields(Calibration, raw["calibration"], "calibration.")
        return cls(**{**raw, "calibration": Calibration(**raw["calibration"])})

    def figures(self) -> dict[str, pd.DataFrame]:
        """Return the figures of the card as tables, see :func:`facestats.models.figures.detector_figures`."""
        return detector_figures(self.metrics)


def shipped_card(name: str) -> DetectorCard:
    """Return the card of a detector that has a name here, whoever made its weights.

    Raises
    ------
    ModelError
        If the card is absent or damaged.

    Examples
    --------
    >>> shipped_card("centerface").name
    'centerface'
    """
    return DetectorCard.read(bundled("models") / "detectors" / name / CARD_FILE)


def shipped_detector(name: str = "fast") -> tuple[Path, DetectorCard]:
    """Return ONNX file and card of a detector that ships with facestats; the file is the one its card vouches for.

    Raises
    ------
    ModelError
        If the card is absent or damaged, or the file is absent or not the one that the card vouches for.

    Examples
    --------
    >>> shipped_detector()[1].name
    'fast'
    """
    path, card = bundled("models") / "detectors" / name / ONNX_FILE, shipped_card(name)
    card.check_file(path)
    return path, card
