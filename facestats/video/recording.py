"""When something was recorded, as its file tells it: a container's tags, or a photo's EXIF."""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from PIL import ExifTags, Image

#: Tags of containers that hold the moment, the surest first. Apple's own one keeps the zone, and is not changed by a
#: program that copies the file.
_TAGS = ("com.apple.quicktime.creationdate", "creation_time", "DATE_RECORDED", "DATE_DIGITIZED", "date")

#: Clocks that were never set begin in one of these years; and no digital video is older.
_EARLIEST_YEAR = 1990

_EXIF_TIME = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_EXIF_ZONE = re.compile(r"([+-])(\d\d):(\d\d)|Z")


@dataclass(frozen=True)
class Recording:
    """When second 0 of a video's clock was recorded.

    Attributes
    ----------
    at : str or None
        UTC, ISO 8601; None where the file does not tell it, or tells it without a zone.
    source : str or None
        What tells it, and what it says where the zone is missing.

    Examples
    --------
    >>> Recording().at is None
    True
    """

    at: str | None = None
    source: str | None = None


def of_container(*metadata: Mapping[str, str], first_s: float = 0.0) -> Recording:
    """Return when a video was recorded, from the tags of its container and its streams.

    Parameters
    ----------
    *metadata : mapping of str to str
        Tags, those that count most first.
    first_s : float
        Time of the first frame on the video's clock, in seconds.

    Examples
    --------
    >>> of_container({"creation_time": "2024-05-01T10:00:00.000000Z"})
    Recording(at='2024-05-01T10:00:00+00:00', source='creation_time')
    >>> of_container({"creation_time": "1904-01-01T00:00:00.000000Z"})
    Recording(at=None, source=None)
    """
    unzoned = Recording()
    for name in _TAGS:
        for tags in metadata:
            text = next((value for tag, value in tags.items() if tag.lower() == name.lower()), "").strip()
            # A bare day is no moment.
            moment = _parsed(text) if ":" in text else None
            if moment is None:
                continue
            if moment.tzinfo is not None:
                return Recording(_utc(moment, first_s), name)
            unzoned = Recording(None, f"{name} {text}, zone unknown") if unzoned.source is None else unzoned
    return unzoned


def of_picture(exif: Image.Exif) -> Recording:
    """Return when a photo was taken, from its EXIF.

    Examples
    --------
    >>> exif = Image.Exif()
    >>> exif.get_ifd(ExifTags.IFD.Exif).update({ExifTags.Base.DateTimeOriginal: "2024:05:01 12:00:00"})
    >>> of_picture(exif)
    Recording(at=None, source='EXIF DateTimeOriginal 2024-05-01 12:00:00, zone unknown')
    """
    try:
        details = exif.get_ifd(ExifTags.IFD.Exif)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, EOFError, struct.error):  # damaged: the pixels count
        return Recording()
    pairs = (
        ("DateTimeOriginal", ExifTags.Base.DateTimeOriginal, ExifTags.Base.OffsetTimeOriginal),
        ("DateTimeDigitized", ExifTags.Base.DateTimeDigitized, ExifTags.Base.OffsetTimeDigitized),
    )
    for name, time_tag, zone_tag in pairs:
        found = _EXIF_TIME.match(str(details.get(time_tag, "")).strip())
        if found is None:
            continue
        day, clock = "-".join(found.groups()[:3]), ":".join(found.groups()[3:])
        zone = _EXIF_ZONE.match(str(details.get(zone_tag, "")).strip())
        moment = _parsed(f"{day} {clock}{zone.group() if zone else ''}")
        if moment is not None and zone is not None:
            return Recording(_utc(moment, 0.0), f"EXIF {name}")
        if moment is not None:
            return Recording(None, f"EXIF {name} {day} {clock}, zone unknown")
    return Recording()


def of_now(first_s: float = 0.0) -> Recording:
    """Return the moment by the clock of this machine: for what is recorded while it is analysed.

    Examples
    --------
    >>> of_now().source
    'the clock of this machine'
    """
    return Recording(_utc(datetime.now(UTC), first_s), "the clock of this machine")


def _parsed(text: str) -> datetime | None:
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(text)
        return moment if moment.year >= _EARLIEST_YEAR else None
    return None


def _utc(moment: datetime, first_s: float) -> str:
    return (moment.astimezone(UTC) - timedelta(seconds=first_s)).isoformat()
