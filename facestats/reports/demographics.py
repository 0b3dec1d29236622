"""The section on the people followed: which shares are of which class, where a card says what its model confuses."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from IPython.display import HTML
from markupsafe import Markup

from facestats import plots
from facestats._util import words
from facestats.errors import ModelError
from facestats.models.attributes import ATTRIBUTE_CLASSES, VERDICT_COLUMNS, lasting_attributes
from facestats.plots.verdicts import TITLES, row_label
from facestats.reports.data import ReportData
from facestats.reports.figures import figure
from facestats.reports.html import class_legend, section
from facestats.reports.people import are_known, counting_sentence, units
from facestats.reports.provenance import model_folders, model_of
from facestats.tables.correction import ACCEPT, told
from facestats.tables.demographics import demographics
from facestats.tables.schema import UNKNOWN
from facestats.tables.sources import Tracked

#: Fewer faces have no shares: an interval from 0 to 80 % says nothing.
_ENOUGH = 5

_MOST_NAMED = 6  # corrections

_NOTHING = Markup("")


def composition(data: ReportData, attributes: Sequence[str] | None = None, *, beside: Markup = _NOTHING) -> HTML | None:
    """Return what shares of the people followed are of which class, beside how many faces got which verdict.

    ``beside`` stands behind the last chart, where there is room.

    Examples
    --------
    >>> composition(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    attributes = lasting_attributes() if attributes is None else attributes
    if data.tracks.empty:
        return None
    counted = units(data)
    if len(counted) < _ENOUGH:
        return _counts(data, counted, attributes, beside)
    shares = {attribute: _shares(data, attribute) for attribute in attributes}
    charts = []
    for attribute, table in shares.items():
        verdicts = counted[VERDICT_COLUMNS[attribute]]
        counts = verdicts.fillna("not measured").value_counts()
        text = f"{attribute}: {', '.join(f'{name} {number}' for name, number in counts.items())} counted"
        if table is None:
            charts.append(figure(plots.verdict_counts, counted, attribute, half=True, alt=text))
            continue
        known = table[table["share"].notna()]
        corrected = ", ".join(f"{row['class']} {row['in_words']}" for _, row in known.iterrows())
        n_missing = int(verdicts.isna().sum())
        alt = f"{text}; shares: {corrected}" if corrected else text
        charts.append(figure(plots.corrected_shares, table, attribute, n_missing=n_missing, half=True, alt=alt))
    notes = {table.attrs["note"] for table in shares.values() if table is not None}
    said = (counting_sentence(data), charts, sorted(notes), corrected_words(data), beside)
    return section("demographics.shares", *said)


def corrected_words(data: ReportData) -> str:
    """Return in a sentence or two what was corrected by hand; empty if nothing was.

    Examples
    --------
    >>> corrected_words(load_collection("facestats-out"))  # doctest: +SKIP
    'Two corrections by hand count here, in one video.'
    """
    if data.corrections is None:
        return ""
    made = data.corrections[data.corrections["what"] != ACCEPT]  # which corrects nothing
    if made.empty:
        return ""
    counted, lost = made[made["applies"]], made[~made["applies"]]
    text = ""
    if len(counted):
        n = words.count(len(counted), "correction")
        text = words.sentence(f"{n} by hand {'counts' if len(counted) == 1 else 'count'} here{_named(data, counted)}")
    if len(lost):
        of = "one does" if len(lost) == 1 else f"{words.count(len(lost), 'correction')} by hand do"
        text += f" {words.sentence(f'{of} not apply any more, as the face is no longer found{_named(data, lost)}')}"
    return text.strip()


def _named(data: ReportData, corrections: pd.DataFrame) -> str:
    """Return which these are: their faces and reasons if they are few and of one video, else of how many videos."""
    if len(data.videos) != 1:
        return f", in {words.count(corrections['video_id'].nunique(), 'video')}"
    if len(corrections) > _MOST_NAMED:
        return ""
    parts = []
    for row in corrections.to_dict("records"):
        reason = f" (“{row['reason']}”)" if row["reason"] else ""
        parts.append(told(row["track_id"], row["what"], row["value"], row["time_s"]) + reason)
    return f": {words.listing(parts)}"


def _counts(data: ReportData, counted: pd.DataFrame, attributes: Sequence[str], beside: Markup) -> HTML:
    """Return the verdicts on a few people or faces in words."""
    rows = []
    for attribute in attributes:
        verdicts = counted[VERDICT_COLUMNS[attribute]]
        counts: list[tuple[str | None, int]] = [
            *((name, int((verdicts == name).sum())) for name in (*ATTRIBUTE_CLASSES[attribute], UNKNOWN)),
            (None, int(verdicts.isna().sum())),
        ]
        names = [(name, f"{count} {row_label(attribute, name)}") for name, count in counts if count]
        rows.append((TITLES[attribute], class_legend(attribute, names)))
    n_people = int(data.people["comparable"].sum()) if are_known(data) else 0
    n_faces = len(counted) - n_people
    found = [words.count(n_people, "person", "people")] * (n_people > 0) + [words.count(n_faces, "face")] * (
        n_faces > 0
    )
    few = f"{words.listing(found)} {'is' if len(counted) == 1 else 'are'}"
    note = words.sentence(f"{few} too few to speak of shares")
    return section("demographics.counted", counting_sentence(data), rows, note, corrected_words(data), beside)


def _shares(data: ReportData, attribute: str) -> pd.DataFrame | None:
    """Return the shares; None where they would mean nothing, or no card says what its model confuses."""
    column = VERDICT_COLUMNS[attribute]
    if attribute not in ("gender", "age", "makeup") or data.tracks[column].isna().all():
        return None
    model = model_of(data, attribute)
    if model is None:
        return None
    try:
        return demographics(
            Tracked(data.tracks, people=data.people),
            attributes=[column],
            models={attribute: model},
            models_path=model_folders(data),
        )
    except ModelError:
        return None
