"""A model's card: what a program needs to know of a network, as ``card.json`` holds it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
import pandas as pd

from facestats._util.files import sha256_of
from facestats._util.resources import bundled
from facestats.errors import ModelError
from facestats.models.attributes import ATTRIBUTE_CLASSES, BUILT_IN, problem_of
from facestats.models.familiarity import FAMILIARITY_OUTPUT, Familiarity
from facestats.models.fields import check_fields
from facestats.models.figures import attribute_figures
from facestats.types import Float32

CARD_VERSION = 1
CARD_FILE = "card.json"
ONNX_FILE = "model.onnx"
WEIGHTS_FILE = "weights.safetensors"


@dataclass(frozen=True)
class Head:
    """One attribute that a model predicts.

    Attributes
    ----------
    attribute : str
        ``"expression"``, ``"gender"``, ``"age"``, ``"makeup"``, or one of the user's own.
    output : str
        Name of the ONNX output: float32 (N, K) logits.
    classes : tuple of str
        The K classes in the order of the logits: a subset of the attribute's classes in
        :data:`facestats.models.attributes.ATTRIBUTE_CLASSES`, or, for age, years ``"0"``, ``"1"``, ... (a distribution
        over years).
    temperature : float
        The logits are divided by it before the softmax (Guo et al., 2017, arXiv 1706.04599).
    threshold : float
        A verdict whose probability stays below it is "unknown".
    temperatures : tuple of tuple of float
        Temperatures of faces that few pixels show: pairs of ``pixels`` (see
        :attr:`facestats.types.FaceCrops.pixels`), ascending, and temperature. Between two its logarithm is linear in
        that of the pixels; below the first and beyond the last it stays. Without any, ``temperature`` holds for all.
    track_temperature : float
        The logarithms of a track's pooled probabilities are divided by it; not for expression, of which a track has
        shares, no probabilities.
    limits : str
        Where the model fails at this attribute, for people.
    """

    attribute: str
    output: str
    classes: tuple[str, ...]
    temperature: float = 1.0
    threshold: float = 0.5
    temperatures: tuple[tuple[float, float], ...] = ()
    limits: str = ""
    track_temperature: float = 1.0

    def __post_init__(self) -> None:
        own = self.attribute not in BUILT_IN
        if own and (problem := problem_of(self.attribute, self.classes)) is not None:
            raise ModelError(f"attribute: {problem}")
        known = set(self.classes if own else ATTRIBUTE_CLASSES[self.attribute])
        if len(set(self.classes)) != len(self.classes) or len(self.classes) < 2:
            raise ModelError(f"{self.attribute}: classes must be at least two and differ, got {self.classes}")
        if not (set(self.classes) <= known or self.is_years):
            raise ModelError(
                f"{self.attribute}: unknown classes {sorted(set(self.classes) - known)}; known are {sorted(known)}"
            )
        if not self.temperature > 0:
            raise ModelError(f"{self.attribute}: temperature must be positive, not {self.temperature}")
        if not 0 < self.track_temperature < float("inf"):
            raise ModelError(f"{self.attribute}: track_temperature must be positive, not {self.track_temperature}")
        if not 0 <= self.threshold <= 1:
            raise ModelError(f"{self.attribute}: threshold must be in [0, 1], not {self.threshold}")
        pairs = np.array(self.temperatures, np.float64).reshape(-1, 2)
        if not (np.isfinite(pairs) & (pairs > 0)).all() or (np.diff(pairs[:, 0]) <= 0).any():
            raise ModelError(f"{self.attribute}: temperatures must be positive and finite, their pixels ascending")

    @property
    def is_years(self) -> bool:
        """Whether the classes are years of age rather than groups."""
        return self.attribute == "age" and all(name.isdigit() for name in self.classes)

    def temperatures_at(self, pixels: Float32 | None) -> float | Float32:
        """Return what the logits of faces are divided by.

        Parameters
        ----------
        pixels : numpy.ndarray or None
            float (N,): see :attr:`facestats.types.FaceCrops.pixels`; None where that is not known.

        Returns
        -------
        float or numpy.ndarray
            One temperature for all, or float32 (N, 1).

        Examples
        --------
        >>> head = Head("gender", "gender", ("female", "male"), 1.0, temperatures=((16, 4.0), (64, 1.0)))
        >>> head.temperatures_at(np.array([8.0, 32.0, 200.0])).ravel().tolist()
        [4.0, 2.0, 1.0]
        """
        if pixels is None or not self.temperatures:
            return self.temperature
        sizes, temperatures = np.log(np.array(self.temperatures, np.float64)).T
        return np.exp(np.interp(np.log(np.maximum(pixels, 1)), sizes, temperatures))[:, None].astype(np.float32)


@dataclass(frozen=True)
class ModelCard:
    """What every card holds: the contents of ``card.json`` in the folder of a network.

    Attributes
    ----------
    name : str
        Also the name of the folder.
    network : str
        Name of the network, or ``"custom"``.
    input_mean, input_std : float
        Pixels in [0, 255] are fed as ``(pixel - input_mean) / input_std``.
    files : mapping of str to str
        sha256 of each file of the folder that the card vouches for.
    data, licence, limits : str
        What it was trained on, on what terms, and where it fails.
    metrics : mapping
        Figures measured on validation data.

    Raises
    ------
    ModelError
        If the card is of another version.
    """

    #: What the card is of, and why there must be one, for errors.
    title: ClassVar[str] = "a model card"
    need: ClassVar[str] = "a model needs one, see docs/guide/own-models.md"

    name: str
    network: str = field(default="custom", kw_only=True)
    input_mean: float = field(default=127.5, kw_only=True)
    input_std: float = field(default=127.5, kw_only=True)
    files: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    data: str = field(default="", kw_only=True)
    licence: str = field(default="", kw_only=True)
    limits: str = field(default="", kw_only=True)
    metrics: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    card_version: int = field(default=CARD_VERSION, kw_only=True)

    def __post_init__(self) -> None:
        if self.card_version != CARD_VERSION:
            raise ModelError(f"card {self.name!r} has version {self.card_version}; this facestats reads {CARD_VERSION}")

    def check_file(self, path: Path) -> None:
        """Raise unless a file of the folder is there and is the one that the card vouches for.

        Raises
        ------
        ModelError
            If it is absent or another one.
        """
        if not path.is_file():
            raise ModelError(f"model {self.name!r} lacks {path}: it is missing")
        if sha256_of(path) != self.files.get(path.name):
            raise ModelError(f"{path} is not the file that its card vouches for (sha256 differs): restore it")

    def to_json(self) -> str:
        """Return the text of ``card.json``."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def parse(cls, raw: dict[str, Any]) -> Self:
        """Return the card that a JSON object stands for."""
        check_fields(cls, raw)
        return cls(**raw)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a ``card.json``.

        Raises
        ------
        ModelError
            If the file is absent, is not JSON, or has unknown, missing or ill-fitting keys.
        """
        try:
            return cls.parse(json.loads(path.read_text(encoding="utf-8")))
        except ModelError as error:
            raise ModelError(f"{path} is not {cls.title}: {error}") from None
        except FileNotFoundError:
            raise ModelError(f"no {CARD_FILE} in {path.parent}: {cls.need}") from None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ModelError(f"{path} is not JSON: {error}") from None
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ModelError(f"{path} is not {cls.title}: {error}") from None


@dataclass(frozen=True)
class Card(ModelCard):
    """What a program needs to know of a model of attributes, besides what :class:`ModelCard` has.

    Attributes
    ----------
    heads : tuple of Head
        One attribute or several.
    network : str
        Name of the network in :mod:`facestats.training.networks`, or ``"custom"``.
    input_name : str
        Name of the ONNX input: float32 (N, C, S, S).
    input_size : int
        S, the side of the crop in pixels.
    input_color : str
        ``"gray"`` (C = 1) or ``"rgb"`` (C = 3).
    framing : str
        The crops that the model was trained on, see :data:`facestats.classify.crops.FRAMING`.
    familiarity : Familiarity or None
        How the model notices faces unlike those that it was trained on; None if it does not.

    Raises
    ------
    ModelError
        If a value does not make sense.
    """

    heads: tuple[Head, ...]
    input_name: str = field(default="faces", kw_only=True)
    input_size: int = field(default=48, kw_only=True)
    input_color: str = field(default="rgb", kw_only=True)
    framing: str = field(default="", kw_only=True)
    familiarity: Familiarity | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.heads or len({head.attribute for head in self.heads}) != len(self.heads):
            raise ModelError(f"card {self.name!r}: heads must be one or several, of different attributes")
        if self.input_color not in ("gray", "rgb"):
            raise ModelError(f"card {self.name!r}: input_color must be gray or rgb, not {self.input_color!r}")
        if self.input_size < 8:
            raise ModelError(f"card {self.name!r}: input_size must be 8 or more, not {self.input_size}")
        if not self.input_std > 0:
            raise ModelError(f"card {self.name!r}: input_std must be above 0, not {self.input_std}")
        known = {head.output for head in self.heads}
        if FAMILIARITY_OUTPUT in known:
            raise ModelError(f"card {self.name!r}: the output of a head cannot be called {FAMILIARITY_OUTPUT!r}")
        if self.familiarity is not None and self.familiarity.output not in {*known, FAMILIARITY_OUTPUT}:
            raise ModelError(
                f"card {self.name!r}: familiarity must name the output of a head, or {FAMILIARITY_OUTPUT!r}"
            )

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that the model predicts."""
        return tuple(head.attribute for head in self.heads)

    @property
    def outputs(self) -> dict[str, int]:
        """The outputs of the network, and how many numbers each has for a face."""
        own = self.familiarity is not None and self.familiarity.output == FAMILIARITY_OUTPUT
        return {head.output: len(head.classes) for head in self.heads} | ({FAMILIARITY_OUTPUT: 1} if own else {})

    @property
    def behaviour(self) -> str:
        """Hash of all in the card that changes what is made of the weights' answers, 64 hex digits."""
        told = {name: value for name, value in asdict(self).items() if name.startswith("input_") or name == "heads"}
        if self.familiarity is not None:
            told["familiarity"] = asdict(self.familiarity)
        for head in told["heads"]:
            del head["limits"]
            if head["track_temperature"] == 1:  # as in cards that do not have it yet
                del head["track_temperature"]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    @classmethod
    def parse(cls, raw: dict[str, Any]) -> Self:
        """Return the card that a JSON object stands for."""
        check_fields(cls, raw)
        for place, head in enumerate(raw["heads"]):
            check_fields(Head, head, f"heads[{place}].")
        read: dict[str, Any] = {"heads": tuple(_read_head(head) for head in raw["heads"])}
        if raw.get("familiarity") is not None:
            check_fields(Familiarity, raw["familiarity"], "familiarity.")
            read["familiarity"] = Familiarity(**raw["familiarity"])
        return cls(**{**raw, **read})

    def figures(self) -> dict[str, pd.DataFrame]:
        """Return the figures of the card as tables, see :func:`facestats.models.figures.attribute_figures`."""
        return attribute_figures(self.metrics)


def _read_head(raw: Mapping[str, Any]) -> Head:
    temperatures = tuple((float(pixels), float(value)) for pixels, value in raw.get("temperatures", ()))
    return Head(**{**raw, "classes": tuple(raw["classes"]), "temperatures": temperatures})


def folder_of_kind(kind: str, models_path: Sequence[Path] = ()) -> Path | None:
    """Return the folder of the first model whose card is of a kind: the user's, or else that which ships; or None.

    Parameters
    ----------
    kind : str
        See :func:`kind_of`.
    models_path : sequence of pathlib.Path
        Each is a model's own folder or a folder of model folders; see :func:`facestats.models.registry.find_models`.

    Examples
    --------
    >>> folder_of_kind("harvest") is None
    True
    """
    for root in (*models_path, bundled("models")):
        for folder in (root, *(sorted(root.iterdir()) if root.is_dir() else [])):
            if (folder / CARD_FILE).is_file() and kind_of(folder / CARD_FILE) == kind:
                return folder
    return None


CardT = TypeVar("CardT", bound=ModelCard)


def file_of_kind(card: type[CardT], kind: str, models_path: Sequence[Path] = ()) -> tuple[Path, CardT] | None:
    """Return ONNX file and card of the first model of a kind, see :func:`folder_of_kind`; None if there is none.

    Raises
    ------
    ModelError
        If the card is damaged, or the file is absent or not the one that the card vouches for.

    Examples
    --------
    >>> file_of_kind(ModelCard, "harvest") is None
    True
    """
    folder = folder_of_kind(kind, models_path)
    if folder is None:
        return None
    found = card.read(folder / CARD_FILE)
    found.check_file(folder / ONNX_FILE)
    return folder / ONNX_FILE, found


def kind_of(path: Path) -> str:
    """Return of what a ``card.json`` is: ``"attributes"``, where it says nothing else; also where it is damaged.

    Examples
    --------
    >>> from facestats._util.resources import bundled
    >>> kind_of(bundled("models") / "expression" / "card.json")
    'attributes'
    """
    try:
        return str(json.loads(path.read_text(encoding="utf-8")).get("kind", "attributes"))
    except (ValueError, AttributeError):
        return "attributes"
