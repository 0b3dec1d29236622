"""Scores as text, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_TRACKING = {
    "hota": ("HOTA", ".3f"),
    "deta": ("DetA, how well faces were found", ".3f"),
    "assa": ("AssA, how well ids were kept", ".3f"),
    "idf1": ("IDF1", ".3f"),
    "mota": ("MOTA", ".3f"),
    "id_switches": ("switches of identity", ",d"),
    "fragmentations": ("fragmentations", ",d"),
    "recall": ("recall", ".3f"),
    "precision": ("precision", ".3f"),
    "covered_by_one_id": ("true boxes found by their person's main track", ".3f"),
    "n_true": ("true boxes", ",d"),
    "n_found": ("found boxes", ",d"),
    "n_people": ("people", ",d"),
    "n_tracks": ("tracks", ",d"),
}

_DETECTION = {
    "ap": ("average precision", ".3f"),
    "recall_at_01_fp": ("recall at 0.1 false faces an image", ".3f"),
    "landmark_error": ("error of landmarks, of the size of the box", ".3f"),
    "false_per_image": ("false faces an image without faces", ".3f"),
    "ms": ("milliseconds an image", ".3f"),
    "n": ("images", ",d"),
    "n_boxes": ("labelled faces", ",d"),
}

_ATTRIBUTES = {
    "n": ("images", ",d"),
    "n_exact": ("with an exact age", ",d"),
    "faces_found": ("faces found", ".3f"),
    "accuracy": ("accuracy", ".3f"),
    "balanced_accuracy": ("balanced accuracy", ".3f"),
    "macro_f1": ("mean F1 of the classes", ".3f"),
    "nll": ("negative log-likelihood", ".3f"),
    "ece": ("expected calibration error", ".3f"),
    "coverage": ("share with a verdict", ".3f"),
    "covered_accuracy": ("accuracy of these", ".3f"),
    "mae": ("mean absolute error (years)", ".3f"),
    "interval_90": ("ages inside the 90 % interval", ".3f"),
    "bin_distance": ("distance to the bin (years)", ".3f"),
    "female_balanced_accuracy": ("balanced accuracy, female faces", ".3f"),
    "female_none_balanced_accuracy": ("none or not, female faces", ".3f"),
    "female_over_auc": ("over or not, female faces, AUC", ".3f"),
}


_PEOPLE = {
    "n": ("pictures", ",d"),
    "n_people": ("people", ",d"),
    "auc": ("pairs ordered rightly (AUC), at full size", ".3f"),
    "auc_small": ("  at 24 pixels across the crop", ".3f"),
    "n_videos": ("simulated videos", ",d"),
    "n_cast": ("people who take part in them", ",d"),
    "precision": ("pairs put together that are of one person", ".3f"),
    "recall": ("pairs of one person put together", ".3f"),
    "f1": ("pairwise F1", ".3f"),
    "counted_within_1": ("videos whose people are counted to within one", ".3f"),
    "interval_holds": ("videos whose 90 % interval holds the number", ".3f"),
    "ece": ("calibration error of person_prob", ".3f"),
}


def _lines(titles: Mapping[str, tuple[str, str]], scores: Mapping[str, Any], width: int) -> Iterator[str]:
    """Yield a line for each score that there is, a dash where it could not be measured."""
    for name, (title, number) in titles.items():
        if name in scores:
            value = scores[name]
            yield f"  {title:<{width}}{'-' if value is None else format(value, number):>10}"


def people_table(scores: Mapping[str, Any]) -> str:
    """Lay the scores of what tells people apart out in lines, source by source."""
    lines = []
    for source, one in scores["sources"].items():
        lines += [source] * bool(source)
        lines += _lines(_PEOPLE, {**one, **(one["videos"] or {})}, 48)
        if one["videos"] is None:
            lines.append("  fewer than eight people with several pictures: no video was simulated")
    if scores["n_missed"]:
        lines.append(f"left out, as no face was found in them: {scores['n_missed']:,} pictures")
    return "\n".join(lines)


def tracking_table(scores: Mapping[str, Any]) -> str:
    """Lay the scores of a video's tracks out in lines."""
    return "\n".join(_lines(_TRACKING, scores, 46))


def detector_table(scores: Mapping[str, Any]) -> str:
    """Lay the scores of a detector out in lines."""
    by_size: dict[str, float | None] = {}
    titles: dict[str, tuple[str, str]] = {}
    for key, title in (("recall_by_size", "recall"), ("ap_by_size", "average precision")):
        for size, value in scores.get(key, {}).items():
            by_size[f"{key} {size}"] = value
            titles[f"{key} {size}"] = (f"{title}, {size.replace('_', ' ')} pixels", ".3f")
    return "\n".join(_lines({**_DETECTION, **titles}, {**scores, **by_size}, 38))


def groups_table(scores: Mapping[str, Any]) -> str:
    """Lay the scores of a detector in each group of images out in a table, and those in all of them below."""
    sizes = list(scores["ap_by_size"])
    titles = ["images", "faces", "ap", *(f"ap {size}" for size in sizes)]
    titles += ["recall", *(f"recall {size}" for size in sizes), "false"]
    rows = {**scores["groups"], "all": scores}
    width = max(map(len, rows)) + 2
    lines = [" " * (width + 2) + "  ".join(titles)]
    for name, one in rows.items():
        shares = [one["ap"], *one["ap_by_size"].values(), one["recall_at_01_fp"], *one["recall_by_size"].values()]
        cells = [f"{one['n']}", f"{one['n_boxes']}"]
        cells += ["-" if share is None else f"{share:.3f}" for share in (*shares, one["false_per_image"])]
        aligned = (f"{cell:>{len(title)}}" for cell, title in zip(cells, titles, strict=True))
        lines.append(f"  {name:<{width}}" + "  ".join(aligned))
    lines.append("  ap: average precision; recall: at 0.1 false faces an image; false: faces an image without one")
    return "\n".join(lines)


def attribute_table(scores: Mapping[str, Any]) -> str:
    """Lay scores and confusion matrix of an attribute model out in columns."""
    lines = list(_lines(_ATTRIBUTES, {name: value for name, value in scores.items() if value is not None}, 32))
    if scores.get("n_exact") == 0:
        of = "on rows whose years lie in one" if scores["accuracy"] is not None else "on none: their years span several"
        lines.append(f"  no row has an exact age (age_min equal to age_max): age groups are scored {of}")
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
