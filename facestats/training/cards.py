"""What a model's card tells people: data, terms, figures, limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from facestats.evaluation.groups import LEAST_COMPARED
from facestats.models.cards import Card, Head
from facestats.models.detectors import DetectorCard
from facestats.models.familiarity import FAMILIARITY_OUTPUT
from facestats.training.headings import beginning, ending
from facestats.training.origins import origin_lines
from facestats.training.precision import precision_lines
from facestats.training.recipes import DetectorRecipe, Recipe, TrainingRecipe, recipe_toml


def card_markdown(card: Card) -> str:
    """Return the text of ``card.md`` for a model that training has just made.

    Parameters
    ----------
    card : Card
        With the metrics of :func:`facestats.training.run.train_model`.

    Examples
    --------
    >>> card_markdown(card)  # doctest: +SKIP
    """
    purpose = (
        f"Predicts {', '.join(card.attributes)} from an aligned face: {card.network}, "
        f"{card.metrics['parameters']:,} weights, {card.input_size}x{card.input_size} pixels, {card.input_color}, "
        f"{card.framing} crops."
    )
    shares = ", ".join(f"{share:.1%} of {name}" for name, share in card.metrics["faces_found"].items())
    found = (
        f"Every image went the way of a video frame: face detection ({card.metrics['detector']}), then alignment. A "
        f"face was found in {shares}; the other images were cropped where the face usually is."
    )
    lines = [
        *beginning(card.name, purpose, card.data, card.licence, more=[*origin_lines(card.metrics), found, ""]),
        *_short_lines(card.metrics),
        *_familiarity_lines(card),
        *precision_lines(card),
    ]
    for head in card.heads:
        lines += _head_lines(head, card.metrics)
    return "\n".join([*lines, *_ending(card.limits, card.metrics, Recipe)])


def _short_lines(metrics: Mapping[str, Any]) -> list[str]:
    """Return one table of how often the model is right, and what 90 % meant."""
    own = {name: scores.get("majority", scores) for name, scores in metrics["validation"].items()}
    parts = {"its own sources, validation": own}
    parts |= {f"{source}, never seen": of for source, of in metrics.get("unseen", {}).items()}
    by_taggers = any("majority" in scores for scores in metrics["validation"].values())
    rows = [
        f"| {attribute} | {title} | {scores['accuracy']:.0%} | {_percent(scores.get('right_at_90'))} "
        f"| {scores['coverage']:.0%} | {_percent(scores['covered_accuracy'])} |"
        for title, of in parts.items()
        for attribute, scores in of.items()
        if scores.get("accuracy") is not None
    ]
    return [
        "## In short",
        "",
        "How often the likeliest class is right, how often it is where the model says about 90 % (85 to 95), and how "
        'many faces get a verdict other than "unknown".'
        + (" FER2013's faces are judged by the majority of FER+'s ten taggers." if by_taggers else ""),
        "",
        "| | on faces of | right | right where it says 90 % | with a verdict | of these right |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
    ]


def _of(noticed: Mapping[str, Any]) -> str:
    return f" (of {', '.join(noticed['sources'])})" if noticed.get("sources") else ""


def _familiarity_lines(card: Card) -> list[str]:
    if card.familiarity is None:
        return []
    if card.familiarity.output == FAMILIARITY_OUTPUT:
        noticed = card.metrics.get("unfamiliar", {})
        lines = (
            "A face unlike those of the training, such as an animal's or one that is all blur, is noticed by an output "
            f"of its own, learned from what a detector takes for faces in photos without one{_of(noticed)}. Where it "
            f"is below {card.familiarity.least:.2f}, as with one in twenty faces of the model's own sources, "
            "probabilities are flattened, so that it rather says unknown. The faces that it learned from are "
            "validation faces, half of those that the threshold was fitted to: what is said of all validation faces "
            "includes them, what is said of the held-out half does not."
        )
        if noticed.get("pass") is not None:
            lines += (
                f" Of {noticed['strangers']} such things {noticed['pass']:.0%} are not noticed, each kind of photo "
                f"judged by what the others fit (area under the ROC curve {noticed['area']:.3f})."
            )
        return [lines, ""]
    return [
        "A face unlike those of the training, such as an animal's or one that is all blur, has a low energy: the log "
        f"of the sum of the exponentiated logits of {card.familiarity.output}. Where it is below "
        f"{card.familiarity.least:.2f}, as with one in twenty faces of the model's own sources, probabilities are "
        "flattened, so that it rather says unknown.",
        "",
    ]


def _head_lines(head: Head, metrics: Mapping[str, Any]) -> list[str]:
    of = {kind: metrics[kind][head.attribute] for kind in ("validation", "held_out_half", "coverage_curve")}
    elsewhere = metrics.get("fitted_on", {}).get(head.attribute, ())
    every, small = of["validation"], metrics["when_small"][head.attribute]
    classes = f"{len(head.classes)} years, 0 to {head.classes[-1]}" if head.is_years else ", ".join(head.classes)
    return [
        f"## {head.attribute.capitalize()}",
        "",
        f"{classes[0].upper()}{classes[1:]}. Validation data, not a test set. "
        + (
            f"Temperatures were fitted to {', '.join(elsewhere)}, which training never saw, the threshold "
            if elsewhere
            else "Temperatures and threshold were fitted "
        )
        + "on one half of it; the second column is the other half.",
        "",
        "| | all | held-out half |",
        "|---|---|---|",
        *_figure_rows(every, of["held_out_half"]),
        "",
        *_confusion_rows(every["confusion"]),
        "",
        f"Probabilities are softmax(logits / {head.temperature:.3f}) where the crop spans "
        f"{head.temperatures[-1][0]:.0f} pixels or more. Below a probability of {head.threshold:.3f} the verdict is "
        f"unknown: the highest value that keeps {metrics['coverage']:.0%} of the fitting half.",
        "",
        *_curve_lines(of["coverage_curve"]),
        "",
        "The held-out half made small. A crop is about 1.4 times as wide as the face:",
        "",
        "| pixels across | accuracy | mean probability | calibration error | with a verdict | of these right |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row['pixels']} | {row['accuracy']:.3f} | {row['confidence']:.3f} | {row['ece']:.3f} "
            f"| {row['coverage']:.1%} | {_percent(row['covered_accuracy'])} |"
            for row in small
            if row["accuracy"] is not None
        ),
        "",
        *_unseen_lines(head.attribute, metrics["unseen"]),
        *_track_lines(head, metrics.get("tracks", {})),
        *_group_lines(every["groups"]),
    ]


def _curve_lines(curve: Sequence[Mapping[str, Any]]) -> list[str]:
    by_race = any(row.get("race_gap") is not None for row in curve)
    return [
        "What other thresholds keep of the held-out half, how much of that is right"
        + (", and how many points the worst group of race is behind the best" if by_race else "")
        + ":",
        "",
        "| threshold | with a verdict | of these right |" + (" behind |" if by_race else ""),
        "|---|---|---|" + ("---|" if by_race else ""),
        *(
            f"| {row['threshold']:.3f} | {row['coverage']:.1%} | {row['accuracy']:.1%} |"
            + (f" {100 * row['race_gap']:.1f} |" if row.get("race_gap") is not None else " |" if by_race else "")
            for row in curve
            if row["accuracy"] is not None
        ),
    ]


def _unseen_lines(attribute: str, unseen: Mapping[str, Any]) -> list[str]:
    rows = {source: of[attribute] for source, of in unseen.items() if attribute in of}
    if not rows:
        return []
    return [
        "On faces of sources that training never saw. The second calibration error is what it would be if temperatures "
        "were fitted to the other sources alone, as for a source that nobody has seen yet:",
        "",
        "| source | faces | accuracy | balanced | calibration error | by others | with a verdict | of these right |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {source} | {row['n']:,} | {row['accuracy']:.3f} | {row['balanced_accuracy']:.3f} | {row['ece']:.3f} "
            f"| {_figure(row.get('ece_by_others'))} | {row['coverage']:.1%} | {_percent(row['covered_accuracy'])} |"
            for source, row in rows.items()
            if row["accuracy"] is not None
        ),
        "",
    ]


def _track_lines(head: Head, tracks: Mapping[str, Any]) -> list[str]:
    kinds = {"swaying": "one picture that sways", "people": "several pictures of one person"}
    rows = [
        f"| {source} | {kinds[kind]} | {row['n']:,} | {row['accuracy']:.3f} | {row['ece']:.3f} "
        f"| {row['coverage']:.1%} | {_percent(row['covered_accuracy'])} |"
        for source, of in tracks.items()
        for kind, row in of.get(head.attribute, {}).items()
    ]
    if not rows:
        return []
    return [
        f"Tracks of such pictures, judged as those of a video. Their temperature is {head.track_temperature:g}:",
        "",
        "| source | a track is | tracks | accuracy | calibration error | with a verdict | of these right |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
    ]


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


# Groups by several columns at once are too many to list: the best and the worst are.
_LISTED = 8


def _group_lines(groups: Mapping[str, Any]) -> list[str]:
    lines = []
    for column, compared in groups.items():
        if compared["gap"] is None:
            continue
        large = {name: row for name, row in compared["groups"].items() if row["n"] >= LEAST_COMPARED}
        ranked = sorted(large.items(), key=lambda item: -item[1]["accuracy"])
        shown = ranked if len(ranked) <= _LISTED else ranked[:3] + ranked[-3:]
        few = "" if len(shown) == len(ranked) else f" (the best and the worst three of {len(ranked)})"
        lines += [
            f"By {column}{few}, worst {100 * compared['gap']:.1f} points behind best"
            + (f", verdicts {100 * compared['covered_gap']:.1f}" if compared["covered_gap"] is not None else "")
            + ":",
            "",
            f"| {column} | faces | accuracy | with a verdict | of these right |",
            "|---|---|---|---|---|",
            *(
                f"| {name} | {row['n']:,} | {row['accuracy']:.3f} | {row['coverage']:.1%} "
                f"| {_percent(row['covered_accuracy'])} |"
                for name, row in shown
            ),
            "",
        ]
    if lines:
        lines += [
            f"Groups of fewer than {LEAST_COMPARED} faces are left out. The labels of groups are the data sets' own; "
            "they were read for this table only, and no model predicts race.",
            "",
        ]
    return lines


def _ending(limits: str, metrics: Mapping[str, Any], kind: type[TrainingRecipe]) -> list[str]:
    """Return the last paragraphs of a card whose metrics have the recipe."""
    commands = [command for command in metrics["commands"] if command] or ["facestats train RECIPE.toml"]
    return ending(limits, commands, recipe_toml(kind(**metrics["recipe"])))


_FIGURES = {
    "n": "images",
    "n_exact": "of these with an exact age, which the figures below are of",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "mean F1 of the classes",
    "nll": "negative log-likelihood",
    "ece": "expected calibration error",
    "coverage": "share with a verdict",
    "covered_accuracy": "accuracy of these",
    "mae": "mean absolute error (years)",
    "interval_90": "ages inside the 90 % interval",
    "bin_distance": "distance to the bin (years), faces whose age is a bin",
    "majority_accuracy": "accuracy against the majority of FER+'s taggers",
    "majority_balanced_accuracy": "the same, balanced",
    "majority_ece": "calibration error against it",
    "female_balanced_accuracy": "balanced accuracy among female faces",
    "female_none_balanced_accuracy": "balanced accuracy of none against the others among female faces",
    "female_over_auc": "over against the others among female faces, area under the ROC curve",
}


def _figure_rows(every: Mapping[str, Any], held_out: Mapping[str, Any]) -> list[str]:
    def text(value: float | None) -> str:
        if value is None:
            return ""
        return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"

    columns = [
        {**scores, **{f"majority_{name}": value for name, value in scores.get("majority", {}).items()}}
        for scores in (every, held_out)
    ]
    return [
        f"| {title} | {text(columns[0][name])} | {text(columns[1].get(name))} |"
        for name, title in _FIGURES.items()
        if columns[0].get(name) is not None
    ]


def _confusion_rows(confusion: Mapping[str, Any]) -> list[str]:
    return [
        "| labelled \\ predicted | " + " | ".join(confusion["classes"]) + " |",
        "|---" * (len(confusion["classes"]) + 1) + "|",
        *(
            f"| {name} | " + " | ".join(str(count) for count in row) + " |"
            for name, row in zip(confusion["classes"], confusion["matrix"], strict=True)
        ),
    ]


def detector_card_markdown(card: DetectorCard) -> str:
    """Return the text of ``card.md`` for a detector that training has just made.

    Parameters
    ----------
    card : DetectorCard
        With the metrics of :func:`facestats.training.detector.run.train_detector`.

    Examples
    --------
    >>> detector_card_markdown(card)  # doctest: +SKIP
    """
    parts = {name: card.metrics[name] for name in ("validation", "unseen") if name in card.metrics}
    sizes = card.metrics["validation"]["ap_by_size"]
    titles = {
        "ap": "average precision (IoU 0.5)",
        **{size: f"... faces {size.replace('_', ' ')} px" for size in sizes},
        "recall_at_01_fp": "recall at 0.1 false faces an image",
        "false_per_image": "false faces (score 0.5 or more) an image without boxes",
    }
    figures = [{**scores, **scores["ap_by_size"]} for scores in parts.values()]
    about = {
        "validation": "Validation: photos of the sources that were learned from, not a test set",
        "unseen": "Unseen: photos of sources of which nothing was learned but what scores mean",
    }
    purpose = (
        f"Finds faces and five landmarks each: {card.network}, anchor-free, strides 4 to 32, "
        f"{card.metrics['parameters']:,} weights, RGB pictures of any size."
    )
    lines = [
        *beginning(card.name, purpose, card.data, card.licence),
        "## Figures",
        "",
        *(
            f"{about[name]}: {scores['n']:,} photos with {scores['n_boxes']:,} boxed faces, at their own size."
            for name, scores in parts.items()
        ),
        "Faces that nobody boxed count as false. Scores were fitted to the share of detections that are right in "
        f"{card.calibration.data.split(';')[0]} (logits times {card.metrics['score_scale']:.2f}, "
        f"{card.metrics['score_shift']:+.2f}), so what is said of score 0.5 is likely to be worse elsewhere.",
        "",
        "| | " + " | ".join(parts) + " |",
        "|---" * (len(parts) + 1) + "|",
        *(
            f"| {title} | " + " | ".join("" if row[name] is None else f"{row[name]:.3f}" for row in figures) + " |"
            for name, title in titles.items()
            if any(row[name] is not None for row in figures)
        ),
        "",
        *_ending(card.limits, card.metrics, DetectorRecipe),
    ]
    return "\n".join(lines)
