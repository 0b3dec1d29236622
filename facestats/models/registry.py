"""The model registry: look-up by name, and the hashes of each model's files.

A model is a folder of four files: ``model.onnx`` (what runs), ``weights.safetensors`` (the same weights, for
PyTorch), ``card.json`` (what a program needs to know of it) and ``card.md`` (what a person needs to know: data,
licence terms, validation figures, limits). One with ``ranges.json`` runs with eight-bit weights on processors, see
:mod:`facestats.models.quick`. Models ship with the package; ``--models-path`` adds folders of the user's
own, which may hold one model or several; such a model needs ``card.json`` and either of the two files with weights.
Nothing is downloaded at import, and nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from facestats._util import hooks
from facestats._util.files import cache_dir, sha256_of
from facestats._util.resources import bundled
from facestats.errors import ModelError, UnknownNameError
from facestats.models.attributes import BUILT_IN, VERDICT_COLUMNS, declare, track_temperature_key
from facestats.models.cards import CARD_FILE, ONNX_FILE, WEIGHTS_FILE, Card, folder_of_kind, kind_of
from facestats.models.detectors import DetectorCard, shipped_card
from facestats.models.embedding import EMBEDDING, EmbeddingCard, find_embedding
from facestats.models.faceness import FACENESS, FacenessCard, find_faceness

#: The model that speaks for an attribute unless ``--model attribute=name`` says otherwise.
DEFAULT_MODELS: Mapping[str, str] = {
    "expression": "expression",
    "gender": "people",
    "age": "people",
    "makeup": "people",
}


@dataclass(frozen=True)
class Model:
    """A model's folder and its card."""

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
        for name in self.card.files:
            self.card.check_file(self.folder / name)
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
                hooks.call("build_onnx", self, path)  # needs torch
        return path


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
        If no card of a folder can be read; see :func:`broken_models` for those that are left out beside others.

    Examples
    --------
    >>> all(name == model.name for name, model in find_models().items())
    True
    """
    found: dict[str, Model] = {}
    for root in (*models_path, bundled("models")):
        models, broken = _models_in(root)
        if not models and root in models_path:
            if broken:
                raise next(iter(broken.values()))
            if any(folder_of_kind(kind, [root]) != folder_of_kind(kind) for kind in (EMBEDDING, FACENESS)):
                continue
            raise UnknownNameError(
                f"no model in {root}: --models-path needs a folder with a {CARD_FILE} in or below it"
            )
        for model in models:
            found.setdefault(model.name, model)
    return found


def broken_models(models_path: Sequence[Path] = ()) -> dict[str, ModelError]:
    """Return what is wrong with the cards that cannot be read, by the name of the model's folder.

    Parameters
    ----------
    models_path : sequence of pathlib.Path
        See :func:`find_models`, which leaves them out.

    Examples
    --------
    >>> broken_models()
    {}
    """
    found: dict[str, ModelError] = {}
    for root in (*models_path, bundled("models")):
        found = {**_models_in(root)[1], **found}
    return found


def _models_in(root: Path) -> tuple[list[Model], dict[str, ModelError]]:
    """Return the models in a folder, and what is wrong with those whose cards cannot be read."""
    folders = [root] if (root / CARD_FILE).is_file() else sorted(root.iterdir()) if root.is_dir() else []
    models, broken = [], {}
    for folder in folders:
        path = folder / CARD_FILE
        if not path.is_file() or kind_of(path) != "attributes":
            continue
        try:
            models.append(Model(folder, Card.read(path)))
        except ModelError as error:
            broken[folder.name] = error
    return models, broken


def card(name: str, models_path: Sequence[Path] = ()) -> Card | DetectorCard | EmbeddingCard | FacenessCard:
    """Return the card of a model, of a detector, of the embedding or of what judges detections, by name.

    Parameters
    ----------
    name : str
    models_path : sequence of pathlib.Path
        See :func:`find_models`.

    Raises
    ------
    UnknownNameError
        If there is no such model and no such detector.
    UnknownNameError, ModelError
        See :func:`find_models`.

    Examples
    --------
    >>> scores = card("expression").figures()["scores"]
    >>> bool(scores["accuracy"].between(0, 1).all())
    True
    """
    models = find_models(models_path)
    if name in models:
        return models[name].card
    detectors = sorted(path.parent.name for path in bundled("models").glob(f"detectors/*/{CARD_FILE}"))
    if name in detectors:
        return shipped_card(name)
    others = {
        found[1].name: found[1]
        for found in (find_embedding(models_path), find_faceness(models_path))
        if found is not None
    }
    if name in others:
        return others[name]
    raise UnknownNameError(f"unknown model {name!r}; there are {', '.join([*sorted(models), *detectors, *others])}")


def choose_models(selection: Mapping[str, str], models_path: Sequence[Path] = ()) -> dict[str, Model]:
    """Return the model of each attribute.

    Parameters
    ----------
    selection : mapping of str to str
        Attribute to model name, or to ``"none"`` to leave the attribute out. Attributes that it does not name get a
        model of ``models_path`` that serves them, or else the shipped default. Attributes of the user's own that a
        model of ``models_path`` serves are declared, see :func:`facestats.models.attributes.declare`.
    models_path : sequence of pathlib.Path
        See :func:`find_models`.

    Raises
    ------
    UnknownNameError
        If an attribute or a model is unknown, or the model does not serve the attribute.

    Examples
    --------
    >>> choose_models({name: "none" for name in BUILT_IN})
    {}
    """
    models = find_models(models_path)
    for folder, error in broken_models(models_path).items():
        if folder in selection.values():
            raise error
        warnings.warn(f"model {folder} is left out: {error}", stacklevel=2)
    own = [model for model in models.values() if model.folder.parent != bundled("models")]
    served = dict.fromkeys(name for model in own for name in model.card.attributes)
    known = tuple(dict.fromkeys((*BUILT_IN, *served)))
    for attribute in selection:
        if attribute not in known:
            raise UnknownNameError(f"unknown attribute {attribute!r}; there are {', '.join(known)}")
    chosen: dict[str, Model] = {}
    for attribute in known:
        name = selection.get(attribute)
        if name is None:
            serving = (model.name for model in own if attribute in model.card.attributes)
            name = next(serving, None) or DEFAULT_MODELS[attribute]
        if name == "none":
            continue
        if name not in models:
            raise UnknownNameError(f"unknown model {name!r}; there are {', '.join(sorted(models)) or 'none'}")
        card = models[name].card
        if attribute not in card.attributes:
            raise UnknownNameError(f"model {name!r} does not predict {attribute}, only {', '.join(card.attributes)}")
        declare(attribute, next(head.classes for head in card.heads if head.attribute == attribute))
        chosen[attribute] = models[name]
    return chosen


def thresholds(models: Mapping[str, Model]) -> dict[str, float]:
    """Return the "unknown" threshold of each attribute, from the cards, and the temperatures of tracks that are not 1.

    The latter stand under :func:`facestats.models.attributes.track_temperature_key`.

    Examples
    --------
    >>> thresholds({})
    {}
    """
    heads = {
        attribute: next(head for head in model.card.heads if head.attribute == attribute)
        for attribute, model in models.items()
        if attribute in VERDICT_COLUMNS
    }
    found = {attribute: head.threshold for attribute, head in heads.items()}
    tracks = {track_temperature_key(attribute): head.track_temperature for attribute, head in heads.items()}
    return found | {key: temperature for key, temperature in tracks.items() if temperature != 1}
