"""The sections of the report that compares two collections, or two periods of one; each returns HTML, or None."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from IPython.display import HTML
from markupsafe import Markup

from facestats import plots
from facestats._util import words
from facestats.models.attributes import CLASS_GROUPS, VERDICT_COLUMNS, lasting_attributes, share_classes
from facestats.options import AnalyzeOptions, described
from facestats.plots.verdicts import row_label
from facestats.reports import provenance
from facestats.reports.data import ReportData
from facestats.reports.doubts import collection_doubts
from facestats.reports.figures import figure
from facestats.reports.html import render, section
from facestats.reports.people import counting_sentence, key_figure, people_words, totals, units
from facestats.reports.sides import Comparison, is_measured
from facestats.store.manifest import Entry
from facestats.tables.comparison import COMPARISON_DTYPES, NOTE
from facestats.tables.schema import UNKNOWN

_MOST_NAMED = 5


def headline(comparison: Comparison, *, title: str = "") -> HTML:
    """Return the page's title, how much was compared and what differs most clearly, and the key figures.

    Examples
    --------
    >>> headline(load_comparison("october", "november"))  # doctest: +SKIP
    """
    name = title or f"{comparison.first_label} and {comparison.second_label} compared"
    n_compared, n_clear = len(comparison.compared), int(comparison.compared["clear"].sum())
    figures = [(f"{n_clear} of {n_compared}", "shares differ clearly")] if n_compared else []
    for counts, noun in (
        ([len(data.videos) for _, data in comparison.sides], "videos"),
        ([len(data.tracks) for _, data in comparison.sides], "faces followed"),
    ):
        figures.append((" and ".join(f"{count:,}" for count in counts), noun))
    people = [key_figure(data) for _, data in comparison.sides]
    if any(people):
        some = ", where they were looked for" if any(one and "," in one[1] for one in people) else ""
        numbers = ["?" if one is None else one[0].replace(" to ", "–") for one in people]
        figures.insert(-1, (" and ".join(numbers), f"people{some}"))
    legend = render("comparison.legend", comparison.first_label, comparison.second_label)
    return section("pieces.headline", name, _sentence(comparison), figures, legend)


def cautions(comparison: Comparison) -> HTML | None:
    """Return what makes the two sides no fair comparison: videos that count on both, or another analysis.

    Examples
    --------
    >>> cautions(load_comparison("october", "november"))  # doctest: +SKIP
    """
    found = [*_on_both_sides(comparison), *_different_analysis(comparison)]
    return section("comparison.cautions", found) if found else None


def coverage(comparison: Comparison) -> HTML:
    """Return how much was read and found on each side, side by side.

    Examples
    --------
    >>> coverage(load_comparison("october", "november"))  # doctest: +SKIP
    """
    counts = [_counts(data) for _, data in comparison.sides]
    labels = [label for label, _ in comparison.sides]
    return section("comparison.coverage", labels, [(name, *(side[name] for side in counts)) for name in counts[0]])


def composition(comparison: Comparison, attributes: Sequence[str] | None = None) -> HTML | None:
    """Return the shares of each class on both sides, which of them differ clearly, what that means, and the doubts.

    Examples
    --------
    >>> composition(load_comparison("october", "november"))  # doctest: +SKIP
    """
    attributes = (*lasting_attributes(), "expression") if attributes is None else attributes
    measured = [name for name in attributes if any(is_measured(data, name) for _, data in comparison.sides)]
    measured = [name for name in measured if (table := comparison.differences[name]) is None or not table.empty]
    if not measured:
        return None
    charts = [_chart(comparison, attribute) for attribute in measured]
    unknown = [attribute for attribute in measured if comparison.differences[attribute] is None]
    what = counting_sentence(*(data for _, data in comparison.sides))
    note = NOTE if len(unknown) < len(measured) else ""
    doubts = render("pieces.doubts", _doubts(comparison))
    return section("comparison.composition", what, charts, unknown, note, doubts)


def _doubts(comparison: Comparison) -> list[str]:
    """Return what is doubtful on either side."""
    return [f"{label}: {line}" for label, data in comparison.sides for line in collection_doubts(data)]


def limits(comparison: Comparison) -> HTML | None:
    """Return what the results do not say, and the models of both sides with their accuracy and limits.

    Examples
    --------
    >>> limits(load_comparison("october", "november"))  # doctest: +SKIP
    """
    entries = {f"{side}/{name}": entry for side, data in comparison.sides for name, entry in data.entries.items()}
    longer = max((data for _, data in comparison.sides), key=lambda data: len(data.tracks))
    return provenance.limits(replace(longer, entries=entries))


def made(comparison: Comparison) -> HTML:
    """Return for each side where its data come from, the options, the versions and the models' hashes, small.

    Examples
    --------
    >>> made(load_comparison("october", "november"))  # doctest: +SKIP
    """
    sides = []
    for (label, data), choice in zip(comparison.sides, comparison.chosen, strict=True):
        # Not the whole path, which may reveal more than it should.
        origin = [("store", data.store.path.resolve().name), ("videos chosen", choice or "all")]
        sides.append((label, origin, Markup(provenance.provenance(data).data)))
    return section("comparison.made", sides)


def _sentence(comparison: Comparison) -> str:
    """Return in one sentence how much was compared, and what differs most clearly (not escaped)."""
    compared = comparison.compared
    for label, data in comparison.sides:
        if data.videos.empty:
            return f"There is nothing to compare: no video belongs to “{label}”."
        if data.tracks.empty:
            return f"There is nothing to compare: in “{label}” nobody was followed."
    first, second = (f"“{label}” ({_how_much(data)})" for label, data in comparison.sides)
    if compared.empty:
        return f"{first} compared with {second}: no share could be compared."
    clear = compared[compared["clear"]]
    if clear.empty:
        return f"{first} compared with {second}: no share differs clearly, and what differs may be chance."
    # The clearest is not what differs most, but what differs by so much at least.
    least = clear[["difference_low", "difference_high"]].abs().min(axis=1)
    row = clear.loc[least.idxmax()]
    shares = f"{words.percent(row['first'])} against {words.percent(row['second'])}"
    return f"{first} compared with {second}: the clearest difference is the share of {_class_name(row)}, {shares}."


def _how_much(data: ReportData) -> str:
    length = float(data.videos["duration_s"].sum())
    parts = [words.count(len(data.videos), "video")]
    parts += [words.duration(length)] if length > 0 else []
    people = totals(data)
    parts += [people_words(*people)] if people is not None else []
    return ", ".join([*parts, words.count(len(data.tracks), "face")])


def _class_name(row: pd.Series) -> str:
    attribute = next(name for name, column in VERDICT_COLUMNS.items() if column == row["attribute"])
    name = row_label(attribute, row["class"])
    return {
        "gender": f"faces perceived as {name}",
        "age": f"the age group {name}",
        "makeup": "faces with any makeup" if name == "any" else f"faces with makeup “{name}”",
        "expression": f"the time in {name}",
    }[attribute]


def _counts(data: ReportData) -> dict[str, str]:
    statuses = data.videos["status"].value_counts()
    begun = data.videos["started_at"]
    days = list(dict.fromkeys(f"{moment:%Y-%m-%d}" for moment in (begun.min(), begun.max()))) if len(begun) else []
    length = float(data.videos["duration_s"].sum())
    return {
        "analysed (UTC)": " to ".join(days) or "–",
        "videos": f"{len(data.videos):,}",
        "– read to the end": f"{statuses.get('ok', 0):,}",
        "– read in part": f"{statuses.get('partial', 0):,}",
        "– not read": f"{statuses.get('failed', 0):,}",
        "length": words.duration(length) if length > 0 else "–",
        "frames looked at": f"{len(data.frames):,}",
        "sightings of a face": f"{int(data.frames['n_faces'].sum()):,}",
        "– of a followed face": f"{int(data.tracks['n_observations'].sum()):,}",
        "– large enough to classify": f"{int(data.tracks['n_classified'].sum()):,}",
        "faces followed": f"{len(data.tracks):,}",
        "people": _people(data),
    }


def _people(data: ReportData) -> str:
    people = key_figure(data)
    return "–" if people is None else people[0] + people[1].removeprefix("people").removeprefix("person")


def _chart(comparison: Comparison, attribute: str) -> Markup:
    table = comparison.differences[attribute]
    if table is None:
        table = _counts_only(comparison, attribute)
    column = VERDICT_COLUMNS[attribute]
    n_missing = tuple(int(_counting(data, attribute)[column].isna().sum()) for _, data in comparison.sides)
    text = "; ".join(
        f"{row['class']} {_range(row, 'first')} in {comparison.first_label}, {_range(row, 'second')} in "
        f"{comparison.second_label}{', a clear difference' if row['clear'] else ''}"
        for _, row in table.iterrows()
        if row["class"] != UNKNOWN
    )
    return figure(
        plots.share_differences,
        table,
        attribute,
        first=comparison.first_label,
        second=comparison.second_label,
        n_missing=n_missing,
        legend=False,  # that of the page is for all
        half=True,
        alt=f"{attribute}: {text}",
    )


def _counting(data: ReportData, attribute: str) -> pd.DataFrame:
    """Return whose verdicts are counted: people where they are known; of expressions, those of each face."""
    return data.tracks if attribute == "expression" else units(data)


def _range(row: pd.Series, side: str) -> str:
    share, low, high = (row[name] for name in (side, f"{side}_low", f"{side}_high"))
    if not np.isfinite(share):
        return f"{row[f'n_{side}']} counted"
    return words.share(share, low, high) if np.isfinite(low) else words.percent(share)


def _counts_only(comparison: Comparison, attribute: str) -> pd.DataFrame:
    """Return the rows of a comparison with nothing but the counts of verdicts."""
    column = VERDICT_COLUMNS[attribute]
    told = share_classes(attribute)
    classes = [*(name for name, _ in told), UNKNOWN]
    groups = CLASS_GROUPS.get(attribute, {})
    counts = {
        f"n_{side}": [int(_counting(data, attribute)[column].isin(groups.get(name, [name])).sum()) for name in classes]
        for side, (_, data) in zip(("first", "second"), comparison.sides, strict=True)
    }
    missing = {name: np.nan for name, dtype in COMPARISON_DTYPES.items() if dtype == "float64"}
    table = pd.DataFrame({"attribute": column, "class": classes, "clear": False, **missing, **counts})
    table["part_of"] = [*(group for _, group in told), None]
    return table[list(COMPARISON_DTYPES)].astype(COMPARISON_DTYPES)


def _on_both_sides(comparison: Comparison) -> list[str]:
    """Say which videos count on both sides, whatever they are called there."""
    known = [data.videos["sha256"].fillna(data.videos["video_id"]) for _, data in comparison.sides]
    both = comparison.first.videos[known[0].isin(known[1])]
    if both.empty:
        return []
    names = [comparison.first.name(video_id) for video_id in both["video_id"].iloc[:_MOST_NAMED]]
    more = [f"{len(both) - _MOST_NAMED:,} more"] if len(both) > _MOST_NAMED else []
    named = words.listing([*names, *more])
    text = f"{words.count(len(both), 'video')} {'counts' if len(both) == 1 else 'count'} on both sides ({named})"
    return [f"{words.sentence(text)} That draws the two sides together, and the intervals do not allow for it."]


def _different_analysis(comparison: Comparison) -> list[str]:
    """Say in what the two analyses differed, as far as it can change results."""
    sides = [_settings(data.entries.values()) for _, data in comparison.sides]
    if not all(sides):
        return []
    names = list(dict.fromkeys([*sides[0], *sides[1]]))
    apart = [
        f"{name} ({' and '.join(values[0])} against {' and '.join(values[1])})"
        for name in names
        if (values := [sorted(side.get(name, {"none"})) for side in sides])[0] != values[1]
    ]
    return [f"The two sides were analysed differently: {'; '.join(apart)}. Differences may come from that."] * bool(
        apart
    )


def _settings(entries: Sequence[Entry]) -> dict[str, set[str]]:
    """Return the options and models of an analysis, each with all its values."""
    found: dict[str, set[str]] = {}
    options = described(AnalyzeOptions)
    for entry in entries:
        if entry.status == "failed":
            continue
        found.setdefault("facestats", set()).add(entry.facestats)
        for name, value in entry.options.items():
            # Models and the detector follow by their hashes; options of another version are unknown here.
            if name in options and options[name].affects == "found" and not options[name].by_content:
                found.setdefault(name, set()).add(json.dumps(value, ensure_ascii=False))
        for attribute, model in entry.models.items():
            title = attribute if attribute == "detector" else f"{attribute} model"
            found.setdefault(title, set()).add(f"{model.get('name', 'none')}, sha256 {model.get('sha256', '')[:8]}")
    return found
