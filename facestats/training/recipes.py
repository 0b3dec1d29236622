"""Training recipes: everything, besides the data, that decides what comes out of a training, as TOML files."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar

from facestats._util.resources import bundled
from facestats.classify.crops import DEFAULT_SIZE
from facestats.errors import MissingInputError, UnknownNameError, UsageError
from facestats.models.attributes import ATTRIBUTE_CLASSES
from facestats.training.augmentation import AUGMENTATIONS
from facestats.training.kinds import AnyRecipe as AnyRecipe
from facestats.training.kinds import DetectorRecipe as DetectorRecipe
from facestats.training.kinds import EmbeddingRecipe as EmbeddingRecipe
from facestats.training.kinds import FacenessRecipe as FacenessRecipe
from facestats.training.kinds import TrainingRecipe as TrainingRecipe
from facestats.training.networks import NETWORKS


@dataclass(frozen=True)
class Recipe(TrainingRecipe):
    """How a network for one attribute or several is trained, besides what :class:`TrainingRecipe` has.

    Attributes
    ----------
    attributes : tuple of str
        What it predicts; the outputs share all but the last layer.
    network : str
        A key of :data:`facestats.training.networks.NETWORKS`.
    input_color : str
        ``"gray"`` or ``"rgb"``.
    input_size : int
        Side of the aligned face in pixels.
    epochs : int
        Passes over the data.
    mixup : float
        Parameter of the Beta distribution by which pairs of faces are blended (Zhang et al., 2018, arXiv 1710.09412);
        0 for never.
    augmentation : str
        How training faces are changed, a key of :data:`facestats.training.augmentation.AUGMENTATIONS`: ``"mild"``, or
        ``"video"``, as cameras, light and codecs change faces in videos.
    tagger_share : float
        How much FER+'s ten taggers count in the target of an expression, beside FER2013's label, in [0, 1].
    teacher_share : float
        How much a teacher's logits count beside the labels, in [0, 1], where there is one (Hinton et al., 2015,
        "Distilling the knowledge in a neural network", arXiv 1503.02531).
    teacher_temperature : float
        By which the logits of both are divided for that.
    flattened : float
        How much of what is frequent in the training data is taken out of the last layer once it is trained, in [0, 1]
        (Menon et al., 2021, "Long-tail learning via logit adjustment", arXiv 2007.07314): 1 expects each class as
        often as any other, 0 as often as the training faces have it. Not for age.
    last_layer : float
        Above 0, the last layer alone is learned anew, of the training faces as they are, and so strongly held to that
        of the model that the training goes on from, see :func:`facestats.training.lastlayer.learn_last_layer`; epochs,
        augmentation and the like then mean nothing.
    emphasis : mapping of str to float
        Weight of each attribute's loss, 1 where it is not named.
    balance : mapping of str to str
        Attributes of which groups of people count alike in the training, and the column of the data that names them: a
        group is a value of that column with a label. ``{"makeup": "gender"}`` lets women without makeup count as much
        as men without.
    robust : mapping of str to str
        Likewise, groups that count the more the more often the teachers are wrong about them: ``{"gender": "race"}``.
    further : float
        Weight of the loss of further properties of faces, where the training is given some, see
        :func:`facestats.training.run.train_model`.
    sources : tuple of str
        Data sets, as the column ``source`` names them, that the network learns from; every one by default.
    unseen : tuple of str
        Data sets that the network never learns from; all their rows are scored on, for the card.
    unlabelled : tuple of str
        Data sets whose training faces are learned from teachers alone, whatever labels they have.

    Raises
    ------
    UsageError
        If a value does not make sense.

    Examples
    --------
    >>> Recipe(("gender",), epochs=3).network
    'residual'
    """

    kind: ClassVar[str] = "attributes"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **TrainingRecipe.ranges,
        "input_size": (32, 512),
        "epochs": (1, 10_000),
        "mixup": (0, 10),
        "tagger_share": (0, 1),
        "teacher_share": (0, 1),
        "teacher_temperature": (0.5, 20),
        "flattened": (0, 1),
        "last_layer": (0, 1000),
        "further": (0, 100),
    }

    attributes: tuple[str, ...]
    network: str = "residual"
    input_color: str = "rgb"
    input_size: int = DEFAULT_SIZE
    epochs: int = 30
    mixup: float = 0.2
    augmentation: str = "mild"
    tagger_share: float = 0.5
    teacher_share: float = 0.5
    teacher_temperature: float = 2.0
    flattened: float = 0.0
    last_layer: float = 0.0
    emphasis: Mapping[str, float] = field(default_factory=dict)
    balance: Mapping[str, str] = field(default_factory=dict)
    robust: Mapping[str, str] = field(default_factory=dict)
    further: float = 0.3
    sources: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()
    batch_size: int = field(default=128, kw_only=True)
    weight_decay: float = field(default=0.05, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in (*self.attributes, *self.emphasis, *self.balance, *self.robust):
            if name not in ATTRIBUTE_CLASSES:
                raise UsageError(f"unknown attribute {name!r}; there are {', '.join(ATTRIBUTE_CLASSES)}")
        if not self.attributes or len(set(self.attributes)) != len(self.attributes):
            raise UsageError("attributes must name one attribute or several, each once")
        if self.network not in NETWORKS:
            raise UsageError(f"unknown network {self.network!r}; there is {', '.join(NETWORKS)}")
        if self.augmentation not in AUGMENTATIONS:
            raise UsageError(f"unknown augmentation {self.augmentation!r}; there is {', '.join(AUGMENTATIONS)}")
        if self.input_color not in ("gray", "rgb"):
            raise UsageError(f"input_color must be gray or rgb, not {self.input_color!r}")
        for key in ("emphasis", "balance", "robust"):
            if not set(of := getattr(self, key)) <= set(self.attributes):
                raise UsageError(f"{key} is for {', '.join(self.attributes)}, not {', '.join(of)}")
        if "age" in {*self.balance, *self.robust}:
            raise UsageError("balance and robust are for attributes with classes, not for age")
        if both := sorted(set(self.balance) & set(self.robust)):
            raise UsageError(f"{', '.join(both)} cannot be both in balance and in robust")
        if not all(0 < weight < float("inf") for weight in self.emphasis.values()):
            raise UsageError("emphasis must be positive")
        if both := sorted(set(self.sources) & set(self.unseen)):
            raise UsageError(f"{', '.join(both)} cannot be both in sources, to learn from, and in unseen, to score on")
        if both := sorted(set(self.unlabelled) & {*self.sources, *self.unseen}):
            raise UsageError(
                f"{', '.join(both)} cannot be in unlabelled, to learn from teachers alone, and in sources or unseen"
            )


_KINDS: Mapping[str, type[AnyRecipe]] = {
    kind.kind: kind for kind in (Recipe, DetectorRecipe, EmbeddingRecipe, FacenessRecipe)
}


def shipped_recipes() -> dict[str, Path]:
    """Return the recipes that come with facestats, by name.

    Examples
    --------
    >>> {'detector', 'expression', 'people', 'teacher'} <= set(shipped_recipes())
    True
    """
    return {path.stem: path for path in sorted(bundled("recipes").glob("*.toml"))}


def find_recipe(name: str) -> AnyRecipe:
    """Return a recipe by the name of a shipped one, the path of a TOML file, or an attribute.

    Parameters
    ----------
    name : str
        An attribute stands for the first shipped recipe that trains it and needs no other model, with that attribute
        alone.

    Raises
    ------
    UnknownNameError
        If there is no such recipe.
    MissingInputError, UsageError
        See :func:`read_recipe`.

    Examples
    --------
    >>> find_recipe("people").attributes, find_recipe("age").attributes
    (('gender', 'age', 'makeup'), ('age',))
    """
    shipped = shipped_recipes()
    if name.endswith(".toml"):
        return read_recipe(Path(name))
    if name in shipped:
        return read_recipe(shipped[name])
    for path in shipped.values():
        recipe = read_recipe(path)
        if isinstance(recipe, Recipe) and name in recipe.attributes and not _needs_models(recipe):
            kept = {key: {k: v for k, v in getattr(recipe, key).items() if k == name} for key in ("balance", "robust")}
            return replace(recipe, attributes=(name,), emphasis={}, **kept)
    raise UnknownNameError(
        f"unknown recipe {name!r}; there are {', '.join(shipped)}, each attribute, and files ending in .toml"
    )


def _needs_models(recipe: Recipe) -> bool:
    return bool(recipe.robust or recipe.unlabelled or recipe.last_layer)


def read_recipe(path: Path) -> AnyRecipe:
    """Read a recipe from a TOML file.

    Its keys are the attributes of :class:`Recipe`, or, after ``kind = "detector"``, of :class:`DetectorRecipe`, and
    so on.

    Raises
    ------
    MissingInputError
        If the file does not exist.
    UsageError
        If it is not TOML, or a key is unknown, missing or of another type.

    Examples
    --------
    >>> read_recipe(shipped_recipes()["expression"]).input_color
    'gray'
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingInputError(f"no recipe at {path}") from None
    except OSError as error:
        raise UsageError(f"cannot read the recipe {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from None
    name = raw.pop("kind", Recipe.kind)
    if name not in _KINDS:
        raise UsageError(f"{path}: kind must be one of {', '.join(_KINDS)}, not {name!r}")
    known = {part.name: part for part in fields(_KINDS[name])}
    for key, value in raw.items():
        if key not in known:
            raise UsageError(f"{path}: unknown key {key!r}; there are kind, {', '.join(known)}")
        raw[key] = _typed(path, key, value, str(known[key].type))
    if "attributes" in known and "attributes" not in raw:
        raise UsageError(f"{path} has no key 'attributes'; a recipe of the detector says kind = \"detector\"")
    try:
        return _KINDS[name](**raw)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def recipe_values(recipe: AnyRecipe) -> dict[str, Any]:
    """Return the values of a recipe as JSON has them, for cards and checkpoints.

    Examples
    --------
    >>> recipe_values(Recipe(("gender",)))["attributes"]
    ['gender']
    """
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(recipe).items()}


def recipe_toml(recipe: AnyRecipe) -> str:
    """Return a recipe as the text of a TOML file that :func:`read_recipe` reads.

    Examples
    --------
    >>> recipe_toml(Recipe(("gender", "age"), emphasis={"age": 0.5})).splitlines()[1]
    'attributes = ["gender", "age"]'
    """
    common = {part.name for part in fields(TrainingRecipe)}
    values = {"kind": recipe.kind, **dict(sorted(asdict(recipe).items(), key=lambda item: item[0] in common))}
    tables = {name: values.pop(name) for name, value in list(values.items()) if isinstance(value, Mapping)}
    # What JSON and TOML write alike: texts without odd characters, numbers, lists of texts; and true and false.
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    for title, table in tables.items():
        if table:
            lines += ["", f"[{title}]", *(f"{name} = {json.dumps(value)}" for name, value in table.items())]
    return "\n".join(lines) + "\n"


def _typed(path: Path, key: str, value: Any, kind: str) -> Any:
    def fits(value: Any, kind: str) -> bool:
        if kind == "bool" or isinstance(value, bool):
            return kind == "bool" and isinstance(value, bool)
        return isinstance(value, {"int": int, "float": (int, float), "str": str}[kind])

    if kind.startswith("tuple") and isinstance(value, list) and all(fits(item, "str") for item in value):
        return tuple(value)
    of = kind.rstrip("]").split()[-1]  # "Mapping[str, float]" holds float
    if kind.startswith("Mapping") and isinstance(value, dict) and all(fits(item, of) for item in value.values()):
        return value
    if kind in ("int", "float", "str", "bool") and fits(value, kind):
        return float(value) if kind == "float" else value
    tables = {"Mapping[str, float]": "a table of numbers", "Mapping[str, str]": "a table of texts"}
    wanted = "a list of texts" if kind.startswith("tuple") else tables.get(kind, kind)
    raise UsageError(f"{path}: {key} must be {wanted}, not {value!r}")
