"""What a reader must know before trusting a page: of one video, and of many; a sentence each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from facestats._util import words
from facestats.models.attributes import VERDICT_COLUMNS
from facestats.options import MIN_CLASSIFIED_PX
from facestats.reports.data import ReportData
from facestats.reports.headlines import doubtful_sentence, taken_by_hand
from facestats.tables.correction import REJECT
from facestats.tables.doubts import SURELY_JOINED, are_accepted
from facestats.tables.labels import ATTRIBUTE_TITLES, face_name
from facestats.tables.schema import UNKNOWN


def video_doubts(data: ReportData) -> list[str]:
    """Return what is doubtful about the faces of one video; nothing if no face was followed.

    Examples
    --------
    >>> video_doubts(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    ['Not sure enough to say: expression and makeup.']
    """
    if data.tracks.empty:
        return rejected(data)
    return [*_of_verdicts(data.tracks), *_of_tracks(data.tracks), *_of_sightings(data.observations), *rejected(data)]


def collection_doubts(data: ReportData) -> list[str]:
    """Return what is doubtful about many videos: what was not read, and what is not sure of what was.

    Examples
    --------
    >>> collection_doubts(load_collection("facestats-out"))  # doctest: +SKIP
    ['Two videos could not be read.']
    """
    lines = []
    for status, what in (("failed", "could not be read"), ("partial", "could be read in part only")):
        if n := int((data.videos["status"] == status).sum()):
            lines.append(words.sentence(f"{words.count(n, 'video')} {what}"))
    if data.tracks.empty:
        return lines
    lines += _of_verdicts(data.tracks)
    if unsure := len(_unsurely_joined(data.tracks)):
        may_be = f"{words.count(unsure, 'face')} may be two people{'' if unsure == 1 else ' each'}"
        lines.append(words.sentence(f"{may_be}: parts of a track were joined"))
    found = int(data.frames["n_faces"].sum())
    tracked = int(data.tracks["n_observations"].sum())
    followed = data.tracks[~taken_by_hand(data.tracks)]  # of the others nothing was measured, large or small
    unclassified = int((followed["n_observations"] - followed["n_classified"]).sum())
    lines += _counted(unclassified, tracked, "of a followed face show it too small to classify")
    lines += _counted(found - tracked, found, "belong to no face: too brief or too doubtful")
    return [*lines, *filter(None, [doubtful_sentence(len(data.doubtful))]), *rejected(data)]


def rejected(data: ReportData) -> list[str]:
    """Return how many faces were rejected by hand, in a sentence; nothing if none was.

    Examples
    --------
    >>> rejected(load_collection("facestats-out"))  # doctest: +SKIP
    ['One face was rejected by hand as no face, and is counted nowhere.']
    """
    made = data.corrections
    n = 0 if made is None else int(((made["what"] == REJECT) & made["applies"]).sum())
    if not n:
        return []
    none, are = ("no face", "is") if n == 1 else ("no faces", "are")
    were = "was" if n == 1 else "were"
    return [words.sentence(f"{words.count(n, 'face')} {were} rejected by hand as {none}, and {are} counted nowhere")]


def _of_verdicts(tracks: pd.DataFrame) -> list[str]:
    n, judged = len(tracks), tracks[~are_accepted(tracks)]
    unknown = {
        ATTRIBUTE_TITLES[name]: int((judged[column] == UNKNOWN).sum()) for name, column in VERDICT_COLUMNS.items()
    }
    if n == 1 and any(unknown.values()):
        titles = [title for title, number in unknown.items() if number]
        return [words.sentence(f"not sure enough to say: {words.listing(titles)}")]
    parts = [f"{title} of {number:,}" for title, number in unknown.items() if number]
    return [words.sentence(f"not sure enough to say, of {n:,} faces: {words.listing(parts)}")] if parts else []


def _unsurely_joined(tracks: pd.DataFrame) -> pd.Series:
    joined = tracks["joined_prob"].to_numpy(np.float64)
    return tracks["track_id"][np.isfinite(joined) & (joined < SURELY_JOINED) & ~are_accepted(tracks)]


def _of_tracks(tracks: pd.DataFrame) -> list[str]:
    unsure = _unsurely_joined(tracks)
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


def _counted(n: int, of: int, what: str) -> list[str]:
    return [f"{n:,} of {of:,} sightings {what}."] if n > 0 else []
