"""What a network with several outputs learns from: faces of several files, each with the labels that it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from facestats.classify.onnx import color_planes
from facestats.datasets.faces import FaceData
from facestats.datasets.labelled import NETWORK_CLASSES
from facestats.training.groups import balanced, group_names, hardened, numbered
from facestats.training.recipes import Recipe
from facestats.training.targets import sample_weights, training_targets
from facestats.types import Float32, Int64, UInt8


@dataclass(frozen=True)
class Examples:
    """Faces with targets for one attribute or several.

    Attributes
    ----------
    planes : numpy.ndarray
        uint8 (N, C, S, S), as the network sees them.
    targets : mapping of str to numpy.ndarray
        By attribute, float32 (N, K), see :func:`facestats.training.targets.training_targets`; zeros without a label.
    weights : mapping of str to numpy.ndarray
        By attribute, float32 (N,), see :func:`facestats.training.targets.sample_weights`; 0 without a label.
    taught : mapping of str to numpy.ndarray
        By attribute, float32 (N, K): logits of teachers, see :func:`facestats.training.teaching.taught_by`.
    groups : mapping of str to numpy.ndarray
        Of the attributes that the recipe's ``balance`` or ``robust`` names, int64 (N,): the group of people that each
        face is of, -1 where it is not known.
    further : numpy.ndarray, optional
        float32 (N, M): further properties of faces, 1 or 0, that are learned beside the attributes and not told; NaN
        where they are not known.
    """

    planes: UInt8 = field(repr=False)
    targets: Mapping[str, Float32] = field(repr=False)
    weights: Mapping[str, Float32] = field(repr=False)
    taught: Mapping[str, Float32] = field(default_factory=dict, repr=False)
    groups: Mapping[str, Int64] = field(default_factory=dict, repr=False)
    further: Float32 | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.planes)


def combine(files: Sequence[Sequence[FaceData]], recipe: Recipe, further: pd.DataFrame | None = None) -> Examples:
    """Put the faces of all files together, each once, with all the labels that count.

    Parameters
    ----------
    files : sequence of sequence of FaceData
        Of each file, what :func:`facestats.datasets.faces.load_faces` gives for each attribute that it has.
    recipe : Recipe
        Names attributes, colours, how the taggers of FER+ count, and which groups of people count alike.
    further : pandas.DataFrame, optional
        Further properties of faces, a row a face by its ``name``, a column a property, True or False.

    Examples
    --------
    >>> import pandas as pd
    >>> crops, found = np.zeros((1, 48, 48, 3), np.uint8), np.ones(1, bool)
    >>> gender = FaceData("gender", crops, found, pd.DataFrame({"row": [7], "gender": ["male"]}), (1,))
    >>> makeup = FaceData("makeup", crops, found, pd.DataFrame({"row": [7], "makeup": ["none"]}), (1,))
    >>> examples = combine([[gender, makeup]], Recipe(("gender", "makeup")))
    >>> len(examples), examples.targets["gender"].tolist()
    (1, [[0.0, 1.0]])
    """
    counted = [[(faces, sample_weights(faces, tagger_share=recipe.tagger_share)) for faces in parts] for parts in files]
    places = []  # of each file, the place of each of its rows among all
    total = 0
    for parts in counted:
        rows = np.unique(np.concatenate([faces.table["row"].to_numpy()[weights > 0] for faces, weights in parts]))
        places.append((rows, total))
        total += len(rows)
    side = recipe.input_size
    planes = np.empty((total, 1 if recipe.input_color == "gray" else 3, side, side), np.uint8)
    targets = {name: np.zeros((total, len(NETWORK_CLASSES[name])), np.float32) for name in recipe.attributes}
    weights_of = {name: np.zeros(total, np.float32) for name in recipe.attributes}
    columns = {**recipe.balance, **recipe.robust}
    groups = {name: pd.Series(pd.NA, range(total), dtype="string") for name in columns}
    properties = None if further is None else np.full((total, further.shape[1]), np.nan, np.float32)
    for parts, (rows, first) in zip(counted, places, strict=True):
        for faces, weights in parts:
            used = np.flatnonzero(weights)
            place = first + np.searchsorted(rows, faces.table["row"].to_numpy()[used])
            for start in range(0, len(used), 1024):  # the crops may lie on disk
                some = slice(start, start + 1024)
                planes[place[some]] = color_planes(faces.crops[used[some]], recipe.input_color)
            targets[faces.attribute][place] = training_targets(faces, tagger_share=recipe.tagger_share)[used]
            weights_of[faces.attribute][place] = weights[used]
            if faces.attribute in columns:
                names = group_names(faces, columns[faces.attribute])
                groups[faces.attribute].iloc[place] = names.iloc[used].to_numpy()
            if further is not None and properties is not None and "name" in faces.table:
                properties[place] = further.reindex(faces.table["name"].iloc[used]).to_numpy(np.float32)
    numbers = {name: numbered(names) for name, names in groups.items()}
    for name in recipe.balance:
        weights_of[name] = balanced(weights_of[name], numbers[name])
    return Examples(planes, targets, weights_of, groups=numbers, further=properties)


def harden(examples: Examples, names: Iterable[str]) -> Examples:
    """Return examples in which groups of people count by how often the teachers are wrong about them.

    Parameters
    ----------
    examples : Examples
        With what teachers said of the attributes, and groups.
    names : iterable of str
        Attributes: ``robust`` of the recipe.

    Raises
    ------
    DataError
        See :func:`facestats.training.groups.hardened`.

    Examples
    --------
    >>> harden(examples, ["gender"])  # doctest: +SKIP
    """
    weights = dict(examples.weights)
    for name in names:
        wrong = examples.taught[name].argmax(axis=1) != examples.targets[name].argmax(axis=1)
        weights[name] = hardened(weights[name], examples.groups[name], wrong)
    return replace(examples, weights=weights)


def with_unlabelled(examples: Examples, crops: Sequence[UInt8], input_color: str) -> Examples:
    """Return examples with more faces at their end, which have no label: teachers alone can say what they show.

    Parameters
    ----------
    examples : Examples
    crops : sequence of numpy.ndarray
        uint8 (N, S, S, 3) each, RGB.
    input_color : str
        ``"gray"`` or ``"rgb"``.

    Examples
    --------
    >>> targets, weights = {"gender": np.ones((1, 2), np.float32)}, {"gender": np.ones(1, np.float32)}
    >>> few = Examples(np.zeros((1, 1, 48, 48), np.uint8), targets, weights)
    >>> with_unlabelled(few, [np.zeros((2, 48, 48, 3), np.uint8)], "gray").weights["gender"].tolist()
    [1.0, 0.0, 0.0]
    """
    if not crops:
        return examples
    more = [color_planes(part, input_color) for part in crops]
    n = sum(len(part) for part in more)

    def padded(values: np.ndarray, fill: float = 0) -> np.ndarray:
        return np.concatenate([values, np.full((n, *values.shape[1:]), fill, values.dtype)])

    return Examples(
        np.concatenate([examples.planes, *more]),
        {name: padded(values) for name, values in examples.targets.items()},
        {name: padded(values) for name, values in examples.weights.items()},
        groups={name: padded(values, -1) for name, values in examples.groups.items()},
        further=None if examples.further is None else padded(examples.further, np.nan),
    )
