"""The first screen of a video's page: the clip, a contact sheet of the faces, and what is doubtful."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import HTML

from facestats._util import words
from facestats.models.attributes import VERDICT_COLUMNS
from facestats.options import MIN_CLASSIFIED_PX
from facestats.plots.palette import hex_color
from facestats.reports.data import ReportData
from facestats.reports.evidence import poster
from facestats.reports.figures import thumbnail
from facestats.reports.html import section
from facestats.tables.labels import ATTRIBUTE_TITLES, face_color, face_name
from facestats.tables.schema import UNKNOWN

#: Faces of the contact sheet, those seen longest; the rest is below.
SHEET = 12

#: Below this, parts of a track may show two people.
SURELY_JOINED = 0.9


def glance(data: ReportData) -> HTML | None:
    """Return the annotated clip or still, and beside it a contact sheet of the faces with their time in the picture.

    Examples
    --------
    >>> glance(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    address = data.clip_href(data.video_id)
    if address is None and data.tracks.empty:
        return None
    still = None if address is None or address.endswith(".png") else poster(data)
    longest = data.tracks.nlargest(SHEET, "seen_s").sort_values(["start_s", "track_id"])
    pictures = data.thumbnails.drop_duplicates("track_id").set_index("track_id")["image"]
    cards = [_card(data, track, pictures.get(track["track_id"])) for track in longest.to_dict("records")]
    return section("glance.glance", address, still, cards, len(data.tracks))


def _card(data: ReportData, track: Mapping[Any, Any], webp: bytes | None) -> dict[str, Any]:
    known = [str(track[column]) for column in ("gender", "age_group") if isinstance(track[column], str)]
    told = [verdict for verdict in known if verdict != UNKNOWN]
    name = face_name(track["track_id"])
    return {
        "number": track["track_id"],
        "name": name,
        "color": hex_color(face_color(track["track_id"])),
        "picture": thumbnail(webp, name),
        "seen": "" if data.one.is_still else words.duration(float(track["seen_s"])),
        "verdicts": ", ".join(told) or ("unknown" if known else "not measured"),
    }


def doubts(data: ReportData) -> HTML | None:
    """Return what a reader must know before trusting the page, a line each; None if there is nothing.

    Examples
    --------
    >>> doubts(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    if data.tracks.empty:
        return None
    lines = [*_of_verdicts(data.tracks), *_of_tracks(data.tracks), *_of_sightings(data.observations)]
    return section("glance.doubts", lines) if lines else None


def _of_verdicts(tracks: pd.DataFrame) -> list[str]:
    n = len(tracks)
    unknown = {title: int((tracks[VERDICT_COLUMNS[name]] == UNKNOWN).sum()) for name, title in ATTRIBUTE_TITLES.items()}
    parts = [f"{title} of {number:,}" for title, number in unknown.items() if number]
    if not parts:
        return []
    which = "the one face" if n == 1 else f"{n:,} faces"
    return [words.sentence(f"not sure enough to say, of {which}: {words.listing(parts)}")]


def _of_tracks(tracks: pd.DataFrame) -> list[str]:
    joined = tracks["joined_prob"].to_numpy(np.float64)
    unsure = tracks["track_id"][np.isfinite(joined) & (joined < SURELY_JOINED)]
    if unsure.empty:
        return []
    names = words.listing([face_name(number) for number in unsure[:5]])
    more = f" and {len(unsure) - 5} more" if len(unsure) > 5 else ""
    return [words.sentence(f"{names}{more} may be two people each: parts of the track were joined")]


def _of_sightings(observations: pd.DataFrame) -> list[str]:
    n, lines = len(observations), []
    if small := int((~observations["classified"] & (observations["face_px"] < MIN_CLASSIFIED_PX)).sum()):
        lines.append(f"In {small:,} of {n:,} sightings the face was too small to classify.")
    if loose := int(observations["track_id"].isna().sum()):
        lines.append(f"{loose:,} of {n:,} sightings belong to no face: too brief or too doubtful.")
    return lines
