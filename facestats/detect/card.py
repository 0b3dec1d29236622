"""What is known of a detector that facestats trained: the card in its folder, as every model has one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit, logit

from facestats._util.files import sha256_of
from facestats._util.resources import bundled
from facestats.errors import ModelError
from facestats.models.cards import CARD_FILE, CARD_VERSION, ONNX_FILE
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
        return expit(self.scale * logit(bounded) + self.shift).astype(np.float32)

    def score(self, probability: float) -> float:
        """Return the detector's own score that stands for a probability.

        Examples
        --------
        >>> round(Calibration(scale=2.0).score(0.94), 2)
        0.8
        """
        bounded = min(max(probability, _LEAST_SCORE), _MOST_SCORE)
        return float(expit((logit(bounded) - self.shift) / self.scale))


@dataclass(frozen=True)
class DetectorCard:
    """The contents of a detector's ``card.json``.

    A detector whose weights come from elsewhere has a card too: for its calibration.

    Attributes
    ----------
    name : str
        Also the name of the folder.
    network : str
        Name of the network.
    input_mean, input_std : float
        Pixels in [0, 255], RGB, are fed as ``(pixel - input_mean) / input_std``.
    files : mapping of str to str
        sha256 of each file of the folder that the card vouches for.
    data, licence, limits : str
        What it was trained on, on what terms, and where it fails.
    kind : str
        ``"detector"``, by which this card is told from an attribute model's.
    metrics : mapping
        Figures of :func:`facestats.evaluation.detection.evaluate_detector` on validation data.
    calibration : Calibration
        From the network's scores to probabilities.

    Raises
    ------
    ModelError
        If the card is of another version, or has no calibration.
    """

    name: str
    network: str
    input_mean: float
    input_std: float
    files: Mapping[str, str] = field(default_factory=dict)
    data: str = ""
    licence: str = ""
    limits: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = None
    kind: str = "detector"
    card_version: int = CARD_VERSION

    def __post_init__(self) -> None:
        if self.card_version != CARD_VERSION:
            raise ModelError(f"card {self.name!r} has version {self.card_version}; this facestats reads {CARD_VERSION}")
        if self.calibration is None:
            raise ModelError(
                f"the card of detector {self.name!r} has no calibration, so that its scores mean nothing: train it anew"
            )

    def to_json(self) -> str:
        """Return the text of ``card.json``."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, path: Path) -> DetectorCard:
        """Read a ``card.json``.

        Raises
        ------
        ModelError
            If the file is absent, is not JSON, or has unknown or missing keys.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content.get("calibration") is not None:
                content["calibration"] = Calibration(**content["calibration"])
            return cls(**content)
        except FileNotFoundError:
            raise ModelError(
                f"no {CARD_FILE} in {path.parent}: a detector needs its card beside it, which tells what a score means"
            ) from None
        except (ValueError, TypeError, AttributeError) as error:
            raise ModelError(f"{path} is not the card of a detector: {error}") from None


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
        If the file is absent or another one.

    Examples
    --------
    >>> shipped_detector()[1].name
    'fast'
    """
    path, card = bundled("models") / "detectors" / name / ONNX_FILE, shipped_card(name)
    if not path.is_file():
        raise ModelError(f"{path} is missing: install facestats again")
    if sha256_of(path) != card.files.get(ONNX_FILE):
        raise ModelError(f"{path} is not the file that its card vouches for (sha256 differs): restore it")
    return path, card
