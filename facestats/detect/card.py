"""What is known of a detector that facestats trained: the card in its folder, as every model has one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from facestats.card import CARD_FILE, CARD_VERSION, ONNX_FILE
from facestats.errors import ModelError
from facestats.files import sha256_of
from facestats.resources import bundled


@dataclass(frozen=True)
class DetectorCard:
    """The contents of a detector's ``card.json``.

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

    Raises
    ------
    ModelError
        If the card is of another version.
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
    kind: str = "detector"
    card_version: int = CARD_VERSION

    def __post_init__(self) -> None:
        if self.card_version != CARD_VERSION:
            raise ModelError(f"card {self.name!r} has version {self.card_version}; this facestats reads {CARD_VERSION}")

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
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise ModelError(f"no {CARD_FILE} in {path.parent}: install facestats again") from None
        except (ValueError, TypeError) as error:
            raise ModelError(f"{path} is not the card of a detector: {error}") from None


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
    folder = bundled("models") / "detectors" / name
    card = DetectorCard.read(folder / CARD_FILE)
    path = folder / ONNX_FILE
    if not path.is_file():
        raise ModelError(f"{path} is missing: install facestats again")
    if sha256_of(path) != card.files.get(ONNX_FILE):
        raise ModelError(f"{path} is not the file that its card vouches for (sha256 differs): restore it")
    return path, card
