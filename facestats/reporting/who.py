"""Who was seen: for pages, the make-up of the people followed, corrected where the models' confusion is known."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from IPython.display import HTML

from facestats import plots
from facestats.composition import demographics
from facestats.errors import ModelError
from facestats.reporting import page
from facestats.reporting.data import ReportData
from facestats.reporting.provenance import used_cards
from facestats.schema import VERDICT_COLUMNS


def make_up(data: ReportData, attributes: Sequence[str] = ("gender", "age", "makeup")) -> HTML | None:
    """Return what shares of the people followed are of which class, beside how many faces got which verdict.

    Examples
    --------
    >>> make_up(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    if data.tracks.empty:
        return None
    shares = {attribute: _shares(data, attribute) for attribute in attributes}
    charts = []
    for attribute, table in shares.items():
        verdicts = data.tracks[VERDICT_COLUMNS[attribute]]
        counts = verdicts.fillna("not measured").value_counts()
        said = f"{attribute}: {', '.join(f'{name} {number}' for name, number in counts.items())} counted"
        if table is None:
            charts.append(page.figure(plots.verdict_counts, data.tracks, attribute, half=True, alt=said))
            continue
        known = table[table["share"].notna()]
        corrected = ", ".join(
            f"{row['class']} {row['share']:.0%} ({row['share_low']:.0%} to {row['share_high']:.0%})"
            for _, row in known.iterrows()
        )
        n_missing = int(verdicts.isna().sum())
        alt = f"{said}; corrected shares: {corrected}" if corrected else said
        charts.append(page.figure(plots.corrected_shares, table, attribute, n_missing=n_missing, half=True, alt=alt))
    notes = {table.attrs["note"] for table in shares.values() if table is not None}
    return page.block(
        page.block(*charts, kind="fs-row").data, *(f"<p>{page.escape(note)}</p>" for note in sorted(notes))
    )


def _shares(data: ReportData, attribute: str) -> pd.DataFrame | None:
    """Return the corrected shares; None where they would mean nothing, or no card says what its model confuses."""
    cards = [card for used, card in used_cards(data) if used == attribute]
    column = VERDICT_COLUMNS[attribute]
    if attribute == "expression" or len(cards) != 1 or data.tracks[column].isna().all():
        return None
    folders = {path for entry in data.entries.values() for path in entry.options.get("models_path", ())}
    try:
        table = demographics(
            data.tracks, attributes=[column], models={attribute: cards[0].name}, models_path=sorted(folders)
        )
    except ModelError:
        return None
    return table if len(table) else None
