"""Who was seen: the shares of gender, age and makeup among tracked people, corrected for what the models confuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from facestats.errors import ModelError, UnknownNameError, UsageError
from facestats.models import attributes
from facestats.models.registry import Model, choose_models
from facestats.tables import schema
from facestats.track.gaps import seconds_seen

#: What the figures mean, in words for a reader.
NOTE = (
    "Corrected shares are those among the people with a verdict, and allow for how often the models, on labelled "
    "faces, took one class for another; raw ones count verdicts as they are, unknown included. In 90 % of like "
    "collections the interval would hold the true share, if people here are confused as often as in those labelled "
    "faces, and each track is another person."
)

#: What may count once each: people (``"track"``), or the time for which they were seen (``"time"``).
WEIGHTS = ("track", "time")

#: Columns and dtypes of the table.
DEMOGRAPHICS_DTYPES = {
    "attribute": "str",
    "class": "str",
    "share": "float64",
    "share_low": "float64",
    "share_high": "float64",
    "raw_share": "float64",
    "n_tracks": "int64",
}

_ATTRIBUTES = {
    column: attribute for attribute, column in attributes.VERDICT_COLUMNS.items() if attribute != "expression"
}
_STEPS = 300  # of expectation and maximization
_NOTHING = 1e-9


@dataclass(frozen=True)
class Composition:
    """The shares of the classes of one attribute, and the draws that their intervals come from.

    Attributes
    ----------
    classes : tuple of str
        ``"unknown"`` last; all arrays follow this order.
    share, low, high : numpy.ndarray
        float64: corrected shares and the ends of their 90 % intervals, NaN where nothing can be said.
    raw : numpy.ndarray
        float64: shares among the verdicts, unknown included.
    counts : numpy.ndarray
        int64: how many tracks got which verdict.
    draws : numpy.ndarray
        float64 (B, classes): the share as often as it was drawn anew, NaN where there is no interval.
    """

    classes: tuple[str, ...]
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    raw: np.ndarray
    counts: np.ndarray
    draws: np.ndarray


@dataclass(frozen=True)
class Correction:
    """How verdicts are corrected, and how often they are drawn anew.

    Attributes
    ----------
    models : mapping of str to str
        The models that the analysis used, by attribute, where these are not the default ones.
    models_path : sequence of path
        Folders of one's own models.
    n_bootstrap : int
        How often tracks are drawn anew.
    seed : int
        Of the bootstrap.
    """

    models: Mapping[str, str] | None = None
    models_path: Sequence[str | Path] = ()
    n_bootstrap: int = 1000
    seed: int = 0


def demographics(
    tracks: pd.DataFrame,
    *,
    weight: str = "track",
    attributes: Sequence[str] = ("gender", "age_group", "makeup"),
    models: Mapping[str, str] | None = None,
    models_path: Sequence[str | Path] = (),
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return what shares of the people seen are of which gender, age group and makeup, with 90 % intervals.

    The verdicts of the tracks are a mixture of what the models say of each class; the card of a model says how often it
    says what of whom (on labelled faces that it was not trained on). The mixture is resolved by maximum likelihood
    (expectation maximization; the correction of prevalence of Saerens et al., 2002). "unknown" is left out: how often
    it is said depends on how well faces are seen. Intervals are percentiles of a bootstrap over the tracks, the rows of
    the card's matrix being drawn anew too; half a track of each verdict is added, so that a few tracks that agree are
    no certainty.

    Parameters
    ----------
    tracks : pandas.DataFrame
        Of one video or of many, see :mod:`facestats.tables.schema`.
    weight : str
        ``"track"``: every track counts once; ``"time"``: for as long as it was seen.
    attributes : sequence of str
        Columns of ``tracks``.
    models : mapping of str to str, optional
        The models that the analysis used, by attribute, where these are not the default ones.
    models_path : sequence of path
        Folders of one's own models.
    n_bootstrap : int
        How often the tracks are drawn anew.
    seed : int
        Of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        One row for each attribute and class, see :data:`DEMOGRAPHICS_DTYPES`: ``share`` is the corrected one, between
        ``share_low`` and ``share_high``; ``raw_share`` is that among the verdicts, which has a row ``"unknown"`` too
        (whose ``share`` is missing, as it is where there is no verdict); ``n_tracks`` the verdicts. An attribute that
        was never measured has no rows.
        ``.attrs["note"]`` says in two sentences what it all means.

    Raises
    ------
    UsageError
        If ``weight`` or an attribute is unknown, or a column is missing.
    UnknownNameError
        If a model is.
    ModelError
        If a model's card does not say what it confuses.

    Examples
    --------
    >>> demographics(schema.conform("tracks")).columns[:3].tolist()
    ['attribute', 'class', 'share']
    """
    found = compositions(tracks, attributes, Correction(models, models_path, n_bootstrap, seed), weight=weight)
    parts = [_table(column, composition) for column, composition in found.items()]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(DEMOGRAPHICS_DTYPES))
    table = table[list(DEMOGRAPHICS_DTYPES)].astype(DEMOGRAPHICS_DTYPES)
    table.attrs["note"] = NOTE
    return table


def compositions(
    tracks: pd.DataFrame, attributes: Sequence[str], correction: Correction, *, weight: str = "track"
) -> dict[str, Composition]:
    """Return what :func:`demographics` makes its table of, by attribute, for those that need the draws themselves.

    Errors are those of :func:`demographics`; an attribute that was never measured is absent.

    Parameters
    ----------
    tracks : pandas.DataFrame
    attributes : sequence of str
        Columns of ``tracks``.
    correction : Correction
    weight : str
        One of :data:`WEIGHTS`.

    Examples
    --------
    >>> compositions(schema.conform("tracks"), ["gender"], Correction())
    {}
    """
    if weight not in WEIGHTS:
        raise UsageError(f"unknown weight {weight!r}: use {' or '.join(WEIGHTS)}")
    unknown = [name for name in attributes if name not in _ATTRIBUTES]
    if unknown:
        raise UsageError(f"no shares of {unknown[0]!r}: there are those of {', '.join(_ATTRIBUTES)}")
    missing = {*attributes, "duration_s", "seen_s"} - set(tracks.columns)
    if missing:
        raise UsageError(f"shares need tracks; this table has no column {', '.join(sorted(missing))}")
    chosen = choose_models(dict(correction.models or {}), [Path(folder) for folder in correction.models_path])
    found = {}
    for column in attributes:
        attribute = _ATTRIBUTES[column]
        measured = tracks[tracks[column].notna()]
        if {"video_id", "track_id"} <= set(measured.columns):  # nor on the order of the rows
            measured = measured.sort_values(["video_id", "track_id"], kind="stable")
        if measured.empty:
            continue
        if attribute not in chosen:
            raise UnknownNameError(f"no model of {attribute}, so nothing corrects its verdicts: leave it out")
        weights = seconds_seen(measured) if weight == "time" else np.ones(len(measured))
        found[column] = _composition(
            column,
            measured[column],
            weights,
            _confusion(chosen[attribute], attribute),
            correction.n_bootstrap,
            # One of its own, so that the figures do not depend on which other attributes are asked for.
            np.random.default_rng([correction.seed, list(_ATTRIBUTES).index(column)]),
        )
    return found


def _confusion(model: Model, attribute: str) -> np.ndarray:
    """Return how often the model said what of whom when it said anything, float64 (K, K)."""
    figures = model.card.metrics.get("validation", {}).get(attribute, {})
    classes = [*attributes.ATTRIBUTE_CLASSES[attribute], schema.UNKNOWN]
    verdicts = figures.get("verdicts", {}) if isinstance(figures, Mapping) else {}
    if verdicts.get("classes") != classes:
        raise ModelError(
            f"the card of model {model.name!r} does not say which verdicts on {attribute} it confuses "
            f"(metrics.validation.{attribute}.verdicts): train it with facestats, or leave the attribute out"
        )
    return np.array(verdicts["matrix"], np.float64)[:, :-1]


def _composition(
    column: str,
    verdicts: pd.Series,
    weights: np.ndarray,
    confusion: np.ndarray,
    n_bootstrap: int,
    rng: np.random.Generator,
) -> Composition:
    classes = attributes.ATTRIBUTE_CLASSES[_ATTRIBUTES[column]]
    said = np.array([*classes, schema.UNKNOWN])
    is_said = verdicts.to_numpy(object)[:, None] == said[None]
    raw = weights @ is_said / weights.sum()
    # A class that no labelled face had is beyond correction.
    known = confusion.sum(axis=1) > 0
    columns = np.flatnonzero(known)
    shares = np.full((3, len(said)), np.nan)
    draws = np.full((n_bootstrap, len(said)), np.nan)
    if raw[:-1].any():
        rates = (confusion[known] + 0.5) / (confusion[known] + 0.5).sum(axis=1, keepdims=True)
        share = resolve((raw[:-1] / raw[:-1].sum())[None], rates[None])[0]
        # The Bayesian bootstrap (Rubin, 1981), and half a track of each verdict.
        decided = is_said[:, -1] == 0
        added = np.full(len(classes), 0.5)
        drawn = rng.dirichlet(np.concatenate([np.ones(decided.sum()), added]), n_bootstrap)
        drawn *= np.concatenate([weights[decided], np.full(len(classes), weights[decided].mean())])
        drawn = drawn @ np.concatenate([is_said[decided, :-1], np.eye(len(classes))])
        drawn /= drawn.sum(axis=1, keepdims=True)
        rates = np.stack([rng.dirichlet(row + 0.5, n_bootstrap) for row in confusion[known]], axis=1)
        draws[:, columns] = resolve(drawn, rates)
        low, high = np.quantile(draws[:, columns], [0.05, 0.95], axis=0)
        shares[:, columns] = share, np.minimum(low, share), np.maximum(high, share)
        shares[shares < _NOTHING] = 0.0  # maximization only comes near it
    share, low, high = shares
    return Composition(tuple(said.tolist()), share, low, high, raw, is_said.sum(axis=0), draws)


def _table(column: str, composition: Composition) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "attribute": column,
            "class": composition.classes,
            "share": composition.share,
            "share_low": composition.low,
            "share_high": composition.high,
            "raw_share": composition.raw,
            "n_tracks": composition.counts,
        }
    )


def resolve(shares: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Return the mixtures of classes that explain shares of verdicts best.

    Parameters
    ----------
    shares : numpy.ndarray
        float (B, V): shares of the verdicts; rows sum to 1.
    rates : numpy.ndarray
        float (B, K, V), above 0: how often each class gets each verdict; rows sum to 1.

    Returns
    -------
    numpy.ndarray
        float64 (B, K); rows sum to 1.

    Examples
    --------
    >>> rates = np.array([[[0.9, 0.1], [0.2, 0.8]]])
    >>> resolve(np.array([[0.55, 0.45]]), rates).round(3).tolist()
    [[0.5, 0.5]]
    """
    mixture = np.full(rates.shape[:2], 1 / rates.shape[1])
    for _ in range(_STEPS):
        expected = np.einsum("bk,bkv->bv", mixture, rates)
        mixture = mixture * np.einsum("bv,bkv->bk", shares / np.maximum(expected, 1e-12), rates)
        mixture /= mixture.sum(axis=1, keepdims=True)
    return mixture
