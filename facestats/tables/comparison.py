"""Two collections, or two periods of one, beside each other: which shares differ, and which of that may be chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd

from facestats._util.spoken import several
from facestats.errors import UsageError
from facestats.models import attributes
from facestats.tables import schema
from facestats.tables.demographics import Composition, Drawing, compositions
from facestats.tables.sources import Source, Tracked, tracks_of
from facestats.track.gaps import seconds_seen

#: What the figures mean, in words for a reader.
NOTE = (
    "Lines are 90 % intervals. A difference is called clear if its 99 % interval leaves out zero: about seventeen "
    "shares are compared at once, and a narrower one would mark some by chance alone. Gender, age and makeup allow for "
    "what the models confuse, and people count once; a track of whom nobody knows whose it is counts as a person: if "
    "few people make many such tracks, differences look clearer than they are. Expressions are expected shares of the "
    "time seen; their intervals come from drawing whole videos anew, as the faces of one video are alike, or tracks "
    "where there is only one video."
)

#: Columns and dtypes of the table.
COMPARISON_DTYPES = {
    "attribute": "str",
    "class": "str",
    "part_of": "str",
    "first": "float64",
    "first_low": "float64",
    "first_high": "float64",
    "second": "float64",
    "second_low": "float64",
    "second_high": "float64",
    "difference": "float64",
    "difference_low": "float64",
    "difference_high": "float64",
    "clear": "bool",
    "n_first": "int64",
    "n_second": "int64",
}

#: What can be compared: columns of ``tracks``.
COMPARED = ("gender", "age_group", "makeup", "expression")

_ATTRIBUTES = {attributes.VERDICT_COLUMNS[attribute]: attribute for attribute in attributes.BUILT_IN}
_EXPRESSION_SHARES = [f"expression_share_{name}" for name in attributes.EXPRESSIONS]
_SIDE, _DIFFERENCE = (0.05, 0.95), (0.005, 0.995)
_MOST_PAIRED = 1000  # draws of a side: each is paired with each of the other's
_NOTHING = 1e-9


def compare(
    first: Source | Tracked,
    second: Source | Tracked,
    *,
    attributes: str | Sequence[str] = COMPARED,
    models: Mapping[str, str] | None = None,
    second_models: Mapping[str, str] | None = None,
    models_path: str | Path | Sequence[str | Path] = (),
    n_draws: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the shares of two collections beside each other, and how much they differ at least and at most.

    Gender, age groups and makeup are the shares of :func:`facestats.demographics` by people, with the same intervals.
    Expressions are expected shares of the time seen. Their intervals come from a Bayesian bootstrap over the videos,
    and over the tracks where there is only one video; one video (or track) is added, its time spread evenly over the
    expressions, so that a few that agree are no certainty, and few videos make intervals as wide as Student's t does.
    Of a single track there is no interval.

    Parameters
    ----------
    first, second : Store, VideoTables, pandas.DataFrame, str or path
        A store, its path, a result, or the ``tracks`` of each side, see :mod:`facestats.tables.schema`.
    attributes : str or sequence of str
        Columns of ``tracks``: some of :data:`COMPARED`.
    models, models_path
        See :func:`facestats.demographics`.
    second_models : mapping of str to str, optional
        The models of the second side, where they are others.
    n_draws : int
        How often shares are drawn, and videos drawn anew.
    seed : int
        Of the draws.

    Returns
    -------
    pandas.DataFrame
        One row for each attribute and class, see :data:`COMPARISON_DTYPES`: the share on each side with its 90 %
        interval; ``difference``, second minus first, with its 99 % interval; ``clear``, whether that leaves out 0;
        ``n_first`` and ``n_second``, the people with that verdict. Where one side was never measured, its shares and
        the differences are missing, and nothing is clear; where neither was, there are no rows. Rows ``"unknown"`` hold
        counts alone. ``.attrs["note"]`` says what it all means.

    Raises
    ------
    UsageError
        If an attribute is unknown, a column is missing, or ``n_draws`` is below 1.
    UnknownNameError, ModelError
        See :func:`facestats.demographics`.

    Examples
    --------
    >>> tracks = schema.conform("tracks")
    >>> compare(tracks, tracks).columns[:3].tolist()
    ['attribute', 'class', 'part_of']
    """
    attributes, models_path = several(attributes, "attributes"), several(models_path, "models_path")
    unknown = [name for name in attributes if name not in COMPARED]
    if unknown:
        raise UsageError(f"{unknown[0]!r} cannot be compared: there are {', '.join(COMPARED)}")
    Drawing(None, (), n_draws, seed)  # refuses what is none
    of_second = models if second_models is None else second_models
    sides = [
        tracks_of(side, attributes if used is None else ()) for side, used in ((first, models), (second, of_second))
    ]
    for name, side in zip(("first", "second"), sides, strict=True):
        missing = _needed(attributes) - set(side.tracks.columns)
        if missing:
            raise UsageError(f"the {name} table is not one of tracks: it has no column {', '.join(sorted(missing))}")
    one, other = (
        _side(
            side,
            attributes,
            Drawing(used or side.models, [*models_path, *side.models_path], n_draws, seed),
        )
        for side, used in zip(sides, (models, of_second), strict=True)
    )
    parts = [_rows(column, one.get(column), other.get(column)) for column in attributes if column in {*one, *other}]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COMPARISON_DTYPES))
    table = table[list(COMPARISON_DTYPES)].astype(COMPARISON_DTYPES)
    table.attrs["note"] = NOTE
    return table


def within(
    videos: pd.DataFrame,
    *,
    start: str = "",
    until: str = "",
    files: str = "",
    names: tuple[str, str] = ("start", "until"),
) -> pd.DataFrame:
    """Return the videos whose analysis began in a period, and whose file has a name of a pattern.

    A camera or a stream is analysed while it is recorded; of a file it is known only when it was analysed.

    Parameters
    ----------
    videos : pandas.DataFrame
        See :mod:`facestats.tables.schema`.
    start, until : str
        ISO 8601 dates or times, UTC unless they say otherwise: from the first on, up to but without the second.
        Empty: open.
    files : str
        Pattern with ``*``, ``?`` and ``[...]``, of the path or of the file name alone. Empty: all.
    names : tuple of str
        What the caller calls ``start`` and ``until``, for error messages.

    Returns
    -------
    pandas.DataFrame
        Some of the rows.

    Raises
    ------
    UsageError
        If a date is none, or the period ends before it begins.

    Examples
    --------
    >>> begun = pd.to_datetime(["2026-10-31T23:00Z", "2026-11-01T00:00Z"])
    >>> videos = pd.DataFrame({"path": ["a/x.mp4", "a/y.mp4"], "started_at": begun})
    >>> within(videos, start="2026-11-01")["path"].tolist(), within(videos, files="x.*")["path"].tolist()
    (['a/y.mp4'], ['a/x.mp4'])
    """
    begins, ends = period(start, until, names)
    chosen = np.ones(len(videos), bool)
    if begins is not None:
        chosen &= (videos["started_at"] >= begins).to_numpy()
    if ends is not None:
        chosen &= (videos["started_at"] < ends).to_numpy()
    if files:
        chosen &= np.array([_matches(path, files) for path in videos["path"]], bool)
    return videos[chosen]


def period(
    start: str, until: str, names: tuple[str, str] = ("start", "until")
) -> tuple[datetime | None, datetime | None]:
    """Return when a period begins and ends, as :func:`within` understands it; None where it is open.

    Raises
    ------
    UsageError
        If a date is none, or the period ends before it begins.

    Examples
    --------
    >>> period("", "")
    (None, None)
    """
    begins, ends = (_moment(text, name) for text, name in zip((start, until), names, strict=True))
    if begins is not None and ends is not None and ends <= begins:
        raise UsageError(f"{names[1]} ({until}) must be later than {names[0]} ({start})")
    return begins, ends


def _moment(text: str, name: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(
            f"{name} must be a date or a time such as 2026-11-01 or 2026-11-01T08:30, not {text!r}"
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _matches(path: str, pattern: str) -> bool:
    return fnmatchcase(path, pattern) or fnmatchcase(path.rstrip("/").rpartition("/")[2], pattern)


def _needed(attributes: Sequence[str]) -> set[str]:
    needed = {*attributes, "duration_s", "seen_s"}
    return needed | {"video_id", *_EXPRESSION_SHARES} if "expression" in attributes else needed


def _side(side: Tracked, attributes: Sequence[str], drawing: Drawing) -> dict[str, Composition]:
    corrected = [name for name in attributes if name != "expression"]
    # The same seed for both sides, and for demographics: the same tracks have the same intervals wherever they stand.
    # No harm is done, as differences are taken between all draws of one side and all of the other.
    found = compositions(side.tracks, corrected, drawing, people=side.people) if corrected else {}
    expressed = _expressed(side.tracks, drawing) if "expression" in attributes else None
    return found if expressed is None else {**found, "expression": expressed}


def _expressed(tracks: pd.DataFrame, drawing: Drawing) -> Composition | None:
    """Return the shares of the time in each expression; None where it was never measured."""
    measured = tracks[tracks[_EXPRESSION_SHARES].notna().any(axis=1)]
    if measured.empty:
        return None
    classes = (*attributes.EXPRESSIONS, schema.UNKNOWN)
    verdicts = measured["expression"].to_numpy(object)
    counts = np.array([(verdicts == name).sum() for name in classes])
    several = len(measured["video_id"].unique()) > 1
    units = measured["video_id"] if several else pd.Series(range(len(measured)))
    seconds = seconds_seen(measured)
    shares = np.nan_to_num(measured[_EXPRESSION_SHARES].to_numpy(np.float64))
    times = pd.DataFrame(shares * seconds[:, None]).groupby(units.to_numpy()).sum().to_numpy()
    lengths = pd.Series(seconds).groupby(units.to_numpy()).sum().to_numpy()
    share = np.average(shares, axis=0, weights=seconds).clip(0, 1)  # of float32, which may exceed it
    draws = _drawn(times, lengths, share, drawing.n_draws, np.random.default_rng(drawing.seed))
    low, high = np.quantile(draws, _SIDE, axis=0)
    low, high = np.minimum(low, share), np.maximum(high, share)
    of_verdicts = counts / max(counts.sum(), 1)
    share, low, high = (np.append(part, np.nan) for part in (share, low, high))
    return Composition(classes, share, low, high, of_verdicts, counts, _widened(draws))


def _widened(draws: np.ndarray) -> np.ndarray:
    return np.concatenate([draws, np.full((len(draws), 1), np.nan)], axis=1)


def _drawn(
    times: np.ndarray, lengths: np.ndarray, share: np.ndarray, n_draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the shares as often as units (videos or tracks) are drawn anew, float64 (B, K).

    Parameters
    ----------
    times : numpy.ndarray
        float (N, K): seconds of each unit in each class.
    lengths : numpy.ndarray
        float (N,): seconds of each unit.
    share : numpy.ndarray
        float (K,): the share that the draws spread around.
    n_draws : int
    rng : numpy.random.Generator
    """
    n, n_classes = times.shape
    if n == 1:
        return np.full((n_draws, n_classes), np.nan)
    # Without an added unit, three videos without disgust would exclude that there is any.
    drawn = rng.dirichlet(np.concatenate([np.ones(n), np.full(n_classes, 1 / n_classes)]), n_draws)
    of_class = drawn @ np.concatenate([times, np.eye(n_classes) * lengths.mean()])
    drawn = of_class / (drawn @ np.concatenate([lengths, np.full(n_classes, lengths.mean())]))[:, None]
    # Videos of very different lengths count like fewer (Kish, 1965). Draws from so few spread too little, by the first
    # factor, and leave open how much they spread, which is what makes the normal distribution Student's.
    freedom = max(lengths.sum() ** 2 / (lengths**2).sum() - 1, _NOTHING)
    of_few = np.sqrt((freedom + 2) / freedom)
    of_spread = np.sqrt(freedom / np.maximum(rng.chisquare(freedom, n_draws), _NOTHING * freedom))
    return np.clip(share + (drawn - drawn.mean(axis=0)) * (of_few * of_spread)[:, None], 0, 1)


def _rows(column: str, first: Composition | None, second: Composition | None) -> pd.DataFrame:
    told = attributes.share_classes(_ATTRIBUTES[column])
    classes = (*(name for name, _ in told), schema.UNKNOWN)
    one, other = (_nothing(classes) if side is None else side for side in (first, second))
    difference = other.share - one.share
    ends = np.array([_ends(one.draws[:, k], other.draws[:, k]) for k in range(len(classes))])
    low, high = np.minimum(ends[:, 0], difference), np.maximum(ends[:, 1], difference)
    return pd.DataFrame(
        {
            "attribute": column,
            "class": classes,
            "part_of": [*(group for _, group in told), None],
            "first": one.share,
            "first_low": one.low,
            "first_high": one.high,
            "second": other.share,
            "second_low": other.low,
            "second_high": other.high,
            "difference": difference,
            "difference_low": low,
            "difference_high": high,
            "clear": (low > _NOTHING) | (high < -_NOTHING),
            "n_first": one.counts,
            "n_second": other.counts,
        }
    )


def _nothing(classes: tuple[str, ...]) -> Composition:
    missing, none = np.full(len(classes), np.nan), np.zeros(len(classes), np.int64)
    return Composition(classes, missing, missing, missing, missing, none, missing[None])


def _ends(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Return the ends of the interval of second minus first, over all pairs of their draws; NaN where one has none."""
    if np.isnan(first).any() or np.isnan(second).any():
        return np.nan, np.nan
    first, second = (_thinned(draws) for draws in (first, second))
    low, high = np.quantile(np.subtract.outer(second, first), _DIFFERENCE)
    return float(low), float(high)


def _thinned(draws: np.ndarray) -> np.ndarray:
    """Return at most :data:`_MOST_PAIRED` values that are distributed like the draws."""
    if len(draws) <= _MOST_PAIRED:
        return draws
    return np.quantile(draws, (np.arange(_MOST_PAIRED) + 0.5) / _MOST_PAIRED)
