"""The end of every report: what the models are, where they fail, and how the page was made."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import pandas as pd
from IPython.display import HTML

from facestats._util import words
from facestats.models.cards import Card
from facestats.reports.data import ReportData
from facestats.reports.html import section
from facestats.tables.schema import SCHEMA_VERSION


def limits(data: ReportData) -> HTML | None:
    """Return what the results do not say, and the models with their measured accuracy and limits.

    Examples
    --------
    >>> limits(load_collection("facestats-out"))  # doctest: +SKIP
    """
    if data.tracks.empty:
        return None
    models = [_model_line(attribute, card) for attribute, card in used_cards(data)]
    # Where people are known, faces of some videos may still be no more than that.
    asked = data.tracks["person_id"].notna()
    return section("provenance.limits", models, bool(asked.any()), bool(not asked.all()))


def used_cards(data: ReportData) -> list[tuple[str, Card]]:
    """Return attribute and card of each model used, where this installation has the very same one.

    Examples
    --------
    >>> used_cards(load_collection("facestats-out"))  # doctest: +SKIP
    """
    return data.cards


def model_of(data: ReportData, attribute: str) -> str | None:
    """Return the name of the one model that judged an attribute; None if several did, or this installation lacks it.

    Examples
    --------
    >>> model_of(load_collection("facestats-out"), "gender")  # doctest: +SKIP
    'people'
    """
    cards = [card for used, card in used_cards(data) if used == attribute]
    return cards[0].name if len(cards) == 1 else None


def model_folders(*sides: ReportData) -> list[str]:
    """Return the folders of one's own models that the analyses used.

    Examples
    --------
    >>> model_folders(load_collection("facestats-out"))  # doctest: +SKIP
    []
    """
    entries = [entry for data in sides for entry in data.entries.values()]
    return sorted({folder for entry in entries for folder in entry.options.get("models_path", ())})


def _model_line(attribute: str, card: Card) -> tuple[str, str, str, str]:
    """Return the attribute, the model's name, how often it was right, and what it cannot do."""
    scores = card.metrics.get("validation", card.metrics)
    scores = scores.get(attribute, scores)
    accuracy, balanced = (scores.get(name) for name in ("group_accuracy", "balanced_accuracy"))
    accuracy = scores.get("accuracy") if accuracy is None else accuracy
    measured = ""
    if isinstance(accuracy, float):
        n = scores.get("n_exact", scores.get("n", 0))
        measured = f": right for {words.percent(accuracy)} of {n:,} validation faces"
        if isinstance(balanced, float):
            measured += f", {words.percent(balanced)} averaged over the classes"
    own = next((head.limits for head in card.heads if head.attribute == attribute), "")
    return attribute, card.name, measured, own or card.limits


def provenance(data: ReportData, parameters: Mapping[str, Any] | None = None) -> HTML:
    """Return where the data come from, the options, the versions and the models' hashes, small.

    Examples
    --------
    >>> provenance(load_collection("facestats-out"))  # doctest: +SKIP
    """
    rows: list[tuple[str, object]] = []
    if len(data.videos) == 1:
        rows += _video_rows(data)
    entries = list(data.entries.values())
    rows += _common("analysed by", (f"facestats {entry.facestats}" for entry in entries))
    rows += _common("analysis options", (_options(entry.options) for entry in entries))
    for attribute in dict.fromkeys(name for entry in entries for name in entry.models):
        used = (entry.models.get(attribute, {}) for entry in entries)
        title = attribute if attribute == "detector" else f"{attribute} model"
        rows += _common(title, (_model(model) for model in used))
    if parameters:
        rows.append(("report parameters", _options(parameters)))
    rows.append(("tables", f"schema version {SCHEMA_VERSION}"))
    made = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    rows.append(("page made", f"{made} by facestats {version('facestats')}, Python {platform.python_version()}"))
    return section("provenance.made", rows)


def _video_rows(data: ReportData) -> list[tuple[str, object]]:
    video, entry = data.video, data.entries[data.video_id]
    rows: list[tuple[str, object]] = [("video", ", ".join(entry.paths)), ("video_id", data.video_id)]
    if entry.sha256:
        rows.append(("sha256 of the video", entry.sha256))
    if pd.notna(video["width"]):
        turned = f", turned by {video['rotation']}°" if pd.notna(video["rotation"]) and video["rotation"] else ""
        rows.append(("picture", f"{video['width']} x {video['height']} pixels{turned}"))
    took = f" in {video['elapsed_s']:.1f} s" if pd.notna(video["elapsed_s"]) else ""
    rows.append(("analysed", f"{video['started_at']:%Y-%m-%d %H:%M} UTC{took}, status {video['status']}"))
    return rows


def _options(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in options.items())


def _model(model: Mapping[str, str]) -> str:
    return f"{model['name']}, sha256 {model.get('sha256', '')}" if model else "none"


def _common(name: str, values: Iterable[str]) -> list[tuple[str, object]]:
    """Return one row where all videos agree, and one with the number of videos for each value where they do not."""
    counts = pd.Series(list(values), dtype="str").value_counts()
    if len(counts) == 1:
        return [(name, counts.index[0])]
    return [(f"{name} ({number:,} video{'' if number == 1 else 's'})", value) for value, number in counts.items()]
