"""Which classifier runs which model: a new backend is one module of this package and one line in :data:`BACKENDS`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Protocol, cast

from facestats.classify.base import Classifier
from facestats.models.registry import Model

#: The module of each backend; a model is run by the first whose :meth:`Backend.runs` says so.
BACKENDS = ("facestats.classify.onnx",)


class Backend(Protocol):
    """What the module of a classifier has."""

    def runs(self, model: Model) -> bool:
        """Say whether this backend runs a model."""
        ...

    def create(self, model: Model, *, attributes: tuple[str, ...], device: str) -> Classifier:
        """Return the classifier of a model, restricted to some of its attributes."""
        ...


def create_classifiers(models: Mapping[str, Model], *, device: str = "cpu") -> list[Classifier]:
    """Return one classifier per distinct model, each restricted to the attributes that it was chosen for.

    Parameters
    ----------
    models : mapping of str to Model
        Attribute to model, see :func:`facestats.models.registry.choose_models`.
    device : str
        ``"cpu"`` (onnxruntime) or ``"cuda"``.

    Raises
    ------
    DeviceError
        If the device is absent.
    ModelError
        If a model is damaged or does not fit its card.

    Examples
    --------
    >>> create_classifiers({})
    []
    """
    backends = [cast(Backend, import_module(name)) for name in BACKENDS]
    chosen: dict[str, tuple[Model, list[str]]] = {}
    for attribute, model in models.items():
        chosen.setdefault(model.name, (model, []))[1].append(attribute)
    return [
        next(each for each in backends if each.runs(model)).create(model, attributes=tuple(names), device=device)
        for model, names in chosen.values()
    ]
