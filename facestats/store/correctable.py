"""What a store does about corrections by hand, apart from reading its tables with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from facestats.store.corrections import correct, corrections_table, uncorrect
from facestats.store.doubtful import take_for_face
from facestats.store.manifest import read_entries, read_entry
from facestats.store.read import attempt, find_video
from facestats.tables.correction import Correction

if TYPE_CHECKING:
    from facestats.store.manifest import Entry


class Correctable:
    """A store whose tracks can be corrected by hand.

    Attributes
    ----------
    path : pathlib.Path
    video_id : str or None
        The one video that it is restricted to.
    """

    path: Path
    video_id: str | None

    def corrections(self) -> pd.DataFrame:
        """Return what was corrected by hand, a row each; those whose track is no more have ``applies`` False.

        Raises
        ------
        StoreError
            If a file of the store is absent or damaged.

        Examples
        --------
        >>> store.corrections()[["number", "track_id", "what", "value"]]  # doctest: +SKIP
        """

        def entries() -> list[Entry]:
            found = read_entries(self.path) if self.video_id is None else [read_entry(self.path, self.video_id)]
            return [each for each in found if each is not None and each.counts]

        return attempt(lambda: corrections_table(self.path, entries()), self.path, entries)

    def correct(
        self,
        video: str,
        track: int,
        *,
        gender: str | None = None,
        age_group: str | None = None,
        expression: str | None = None,
        makeup: str | None = None,
        merge: int | None = None,
        split: float | str | None = None,
        reject: bool = False,
        accept: bool = False,
        same_person: int | None = None,
        own_person: bool = False,
        reason: str = "",
    ) -> tuple[Correction, ...]:
        """Correct a track by hand: set verdicts, or one of ``merge``, ``split``, ``reject``, ``accept`` and people.

        All tables are read with it from now on. It is kept through later analyses as long as they have the track.

        Parameters
        ----------
        video : str
            Id, the beginning of one, path or file name.
        track : int
        gender, age_group, expression, makeup : str, optional
            A class, or ``"unknown"``.
        merge : int, optional
            Another track of the same face, which becomes part of this one; other tracks of its person stay theirs.
        split : float or str, optional
            The moment of the video from which on it is another face, which gets a new number: seconds, or a text as
            ``"1:30"``.
        reject : bool
            It is no face.
        accept : bool
            Somebody looked at it and lets it be: it changes nothing, but is no longer listed as doubtful.
        same_person : int, optional
            Another track that shows the same person: all tracks of both people are of one from now on.
        own_person : bool
            It shows another person than the tracks that it was put together with.
        reason : str
            Why; kept with it.

        Returns
        -------
        tuple of Correction
            The ``number`` of each undoes it, see :meth:`uncorrect`.

        Raises
        ------
        UsageError
            If nothing or too much is to be corrected, or it does not fit the tracks.
        UnknownNameError
            If there is no such video, track or class.
        BusyError
            If a run is writing to the store.
        StoreError
            If a file of the store is absent or damaged.
        OutputError
            If the store cannot be written.

        Examples
        --------
        >>> store.correct("clip.mp4", 3, gender="female", reason="she says so at 0:12")  # doctest: +SKIP
        """
        verdicts = _given(gender=gender, age_group=age_group, expression=expression, makeup=makeup)
        entry = self._entry(video)

        def corrected() -> tuple[Correction, ...]:
            return correct(
                self.path,
                entry,
                track,
                verdicts=verdicts,
                merge=merge,
                split=split,
                reject=reject,
                accept=accept,
                same_person=same_person,
                own_person=own_person,
                reason=reason,
            )

        return attempt(corrected, self.path, lambda: [entry])

    def take_for_face(
        self,
        video: str,
        time_s: float | str,
        *,
        gender: str | None = None,
        age_group: str | None = None,
        expression: str | None = None,
        makeup: str | None = None,
        reason: str = "",
    ) -> tuple[Correction, ...]:
        """Say that what may be no face at a moment is one: it leaves ``doubtful``, and counts as a tracked face.

        Of its detections the surest alone is stored, so that it has one observation, and no verdicts unless they are
        set by hand; a later analysis that finds the face by itself has all of them.

        Parameters
        ----------
        video : str
            See :meth:`correct`.
        time_s : float or str
            A moment between its first and its last detection: seconds of the video, or a text as ``"1:30"``.
        gender, age_group, expression, makeup : str, optional
            A class, or ``"unknown"``.
        reason : str
            Why; kept with it.

        Returns
        -------
        tuple of Correction
            First that it is a face, then its verdicts; ``track_id`` is the number of the face, and the ``number`` of
            each undoes it, see :meth:`uncorrect`.

        Raises
        ------
        UnknownNameError
            If there is no such video or class, or nothing doubtful then; nothing is corrected then.
        UsageError
            If several things are doubtful then.
        BusyError, StoreError, OutputError
            See :meth:`correct`.

        Examples
        --------
        >>> store.take_for_face("clip.mp4", 12.4, reason="a child in profile")  # doctest: +SKIP
        """
        verdicts = _given(gender=gender, age_group=age_group, expression=expression, makeup=makeup)
        entry = self._entry(video)
        return attempt(
            lambda: take_for_face(self.path, entry, time_s, verdicts=verdicts, reason=reason),
            self.path,
            lambda: [entry],
        )

    def uncorrect(self, video: str, correction: int | Correction) -> Correction:
        """Undo a correction of a video, and return it.

        Parameters
        ----------
        video : str
            See :meth:`correct`.
        correction : int or Correction
            Its number, see :meth:`corrections`; or what :meth:`correct` returned, which is not mistaken for a later one
            that got its number after it was undone.

        Raises
        ------
        UnknownNameError
            If there is no such video or correction.
        BusyError, OutputError
            See :meth:`correct`.

        Examples
        --------
        >>> store.uncorrect("clip.mp4", 2)  # doctest: +SKIP
        """
        return uncorrect(self.path, self._entry(video).video_id, correction)

    def _entry(self, video: str) -> Entry:
        entries = {each.video_id: each for each in read_entries(self.path)}
        return entries[find_video(self.path, entries, video)]


def _given(**verdicts: str | None) -> dict[str, str]:
    return {column: value for column, value in verdicts.items() if value is not None}
