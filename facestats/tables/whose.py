"""Whose each track of a video is, while corrections by hand change it."""

from __future__ import annotations

import numpy as np
import pandas as pd

#: What can be said of the person whom a track shows: the same as another track does, or one of its own.
SAME_PERSON, OWN_PERSON = "same_person", "own_person"


class Whose:
    """The person of each track, and how sure that is; tracks of which nobody asked have none.

    Parameters
    ----------
    tracks : pandas.DataFrame
        Of one video.
    are_known : bool
        Whether people were looked for, which tracks do not say where there are none.

    Examples
    --------
    >>> whose = Whose(pd.DataFrame({"track_id": [1, 2], "person_id": [0, 1], "person_prob": [0.9, 0.8]}))
    >>> whose.join(1, 2)
    True
    >>> whose.people
    {1: (0, 1.0), 2: (0, 1.0)}
    """

    def __init__(self, tracks: pd.DataFrame, *, are_known: bool = False) -> None:
        known = tracks[tracks["person_id"].notna()]
        whose = zip(known["person_id"].tolist(), known["person_prob"].tolist(), strict=True)
        #: Person and probability by track.
        self.people: dict[int, tuple[int, float]] = dict(zip(known["track_id"].tolist(), whose, strict=True))
        self._are_known = are_known or bool(self.people)

    def tracks_of(self, track: int) -> list[int]:
        """Return all tracks of the person whom a track shows; none where nobody asked."""
        if track not in self.people:
            return []
        return [each for each, (person, _) in self.people.items() if person == self.people[track][0]]

    def take_in(self, track: int, other: int) -> None:
        """Let another track become part of a track; what else its person has stays as it is."""
        gone = self.people.pop(other, None)
        if gone is not None:
            self.people.setdefault(track, gone)

    def add(self, track: int) -> None:
        """Add a track that cannot be told from others, of a person of its own, where people are known."""
        if self._are_known:
            self.people[track] = max((person for person, _ in self.people.values()), default=-1) + 1, np.nan

    def join(self, track: int, other: int) -> bool:
        """Make one person of the people whom two tracks show, with all their tracks; say whether both are known."""
        if track not in self.people or other not in self.people:
            return False
        person = self.people[track][0]
        for each in self.tracks_of(other):
            self.people[each] = person, self.people[each][1]
        for each in (track, other):
            self.people[each] = person, 1.0
        return True

    def set_apart(self, track: int, new: int | None = None) -> bool:
        """Make a track, or the new one split off it, a person of its own; say whether people are known."""
        if track not in self.people:
            return False
        number = max(person for person, _ in self.people.values()) + 1
        self.people[track if new is None else new] = number, 1.0
        return True


def met_s(times: np.ndarray, ids: np.ndarray, one: list[int], other: list[int]) -> float | None:
    """Return a moment at which tracks of both people are seen, so that they are two; None if there is none.

    Parameters
    ----------
    times : numpy.ndarray
        float (N,), of the observations.
    ids : numpy.ndarray
        int (N,), their tracks.
    one, other : list of int
        Tracks of each.

    Examples
    --------
    >>> met_s(np.array([0.0, 0.5, 0.5]), np.array([1, 2, 3]), [1, 2], [3])
    0.5
    """
    both = np.intersect1d(times[np.isin(ids, one)], times[np.isin(ids, other)])
    return float(both[0]) if len(both) else None
