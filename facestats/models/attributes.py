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

#: Classes that are first of all one, by attribute: what they are together called, and which they are.
CLASS_GROUPS: Mapping[str, Mapping[str, tuple[str, ...]]] = {"makeup": {"any": ("partial", "over")}}


def share_classes(attribute: str) -> tuple[tuple[str, str | None], ...]:
    """Return the classes of which shares are told, each with the group that it is part of, or None.

    A group stands before its classes: makeup is first of all none or any.

    Examples
    --------
    >>> share_classes("makeup")
    (('none', None), ('any', None), ('partial', 'any'), ('over', 'any'))
    """
    groups = CLASS_GROUPS.get(attribute, {})
    found: list[tuple[str, str | None]] = []
    for name in ATTRIBUTE_CLASSES[attribute]:
        group = next((group for group, names in groups.items() if name in names), None)
        if group is not None and (group, None) not in found:
            found.append((group, None))
        found.append((name, group))
    return tuple(found)
