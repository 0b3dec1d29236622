"""Who was seen: the shares of gender, age and makeup among tracked people, in spite of what the models confuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from facestats._util import words
from facestats._util.described import refuse_other_type
from facestats._util.spoken import several
from facestats.errors import ModelError, UnknownNameError, UsageError
from facestats.models import attributes
from facestats.models.registry import Model, choose_models
from facestats.tables import schema
from facestats.tables.mixtures import Rates, draw_shares
from facestats.tables.sources import Source, Tracked, tracks_of
from facestats.tables.units import BY, Units, possible_people, units_of

#: What the figures mean, in words for a reader.
NOTE = (
    "Shares allow for what the models, on labelled faces, took for something else; their intervals also for how few "
    "people were seen, and for models that err otherwise here than there. In 90 % of like collections the interval "
    "would hold the true share, if each track is another person."
)

#: The same where tracks were put together to people.
NOTE_OF_PEOPLE = NOTE.replace(
    "if each track is another person",
    "if the tracks of different videos, and those that nobody can tell, are of others",
)

#: Columns and dtypes of the table.
DEMOGRAPHICS_DTYPES = {
    "attribute": "str",
    "class": "str",
    "part_of": "str",
    "share": "float64",
    "share_low": "float64",
    "share_high": "float64",
    "in_words": "str",
    "raw_share": "float64",
    "counted": "int64",
}

#: How alike a model errs in two collections, see :class:`facestats.tables.mixtures.Rates`. Women and men of two sources
#: that no training saw were told as well as those of the card, age groups of film stills clearly worse. Makeup was
#: labelled in one source alone, and is seen otherwise in film and on the street: there hardly anything carries over.
ALIKE = {"gender": 25.0, "age": 8.0, "makeup": 1.5}

_ATTRIBUTES = {
    column: attribute
    for attribute, column in attributes.VERDICT_COLUMNS.items()
    if attribute in attributes.BUILT_IN and attribute != "expression"
}
_ENDS = (0.05, 0.95)
_BORDER = 0.01  # an interval that comes as near to nobody, or to all, holds that
_PEOPLE_DRAWN = 4  # times that who is who is drawn anew
_LEAST_LABELLED = 20  # fewer faces of a class in a source say nothing of how often it is confused


@dataclass(frozen=True)
class Composition:
    """The shares of the classes of one attribute, and the draws that their intervals come from.

    Attributes
    ----------
    classes : tuple of str
        See :func:`facestats.models.attributes.share_classes`, and ``"unknown"`` last; all arrays follow this order.
    share, low, high : numpy.ndarray
        float64: shares and the ends of their 90 % intervals, NaN where nothing can be said.
    raw : numpy.ndarray
        float64: shares among the verdicts, unknown included.
    counts : numpy.ndarray
        int64: how many people or tracks got which verdict.
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
class Drawing:
    """How verdicts are corrected, and how often shares are drawn.

    Attributes
    ----------
    models : mapping of str to str
        The models that the analysis used, by attribute, where these are not the default ones.
    models_path : sequence of path
        Folders of one's own models.
    n_draws : int
        How often shares are drawn.
    seed : int
        Of the draws.
    """

    models: Mapping[str, str] | None = None
    models_path: Sequence[str | Path] = ()
    n_draws: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("n_draws", 1), ("seed", 0)):
            value = getattr(self, name)
            refuse_other_type(name, value, int)
            if value < least:
                raise UsageError(f"{name} must be at least {least}, not {value}")


def demographics(
    source: Source | Tracked,
    *,
    by: str = "people",
    attributes: str | Sequence[str] = ("gender", "age_group", "makeup"),
    models: Mapping[str, str] | None = None,
    models_path: str | Path | Sequence[str | Path] = (),
    n_draws: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return what shares of the people seen are of which gender, age group and makeup, with 90 % intervals.

    Counted verdicts carry the errors of the models with them. The card of a model says how often it says what of whom,
    on labelled faces that it was not trained on; where it also has figures of sources that training never saw, those
    count too. From this and from the likeliest class of everyone, unknown ones included, shares are drawn from their
    posterior distribution, see :mod:`facestats.tables.mixtures`. They are never quite nobody, nor quite all: a few who
    agree are no certainty.

    Parameters
    ----------
    source : Store, VideoTables, pandas.DataFrame, str or path
        A store, its path, or the result of a video, all of whose tracks count; or ``tracks`` of one video or of many,
        see :mod:`facestats.tables.schema`; or people.
    by : str
        ``"people"``: everyone counts once (a track without ``person_id`` is a person of its own), and intervals allow
        for tracks that may be another person's, by ``person_prob``; ``"time"``: everyone
        counts for as long as they were seen; ``"track"``: every track counts once.
    attributes : str or sequence of str
        Columns of ``tracks``.
    models : mapping of str to str, optional
        The models that the analysis used, by attribute; by default those that a store names, and the default ones for
        a table.
    models_path : path or sequence of path
        Folders of one's own models.
    n_draws : int
        How often shares are drawn.
    seed : int
        Of the draws.

    Returns
    -------
    pandas.DataFrame
        One row for each attribute and class, see :data:`DEMOGRAPHICS_DTYPES`: ``share`` with its interval from
        ``share_low`` to ``share_high``, and both ``in_words``, where an interval as wide as from 10 to 90 % is called
        anything; ``raw_share`` is that among the verdicts, which has a row ``"unknown"`` too (whose ``share`` is
        missing); ``counted`` the verdicts. ``part_of`` is missing but for classes of a group: makeup is first of all
        ``"none"`` or ``"any"``, and any is ``"partial"`` or ``"over"``. An attribute that was never measured has no
        rows. ``.attrs["note"]`` says in two sentences what it all means.

    Raises
    ------
    UsageError
        If ``by`` or an attribute is unknown, a column is missing, ``n_draws`` is below 1, or several models judged an
        attribute.
    UnknownNameError
        If a model is.
    ModelError
        If a model's card does not say what it confuses.

    Examples
    --------
    >>> demographics(schema.conform("tracks")).columns[:4].tolist()
    ['attribute', 'class', 'part_of', 'share']
    """
    attributes, models_path = several(attributes, "attributes"), several(models_path, "models_path")
    known = tracks_of(source, attributes if models is None else ())
    used, folders = (known.models, known.models_path) if models is None else (models, ())
    drawing = Drawing(used, [*models_path, *folders], n_draws, seed)
    found = compositions(known.tracks, attributes, drawing, by=by, people=known.people)
    parts = [_table(column, composition) for column, composition in found.items()]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(DEMOGRAPHICS_DTYPES))
    table = table[list(DEMOGRAPHICS_DTYPES)].astype(DEMOGRAPHICS_DTYPES)
    table.attrs["note"] = note_of(known.tracks, by)
    return table


def note_of(tracks: pd.DataFrame, by: str = "people") -> str:
    """Return what the figures of some tracks mean: :data:`NOTE`, or :data:`NOTE_OF_PEOPLE` where people are known.

    Examples
    --------
    >>> note_of(schema.conform("tracks")) == NOTE
    True
    """
    has_people = by != "track" and "person_id" in tracks and tracks["person_id"].notna().any()
    return NOTE_OF_PEOPLE if has_people else NOTE


def compositions(
    tracks: pd.DataFrame,
    attributes: Sequence[str],
    drawing: Drawing,
    *,
    by: str = "people",
    people: pd.DataFrame | None = None,
) -> dict[str, Composition]:
    """Return what :func:`demographics` makes its table of, by attribute, for those that need the draws themselves.

    Errors are those of :func:`demographics`; an attribute that was never measured is absent.

    Parameters
    ----------
    tracks : pandas.DataFrame
    attributes : sequence of str
        Columns of ``tracks``.
    drawing : Drawing
    by : str
        One of :data:`facestats.tables.units.BY`.
    people : pandas.DataFrame, optional
        The table of people, whose verdicts count then, see :func:`facestats.tables.units.units_of`.

    Examples
    --------
    >>> compositions(schema.conform("tracks"), ["gender"], Drawing())
    {}
    """
    if by not in BY:
        raise UsageError(f"unknown by={by!r}: shares are by {', '.join(BY[:-1])} or {BY[-1]}")
    unknown = [name for name in attributes if name not in _ATTRIBUTES]
    if unknown:
        raise UsageError(f"no shares of {unknown[0]!r}: there are those of {', '.join(_ATTRIBUTES)}")
    missing = {*attributes, "duration_s", "seen_s"} - set(tracks.columns)
    if missing:
        raise UsageError(f"shares need tracks; this table has no column {', '.join(sorted(missing))}")
    chosen = choose_models(dict(drawing.models or {}), [Path(folder) for folder in drawing.models_path])
    found = {}
    for column in attributes:
        if tracks[column].isna().all():
            continue
        attribute = _ATTRIBUTES[column]
        if attribute not in chosen:
            raise UnknownNameError(f"no model of {attribute}, so nothing corrects its verdicts: leave it out")
        head = next(head for head in chosen[attribute].card.heads if head.attribute == attribute)
        units = units_of(tracks, attribute, threshold=head.threshold, by=by, people=people)
        # A generator of its own, so that the figures do not depend on which other attributes are asked for.
        rng = np.random.default_rng([drawing.seed, list(_ATTRIBUTES).index(column)])
        rates = _rates(chosen[attribute], attribute)
        possible = [
            units_of(of, attribute, threshold=head.threshold, by=by, people=people)
            for of in possible_people(tracks, _PEOPLE_DRAWN, rng, by=by)
        ]
        found[column] = _composition(attribute, units, possible, rates, drawing.n_draws, rng, by_time=by == "time")
    return found


def _rates(model: Model, attribute: str) -> Rates:
    """Return how often the model said what of whom: on validation faces, and on those of sources unseen in training."""
    metrics = model.card.metrics
    validation = _counts(metrics.get("validation", {}).get(attribute), attribute)
    if validation is None:
        raise ModelError(
            f"the card of model {model.name!r} does not say which verdicts on {attribute} it confuses "
            f"(metrics.validation.{attribute}.verdicts): train it with facestats, or leave the attribute out"
        )
    unseen = [_counts(of.get(attribute), attribute) for of in metrics.get("unseen", {}).values()]
    # A class of which such a source has hardly any face is confused as on validation faces, for all we know.
    sources = [
        np.where(counts.sum(axis=(0, 2))[None, :, None] >= _LEAST_LABELLED, counts, validation)
        for counts in unseen
        if counts is not None
    ]
    sure, unsure = np.stack([validation, *sources], axis=1)
    return Rates(sure, unsure, ALIKE[attribute])


def _counts(figures: Any, attribute: str) -> np.ndarray | None:
    """Return the faces by label and likeliest class, where the model was sure and where not, float64 (2, K, K)."""
    classes = [*attributes.ATTRIBUTE_CLASSES[attribute], schema.UNKNOWN]
    verdicts = figures.get("verdicts", {}) if isinstance(figures, Mapping) else {}
    if verdicts.get("classes") != classes:
        return None
    said = np.array(verdicts["matrix"], np.float64)
    sure, unknown = said[:, :-1], said[:, -1:]
    likeliest = figures.get("confusion", {}).get("matrix")
    unsure = unknown / len(sure) if likeliest is None else np.maximum(np.array(likeliest, np.float64) - sure, 0)
    return np.stack([sure, np.broadcast_to(unsure, sure.shape)])


def _composition(
    attribute: str,
    units: Units,
    possible: Sequence[Units],
    rates: Rates,
    n_draws: int,
    rng: np.random.Generator,
    *,
    by_time: bool,
) -> Composition:
    weights = units.seconds if by_time else np.ones(len(units))
    each = -(-n_draws // len(possible))
    parts = [draw_shares(of.votes, rates, each, rng, weights=of.seconds if by_time else None) for of in possible]
    drawn = np.concatenate(parts)[:n_draws]
    # A class that no labelled face had is beyond correction, and where nobody was told nothing is known.
    nobody = (units.votes.choice < 0).all()
    drawn[:, ~rates.is_labelled | nobody] = np.nan
    of_class = (units.verdicts[:, None] == np.array([*attributes.ATTRIBUTE_CLASSES[attribute], schema.UNKNOWN])).T
    counted = dict(zip([*attributes.ATTRIBUTE_CLASSES[attribute], schema.UNKNOWN], of_class, strict=True))
    draws = dict(zip(attributes.ATTRIBUTE_CLASSES[attribute], drawn.T, strict=True)) | {
        schema.UNKNOWN: np.full(n_draws, np.nan)
    }
    for group, names in attributes.CLASS_GROUPS.get(attribute, {}).items():
        counted[group] = np.any([counted[name] for name in names], axis=0)
        draws[group] = np.sum([draws[name] for name in names], axis=0)
    classes = (*(name for name, _ in attributes.share_classes(attribute)), schema.UNKNOWN)
    together = np.stack([draws[name] for name in classes], axis=1)
    is_said = np.stack([counted[name] for name in classes], axis=1)
    share = together.mean(axis=0)
    low, high = np.quantile(together, _ENDS, axis=0)
    low, high = np.where(low < _BORDER, 0.0, low), np.where(high > 1 - _BORDER, 1.0, high)
    low, high = np.minimum(low, share), np.maximum(high, share)
    return Composition(classes, share, low, high, weights @ is_said / weights.sum(), is_said.sum(axis=0), together)


def _table(column: str, composition: Composition) -> pd.DataFrame:
    part_of = [group for _, group in attributes.share_classes(_ATTRIBUTES[column])]
    ends = zip(composition.share, composition.low, composition.high, strict=True)
    return pd.DataFrame(
        {
            "attribute": column,
            "class": composition.classes,
            "part_of": [*part_of, None],
            "share": composition.share,
            "share_low": composition.low,
            "share_high": composition.high,
            "in_words": [None if np.isnan(share) else words.share(share, low, high) for share, low, high in ends],
            "raw_share": composition.raw,
            "counted": composition.counts,
        }
    )
