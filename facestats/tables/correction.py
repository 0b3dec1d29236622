"""One correction by hand: what it says of a track, as data and in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from facestats._util import words
from facestats.models.attributes import VERDICT_COLUMNS
from facestats.tables.doubtful import Place
from facestats.tables.whose import OWN_PERSON, SAME_PERSON

#: What can be done to a track, verdicts apart: it is no face, takes in another one, or is another from a moment on; or
#: somebody looked at it and let it be; or what was doubtful is a face.
REJECT, MERGE, SPLIT, ACCEPT, FACE = "reject", "merge", "split", "accept", "is_face"


@dataclass(frozen=True)
class Correction:
    """One correction of a track of a video.

    Attributes
    ----------
    number : int
        Of the video's corrections, counted from 1 in the order in which they were made, which they are applied in.
    track_id : int
        The track, as it was numbered when it was corrected.
    what : str
        The column of a verdict, ``"reject"`` (it is no face), ``"merge"``, ``"split"``, ``"accept"`` (somebody looked
        at it and let it be, so that it is doubtful no more), ``"is_face"`` (what stands in ``doubtful`` at its place is
        a face, which has its number), ``"same_person"`` or ``"own_person"``.
    value : str or None
        The verdict, the number of the track that became part of this one or shows the same person, or the new number
        behind a split.
    time_s : float
        The moment of a split; else when the track begins.
    reason : str
    corrected_at : str
        UTC, ISO 8601.
    run : str
        The analysis whose tables were corrected.
    place, other : tuple of (time_s, x, y, w, h)
        Where the track was seen, and the other one.
    """

    number: int
    track_id: int
    what: str
    value: str | None
    time_s: float
    reason: str
    corrected_at: str
    run: str
    place: tuple[Place, ...]
    other: tuple[Place, ...] = ()

    @property
    def is_verdict(self) -> bool:
        """Whether it sets a verdict, and leaves the tracks as they are."""
        return self.what in VERDICT_COLUMNS.values()

    @property
    def leaves_tracks(self) -> bool:
        """Whether it leaves the tracks as they are, apart from verdicts."""
        return self.is_verdict or self.what == ACCEPT


def new_number(ids: Iterable[int], corrections: Iterable[Correction]) -> int:
    """Return a number for the face behind a split, which neither a track has nor any correction names.

    Parameters
    ----------
    ids : iterable of int
        Of the tracks, as they are corrected.
    corrections : iterable of Correction
        All of the video.

    Examples
    --------
    >>> new_number([0, 1, 4], [])
    5
    """
    named = [int(each.value or 0) for each in corrections if each.what in (MERGE, SPLIT)]
    return max([*map(int, ids), *named, *(each.track_id for each in corrections)], default=0) + 1


def told(track_id: int, what: str, value: str | None, time_s: float) -> str:
    """Return in words what a correction does; the parameters are columns of the table of corrections.

    Examples
    --------
    >>> told(3, "age_group", "old", 0.0), told(3, "merge", "7", 0.0)
    ('age group of face 3 is old', 'face 3 takes in face 7')
    """
    if what == REJECT:
        return f"face {track_id} is no face"
    if what == ACCEPT:
        return f"face {track_id} was looked at and let be"
    if what == FACE:
        return f"what may be no face at {words.moment(time_s)} is face {track_id}"
    if what == MERGE:
        return f"face {track_id} takes in face {value}"
    if what == SAME_PERSON:
        return f"face {track_id} is of the same person as face {value}"
    if what == OWN_PERSON:
        return f"face {track_id} is of a person of its own"
    if what == SPLIT:
        return f"face {track_id} is another face from {words.moment(time_s)} on"
    return f"{what.replace('_', ' ')} of face {track_id} is {value}"
