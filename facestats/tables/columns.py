"""What columns the tables are made of: kinds of columns, by unit, and those of an attribute.

:mod:`facestats.tables.schema` puts them together to tables.
"""

from __future__ import annotations

from dataclasses import dataclass

from facestats.models.attributes import ATTRIBUTE_CLASSES, EXPRESSIONS, VERDICT_COLUMNS, measure_column

#: The verdict of a track whose probability stays below the attribute's threshold.
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
    dtype : str
        The pandas dtype: ``str``, ``Int64`` (integers that may be missing), ``float64``, ``float32``, ``bool``,
        ``boolean`` (may be missing), ``datetime64[us, UTC]`` or ``object`` (encoded images as bytes).
    meaning : str
        In one line, without the unit.
    unit : str or None
        ``"s"``, ``"px"``, ``"years"``, ``"degrees"``, ``"0 to 1"`` (a share, a probability); None where there is none.
    decimals : int or None
        Digits after the point that carry information, of a moment's seconds too; used by text exports.
    is_share : bool
        Whether the values lie between 0 and 1.
    classes : tuple of str
        The values that a column of text may have, where these are few.
    """

    name: str
    dtype: str
    meaning: str
    unit: str | None = None
    decimals: int | None = None
    is_share: bool = False
    classes: tuple[str, ...] = ()

    @property
    def described(self) -> str:
        """Meaning and unit, in one line."""
        return self.meaning if self.unit is None else f"{self.meaning} ({self.unit})"


def text(name: str, meaning: str) -> Column:
    """Return a column of words."""
    return Column(name, "str", meaning)


def count(name: str, meaning: str, unit: str | None = None) -> Column:
    """Return a column of whole numbers."""
    return Column(name, "Int64", meaning, unit)


def seconds(name: str, meaning: str) -> Column:
    """Return a column of seconds."""
    return Column(name, "float64", meaning, "s", decimals=6)


def pixels(name: str, meaning: str) -> Column:
    """Return a column of pixels."""
    return Column(name, "float32", meaning, "px", decimals=2)


def share(name: str, meaning: str) -> Column:
    """Return a column of shares of a whole: of time, of what was seen."""
    return Column(name, "float32", meaning, "0 to 1", decimals=4, is_share=True)


def probability(name: str, meaning: str) -> Column:
    """Return a column of probabilities, which has the form of one of shares."""
    return share(name, meaning)


def years(name: str, meaning: str) -> Column:
    """Return a column of years of age."""
    return Column(name, "float32", meaning, "years", decimals=1)


def degrees(name: str, meaning: str) -> Column:
    """Return a column of degrees."""
    return Column(name, "float32", meaning, "degrees", decimals=1)


def probability_columns(attribute: str) -> tuple[str, ...]:
    """Return the names of an attribute's probability columns in ``observations``.

    Examples
    --------
    >>> probability_columns("gender")
    ('gender_female', 'gender_male')
    """
    return tuple(f"{attribute}_{name}" for name in ATTRIBUTE_CLASSES[attribute])


def class_probabilities(attribute: str) -> tuple[Column, ...]:
    """Return the columns of :func:`probability_columns`."""
    return tuple(
        probability(column, f"probability of {attribute} {name}")
        for column, name in zip(probability_columns(attribute), ATTRIBUTE_CLASSES[attribute], strict=True)
    )


def verdict(column: str, meaning: str) -> tuple[Column, Column]:
    """Return the column of a verdict on what lasts, or of one moment, and that of its probability."""
    attribute = next(name for name, verdict in VERDICT_COLUMNS.items() if verdict == column)
    return (
        Column(column, "str", f"{meaning}, or unknown", classes=(*ATTRIBUTE_CLASSES[attribute], UNKNOWN)),
        probability(f"{column}_prob", f"probability of the most likely {column}"),
    )


def verdicts(of: str) -> tuple[Column, ...]:
    """Return the columns that say what is known of all the faces of a track or a person together."""
    return (
        *verdict("gender", "perceived gender"),
        *class_probabilities("gender"),
        *verdict("age_group", "age group"),
        *class_probabilities("age"),
        years("age_years", "expected age"),
        years("age_years_low", "lower end of the 90 % interval of the age"),
        years("age_years_high", "upper end of the 90 % interval of the age"),
        verdict("expression", "most frequent expression")[0],
        share(measure_column("expression"), f"expected share of the {of}'s time in the most frequent expression"),
        *(share(f"expression_share_{name}", f"expected share of the {of}'s time in {name}") for name in EXPRESSIONS),
        *verdict("makeup", "makeup"),
        *class_probabilities("makeup"),
    )


#: Columns that several tables have.
VIDEO_ID = text("video_id", "safe file stem, a dash, first 8 hex digits of the sha256")
SHOT = count("shot", "0-based number of the shot, counted from the first frame")
TRACK_ID = count("track_id", "number of the tracked face, unique in its video")
PERSON_ID = count("person_id", "number of the person, which means nothing beyond its video")
