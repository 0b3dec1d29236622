"""The model registry: look-up by name, the card of each model, hashes, and files fetched on request.

A model is a folder of four files: ``model.onnx`` (what runs), ``weights.safetensors`` (the same weights, for
PyTorch), ``card.json`` (what a program needs to know of it) and ``card.md`` (what a person needs to know: data,
licence terms, validation figures, limits). Models ship with the package; ``--models-path`` adds folders of the user's
own, which may hold one model or several; such a model needs ``card.json`` and either of the two files with weights.
Nothing is downloaded at import, and nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from facestats.errors import ModelError, OutputError, UnknownNameError
from facestats.files import written_aside
from facestats.resources import bundled
from facestats.schema import ATTRIBUTE_CLASSES, VERDICT_COLUMNS
from facestats.types import Float32

CARD_VERSION = 1
CARD_FILE = "card.json"
ONNX_FILE = "model.onnx"
WEIGHTS_FILE = "weights.safetensors"

#: The model that speaks for an attribute unless ``--model attribute=name`` says otherwise.
DEFAULT_MODELS: Mapping[str, str] = {
    "expression": "expression-mini-xception",
    "gender": "gender-mini-xception",
    "age": "age-mini-xception",
    "makeup": "makeup-mini-xception",
}


@dataclass(frozen=True)
class Head:
    """One attribute that a model predicts.

    Attributes
    ----------
    attribute : str
        ``"expression"``, ``"gender"``, ``"age"`` or ``"makeup"``.
    output : str
        Name of the ONNX output: float32 (N, K) logits.
    classes : tuple of str
        The K classes in the order of the logits: a subset of the attribute's classes in
        :data:`facestats.schema.ATTRIBUTE_CLASSES`, or, for age, years ``"0"``, ``"1"``, ... (a distribution over
        years).
    temperature : float
        The logits are divided by it before the softmax (Guo et al., 2017, arXiv 1706.04599).
    threshold : float
        A verdict whose probability stays below it is "unknown".
    temperatures : tuple of tuple of float
        Temperatures of faces that few pixels show: pairs of ``pixels`` (see
        :attr:`facestats.types.FaceCrops.pixels`), ascending, and temperature. Between two its logarithm is linear in
        that of the pixels; below the first and beyond the last it stays. Without any, ``temperature`` holds for all.
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

    def __post_init__(self) -> None:
        if self.attribute not in ATTRIBUTE_CLASSES:
            raise ModelError(f"unknown attribute {self.attribute!r}; there are {', '.join(ATTRIBUTE_CLASSES)}")
        known = set(ATTRIBUTE_CLASSES[self.attribute])
        if len(set(self.classes)) != len(self.classes) or len(self.classes) < 2:
            raise ModelError(f"{self.attribute}: classes must be at least two and differ, got {self.classes}")
        if not (set(self.classes) <= known or self.is_years):
            raise ModelError(
                f"{self.attribute}: unknown classes {sorted(set(self.classes) - known)}; known are {sorted(known)}"
            )
        if not self.temperature > 0 or not 0 <= self.threshold <= 1:
            raise ModelError(f"{self.attribute}: temperature must be positive and threshold in [0, 1]")
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
class Card:
    """What a program needs to know of a model; the contents of ``card.json``.

    Attributes
    ----------
    name : str
        Also the name of the model's folder.
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
    input_mean, input_std : float
        Pixels in [0, 255] are fed as ``(pixel - input_mean) / input_std``.
    framing : str
        The crops that the model was trained on, see :data:`facestats.crops.FRAMING`.
    files : mapping of str to str
        sha256 of each file of the folder that the card vouches for.
    data, licence, limits : str
        What it was trained on, on what terms, and where it fails.
    metrics : mapping
        Figures measured on validation data.

    Raises
    ------
    ModelError
        If a value does not make sense.
    """

    name: str
    heads: tuple[Head, ...]
    network: str = "custom"
    input_name: str = "faces"
    input_size: int = 48
    input_color: str = "rgb"
    input_mean: float = 127.5
    input_std: float = 127.5
    framing: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    data: str = ""
    licence: str = ""
    limits: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    card_version: int = CARD_VERSION

    def __post_init__(self) -> None:
        if self.card_version != CARD_VERSION:
            raise ModelError(f"card {self.name!r} has version {self.card_version}; this facestats reads {CARD_VERSION}")
        if not self.heads or len({head.attribute for head in self.heads}) != len(self.heads):
            raise ModelError(f"card {self.name!r} must have one head or several, of different attributes")
        if self.input_color not in ("gray", "rgb") or self.input_size < 8 or not self.input_std > 0:
            raise ModelError(f"card {self.name!r}: input_color must be gray or rgb, input_size >= 8, input_std > 0")

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that the model predicts."""
        return tuple(head.attribute for head in self.heads)

    def to_json(self) -> str:
        """Return the text of ``card.json``."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, path: Path) -> Card:
        """Read a ``card.json``.

        Raises
        ------
        ModelError
            If the file is absent, is not JSON, or has unknown or ill-fitting keys.
        """
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            heads = tuple(_read_head(head) for head in raw.pop("heads"))
            return cls(heads=heads, **raw)
        except FileNotFoundError:
            raise ModelError(
                f"no {CARD_FILE} in {path.parent}: a model needs one, see README, 'Your own models'"
            ) from None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ModelError(f"{path} is not JSON: {error}") from None
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ModelError(f"{path} is not a model card: {error}") from None


def _read_head(raw: Mapping[str, Any]) -> Head:
    temperatures = tuple((float(pixels), float(value)) for pixels, value in raw.get("temperatures", ()))
    return Head(**{**raw, "classes": tuple(raw["classes"]), "temperatures": temperatures})


@dataclass(frozen=True)
class Model:
    """A model's folder and its card.

    Attributes
    ----------
    folder : pathlib.Path
    card : Card
    """

    folder: Path
    card: Card

    @property
    def name(self) -> str:
        """The model's name."""
        return self.card.name

    def verify(self) -> str:
        """Check the files against the card's hashes and return the sha256 of the one that runs.

        That is ``model.onnx``, or ``weights.safetensors`` in a folder without it.

        Raises
        ------
        ModelError
            If a file is absent or is not the one that the card vouches for.
        """
        for name, expected in self.card.files.items():
            path = self.folder / name
            if not path.is_file():
                raise ModelError(f"model {self.name!r} lacks {path}")
            if sha256_of(path) != expected:
                raise ModelError(f"{path} is not the file that its card vouches for (sha256 differs): restore it")
        for name in (ONNX_FILE, WEIGHTS_FILE):
            if (self.folder / name).is_file():
                return sha256_of(self.folder / name)
        raise ModelError(f"model {self.name!r} has neither {ONNX_FILE} nor {WEIGHTS_FILE} in {self.folder}")

    def onnx_file(self) -> Path:
        """Return the path of the ONNX file: ``model.onnx``, or one built once from the weights in :func:`cache_dir`.

        Raises
        ------
        ModelError
            If there is no ONNX file and the weights do not fit the network that the card names.
        OutputError
            If the cache folder is not writable.
        """
        path = self.folder / ONNX_FILE
        if not path.is_file():
            card = hashlib.sha256(self.card.to_json().encode()).hexdigest()
            path = cache_dir() / "onnx" / f"{sha256_of(self.folder / WEIGHTS_FILE)[:16]}-{card[:16]}.onnx"
            if not path.is_file():
                from facestats.training.export import build_onnx  # imports torch

                build_onnx(self, path)
        return path


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file as 64 hex digits, read in pieces.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as empty:
    ...     sha256_of(Path(empty.name))[:8]
    'e3b0c442'
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_detector_card(path: Path) -> bool:
    """Say whether a ``card.json`` is that of a face detector, which is no attribute model.

    Examples
    --------
    >>> is_detector_card(bundled("models") / "expression-mini-xception" / "card.json")
    False
    """
    try:
        return json.loads(path.read_text(encoding="utf-8")).get("kind") == "detector"
    except (ValueError, AttributeError):
        return False


def find_models(models_path: Sequence[Path] = ()) -> dict[str, Model]:
    """Return every model by name: the user's folders first, then the shipped ones.

    Parameters
    ----------
    models_path : sequence of pathlib.Path
        Each is a model's own folder (with a ``card.json``) or a folder of such folders.

    Raises
    ------
    UnknownNameError
        If a folder does not exist or holds no model.
    ModelError
        If a card cannot be read.

    Examples
    --------
    >>> all(name == model.name for name, model in find_models().items())
    True
    """
    found: dict[str, Model] = {}
    for root in (*models_path, bundled("models")):
        folders = [root] if (root / CARD_FILE).is_file() else sorted(root.iterdir()) if root.is_dir() else []
        cards = [folder / CARD_FILE for folder in folders if (folder / CARD_FILE).is_file()]
        models = [Model(path.parent, Card.read(path)) for path in cards if not is_detector_card(path)]
        if not models and root in models_path:
            raise UnknownNameError(
                f"no model in {root}: --models-path needs a folder with a {CARD_FILE} in or below it"
            )
        for model in models:
            found.setdefault(model.name, model)
    return found


def choose_models(selection: Mapping[str, str], models_path: Sequence[Path] = ()) -> dict[str, Model]:
    """Return the model of each attribute.

    Parameters
    ----------
    selection : mapping of str to str
        Attribute to model name, or to ``"none"`` to leave the attribute out. Attributes that it does not name get a
        model of ``models_path`` that serves them, or else the shipped default.
    models_path : sequence of pathlib.Path
        See :func:`find_models`.

    Raises
    ------
    UnknownNameError
        If an attribute or a model is unknown, or the model does not serve the attribute.

    Examples
    --------
    >>> choose_models({name: "none" for name in ATTRIBUTE_CLASSES})
    {}
    """
    models = find_models(models_path)
    own = [model for model in models.values() if model.folder.parent != bundled("models")]
    for attribute in selection:
        if attribute not in ATTRIBUTE_CLASSES:
            raise UnknownNameError(f"unknown attribute {attribute!r}; there are {', '.join(ATTRIBUTE_CLASSES)}")
    chosen: dict[str, Model] = {}
    for attribute in ATTRIBUTE_CLASSES:
        name = selection.get(attribute)
        if name is None:
            name = next((model.name for model in own if attribute in model.card.attributes), DEFAULT_MODELS[attribute])
        if name == "none":
            continue
        if name not in models:
            raise UnknownNameError(f"unknown model {name!r}; there are {', '.join(sorted(models)) or 'none'}")
        if attribute not in models[name].card.attributes:
            raise UnknownNameError(
                f"model {name!r} does not predict {attribute}, only {', '.join(models[name].card.attributes)}"
            )
        chosen[attribute] = models[name]
    return chosen


def thresholds(models: Mapping[str, Model]) -> dict[str, float]:
    """Return the "unknown" threshold of each attribute, from the cards.

    Examples
    --------
    >>> thresholds({})
    {}
    """
    return {
        attribute: next(head.threshold for head in model.card.heads if head.attribute == attribute)
        for attribute, model in models.items()
        if attribute in VERDICT_COLUMNS
    }


@dataclass(frozen=True)
class Download:
    """A file that is fetched only when asked for.

    Attributes
    ----------
    file : str
    url : str
    sha256 : str
    licence : str
    """

    file: str
    url: str
    sha256: str
    licence: str


DOWNLOADS: Mapping[str, Download] = {
    "yunet": Download(
        file="yunet_n_dynamic.onnx",
        url="https://github.com/ShiqiYu/libfacedetection.train/raw/"
        "dca340aa082c71081a68d17db8e58b33a58a914b/onnx/yunet_n_dynamic.onnx",
        sha256="104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12",
        licence="Apache-2.0",
    ),
}


def cache_dir() -> Path:
    """Return the folder for fetched files: ``$FACESTATS_CACHE``, else ``facestats`` in the user's cache folder."""
    own = os.environ.get("FACESTATS_CACHE")
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(own) if own else (Path(base) if base else Path.home() / ".cache") / "facestats"


def pulled_file(name: str) -> Path | None:
    """Return the path of a fetched file, or None if it was not fetched yet.

    Raises
    ------
    UnknownNameError
        If nothing of this name can be fetched.
    """
    path = cache_dir() / _download(name).file
    return path if path.is_file() else None


def _download(name: str) -> Download:
    if name not in DOWNLOADS:
        raise UnknownNameError(f"nothing called {name!r} can be pulled; there is {', '.join(DOWNLOADS)}")
    return DOWNLOADS[name]


def pull(name: str, *, timeout_s: float = 60.0) -> Path:
    """Fetch a file once, check its sha256 and return its path.

    Raises
    ------
    UnknownNameError
        If nothing of this name can be fetched.
    ModelError
        If the address cannot be reached, or answers with another file.
    OutputError
        If the cache folder is not writable.
    """
    download = _download(name)
    path = cache_dir() / download.file
    if path.is_file() and sha256_of(path) == download.sha256:
        return path
    try:
        with urllib.request.urlopen(download.url, timeout=timeout_s) as answer:
            content = answer.read()
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise ModelError(
            f"cannot fetch {download.url} ({reason}): check the network, or put the file at {path} yourself"
        ) from None
    if hashlib.sha256(content).hexdigest() != download.sha256:
        raise ModelError(f"{download.url} answered with another file (sha256 differs): nothing was kept")
    try:
        with written_aside(path) as part:
            part.write_bytes(content)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; set FACESTATS_CACHE to a writable folder") from None
    return path
