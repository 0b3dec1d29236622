"""What is known of the layer that says of a detection, looked at closely, whether it is a face: its card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import pandas as pd

from facestats.errors import ModelError
from facestats.models.cards import ModelCard, file_of_kind
from facestats.models.fields import check_fields

#: What ``kind`` says in the card of such a layer.
FACENESS = "faceness"


@dataclass(frozen=True)
class FacenessCard(ModelCard):
    """What a program needs to know of such a layer, besides what :class:`facestats.models.cards.ModelCard` has.

    Attributes
    ----------
    layers : tuple of str
        Which layers of CenterFace it reads, see :func:`facestats.models.centerface.free_network`.
    layers_of : str
        sha256 of the file whose layers these are.
    wide : float
        How many times as wide, and as high, as the longer side of the detection's box its picture is.
    input_size : int
        Side of the picture in pixels, a multiple of 32.
    kind : str
        ``"faceness"``, by which this card is told from others.

    Raises
    ------
    ModelError
        If the card is of another version, or its picture makes no sense.
    """

    title: ClassVar[str] = "the card of a layer that judges detections"
    need: ClassVar[str] = "the layer needs its card beside it, which tells what it reads"

    layers: tuple[str, ...] = field(kw_only=True)
    layers_of: str = field(kw_only=True)
    wide: float = field(kw_only=True)
    input_size: int = field(kw_only=True)
    input_name: str = field(default="features", kw_only=True)
    output_name: str = field(default="log_odds", kw_only=True)
    kind: str = field(default=FACENESS, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.layers and self.wide >= 1 and self.input_size > 0 and self.input_size % 32 == 0):
            raise ModelError(
                f"card {self.name!r}: layers must be named, wide at least 1, and input_size a multiple of 32"
            )

    @classmethod
    def parse(cls, raw: dict[str, Any]) -> Self:
        """Return the card that a JSON object stands for."""
        check_fields(cls, raw)
        return cls(**{**raw, "layers": tuple(raw["layers"])})

    @property
    def behaviour(self) -> str:
        """Hash of all in the card that changes what is made of a detection, 64 hex digits."""
        told = {name: getattr(self, name) for name in ("layers", "layers_of", "wide", "input_size")}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def figures(self) -> dict[str, pd.DataFrame]:
        """Return the figures of the card as tables: data sets, each kept out of the fit in turn."""
        return {"kept_out": pd.DataFrame(self.metrics["kept_out"])} if self.metrics.get("kept_out") else {}


def find_faceness(models_path: Sequence[Path] = ()) -> tuple[Path, FacenessCard] | None:
    """Return ONNX file and card of the layer: the user's, or else that which ships with facestats.

    See :func:`facestats.models.cards.file_of_kind`, as for errors.

    Examples
    --------
    >>> found = find_faceness()
    >>> found is None or found[1].kind == "faceness"
    True
    """
    return file_of_kind(FacenessCard, FACENESS, models_path)
