"""What the embedding's card tells people: what it is for, data, terms, figures, limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from facestats.models.embedding import EmbeddingCard
from facestats.training.headings import beginning, ending
from facestats.training.recipes import EmbeddingRecipe, recipe_toml


def card_markdown(card: EmbeddingCard, recipe: EmbeddingRecipe) -> str:
    """Return the text of ``card.md`` for an embedding that training has just made.

    Parameters
    ----------
    card : EmbeddingCard
        With the metrics of :func:`facestats.training.embedding.run.train_embedding`.
    recipe : EmbeddingRecipe

    Examples
    --------
    >>> card_markdown(card, recipe)  # doctest: +SKIP
    """
    metrics, teacher = card.metrics, card.metrics["teacher"]
    purpose = (
        f"Makes 128 numbers of an aligned face, near each other for one person: {card.network}, "
        f"{metrics['parameters']:,} weights in 16 bits, {card.input_size}x{card.input_size} pixels, rgb, "
        f"{card.framing} crops. It has one purpose: to put together the tracks of one person within one video. The "
        "numbers stay in memory while that video is analysed; nothing stores them."
    )
    taught = (
        f"Its lower half went on from {metrics['start']['title']}. It learned what another network makes of these "
        f"faces: {metrics['teachers'][0]['title']}. None of that one's weights are in this network."
    )
    lines = [
        *beginning(card.name, purpose, card.data, card.licence, more=[taught, ""]),
        "## Figures",
        "",
        f"Every pair of {teacher['n']:,} pictures of {teacher['n_people']:,} people who were not learned from, in data "
        f"sets that were; {teacher['n_same']:,} pairs are of one person. The teacher, at full size: AUC "
        f"{teacher['auc']:.4f}, {teacher['found_at_1_in_1000']:.3f} of the pairs of one person found where one pair in "
        "1,000 of two people is taken for one. Calibration is of half of these people, where half of the pairs are of "
        "one person; what likenesses mean was fitted on the other half.",
        "",
        "| pixels across the crop | AUC | found at 1 in 1,000 | likelier answer is right | ECE |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['pixels']} | {row['auc']:.4f} | {row['found_at_1_in_1000']:.3f} | {row['accuracy']:.3f} "
        f"| {row['ece']:.3f} |"
        for row in metrics["pairs"]
    ]
    lines += [
        "",
        f"Faces below {card.least_pixels:g} pixels across the crop (about {0.7 * card.least_pixels:.0f} across the "
        "face) are not compared.",
    ]
    if metrics["unseen_pairs"]:
        lines += [
            "",
            "Data sets that were not learned from:",
            "",
            "| source | pictures | people | AUC | the teacher's |",
            "|---|---|---|---|---|",
        ]
        lines += [
            f"| {row['source']} | {row['n']:,} | {row['n_people']:,} | {row['auc']:.4f} | {row['teacher_auc']:.4f} |"
            for row in metrics["unseen_pairs"]
        ]
    if metrics.get("videos"):
        lines += ["", *_in_videos(metrics["videos"])]
    made = ending(card.limits, metrics["commands"], recipe_toml(recipe), note=metrics.get("went_on") or "")
    return "\n".join([*lines, "", *made])


def _in_videos(scores: Mapping[str, Any]) -> list[str]:
    return [
        f"In {scores['n_videos']} simulated videos of cuts and returns, of {scores['n_people']} people to whom nothing "
        f"was fitted: of the pairs of tracks that it puts together {scores['precision']:.3f} show one person, and it "
        f"finds {scores['recall']:.3f} of those that do (F1 {scores['f1']:.3f}). The number of people is right to "
        f"within one in {scores['counted_within_1']:.2f} of the videos, and in its 90 % interval in "
        f"{scores['interval_holds']:.2f}. The calibration error of `person_prob` is {scores['ece']:.3f}.",
    ]
