"""The attributes of a face, their classes, and the columns of ``tracks`` in which their verdicts stand."""

from __future__ import annotations

from collections.abc import Mapping

EXPRESSIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
GENDERS = ("female", "male")
AGE_GROUPS = ("child", "young", "middle", "old")
MAKEUPS = ("none", "partial", "over")

#: First and last year of each age group, inclusive.
AGE_GROUP_YEARS: Mapping[str, tuple[int, int]] = {
    "child": (0, 12),
    "young": (13, 30),
    "middle": (31, 50),
    "old": (51, 200),
}

#: The classes of each attribute, in column order.
ATTRIBUTE_CLASSES: Mapping[str, tuple[str, ...]] = {
    "expression": EXPRESSIONS,
    "gender": GENDERS,
    "age": AGE_GROUPS,
    "makeup": MAKEUPS,
}

#: The name under which each attribute's verdict stands in ``tracks``.
VERDICT_COLUMNS: Mapping[str, str] = {
    "gender": "gender",
    "age": "age_group",
    "expression": "expression",
    "makeup": "makeup",
}
