"""UTKFace: age, gender and race stand in the names of the pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from facestats.datasets.layouts.base import Contents, Face, Layout, Skipped
from facestats.datasets.layouts.reading import pictures_under

# 26_1_3_20170117175041574.jpg.chip.jpg: age, gender, race, date and time; .chip.jpg where it is cropped and aligned.
_NAME = re.compile(r"((\d{1,3})_([01])_([0-4])_\d+)\.jpg(?:\.chip\.jpg)?", re.ASCII | re.IGNORECASE)
_GENDERS = ("male", "female")
_RACES = ("white", "black", "asian", "indian", "other")


def _read_utkface(source: Path) -> Contents:
    """Read UTKFace, cropped or not: every ``.jpg`` in the folder and the folders in it."""
    return Contents(("gender", "age_min", "age_max", "race"), _faces(pictures_under(source, {".jpg"})))


def _faces(pictures: list[Path]) -> Iterator[Face | Skipped]:
    for picture in pictures:
        parts = _NAME.fullmatch(picture.name)
        if parts is None:
            yield Skipped("file name without age, gender, race and date")
            continue
        name, age, gender, race = parts.groups()
        labels = {
            "gender": _GENDERS[int(gender)],
            "age_min": int(age),
            "age_max": int(age),
            "race": _RACES[int(race)],
        }
        yield Face(name, picture, labels)


UTKFACE = Layout(
    "utkface",
    "the folder UTKFace with the pictures, named age_gender_race_date.jpg or .jpg.chip.jpg",
    "Zhang, Song and Qi, Age Progression/Regression by Conditional Adversarial Autoencoder, CVPR 2017; "
    "for non-commercial research",
    _read_utkface,
)
