"""The page that shows how far annotations made by hand agree with what was found."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pandas as pd

from facestats._util import words
from facestats.models.attributes import EXPRESSIONS
from facestats.plots.palette import color_of, hex_color
from facestats.reports.html import Share, render
from facestats.tables.agreement import NOT_FOUND, Agreement
from facestats.tables.labels import face_name
from facestats.tables.schema import UNKNOWN

_MEANINGS = {
    "seconds": "annotated by hand",
    "intervals": "annotated by hand; moments inside one are no independent witnesses",
    "answered": "share of these seconds for which an expression was found",
    "unknown": "share for which none was probable enough",
    "not found": "share in which the face was not found, or its expression not measured",
    "agree": "share of the answered seconds on which both say the same",
    "kappa": "Cohen's kappa of the answered seconds: 1 is full agreement, 0 that of chance",
}


def agreement_page(found: Agreement, *, video: str, annotations: str) -> str:
    """Return the page as HTML, without code and without outside requests.

    Parameters
    ----------
    found : Agreement
    video, annotations : str
        Names of the two files.

    Examples
    --------
    >>> agreement_page(found, video="clip.mp4", annotations="clip.eaf")  # doctest: +SKIP
    """
    figures = found.figures()
    kappa = "not defined" if np.isnan(figures["kappa"]) else f"{figures['kappa']:.2f}"
    shown = {
        "seconds": f"{figures['seconds']:,.1f}",
        "intervals": f"{figures['intervals']:,}",
        **{name.replace("_", " "): words.percent(figures[name]) for name in ("answered", "unknown", "not_found")},
        "agree": "nothing was answered" if np.isnan(figures["agree"]) else words.percent(figures["agree"]),
        "kappa": kappa,
    }
    lead = (
        f"Both say the same in {shown['agree']} of the time for which an expression was found; kappa {kappa}."
        if figures["answered"]
        else "No expression was found for what was annotated."
    )
    confusion = found.confusion()
    strange = sorted(set(found.moments["by_hand"]) - set(EXPRESSIONS))
    notes = [f"No expressions of facestats, and so never agreed with: {', '.join(strange)}."] if strange else []
    names = [(name, name) for name in (*EXPRESSIONS, UNKNOWN)]
    return str(
        render(
            "agreement.page",
            f"{annotations} beside {video}",
            lead,
            [(name, value, _MEANINGS[name]) for name, value in shown.items()],
            list(confusion.columns),
            _rows(confusion),
            render("pieces.class_legend", "expression", names),
            [
                (label, _strip(moments[column]))
                for (tier, track), moments in found.moments.groupby(["tier", "track_id"], sort=False)
                for column, label in (("by_hand", f"{tier}, by hand"), ("found", f"{face_name(track)}, found"))
            ],
            notes,
        )
    )


def _rows(confusion: pd.DataFrame) -> list[tuple[str, list[tuple[str, float, bool]]]]:
    rows = []
    for name, seconds in confusion.iterrows():
        total = float(seconds.sum())
        cells = [
            (f"{value:.1f}" if value else "", float(value) / total if total else 0.0, column == name)
            for column, value in seconds.items()
        ]
        rows.append((str(name), cells))
    return rows


def _strip(labels: pd.Series) -> list[Share]:
    return [
        (label, sum(1 for _ in same) / len(labels), _color(label))
        for label, same in groupby(labels.astype(str).tolist())
    ]


def _color(label: str) -> str:
    if label == NOT_FOUND:
        return "#ffffff"
    return hex_color(color_of("expression", label)) if label in (*EXPRESSIONS, UNKNOWN) else "#000000"
