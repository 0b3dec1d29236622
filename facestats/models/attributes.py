"""The attributes of a face, their classes, and the columns of ``tracks`` in which their verdicts stand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from facestats.errors import ModelError

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

#: The classes of each attribute, in column order. Attributes of the user's own are added by :func:`declare`.
ATTRIBUTE_CLASSES: dict[str, tuple[str, ...]] = {
    "expression": EXPRESSIONS,
    "gender": GENDERS,
    "age": AGE_GROUPS,
    "makeup": MAKEUPS,
}

#: The name under which each attribute's verdict stands in ``tracks``.
VERDICT_COLUMNS: dict[str, str] = {
    "gender": "gender",
    "age": "age_group",
    "expression": "expression",
    "makeup": "makeup",
}


def measure_column(attribute: str) -> str:
    """Return the column that says how much stands behind a verdict of a track or a person.

    That is the probability of the verdict. An expression changes: there it is its expected share of the time, the
    mean of its probabilities.

    Examples
    --------
    >>> measure_column("age"), measure_column("expression")
    ('age_group_prob', 'expression_share')
    """
    return "expression_share" if attribute == "expression" else f"{VERDICT_COLUMNS[attribute]}_prob"


def measure_name(attribute: str) -> str:
    """Return what the values of :func:`measure_column` are called.

    Examples
    --------
    >>> measure_name("age"), measure_name("expression")
    ('probability', 'expected share of the time')
    """
    return "expected share of the time" if attribute == "expression" else "probability"


#: The attributes that every installation knows.
BUILT_IN = tuple(ATTRIBUTE_CLASSES)

#: What no attribute of one's own may be called, nor begin with and an underscore: it would be taken for a column.
RESERVED = frozenset(
    {
        *BUILT_IN,
        *("all", "applies", "area", "attribute", "best", "class", "classified", "clip", "clock"),
        *("comparable", "corrected", "corrections", "detector", "duration", "elapsed", "end", "error"),
        *("expr", "face", "faceness", "file", "first", "fps", "frame", "from", "h", "height", "image"),
        *("joined", "last"),
        *("missing", "n", "number", "path", "people", "person", "picture", "pitch", "probability", "reason"),
        *(
            "recorded",
            "region",
            "replaced",
            "roll",
            "rotation",
            "score",
            "seen",
            "sha256",
            "share",
            "sharpness",
            "shot",
        ),
        *("start", "started", "static", "status", "time", "to", "track", "unknown", "value", "verdict", "video", "w"),
        *("what", "width", "x", "y", "yaw"),
    }
)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_CLASS = re.compile(r"[a-z0-9][a-z0-9_]{0,30}")


def own_attributes() -> tuple[str, ...]:
    """Return the attributes that were declared, in the order in which they were.

    Examples
    --------
    >>> own_attributes()
    ()
    """
    return tuple(name for name in ATTRIBUTE_CLASSES if name not in BUILT_IN)


def lasting_attributes() -> tuple[str, ...]:
    """Return the attributes that have one verdict for the whole of a track: all but the expression.

    Examples
    --------
    >>> lasting_attributes()
    ('gender', 'age', 'makeup')
    """
    return tuple(name for name in (*BUILT_IN[1:], *own_attributes()))


def problem_of(attribute: str, classes: Sequence[str]) -> str | None:
    """Return what is wrong with the name or the classes of an attribute of one's own; None if nothing is.

    Examples
    --------
    >>> problem_of("mask", ("worn", "none")) is None
    True
    >>> problem_of("age_of_hat", ("old", "new"))
    "'age_of_hat' would be taken for another column: give it another name"
    """
    if not _NAME.fullmatch(attribute):
        return f"{attribute!r} must be a name of small letters, digits and underscores that begins with a letter"
    if attribute.split("_")[0] in RESERVED:
        return f"{attribute!r} would be taken for another column: give it another name"
    if len(set(classes)) != len(classes) or len(classes) < 2:
        return f"classes must be at least two and differ, got {tuple(classes)}"
    wrong = [name for name in classes if not _CLASS.fullmatch(name) or name in ("unknown", "prob")]
    return f"a class cannot be called {wrong[0]!r}: use small letters, digits and underscores" if wrong else None


def declare(attribute: str, classes: Sequence[str]) -> None:
    """Make an attribute of one's own known to this process, so that tables have its columns; twice is once.

    Raises
    ------
    ModelError
        If the name or the classes will not do, or the attribute is known with other classes.

    Examples
    --------
    >>> declare("mask", ("worn", "none"))
    >>> own_attributes()
    ('mask',)
    >>> forget_declared()
    """
    known = ATTRIBUTE_CLASSES.get(attribute)
    if attribute in BUILT_IN or known == tuple(classes):
        return
    if known is not None:
        raise ModelError(
            f"attribute {attribute!r} has the classes {', '.join(known)} here, and {', '.join(classes)} there: "
            "read them in two processes, or give one of the attributes another name"
        )
    if (problem := problem_of(attribute, classes)) is not None:
        raise ModelError(f"attribute {attribute!r}: {problem}")
    ATTRIBUTE_CLASSES[attribute], VERDICT_COLUMNS[attribute] = tuple(classes), attribute


def forget_declared() -> None:
    """Forget the attributes of one's own: for tests.

    Examples
    --------
    >>> forget_declared()
    """
    for attribute in own_attributes():
        del ATTRIBUTE_CLASSES[attribute], VERDICT_COLUMNS[attribute]


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


def track_temperature_key(attribute: str) -> str:
    """Return under which name a track's temperature stands beside the thresholds that are stored with results.

    Examples
    --------
    >>> track_temperature_key("age")
    'age: temperature of tracks'
    """
    return f"{attribute}: temperature of tracks"
