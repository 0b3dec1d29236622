"""What a network learned from besides its data: the model that it went on from, and its teachers, for its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from facestats.datasets.sources import SOURCES
from facestats.errors import MissingInputError, ModelError
from facestats.models.cards import Card
from facestats.training.recipes import Recipe


@dataclass(frozen=True)
class Origin:
    """A network that another one learned from.

    Attributes
    ----------
    name : str
    title : str
        What to call it in a sentence, with its size and its own start.
    licence : str
        Terms of its weights.
    accuracy : mapping of str to float
        By attribute, on the validation data; empty where it was not measured.
    commands : tuple of str
        What makes it, in order.
    sources : tuple of str
        Data sets that it or one of its own origins was trained on, as far as is known.
    """

    name: str
    title: str
    licence: str = ""
    accuracy: Mapping[str, float] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what the card of a descendant holds of it."""
        return {
            **asdict(self),
            "accuracy": dict(self.accuracy),
            "commands": list(self.commands),
            "sources": list(self.sources),
        }


#: What :func:`facestats.training.dlibfile.read_dlib_recognizer` reads.
DLIB = Origin(
    "dlib",
    "dlib's face recogniser (King, 2017), which was trained on about three million pictures of FaceScrub, VGG Face and "
    "the web",
    "public domain (CC0)",
)

#: What :func:`facestats.training.faceresfile.read_faceres` reads.
FACERES = Origin(
    "faceres",
    "faceres (HSE-FaceRes, Savchenko, 2019), which was trained on the 3.3 million pictures of VGGFace2 to tell people "
    "apart, and on genders and ages of IMDB-WIKI; people of other data sets may be among them",
    "MIT (the package), trained on VGGFace2 and IMDB-WIKI (non-commercial research)",
)


def origin_of(card: Card) -> Origin:
    """Return what descendants of a model say of it.

    Examples
    --------
    >>> from facestats.models.cards import Head
    >>> origin_of(Card("mine", (Head("gender", "gender", ("female", "male")),), network="residual")).title
    'mine (residual)'
    """
    scores = card.metrics.get("validation", {})
    # Cards of other tools may hold anything there.
    measured = {name: scores[name] for name in card.attributes if isinstance(scores.get(name), Mapping)}
    accuracy = {name: of["accuracy"] for name, of in measured.items() if of.get("accuracy") is not None}
    n_weights = card.metrics.get("parameters")
    title = f"{card.name} ({card.network}{f', {n_weights:,} weights' if n_weights else ''})"
    if start := card.metrics.get("start"):
        title += f", which went on from {start['title']}"
    commands = tuple(card.metrics.get("commands", ()))
    return Origin(card.name, title, card.licence, accuracy, commands, learned_sources(card))


def learned_sources(card: Card) -> tuple[str, ...]:
    """Return the data sets that a model, or what it went on from or was taught by, was trained on, as far as is known.

    Examples
    --------
    >>> from facestats.models.cards import Head
    >>> learned_sources(Card("mine", (Head("gender", "gender", ("female", "male")),), metrics={"sources": {"lfw": 3}}))
    ('lfw',)
    """
    # Cards of earlier versions name their data sets in words alone.
    own = card.metrics.get("sources") or [name for name, of in SOURCES.items() if of.title in card.data]
    own = [*own, *card.metrics.get("unlabelled", ())]
    start = card.metrics.get("start")
    parents = [*([start] if start else []), *card.metrics.get("teachers", ())]
    return tuple(dict.fromkeys([*own, *(name for parent in parents for name in parent.get("sources", ()))]))


def recipe_of(card: Card, where: str) -> Recipe:
    """Return the recipe of a trained model, to gather faces by which it is judged; no source is unseen yet.

    Parameters
    ----------
    card : Card
    where : str
        What an error calls the model.

    Raises
    ------
    MissingInputError
        If its card has no recipe.

    Examples
    --------
    >>> from facestats.models.registry import find_models
    >>> recipe_of(find_models()["expression"].card, "expression").sources
    ('fer2013',)
    """
    if not isinstance(card.metrics.get("recipe"), Mapping):
        raise MissingInputError(f"{where} holds no model that facestats trained: its card has no recipe")
    known = {part.name for part in fields(Recipe)}
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in card.metrics["recipe"].items()
        if name in known
    }
    sources = tuple(card.metrics.get("sources") or learned_sources(card))
    return replace(Recipe(**values), sources=sources, unseen=(), unlabelled=())


def check_origins(origins: Sequence[Origin], unseen: Sequence[str]) -> None:
    """Raise if a network that is learned from has seen a source that training must not see.

    Raises
    ------
    ModelError
        Naming the network and the source.

    Examples
    --------
    >>> check_origins([Origin("teacher", "", sources=("lfw",))], ["ckplus"])
    """
    for origin in origins:
        if seen := [name for name in unseen if name in origin.sources]:
            raise ModelError(
                f"{origin.name} was trained on {', '.join(seen)}, which the recipe names as unseen: "
                "start from and learn from models that never saw it"
            )


def all_commands(origins: Sequence[Origin], command: str) -> list[str]:
    """Return what makes a network and all that it learned from, in order, each once.

    Examples
    --------
    >>> all_commands([Origin("a", "", commands=("make a",)), Origin("b", "", commands=("make a", "make b"))], "make c")
    ['make a', 'make b', 'make c']
    """
    return list(dict.fromkeys([*(line for origin in origins for line in origin.commands), command]))


def all_terms(origins: Sequence[Origin], own: str) -> str:
    """Return the terms of a network's own data, and those of what else it learned from.

    Examples
    --------
    >>> all_terms([Origin("dlib", "dlib's", "public domain (CC0)")], "Trained on fairface (CC BY 4.0).")
    'Trained on fairface (CC BY 4.0). It learned from dlib: public domain (CC0).'
    """
    mark = " It learned from "
    told: dict[str, str] = {}
    for origin in (origin for origin in origins if origin.licence):
        # The licence of an origin tells of its own origins in the same words.
        for clause in f"{mark}{origin.name}: {origin.licence}".split(mark)[1:]:
            name, terms = clause.rstrip(".").split(": ", 1)
            if terms not in own:
                told.setdefault(terms, name)
    return own + "".join(f"{mark}{name}: {terms}." for terms, name in told.items())


def origin_lines(metrics: Mapping[str, Any]) -> list[str]:
    """Return the paragraphs of ``card.md`` on what a network went on from and who taught it.

    Parameters
    ----------
    metrics : mapping
        Of a card: ``start`` and ``teachers`` as :meth:`Origin.to_json` gives them.

    Examples
    --------
    >>> origin_lines({"start": Origin("a", "a (residual)").to_json(), "teachers": []})
    ['It went on from a (residual).', '']
    """
    start, lines = metrics.get("start"), []
    if start:
        lines += [f"It went on from {start['title']}.", ""]
    for teacher in metrics.get("teachers", ()):
        scores = ", ".join(f"{name} {value:.3f}" for name, value in teacher["accuracy"].items())
        lines += [
            f"Beside the labels it learned what another network makes of the same images: {teacher['title']}."
            + (f" That one's accuracy on the validation data: {scores}." if scores else "")
            + ("" if start else " None of its weights are in this network."),
            "",
        ]
    return lines
