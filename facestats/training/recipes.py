"""Training recipes: everything, besides the data, that decides what comes out of a training, as TOML files."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from facestats._util.resources import bundled
from facestats.classify.crops import DEFAULT_SIZE
from facestats.errors import MissingInputError, UnknownNameError, UsageError
from facestats.models.attributes import ATTRIBUTE_CLASSES
from facestats.training.networks import NETWORKS

_AnyRecipe = TypeVar("_AnyRecipe")


@dataclass(frozen=True)
class Recipe:
    """How a network for one attribute or several is trained.

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
    batch_size : int
        Faces per step.
    learning_rate : float
        Its peak; it rises over the first twentieth of the steps and falls along a cosine.
    weight_decay : float
        AdamW's.
    average : float
        Decay of the moving average of the weights, which is what is kept; 0 keeps the last weights.
    mixup : float
        Parameter of the Beta distribution by which pairs of faces are blended (Zhang et al., 2018, arXiv 1710.09412);
        0 for never.
    tagger_share : float
        How much FER+'s ten taggers count in the target of an expression, beside FER2013's label, in [0, 1].
    teacher_share : float
        How much a teacher's logits count beside the labels, in [0, 1], where there is one (Hinton et al., 2015,
        "Distilling the knowledge in a neural network", arXiv 1503.02531).
    teacher_temperature : float
        By which the logits of both are divided for that.
    emphasis : mapping of str to float
        Weight of each attribute's loss, 1 where it is not named.
    bfloat16 : bool
        Whether the network computes in 16 bits while it trains; weights and loss stay in 32.
    seed : int
        Of the weights, the order and the augmentation.

    Raises
    ------
    UsageError
        If a value does not make sense.

    Examples
    --------
    >>> Recipe(("gender",), epochs=3).network
    'residual'
    """

    attributes: tuple[str, ...]
    network: str = "residual"
    input_color: str = "rgb"
    input_size: int = DEFAULT_SIZE
    epochs: int = 30
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    average: float = 0.999
    mixup: float = 0.2
    tagger_share: float = 0.5
    teacher_share: float = 0.5
    teacher_temperature: float = 2.0
    emphasis: Mapping[str, float] = field(default_factory=dict)
    bfloat16: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        for name in (*self.attributes, *self.emphasis):
            if name not in ATTRIBUTE_CLASSES:
                raise UsageError(f"unknown attribute {name!r}; there are {', '.join(ATTRIBUTE_CLASSES)}")
        if not self.attributes or len(set(self.attributes)) != len(self.attributes):
            raise UsageError("attributes must name one attribute or several, each once")
        if self.network not in NETWORKS:
            raise UsageError(f"unknown network {self.network!r}; there is {', '.join(NETWORKS)}")
        if self.input_color not in ("gray", "rgb"):
            raise UsageError(f"input_color must be gray or rgb, not {self.input_color!r}")
        for name, least, most in _RANGES:
            if not least <= getattr(self, name) <= most:
                raise UsageError(f"{name} must be in [{least:g}, {most:g}], not {getattr(self, name):g}")
        if not set(self.emphasis) <= set(self.attributes):
            raise UsageError(f"emphasis is for {', '.join(self.attributes)}, not {', '.join(self.emphasis)}")
        if not all(0 < weight < float("inf") for weight in self.emphasis.values()):
            raise UsageError("emphasis must be positive")


_RANGES = (
    ("input_size", 32, 512),
    ("epochs", 1, 10_000),
    ("batch_size", 2, 65_536),
    ("learning_rate", 1e-6, 1),
    ("weight_decay", 0, 10),
    ("average", 0, 0.99999),
    ("mixup", 0, 10),
    ("tagger_share", 0, 1),
    ("teacher_share", 0, 1),
    ("teacher_temperature", 0.5, 20),
    ("seed", 0, 2**31),
)


def shipped_recipes() -> dict[str, Path]:
    """Return the recipes of attribute models that come with facestats, by name.

    Examples
    --------
    >>> {'expression', 'people', 'teacher'} <= set(shipped_recipes())
    True
    """
    paths = sorted(bundled("recipes").glob("*.toml"))
    return {path.stem: path for path in paths if path.stem != "detector"}


def find_recipe(name: str) -> Recipe:
    """Return a recipe by the name of a shipped one, the path of a TOML file, or an attribute.

    Parameters
    ----------
    name : str
        An attribute stands for the shipped recipe that trains it, with that attribute alone.

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
        if name in recipe.attributes:
            return replace(recipe, attributes=(name,), emphasis={})
    raise UnknownNameError(
        f"unknown recipe {name!r}; there are {', '.join(shipped)}, detector, each attribute, and files ending in .toml"
    )


def read_recipe(path: Path, kind: type[_AnyRecipe] = Recipe) -> _AnyRecipe:
    """Read a recipe from a TOML file, whose keys are the attributes of its class.

    Parameters
    ----------
    path : pathlib.Path
    kind : type
        :class:`Recipe`, or :class:`facestats.training.detector.fitting.DetectorRecipe`.

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
    known = {part.name: part for part in fields(kind)}
    for key, value in raw.items():
        if key not in known:
            raise UsageError(f"{path}: unknown key {key!r}; there are {', '.join(known)}")
        raw[key] = _typed(path, key, value, str(known[key].type))
    if "attributes" in known and "attributes" not in raw:
        raise UsageError(f"{path} has no key 'attributes'")
    try:
        return kind(**raw)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def recipe_toml(recipe: Recipe) -> str:
    """Return a recipe as the text of a TOML file that :func:`read_recipe` reads.

    Examples
    --------
    >>> recipe_toml(Recipe(("gender", "age"), emphasis={"age": 0.5})).splitlines()[0]
    'attributes = ["gender", "age"]'
    """
    values = asdict(recipe)
    emphasis = values.pop("emphasis")
    # What JSON and TOML write alike: texts without odd characters, numbers, lists of texts; and true and false.
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    if emphasis:
        lines += ["", "[emphasis]", *(f"{name} = {json.dumps(value)}" for name, value in emphasis.items())]
    return "\n".join(lines) + "\n"


def _typed(path: Path, key: str, value: Any, kind: str) -> Any:
    def fits(value: Any, kind: str) -> bool:
        if kind == "bool" or isinstance(value, bool):
            return kind == "bool" and isinstance(value, bool)
        return isinstance(value, {"int": int, "float": (int, float), "str": str}[kind])

    if kind.startswith("tuple") and isinstance(value, list) and all(fits(item, "str") for item in value):
        return tuple(value)
    if kind.startswith("Mapping") and isinstance(value, dict) and all(fits(item, "float") for item in value.values()):
        return value
    if kind in ("int", "float", "str", "bool") and fits(value, kind):
        return float(value) if kind == "float" else value
    wanted = {"t": "a list of texts", "M": "a table of numbers"}.get(kind[0], kind)
    raise UsageError(f"{path}: {key} must be {wanted}, not {value!r}")
