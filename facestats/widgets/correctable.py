"""What can be said by hand of the faces of an open video, a method each."""

from __future__ import annotations

from typing import Any


class CorrectableFaces:
    """Something that shows a video of a store, whose faces can be corrected; it says how in ``_correct``."""

    def merge(self, track: int, other: int) -> None:
        """Make another track of the same face part of a track; kept in the store as a correction.

        Other tracks of its person stay theirs: :meth:`same_person` makes one person of two.

        Raises
        ------
        UsageError
            If no video of a store is open, or both are seen together.
        UnknownNameError
            If there is no such track.
        """
        self._correct(track, merge=other)

    def split(self, track: int, time_s: float) -> None:
        """Make a track another face from a moment on; errors are those of :meth:`merge`."""
        self._correct(track, split=time_s)

    def reject(self, track: int) -> None:
        """Say that a track is no face; errors are those of :meth:`merge`."""
        self._correct(track, reject=True)

    def same_person(self, track: int, other: int) -> None:
        """Make one person of the people whom two tracks show; errors are those of :meth:`merge`."""
        self._correct(track, same_person=other)

    def own_person(self, track: int) -> None:
        """Say that a track shows another person than those it was put together with; errors as :meth:`merge`."""
        self._correct(track, own_person=True)

    def _correct(self, track: int, **change: Any) -> None:
        raise NotImplementedError
