"""Scores as text, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TRACKING_TITLES = {
    "hota": "HOTA",
    "deta": "DetA, how well faces were found",
    "assa": "AssA, how well ids were kept",
    "idf1": "IDF1",
    "mota": "MOTA",
    "id_switches": "switches of identity",
    "fragmentations": "fragmentations",
    "recall": "recall",
    "precision": "precision",
    "covered_by_one_id": "true boxes found by their person's main track",
    "n_true": "true boxes",
    "n_found": "found boxes",
    "n_people": "people",
    "n_tracks": "tracks",
}


def tracking_table(scores: Mapping[str, Any]) -> str:
    """Lay the scores of a video's tracks out in lines."""
    lines = []
    for name, title in _TRACKING_TITLES.items():
        value = scores[name]
        shown = "-" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
        lines.append(f"  {title:<46}{shown:>10}")
    return "\n".join(lines)


def detector_table(scores: Mapping[str, Any]) -> str:
    """Lay the scores of a detector out in lines."""
    flat = {**scores, **{f"ap {size}": value for size, value in scores["ap_by_size"].items()}}
    flat |= {f"recall {size}": value for size, value in scores["recall_by_size"].items()}
    return "\n".join(
        f"  {title:<20}" + ("        -" if value is None else f"{value:>9,.3f}".replace(".000", ""))
        for title, value in flat.items()
        if not isinstance(value, dict)
    )


def groups_table(scores: Mapping[str, Any]) -> str:
    """Lay the scores of a detector in each group of images out in a table, and those in all of them below."""
    sizes = list(scores["ap_by_size"])
    titles = [
        "images",
        "faces",
        "ap",
        *(f"ap {size}" for size in sizes),
        "recall",
        *(f"recall {size}" for size in sizes),
    ]
    rows = {**scores["groups"], "all": scores}
    wide = max(map(len, rows)) + 2
    lines = [" " * (wide + 2) + "  ".join([*titles, "false"])]
    for name, one in rows.items():
        values = [one["ap"], *one["ap_by_size"].values(), one["recall_at_01_fp"], *one["recall_by_size"].values()]
        cells = [str(one["n"]), str(one["n_boxes"]), *map(_share, values), _share(one["false_per_image"])]
        shown = (f"{cell:>{len(title)}}" for cell, title in zip(cells, [*titles, "false"], strict=True))
        lines.append(f"  {name:<{wide}}" + "  ".join(shown))
    lines.append("  ap: average precision; recall: at 0.1 false faces an image; false: faces an image without one")
    return "\n".join(lines)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


_ATTRIBUTE_TITLES = {
    "n": "images",
    "n_exact": "with an exact age",
    "faces_found": "faces found",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "mean F1 of the classes",
    "nll": "negative log-likelihood",
    "ece": "expected calibration error",
    "coverage": "share with a verdict",
    "covered_accuracy": "accuracy of these",
    "mae": "mean absolute error (years)",
    "interval_90": "ages inside the 90 % interval",
    "bin_distance": "distance to the bin (years)",
    "female_balanced_accuracy": "balanced accuracy, female faces",
    "female_none_balanced_accuracy": "none or not, female faces",
    "female_over_auc": "over or not, female faces, AUC",
}


def attribute_table(scores: Mapping[str, Any]) -> str:
    """Lay scores and confusion matrix of an attribute model out in columns."""
    lines = []
    for name, title in _ATTRIBUTE_TITLES.items():
        value = scores.get(name)
        if value is not None:
            lines.append(f"  {title:<32}{value:>10,}" if isinstance(value, int) else f"  {title:<32}{value:>10.3f}")
    if scores.get("n_exact") == 0:
        lines.append("  no row has an exact age (age_min equal to age_max): age groups cannot be scored on bins")
    if scores.get("majority", {}).get("n"):
        title = "accuracy, majority of taggers"
        lines.append(f"  {title:<32}{scores['majority']['accuracy']:>10.3f}")
    for column, by_group in scores["groups"].items():
        if by_group["gap"] is not None:
            lines.append(f"  {f'gap by {column}':<32}{by_group['gap']:>10.3f}")
    classes = scores["confusion"]["classes"]
    width = max(map(len, classes)) + 2
    lines += [
        "",
        "  labelled (rows) and predicted (columns)",
        " " * (width + 2) + "".join(f"{c:>{width}}" for c in classes),
    ]
    for name, row in zip(classes, scores["confusion"]["matrix"], strict=True):
        lines.append(f"  {name:<{width}}" + "".join(f"{count:>{width}}" for count in row))
    return "\n".join(lines)
