"""The fit of the layer that judges detections: photos searched, logistic regression, figures, model folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from facestats._util.files import sha256_of
from facestats.datasets.sources import describe_data
from facestats.models.cards import ONNX_FILE
from facestats.models.centerface import weights_path
from facestats.models.detectors import shipped_card
from facestats.models.faceness import FacenessCard
from facestats.training.export import check_out, write_folder
from facestats.training.faceness.gathering import Detected, gather_detections
from facestats.training.headings import beginning, ending
from facestats.training.kinds import FacenessRecipe
from facestats.training.recipes import recipe_toml, recipe_values

LIMITS = (
    "Some dogs and monkeys that look into the camera still pass for people. Sleeping babies, masked, helmeted, dark "
    "and blurred faces, profiles, and small faces in crowds are doubted more than others. Statues, dolls, drawings and "
    "pictures of faces were hardly among what it learned from, on either side. It says whether something is a face, "
    "never whose."
)

#: From which score of the detector on a detection counts in the figures: the default of an analysis.
_COUNTS_FROM = 0.35

_FEWEST = 5  # faces, or other things, of a data set of which figures are given

# Shares of the weight: faces, what people say is none, and what no former detector took for one in photos with faces.
_SHARES = {"face": 0.5, "none": 0.38, "perhaps none": 0.12}

_OPSET = 17


def train_faceness(
    recipe: FacenessRecipe,
    data: Sequence[Path],
    out: Path,
    *,
    command: str = "",
    overwrite: bool = False,
    progress: bool = False,
) -> FacenessCard:
    """Fit the layer and write its folder: ``model.onnx``, ``card.json`` and ``card.md``.

    Each data set is also kept out of a fit of its own and judged by it, which gives the figures of the card.

    Parameters
    ----------
    recipe : FacenessRecipe
    data : sequence of pathlib.Path
        Photos with faces, and photos that people called ``empty``; see :func:`facestats.datasets.boxes.read_boxes`.
    out : pathlib.Path
        The folder; its name becomes the layer's.
    command : str
        What the card says makes it again.
    overwrite, progress
        See :func:`facestats.training.run.train_model`.

    Raises
    ------
    MissingInputError, DataError, ModelError, UnknownNameError, OutputError
        If data, layers, detectors or folder are not what they should be.

    Examples
    --------
    >>> train_faceness(FacenessRecipe(), [Path("detection_wild.parquet")], Path("mine"))  # doctest: +SKIP
    """
    check_out(out, overwrite=overwrite)
    found = gather_detections(data, recipe, progress=progress)
    measured = figures(found, kept_out_log_odds(found, recipe.strength))
    return write_faceness(found, recipe, out, commands=[command] if command else [], measured=measured)


def write_faceness(
    found: Detected,
    recipe: FacenessRecipe,
    out: Path,
    *,
    commands: Sequence[str] = (),
    measured: Mapping[str, Any] | None = None,
) -> FacenessCard:
    """Fit the layer to detections and write its folder, see :func:`train_faceness`.

    Parameters
    ----------
    found : Detected
    recipe : FacenessRecipe
    out : pathlib.Path
        It exists.
    commands : sequence of str
        What the card says makes it again.
    measured : mapping, optional
        See :func:`figures`; the card has none without them.

    Examples
    --------
    >>> write_faceness(found, FacenessRecipe(), Path("mine"))  # doctest: +SKIP
    """
    weights, bias = fit_layer(found, recipe.strength)
    sources = dict(Counter(found.table["source"]).most_common())
    centerface = shipped_card("centerface")
    card = FacenessCard(
        name=out.resolve().name,
        network="one linear layer on CenterFace",
        layers=recipe.layers,
        layers_of=sha256_of(weights_path()),
        wide=recipe.wide,
        input_size=recipe.input_size,
        data=describe_data(sources).replace("training images", "detections"),
        licence="It learned from photos of these data sets, on whose terms their owners decide, most for research "
        f"only. It reads the layers of CenterFace: {centerface.licence}",
        limits=LIMITS,
        metrics={
            "parameters": len(weights) + 1,
            "sources": sources,
            "recipe": recipe_values(recipe),
            "commands": list(commands),
            **(measured or {"kept_out": []}),
        },
    )
    parts = {ONNX_FILE: layer_onnx(weights, bias, card.input_name, card.output_name)}
    return write_folder(out, parts, card, card_markdown(card, recipe))


def drawn_shares(found: Detected) -> np.ndarray:
    """Return how much each detection counts, float64 (N,), the sum is 1.

    Photos in which much was found count less for each, and detections for which the detector's score speaks wrongly
    more: faces that it doubted, and what it took for a face without doubt.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = {"is_face": [True, False], "sure": True, "photo": ["a", "b"], "score": [0.9, 0.5]}
    >>> drawn_shares(Detected(np.zeros((2, 3), np.float32), pd.DataFrame(rows))).round(2).tolist()
    [0.57, 0.43]
    """
    table = found.table
    of_photo = 1 / np.sqrt(table.groupby("photo")["score"].transform("size").to_numpy(np.float64))
    score, is_face = table["score"].to_numpy(np.float64), table["is_face"].to_numpy(bool)
    sure = table["sure"].to_numpy(bool)
    weight = of_photo * np.where(is_face, 1.4 - score, 0.15 + score)
    shares = np.zeros(len(table))
    for kind, rows in (("face", is_face), ("none", ~is_face & sure), ("perhaps none", ~is_face & ~sure)):
        shares[rows] = _SHARES[kind] * weight[rows] / weight[rows].sum()
    return shares / shares.sum()


def fit_layer(found: Detected, strength: float) -> tuple[np.ndarray, float]:
    """Return the weights, float64 (F,), and the bias of logistic regression on detections of both kinds.

    Examples
    --------
    >>> fit_layer(found, 0.01)[0].shape  # doctest: +SKIP
    (384,)
    """
    features = found.features.astype(np.float64)
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    shares = drawn_shares(found) * len(found)
    model = LogisticRegression(C=strength, max_iter=300)
    model.fit((features - mean) / spread, found.table["is_face"].to_numpy(bool), sample_weight=shares)
    weights = model.coef_[0] / spread
    return weights, float(model.intercept_[0] - weights @ mean)


def kept_out_log_odds(found: Detected, strength: float) -> np.ndarray:
    """Return what layers say of detections that were fitted without their data set, float64 (N,).

    NaN where nothing would be left to learn from.

    Examples
    --------
    >>> kept_out_log_odds(found, 0.01)  # doctest: +SKIP
    """
    said = np.full(len(found), np.nan)
    sources = found.table["source"].to_numpy(object)
    for source in sorted(set(sources)):
        own = sources == source
        rest = found[~own]
        if rest.table["is_face"].nunique() == 2:
            weights, bias = fit_layer(rest, strength)
            said[own] = found.features[own].astype(np.float64) @ weights + bias
    return said


def figures(found: Detected, log_odds: np.ndarray) -> dict[str, Any]:
    """Return what a card says of detections that count in an analysis, and that people or both detectors are sure of.

    Parameters
    ----------
    found : Detected
    log_odds : numpy.ndarray
        float (N,), of layers that did not learn from the data set of a detection; NaN is left out.

    Returns
    -------
    dict
        ``kept_out``: for all data sets and for each how many are faces and how many none; how many of the latter remain
        when the least likely 5 % of all faces are given up; and of all, how often a face has the higher value, for the
        detector's score and for this layer.

    Examples
    --------
    >>> figures(found, log_odds)["kept_out"][0]["auc"]  # doctest: +SKIP
    0.98
    """
    table = found.table.assign(log_odds=log_odds)
    first = table["detector"].mode()[0]  # which sees most
    table = table[table["sure"] & (table["detector"] == first) & (table["score"] >= _COUNTS_FROM)].dropna()
    faces, none = table[table["is_face"]], table[~table["is_face"]]
    if min(len(faces), len(none)) < _FEWEST:
        return {"kept_out": []}
    limits = {name: float(faces[name].quantile(0.05)) for name in ("score", "log_odds")}
    rows = []
    for source, part in [("all", table), *table.groupby("source")]:
        is_face = part["is_face"].to_numpy(bool)
        if max(is_face.sum(), (~is_face).sum()) < _FEWEST:
            continue
        row: dict[str, Any] = {"source": source, "faces": int(is_face.sum()), "none": int((~is_face).sum())}
        for name, limit in limits.items():
            kept = part[name].to_numpy() >= limit
            row[f"none_left_{name}"] = round(float(kept[~is_face].mean()), 3) if (~is_face).any() else None
            row[f"faces_lost_{name}"] = round(float((~kept[is_face]).mean()), 3) if is_face.any() else None
        if source == "all":
            row |= {f"auc_{name}": round(float(roc_auc_score(is_face, part[name])), 4) for name in limits}
        rows.append(row)
    return {"kept_out": rows}


def layer_onnx(weights: np.ndarray, bias: float, input_name: str, output_name: str) -> bytes:
    """Return an ONNX file of one linear layer: float32 (N, F) -> float32 (N,).

    Examples
    --------
    >>> import onnxruntime
    >>> session = onnxruntime.InferenceSession(layer_onnx(np.array([1.0, 2.0]), 0.5, "x", "y"))
    >>> session.run(["y"], {"x": np.ones((3, 2), np.float32)})[0].tolist()
    [3.5, 3.5, 3.5]
    """
    float32 = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("MatMul", [input_name, "weights"], ["weighted"]),
            onnx.helper.make_node("Add", ["weighted", "bias"], [output_name]),
        ],
        "faceness",
        [onnx.helper.make_tensor_value_info(input_name, float32, ["detections", len(weights)])],
        [onnx.helper.make_tensor_value_info(output_name, float32, ["detections"])],
        [
            onnx.numpy_helper.from_array(np.asarray(weights, np.float32), "weights"),
            onnx.numpy_helper.from_array(np.float32(bias).reshape(1), "bias"),
        ],
    )
    opset = [onnx.helper.make_opsetid("", _OPSET)]
    return onnx.helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def card_markdown(card: FacenessCard, recipe: FacenessRecipe) -> str:
    """Return the text of ``card.md``.

    Examples
    --------
    >>> card_markdown(card, FacenessRecipe())  # doctest: +SKIP
    """
    purpose = (
        "Says of a detection whether it is a face. A few detections of each track are enlarged with what is around "
        f"them ({card.wide:g} times the box, {card.input_size}x{card.input_size} pixels), CenterFace's layers "
        f"{', '.join(card.layers)} look at them, and one linear layer of {card.metrics['parameters']} weights reads "
        "what these see. `tracks.face_prob` rests on its mean, and on the detector's scores."
    )
    lines = [*beginning(card.name, purpose, card.data, card.licence), "## Figures", ""]
    rows = card.metrics["kept_out"]
    if rows:
        lines += [
            "Detections of CenterFace from 0.35 on in single views of photos. Each data set was judged by a layer that "
            'did not learn from it. "Left" is how much of what is no face remains when 5 % of all faces are given up.',
            "",
            "| data set | faces | none | left, by the score | left, by this layer | faces given up, by this layer |",
            "|---|---|---|---|---|---|",
            *(
                f"| {row['source']} | {row['faces']:,} | {row['none']} | {_share(row['none_left_score'])} "
                f"| {_share(row['none_left_log_odds'])} | {_share(row['faces_lost_log_odds'])} |"
                for row in rows
            ),
            "",
            f"Area under the ROC curve: {rows[0]['auc_score']:.3f} by the score, {rows[0]['auc_log_odds']:.3f} by this "
            "layer.",
        ]
    return "\n".join([*lines, "", *ending(card.limits, card.metrics["commands"], recipe_toml(recipe))])


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
