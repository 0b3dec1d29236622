"""What is fitted to a trained network's answers, and what is measured of it: temperatures, threshold, figures.

What a probability means is fitted to faces of sources that training never saw, where there are such: on the faces of
its own sources a network is surer than it may be elsewhere. Each of these sources counts alike, however many faces it
has. How far probabilities are off on such a source is told as if it were a further one: by what the others fit. So it
is with the temperature of tracks, of which a hundred of a kind are fitted to at least. The
threshold of "unknown" keeps a fixed share of one half of the validation faces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import logsumexp
from torch import nn

from facestats.classify.base import softmax
from facestats.datasets.faces import FaceData, concatenate
from facestats.datasets.labelled import NETWORK_CLASSES, digest_of
from facestats.evaluation.accuracy import class_probabilities, known_age_groups, score
from facestats.evaluation.calibration import alike, coverage_threshold, fit_temperature
from facestats.evaluation.smallness import scores_when_small, small_temperatures
from facestats.evaluation.tracks import Tracks, fit_track_temperature, people_of, track_scores, tracks_of
from facestats.models.attributes import AGE_GROUPS
from facestats.models.cards import Head
from facestats.models.familiarity import FAMILIARITY_OUTPUT, Familiarity
from facestats.training.fitting import network_logits
from facestats.training.limits import limits_of
from facestats.training.targets import training_targets
from facestats.types import Float32, Predictions, UInt8

#: Shares of the fitting half with a verdict at which the card says how many of them are right.
CURVE_COVERAGES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)

# Faces that something is fitted to at least.
_ENOUGH = 100

# Of each age group.
_ENOUGH_OF_GROUP = 10

# Faces of a source of which tracks are made, and to which something is fitted.
_MOST_TRACKS = 500
_MOST_FITTED = 2000

_UNFAMILIAR_SHARE = 0.05

# The half of the validation faces that things are fitted to, among sources of tracks.
_OWN = "fitting half"

_KNOWN = 6

LogitsOf = Callable[[UInt8], Float32]


def finish(
    network: nn.Module,
    input_color: str,
    validation: Mapping[str, FaceData],
    unseen: Mapping[str, Mapping[str, FaceData]],
) -> tuple[tuple[Head, ...], Familiarity, dict[str, Any]]:
    """Fit temperatures and thresholds, and measure.

    Parameters
    ----------
    network : torch.nn.Module
    input_color : str
        ``"gray"`` or ``"rgb"``.
    validation, unseen
        See :class:`facestats.training.gathering.Faces`.

    Returns
    -------
    heads : tuple of Head
        One an attribute.
    familiarity : Familiarity
        By the output that was made for it, or else by that of most classes, which tells best; one in twenty faces of
        the fitting half seems unfamiliar.
    metrics : dict
        ``validation``, ``held_out_half``, ``coverage_curve`` and ``when_small`` by attribute; ``unseen`` by source and
        attribute; ``tracks`` by source, attribute and kind of track, see
        :func:`facestats.evaluation.tracks.track_scores`; and ``fitted_on``: by attribute the unseen sources, none where
        there was no large enough one, to which temperatures were fitted.

    Examples
    --------
    >>> finish(network, "gray", {"expression": faces}, {"lfw": {"expression": others}})  # doctest: +SKIP
    """
    heads, metrics = [], {}
    familiarity = _fitted_familiarity(network, input_color, validation)
    tracks: dict[str, dict[str, Any]] = {}
    for attribute, faces in validation.items():
        elsewhere = {source: of[attribute] for source, of in unseen.items() if attribute in of}
        logits_of = _logits_of(network, attribute, input_color, familiarity)
        head, metrics[attribute] = _finished(logits_of, faces, elsewhere)
        made = {
            source: tracks_of(logits_of, _at_most(_judged(of), _MOST_TRACKS), head)
            for source, of in {
                _OWN: faces[faces.first_half],
                "validation": faces[~faces.first_half],
                **elsewhere,
            }.items()
        }
        head, figures = _judged_as_tracks(head, made)
        heads.append(head)
        for source, of in figures.items():
            tracks.setdefault(source, {})[attribute] = of
    kinds = ("validation", "held_out_half", "coverage_curve", "when_small", "fitted_on")
    return (
        tuple(heads),
        familiarity,
        {
            **{kind: {name: figures[kind] for name, figures in metrics.items()} for kind in kinds},
            "unseen": {
                source: {
                    name: figures["unseen"][source] for name, figures in metrics.items() if source in figures["unseen"]
                }
                for source in unseen
            },
            "tracks": tracks,
        },
    )


def _judged_as_tracks(
    head: Head, tracks: Mapping[str, Mapping[str, Tracks]]
) -> tuple[Head, dict[str, dict[str, dict[str, Any]]]]:
    """Fit the temperature of tracks, to those of the fitting half and of unseen sources, and score the others.

    How far probabilities are off on an unseen source is told by what its own tracks had no part in.
    """
    fitting = {source: list(of.values()) for source, of in tracks.items() if source != "validation"}

    def fitted(without: str = "") -> Head:
        parts = [part for source, of in fitting.items() if source != without for part in of if _tells(part.faces)]
        if head.attribute == "expression" or not parts:
            return head
        return replace(head, track_temperature=round(fit_track_temperature(parts, head.attribute), 4))

    figures: dict[str, dict[str, dict[str, Any]]] = {}
    for source, of in tracks.items():
        if source != _OWN:
            judge = fitted(without=source)
            figures[source] = {kind: track_scores(part, judge) for kind, part in of.items()}
    return fitted(), figures


def _tells(faces: FaceData) -> bool:
    """Say whether faces are enough to fit something to: for age, of every group, as borders between two tell little."""
    if faces.attribute != "age" or len(faces) < _ENOUGH:
        return len(faces) >= _ENOUGH
    groups = known_age_groups(faces.table)[1]
    return np.bincount(groups, minlength=len(AGE_GROUPS)).min() >= _ENOUGH_OF_GROUP


def _judged(faces: FaceData) -> FaceData:
    """Return the faces whose verdict can be compared with a label: of those with bins of ages, few tracks would be."""
    rows = known_age_groups(faces.table)[0] if faces.attribute == "age" else np.ones(len(faces), bool)
    return faces[rows] if rows.any() else faces


def _at_most(faces: FaceData, most: int) -> FaceData:
    """Return the faces of the first people or pictures by the hash of their names, so that people stay whole."""
    if len(faces) <= most or "name" not in faces.table:
        return faces
    people = people_of(faces.table["name"])
    places = np.array([digest_of(name.encode()) % 1000 for name in people])
    return faces[places < 1000 * most / len(faces)]


def _fitted_familiarity(network: nn.Module, input_color: str, validation: Mapping[str, FaceData]) -> Familiarity:
    faces = most_told(validation)
    outputs = network_logits(network, faces.crops[faces.first_half], input_color)
    name = FAMILIARITY_OUTPUT if FAMILIARITY_OUTPUT in outputs else faces.attribute
    energies = logsumexp(outputs[name], axis=1)
    return Familiarity(name, round(float(np.quantile(energies, _UNFAMILIAR_SHARE)), 4))


def most_told(faces: Mapping[str, FaceData]) -> FaceData:
    """Return the faces of the attribute with most classes, by which a model knows how familiar a face is.

    Examples
    --------
    >>> most_told({"gender": faces, "age": others}).attribute  # doctest: +SKIP
    'age'
    """
    return faces[max(faces, key=lambda attribute: len(NETWORK_CLASSES[attribute]))]


def _logits_of(network: nn.Module, attribute: str, input_color: str, familiarity: Familiarity) -> LogitsOf:
    known: list[tuple[UInt8, Float32]] = []  # of the crops that were asked about last

    def logits_of(crops: UInt8) -> Float32:
        for asked, logits in known:
            if asked is crops:
                return logits
        outputs = network_logits(network, crops, input_color)
        known.append((crops, outputs[attribute] / familiarity.divisors(outputs[familiarity.output])))
        del known[:-_KNOWN]
        return known[-1][1]

    return logits_of


def _finished(
    logits_of: LogitsOf, faces: FaceData, elsewhere: Mapping[str, FaceData]
) -> tuple[Head, Mapping[str, Any]]:
    large = {source: _at_most(of, _MOST_FITTED) for source, of in elsewhere.items() if _tells(of)}
    own = faces[faces.first_half]
    head = _fitted(logits_of, list(large.values()) or [own], limits_of(faces))
    held_out = faces[~faces.first_half]
    confidences = class_probabilities(_predictions(logits_of, own, head)).max(axis=1)
    head = replace(head, threshold=coverage_threshold(confidences))
    half = _predictions(logits_of, held_out, head)
    curve = []
    for coverage in CURVE_COVERAGES:
        at = coverage_threshold(confidences, coverage)
        scores = score(half, held_out, threshold=at)
        row = {"threshold": at, "coverage": scores["coverage"], "accuracy": scores["covered_accuracy"]}
        by_race = scores["groups"].get("race", {})
        curve.append(row | ({"race_gap": by_race["covered_gap"]} if by_race else {}))
    figures = {
        source: score(_predictions(logits_of, of, head), of, threshold=head.threshold)
        for source, of in elsewhere.items()
    }
    for source, of in elsewhere.items():
        if others := [other for name, other in large.items() if name != source]:
            by_others = _fitted(logits_of, others, "", small=False)
            figures[source]["ece_by_others"] = score(_predictions(logits_of, of, by_others), of)["ece"]
    return head, {
        "validation": score(_predictions(logits_of, faces, head), faces, threshold=head.threshold),
        "held_out_half": score(half, held_out, threshold=head.threshold),
        "coverage_curve": curve,
        "when_small": scores_when_small(logits_of, held_out, head),
        "unseen": figures,
        "fitted_on": list(large),
    }


def _predictions(logits_of: LogitsOf, faces: FaceData, head: Head) -> Predictions:
    scaled = logits_of(faces.crops) / head.temperatures_at(faces.pixels)
    return Predictions(head.attribute, head.classes, softmax(scaled))


def _fitted(logits_of: LogitsOf, parts: list[FaceData], limits: str, *, small: bool = True) -> Head:
    """Fit the temperatures of an attribute to faces of one source or several, which count alike."""
    faces = concatenate(parts)
    attribute, classes = faces.attribute, NETWORK_CLASSES[faces.attribute]
    weights = alike(np.repeat(np.arange(len(parts)), [len(part) for part in parts]))
    logits, likelihood = logits_of(faces.crops), training_targets(faces)
    # Faces of fewer pixels than the network takes have temperatures of their own.
    large = np.ones(len(faces), bool) if faces.pixels is None else faces.pixels >= faces.crops.shape[1]
    large = large if np.count_nonzero(large) >= _ENOUGH else np.ones(len(faces), bool)
    temperature = round(fit_temperature(logits[large], likelihood[large], weights=weights[large]), 4)
    at_sizes: tuple[tuple[float, float], ...] = ()
    if small:
        at_sizes = small_temperatures(logits_of, faces.crops, likelihood, temperature, weights=weights)
    return Head(attribute, attribute, classes, temperature, temperatures=at_sizes, limits=limits)
