"""What was read of an input: how many frames, up to when, and what was wrong with them."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class Tally:
    """Counts that grow while an input is read.

    Attributes
    ----------
    n_decoded : int
        Frames decoded, sampled or not.
    last_time_s : float
        Presentation time of the last decoded frame in seconds; NaN before the first.
    end_s : float
        When the last decoded frame ends: its time plus its duration; NaN before the first.
    n_guessed : int
        Frames whose time the input does not say.
    n_unordered : int
        Frames that are not later than the one before.
    n_joins : int
        How often the input's clock began again.
    shift_s : float
        What was added to its times, so that they begin at 0.
    width, height : int
        Of the largest frame, in pixels, upright.
    n_resized : int
        How often the size of the frames changed.
    note : str or None
        What was chosen where the input offers several pictures or sounds.
    n_broken : int
        Places at which something could not be read.
    first_broken : str
        What was wrong at the first of them.
    ending : str or None
        Why the input ended before it should have.

    Examples
    --------
    >>> tally = Tally(n_decoded=2, end_s=0.08)
    >>> tally.add(Tally(n_decoded=1, end_s=0.12, n_broken=2, first_broken="damaged"))
    >>> tally.n_decoded, tally.end_s, tally.damage
    (3, 0.12, 'damaged, and 1 more like it')
    """

    n_decoded: int = 0
    last_time_s: float = math.nan
    end_s: float = math.nan
    n_guessed: int = 0
    n_unordered: int = 0
    n_joins: int = 0
    shift_s: float = 0.0
    width: int = 0
    height: int = 0
    n_resized: int = 0
    note: str | None = None
    n_broken: int = 0
    first_broken: str = ""
    ending: str | None = None

    def add(self, later: Tally) -> None:
        """Go on with what was read of the next stretch of the same input."""
        self.n_unordered += later.n_unordered
        self.n_joins += later.n_joins
        self.shift_s = self.shift_s or later.shift_s
        self.n_resized += later.n_resized
        if later.n_decoded and self.n_decoded:
            self.n_resized += (self.width, self.height) != (later.width, later.height)
        self.width, self.height = max(self.width, later.width), max(self.height, later.height)
        self.note = self.note or later.note
        self.n_decoded += later.n_decoded
        self.n_guessed += later.n_guessed
        if later.n_decoded:
            self.last_time_s, self.end_s = later.last_time_s, later.end_s
        self.n_broken += later.n_broken
        self.first_broken = self.first_broken or later.first_broken
        self.ending = self.ending or later.ending

    def note_broken(self, what: str) -> None:
        """Count a place at which something could not be read."""
        self.first_broken = self.first_broken or what
        self.n_broken += 1

    @property
    def damage(self) -> str | None:
        """Why less came out than the input promised, in one line; None if nothing is known to be wrong."""
        more = f", and {self.n_broken - 1} more like it" if self.n_broken > 1 else ""
        broken = f"{self.first_broken}{more}" if self.n_broken else None
        return "; ".join(part for part in (self.ending, broken) if part) or None

    def clock_note(self, fps: float) -> str | None:
        """Return what is odd about the times, in one line, given the nominal rate; None if nothing is."""
        notes = []
        if self.n_guessed:
            which = "no" if self.n_guessed == self.n_decoded else f"{self.n_guessed} of {self.n_decoded} frames without"
            rate = f"the nominal {fps:g} frames/s" if fps > 0 else "the order of the frames alone"
            notes.append(f"{which} timestamps: times follow {rate}")
        if self.n_unordered:
            notes.append(f"{self.n_unordered} of {self.n_decoded} timestamps repeat or run backwards")
        if self.n_joins:
            times = "once" if self.n_joins == 1 else f"{self.n_joins} times"
            notes.append(f"the clock begins again {times}, as in files joined end to end: it goes on across the joins")
        if self.shift_s:
            notes.append(f"the clock begins at {-self.shift_s:.3f} s: moved to begin at 0")
        return "; ".join(notes) or None

    @property
    def picture_note(self) -> str | None:
        """What was chosen or adapted to get pictures of one kind, in one line; None where nothing was."""
        resized = None
        if self.n_resized:
            times = "once" if self.n_resized == 1 else f"{self.n_resized} times"
            resized = f"the size changes {times}: smaller pictures are filled up to {self.width}x{self.height}"
        return "; ".join(part for part in (self.note, resized) if part) or None
