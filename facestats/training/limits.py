"""What a model of an attribute cannot do, in words, for its card."""

from __future__ import annotations

from collections.abc import Mapping

from facestats.datasets.faces import FaceData
from facestats.datasets.sources import SOURCES, with_source

LIMITS: Mapping[str, str] = {
    "expression": (
        "Seven posed or acted expressions, as others see them, not what a person feels. FER2013's labels are wrong in "
        "places: people agree with them in about 65 % of cases (Goodfellow et al., 2013). Disgust and fear are the "
        "weakest classes."
    ),
    "gender": (
        "Perceived gender, as annotators labelled faces: female or male, nothing else. It says nothing about how "
        "people see themselves."
    ),
    "age": (
        "The age that a face shows, as a distribution over years. Exact ages in training come from UTKFace alone, "
        "where an algorithm estimated them and people checked; bins such as 30-39 shape the rest. Groups next to each "
        "other are often confused."
    ),
    "makeup": (
        "A proxy made from two noisy CelebA tags: over is Heavy_Makeup, partial is Wearing_Lipstick without it, none "
        "is neither. Nearly every face with makeup in the data is labelled female, so that the network leans on "
        "gender; see the figures among female faces. Partial is the weakest class."
    ),
}

#: What holds of any model of an attribute, whatever it was trained on.
OWN_LIMITS: Mapping[str, str] = {
    "expression": "Expressions as the labels have them: what faces show, not what people feel.",
    "gender": "Perceived gender, as the labels have it. It says nothing about how people see themselves.",
    "age": "The age that a face shows, as the labels have it. Groups next to each other are easily confused.",
    "makeup": "Makeup as the labels have it.",
}


def limits_of(faces: FaceData) -> str:
    """Return what a model of an attribute cannot do, in words: more is known of the data sets that facestats knows.

    Examples
    --------
    >>> limits_of(faces)  # doctest: +SKIP
    """
    sources = set(with_source(faces.table, faces.attribute)["source"].dropna().astype(str).str.lower())
    if sources and sources <= set(SOURCES):
        return LIMITS[faces.attribute]
    named = f" ({', '.join(sorted(sources))})" if sources else ""
    return f"{OWN_LIMITS[faces.attribute]} Beyond faces like those of its data{named} nothing is known of it."
