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
from facestats.reports.people import are_known
from facestats.tables.doubts import SURELY_JOINED
from facestats.tables.labels import ATTRIBUTE_TITLES, colors_of, face_name, names_of
from facestats.tables.schema import UNKNOWN

#: Of the contact sheet, those seen longest; the rest is below.
SHEET = 12


def glance(data: ReportData) -> HTML | None:
    """Return the annotated clip or still, and beside it a contact sheet of the people with their time in the picture.

    Where nobody asked which faces are of one person, it shows the faces.

    Examples
    --------
    >>> glance(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    address = data.clip_href(data.video_id)
    if address is None and data.tracks.empty:
        return None
    still = None if address is None or address.endswith(".png") else poster(data)
    found, what = _people(data), "people"
    if found is None:
        found, what = data.tracks.assign(best_track=data.tracks["track_id"], first_s=data.tracks["start_s"]), "faces"
    longest = found.nlargest(SHEET, "seen_s").sort_values(["first_s", "best_track"])
    names, colors = names_of(data.tracks), colors_of(data.tracks)
    pictures = data.thumbnails.drop_duplicates("track_id").set_index("track_id")["image"]
    cards = []
    for row in longest.to_dict("records"):
        number = int(row["best_track"])
        named = {"name": names[number], "color": hex_color(colors[number])}
        cards.append({**_card(data, row, pictures.get(number), names[number]), **named})
    return section("glance.glance", address, still, cards, len(found), what)


def _people(data: ReportData) -> pd.DataFrame | None:
    """Return the people; None where they are not known, or the faces of a still, each of which is of another."""
    if not are_known(data) or data.one.is_still:
        return None
    shown = data.tracks[data.tracks["person_id"].notna()]
    names = shown.groupby("person_id")["track_id"].agg(lambda ids: words.listing([face_name(i) for i in sorted(ids)]))
    several = data.people["n_tracks"] > 1  # or the name says it
    return data.people.assign(faces=data.people["person_id"].map(names).where(several, ""))


def _card(data: ReportData, row: Mapping[Any, Any], webp: bytes | None, name: str) -> dict[str, Any]:
    known = [str(row[column]) for column in ("gender", "age_group") if isinstance(row[column], str)]
    told = [verdict for verdict in known if verdict != UNKNOWN]
    return {
        "number": row["best_track"],
        "faces": row.get("faces", ""),
        "picture": thumbnail(webp, name),
        "seen": "" if data.one.is_still else words.duration(float(row["seen_s"])),
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
    unknown = {
        ATTRIBUTE_TITLES[name]: int((tracks[column] == UNKNOWN).sum()) for name, column in VERDICT_COLUMNS.items()
    }
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
    who = "two people" if len(unsure) == 1 else "two people each"
    return [words.sentence(f"{names}{more} may be {who}: parts of the track were joined")]


def _of_sightings(observations: pd.DataFrame) -> list[str]:
    n, lines = len(observations), []
    if small := int((~observations["classified"] & (observations["face_px"] < MIN_CLASSIFIED_PX)).sum()):
        lines.append(f"In {small:,} of {n:,} sightings the face was too small to classify.")
    if loose := int(observations["track_id"].isna().sum()):
        lines.append(f"{loose:,} of {n:,} sightings belong to no face: too brief or too doubtful.")
    return lines
