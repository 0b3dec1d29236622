"""How far annotations made by hand agree with the expressions that were found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from facestats._util.naming import named
from facestats.errors import UsageError
from facestats.models.attributes import EXPRESSIONS
from facestats.tables.schema import UNKNOWN

#: What stands for a moment in which a face that was annotated was not found, or its expression not measured.
NOT_FOUND = "not found"

_FACE = re.compile(r"\bface\s*(\d+)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Agreement:
    """Two annotations of the same moments.

    Attributes
    ----------
    moments : pandas.DataFrame
        ``tier``, ``track_id``, ``time_s``, ``by_hand`` and ``found``, one row for each moment that was annotated.
    every : float
        Seconds between moments.
    n_intervals : int
        Intervals made by hand.
    """

    moments: pd.DataFrame
    every: float
    n_intervals: int

    @property
    def answered(self) -> pd.DataFrame:
        """The moments for which an expression was found."""
        return self.moments[~self.moments["found"].isin([UNKNOWN, NOT_FOUND])]

    def figures(self) -> dict[str, float]:
        """Return the figures of the agreement.

        ``seconds`` that were annotated, in ``intervals``; of these the shares that were ``answered``, left ``unknown``,
        and ``not_found``; of the answered ones the share that ``agree``, and Cohen's ``kappa``, which takes away what
        chance would give: 1 is full agreement, 0 that of chance. It is NaN where both always say the same one thing.
        """
        moments, answered = self.moments, self.answered
        n = len(moments)
        agree = float((answered["by_hand"] == answered["found"]).mean()) if len(answered) else float("nan")
        return {
            "seconds": n * self.every,
            "intervals": self.n_intervals,
            "answered": len(answered) / n,
            "unknown": float((moments["found"] == UNKNOWN).mean()),
            "not_found": float((moments["found"] == NOT_FOUND).mean()),
            "agree": agree,
            "kappa": kappa(answered["by_hand"], answered["found"]),
        }

    def confusion(self) -> pd.DataFrame:
        """Return seconds by what was annotated (rows) and found (columns)."""
        by_hand = [*EXPRESSIONS, *sorted(set(self.moments["by_hand"]) - set(EXPRESSIONS))]
        found = [*EXPRESSIONS, UNKNOWN, NOT_FOUND]
        counts = pd.crosstab(self.moments["by_hand"], self.moments["found"])
        return counts.reindex(index=by_hand, columns=found, fill_value=0) * self.every


def kappa(one: pd.Series[str], other: pd.Series[str]) -> float:
    """Return Cohen's kappa (1960, "A coefficient of agreement for nominal scales"); NaN where it is not defined.

    Examples
    --------
    >>> one = pd.Series(["a", "a", "b", "b"])
    >>> kappa(one, one), kappa(one, pd.Series(["a", "b", "a", "b"]))
    (1.0, 0.0)
    """
    from sklearn.metrics import cohen_kappa_score

    if not len(one) or len(set(one) | set(other)) < 2:
        return float("nan")
    return float(cohen_kappa_score(one.to_numpy(str), other.to_numpy(str)))


def agreement(
    by_hand: pd.DataFrame,
    found: pd.DataFrame,
    *,
    track_id: int | None = None,
    tier: str | None = None,
    labels: Mapping[str, str] | None = None,
    every: float = 0.1,
    analyzed: tuple[float, float] = (-np.inf, np.inf),
) -> Agreement:
    """Compare annotations made by hand with the expressions of a video, moment by moment.

    Parameters
    ----------
    by_hand : pandas.DataFrame
        Intervals, see :func:`facestats.store.annotation.files.read_annotations`.
    found : pandas.DataFrame
        Intervals, see :func:`facestats.store.annotation.intervals.intervals_of`.
    track_id : int, optional
        Which face the annotations are of. By default the one that a tier's name says (``"face 3 expression"``), or the
        only one of the video.
    tier : str, optional
        Only this tier.
    labels : mapping of str to str, optional
        Label by hand to expression: ``{"smile": "happiness"}``. Labels are compared in lower case.
    every : float
        Seconds between moments.
    analyzed : tuple of float
        First and last second of the part of the video that was analysed; what is annotated outside does not count.

    Raises
    ------
    UsageError
        If it is not clear which face a tier is of, there is no such tier or face, or nothing was annotated.

    Examples
    --------
    >>> columns = ["tier", "track_id", "start_s", "end_s", "label"]
    >>> hand = pd.DataFrame([("mood", pd.NA, 0.0, 1.0, "Happiness")], columns=columns)
    >>> name = "face 1 expression"
    >>> found = pd.DataFrame([(name, 1, 0.0, 0.5, "happiness"), (name, 1, 0.5, 1.0, "fear")], columns=columns)
    >>> agreement(hand, found).figures()["agree"]
    0.5
    """
    if not every > 0:
        raise UsageError(f"every must be above 0 seconds, got {every}")
    tiers = list(dict.fromkeys(by_hand["tier"]))
    if tier is not None:
        if tier not in tiers:
            raise UsageError(f"there is no tier {tier!r}; there are {', '.join(tiers) or 'none'}")
        by_hand = by_hand[by_hand["tier"] == tier]
    by_hand = by_hand.assign(start_s=by_hand["start_s"].clip(*analyzed), end_s=by_hand["end_s"].clip(*analyzed))
    by_hand = by_hand[by_hand["end_s"] > by_hand["start_s"]]
    expressive = found[found["label"].isin([*EXPRESSIONS, UNKNOWN]) & found["tier"].str.endswith(" expression")]
    tracks = sorted(set(found["track_id"].dropna().astype(int)))
    parts = [
        _moments(rows, expressive, name, _track_of(str(name), tracks, track_id), labels or {}, every)
        for name, rows in by_hand.groupby("tier", sort=False)
    ]
    moments = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if not len(moments):
        raise UsageError("nothing is annotated of what was analysed: there is no interval to compare")
    return Agreement(moments, every, len(by_hand))


def _track_of(tier: str, tracks: list[int], track_id: int | None) -> int:
    said = _FACE.search(tier)
    number = track_id if track_id is not None else int(said[1]) if said else tracks[0] if len(tracks) == 1 else None
    if number is None:
        raise UsageError(
            f"which face is tier {tier!r} of? Name it with {named('track_id', '--track')}: the video has {len(tracks)} "
            f"({', '.join(map(str, tracks[:10]))}{', ...' if len(tracks) > 10 else ''})"
        )
    if number not in tracks:
        raise UsageError(f"tier {tier!r} is of face {number}, which the video has not")
    return number


def _moments(
    rows: pd.DataFrame, found: pd.DataFrame, tier: object, track: int, labels: Mapping[str, str], every: float
) -> pd.DataFrame:
    last = float(rows["end_s"].max())
    times = np.arange(every / 2, last, every)
    hand = _at(times, rows)
    said = _at(times, found[found["track_id"] == track])
    known = {label.strip().lower(): expression for label, expression in labels.items()}
    kept = [place for place, label in enumerate(hand) if label is not None]
    spoken = [str(hand[place]).strip().lower() for place in kept]
    return pd.DataFrame(
        {
            "tier": str(tier),
            "track_id": track,
            "time_s": times[kept],
            "by_hand": [known.get(label, label) for label in spoken],
            "found": [said[place] or NOT_FOUND for place in kept],
        }
    )


def _at(times: np.ndarray, rows: pd.DataFrame) -> list[str | None]:
    """Return the label at each moment; None where there is none."""
    found: list[str | None] = [None] * len(times)
    for start_s, end_s, label in rows[["start_s", "end_s", "label"]].itertuples(index=False):
        for place in range(*np.searchsorted(times, [start_s, end_s])):
            found[place] = label
    return found
