"""The figures of a card as tables: where a model is right how often, and what its probabilities meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

# What a row of scores is of, by the key under which a card holds it.
_FACES = {"validation": "validation", "held_out_half": "held-out half of it"}


def attribute_figures(metrics: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Return the figures of a model of attributes as tables; only those that its card has.

    Parameters
    ----------
    metrics : mapping
        :attr:`facestats.models.cards.ModelCard.metrics`, as training writes it.

    Returns
    -------
    dict of str to pandas.DataFrame
        Every table has a column ``attribute``.

        ``scores``: a row for all validation faces, one for the half of them to which nothing was fitted, and one for
        each source that training never saw (``faces``); accuracy, calibration error (``ece``) and the like.
        ``coverage``: for several thresholds the share of faces with a verdict and how many of these are right.
        ``small``: the same faces made small, by ``pixels`` across the crop.
        ``tracks``: of tracks made of pictures of a source (``faces``), by kind of ``track``: ``swaying``, one picture
        each, or ``people``, several pictures of one person.
        ``groups``: by groups of people, ``by`` which labels and ``group``.
        ``verdicts``: how many faces of each ``label`` got which ``verdict``, ``"unknown"`` among them.

    Examples
    --------
    >>> metrics = {"validation": {"gender": {"n": 200, "accuracy": 0.9, "ece": 0.01}}}
    >>> attribute_figures(metrics)["scores"].columns.tolist()
    ['attribute', 'faces', 'n', 'accuracy', 'ece']
    """
    parts = {title: metrics.get(key) for key, title in _FACES.items()}
    parts |= {f"unseen source {source}": scores for source, scores in _items(metrics.get("unseen"))}
    every = dict(_items(metrics.get("validation")))
    return _tables(
        scores=[
            {"attribute": attribute, "faces": faces, **_numbers(scores)}
            for faces, of in parts.items()
            for attribute, scores in _items(of)
        ],
        coverage=_rows(metrics.get("coverage_curve")),
        small=_rows(metrics.get("when_small")),
        tracks=[
            {"attribute": attribute, "faces": source, "track": kind, **_numbers(scores)}
            for source, of in _items(metrics.get("tracks"))
            for attribute, kinds in _items(of)
            for kind, scores in _items(kinds)
        ],
        groups=[
            {"attribute": attribute, "by": by, "group": group, **row}
            for attribute, scores in every.items()
            for by, compared in _items(scores.get("groups"))
            for group, row in _items(compared.get("groups"))
        ],
        verdicts=[
            {"attribute": attribute, "label": label, "verdict": verdict, "n": n}
            for attribute, scores in every.items()
            if "verdicts" in scores
            for label, row in zip(scores["verdicts"]["classes"], scores["verdicts"]["matrix"], strict=False)
            for verdict, n in zip(scores["verdicts"]["classes"], row, strict=True)
        ],
    )


def detector_figures(metrics: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Return the figures of a detector as tables; only those that its card has.

    Parameters
    ----------
    metrics : mapping
        :attr:`facestats.models.cards.ModelCard.metrics`.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``scores``: a row for each collection of ``photos``: average precision (``ap``), recall, false faces.
        ``sizes``: average precision by the size of the faces in pixels.
        ``reliability``: how many of the detections with a probability of about ``said`` were ``right``.

    Examples
    --------
    >>> detector_figures({"validation": {"ap": 0.9, "ap_by_size": {"under_16": 0.5}}})["sizes"].values.tolist()
    [['validation', 'under_16', 0.5]]
    """
    parts = {name: metrics[name] for name in ("validation", "unseen") if isinstance(metrics.get(name), Mapping)}
    return _tables(
        scores=[{"photos": photos, **_numbers(scores)} for photos, scores in parts.items()],
        sizes=[
            {"photos": photos, "size": size, "ap": ap}
            for photos, scores in parts.items()
            for size, ap in scores.get("ap_by_size", {}).items()
        ],
        reliability=list(metrics.get("reliability", {}).get("table", ())),
    )


def _tables(**rows: list[dict[str, Any]]) -> dict[str, pd.DataFrame]:
    return {name: pd.DataFrame(listed) for name, listed in rows.items() if listed}


def _items(mapping: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give the entries that hold figures: cards of other tools may have anything there."""
    if isinstance(mapping, Mapping):
        yield from ((str(name), value) for name, value in mapping.items() if isinstance(value, Mapping))


def _rows(by_attribute: Any) -> list[dict[str, Any]]:
    if not isinstance(by_attribute, Mapping):
        return []
    return [{"attribute": attribute, **row} for attribute, rows in by_attribute.items() for row in rows]


def _numbers(scores: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {name: value for name, value in scores.items() if isinstance(value, int | float)}
    majority = scores.get("majority")
    of_taggers = _numbers(majority) if isinstance(majority, Mapping) else {}
    return numbers | {f"majority_{name}": value for name, value in of_taggers.items()}
