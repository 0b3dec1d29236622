"""Who is who in the data sets that name people: only to train and score what tells one person from another."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from facestats.datasets.labelled import digest_of

#: By source, what of a picture's name names the person.
NAMED: Mapping[str, re.Pattern[str]] = {
    "ckplus": re.compile(r"^(ckplus/S\d+)_"),
    "imfdb": re.compile(r"^(imfdb/.+?)_\d+$"),
    "jaffe": re.compile(r"^(jaffe/[A-Z]+)\."),
    "lfw": re.compile(r"^(lfw/.+?)_\d+$"),
}

#: One person of so many is kept for validation.
_HELD_OUT = 5


def person_of(source: str, name: str) -> str | None:
    """Return what stands for the person of a picture; None where the data set does not say.

    Examples
    --------
    >>> person_of("lfw", "lfw/Bertie_Ahern_0004"), person_of("celeba", "016413.jpg")
    ('lfw/Bertie_Ahern', None)
    """
    match = NAMED[source].match(name) if source in NAMED else None
    return match[1] if match else None


def is_held_out(person: str) -> bool:
    """Say whether all pictures of a person are for validation: one person in five, by the hash of the name.

    Examples
    --------
    >>> [person for person in "abcdefgh" if is_held_out(person)]
    ['b', 'd', 'e']
    """
    return digest_of(person.encode()) % _HELD_OUT == 0


def is_first_half(person: str) -> bool:
    """Say whether a person who is held out serves the fit of what likenesses mean; the others check it.

    Examples
    --------
    >>> [person for person in "abcdefgh" if is_first_half(person)]
    ['b', 'd']
    """
    return digest_of(person.encode()) // 10 % 2 == 0


def people_of(frame: pd.DataFrame) -> pd.Series:
    """Return whom each picture of a data file shows; missing where nobody says.

    Parameters
    ----------
    frame : pandas.DataFrame
        With the column ``person``, or ``source`` and ``name``, of which :data:`NAMED` knows some.

    Examples
    --------
    >>> people_of(pd.DataFrame({"source": ["lfw"], "name": ["lfw/Bertie_Ahern_0004"]})).tolist()
    ['lfw/Bertie_Ahern']
    """
    if "person" in frame:
        return frame["person"].astype("str")
    pairs = zip(frame["source"].astype(str), frame["name"].astype(str), strict=True)
    return pd.Series([person_of(source, name) for source, name in pairs], frame.index, dtype="str")
