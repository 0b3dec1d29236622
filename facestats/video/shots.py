"""Where one shot ends and the next begins: hard cuts, found by PySceneDetect, and fades and dissolves, found here."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
from scenedetect import ContentDetector, FrameTimecode

from facestats._util.pixels import halved
from facestats.types import UInt8

#: Mean change of hue, saturation and luminance (0 to 255) between two sampled frames that makes a cut.
THRESHOLD = 27.0

#: How many times as large as the changes just before and after it the change at a cut must be: bodies that move fast
#: change much of a picture too, but for longer. Beside the first change and the last there is one neighbour only.
TIMES_ITS_NEIGHBOURS = 2.2

#: Lengths of dissolves that are looked for, in seconds: each finds those up to a third shorter or longer.
DISSOLVES_S = (0.5, 0.8, 1.2, 1.8, 2.7, 4.0)

#: A picture whose mean is below this (0 to 255) is black: whatever comes out of the black again may be another shot.
BLACK = 10.0

#: A picture whose mean is so much above that of the darkest one of the last :data:`FLASH_WITHIN_S` is in a flash, for
#: at most :data:`LONGEST_FLASH_S`: what comes out of it may be another shot too. A photographer's flash is no cut, as
#: the picture after it is that before it.
FLASH, FLASH_WITHIN_S, LONGEST_FLASH_S = 50.0, 0.6, 1.5

#: Two pictures whose greys correlate by less show different things, however bright they are.
ALIKE = 0.5

_WIDTH = 96  # at least; a cut shows in a thumbnail, and motion blurs away
_GREYS = (64, 36)  # pixels of the picture in which dissolves are looked for
_LEAST_CHANGE = 12.0  # mean difference of grey between the ends of a dissolve
_MOST_ERROR = 0.2  # of that difference, in between
_AFTER_FLASH_S = 0.5
_WHITE_STD = 8.0
_SAME = 0.95
_EVERY_S = 0.15  # dissolves are slow: not every frame needs to be held against those before it


@dataclass(frozen=True, eq=False)  # compared by identity: it holds an array
class ShotCue:
    """All that has to be known of a sampled frame to find the shots.

    Attributes
    ----------
    change : float
        Mean change of hue, saturation and luminance (0 to 255) since the sampled frame before; 0 for the first one.
    grey : numpy.ndarray
        uint8 (36, 64), the picture in grey.
    """

    change: float
    grey: UInt8


class CueReader(ContentDetector):
    """Measures the :class:`ShotCue` of each frame of a video as it passes by, with PySceneDetect's content detector.

    Examples
    --------
    >>> reader = CueReader()
    >>> dark, light = np.full((90, 160, 3), 60, np.uint8), np.full((90, 160, 3), 250, np.uint8)
    >>> [round(reader.read(image).change) for image in (dark, dark, light)]
    [0, 0, 63]

    Attributes
    ----------
    first, last : numpy.ndarray or None
        The first and the last frame read, uint8 (h, w, 3), BGR, as small as they are compared.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first: UInt8 | None = None
        self.last: UInt8 | None = None

    def read(self, rgb: UInt8, *, after_join: bool = False) -> ShotCue:
        """Return the cue of the next frame, given as uint8 (H, W, 3), RGB; where recordings are joined is a cut."""
        cue = self._read(_thumbnail(rgb))
        return ShotCue(255.0, cue.grey) if after_join else cue

    def _read(self, small: UInt8) -> ShotCue:
        if self.first is None:
            self.first = small
        elif small.shape != self.first.shape:  # the size of the picture changes inside the video
            small = cv2.resize(small, self.first.shape[1::-1], interpolation=cv2.INTER_AREA)
        self.last = small
        # The detector wants its own clock type, and does not use it.
        change = self._calculate_frame_score(FrameTimecode(0, fps=30.0), small)
        grey = cv2.cvtColor(cv2.resize(small, _GREYS, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
        return ShotCue(float(change), grey)


def change_between(before: UInt8, after: UInt8) -> float:
    """Return the change between two frames, given as :class:`CueReader` keeps them.

    Examples
    --------
    >>> round(change_between(np.zeros((54, 96, 3), np.uint8), np.full((54, 96, 3), 255, np.uint8)))
    85
    """
    reader = CueReader()
    reader._read(before)  # what is of another size is brought to that of this one
    return reader._read(after).change


@dataclass(frozen=True, eq=False)  # compared by identity: it holds an array
class _Passage:
    """A stretch of black, or a flash, between two pictures that can be told apart."""

    since_s: float
    before: np.ndarray
    brightness: float | None  # mean of the picture before a flash; None for black


class ShotCounter:
    """Numbers the shots of one video while the cues of its frames pass by.

    - Hard cuts: a change from one sampled frame to the next that is large, and much larger than those beside it (as
      PySceneDetect's adaptive detector has it, for one frame to either side).
    - Fades through black, and flashes of white, where what comes after shows something else than what was before. The
      new shot begins with the first frame that is black no more, or with the brightest of a flash.
    - Dissolves: frames in between are mixtures of the two ends, in proportion to time (Zhang, Kankanhalli and Smoliar,
      1993, looked for the sum of small changes alone, which a moving camera makes too). The new shot begins where the
      dissolve ends.

    Parameters
    ----------
    threshold : float
        See :data:`THRESHOLD`.
    looks_ahead : bool
        Whether to wait for the next frame before a frame's shot is said; without, a fast movement may pass for a cut.
    gradual : bool
        Whether fades and dissolves end a shot too.

    Examples
    --------
    >>> reader, counter = CueReader(), ShotCounter()
    >>> dark, light = np.full((90, 160, 3), 60, np.uint8), np.full((90, 160, 3), 250, np.uint8)
    >>> cues = [reader.read(image) for image in (dark, dark, light, light)]
    >>> [counter.update(cue, i / 10) for i, cue in enumerate(cues)], counter.finish()
    ([[], [0], [0], [1]], [1])
    """

    def __init__(self, *, threshold: float = THRESHOLD, looks_ahead: bool = True, gradual: bool = True) -> None:
        self._threshold, self._gradual = threshold, gradual
        self._looks_ahead = looks_ahead
        self._change_before: float | None = None
        self._n_decided = 0
        self._undecided: tuple[float, ShotCue] | None = None
        self._lately: deque[tuple[float, np.ndarray]] = deque()
        self._passage: _Passage | None = None
        # Of the frames of a flash, or after the dark: brightness (falling after the dark), and shot so far.
        self._held: list[tuple[float, int]] = []
        self._looked_s = self._flash_s = self._dark_s = -np.inf
        self._comes_up = self._has_come_up = False  # out of the dark, with little to be seen yet; to something else
        self.shot = 0

    def update(self, cue: ShotCue, time_s: float) -> list[int]:
        """Take the next sampled frame; return the 0-based shot numbers of the frames that are decided now, in order.

        That is the frame before, nothing for the first one and inside a flash; without look-ahead the frame itself.

        Parameters
        ----------
        cue : ShotCue
        time_s : float
            Its presentation time.
        """
        if not self._looks_ahead:
            return [self._decided(cue, time_s, cue.change >= self._threshold)]
        before, self._undecided = self._undecided, (time_s, cue)
        if before is None:
            return []
        return self._released(before[1], self._decided(before[1], before[0], self._stands_out(before[1], cue.change)))

    def finish(self) -> list[int]:
        """Return the shot numbers of the frames that waited for what comes after them."""
        if self._undecided is None:
            return []
        (time_s, cue), self._undecided = self._undecided, None
        shot = self._decided(cue, time_s, self._stands_out(cue, None))
        self._passage, self._comes_up = None, False  # nothing comes any more
        return self._released(cue, shot)

    def _released(self, cue: ShotCue, shot: int) -> list[int]:
        """Return the shots of a frame and of those of the flash or fade before it; in these nothing is known yet.

        If a flash hides a cut, the new shot begins with its brightest frame; if the dark does, with the first after it.
        """
        if self._in_flash or self._comes_up:
            self._held.append((float(cue.grey.mean()) if self._in_flash else -len(self._held), shot))
            return []
        held, self._held = self._held, []
        if not held:
            return [shot]
        is_after_dark = held[0][0] <= 0
        if is_after_dark and not self._has_come_up:
            return [*(was for _, was in held), shot]
        brightest = max(range(len(held)), key=lambda place: held[place][0])
        return [shot if place >= brightest else was for place, (_, was) in enumerate(held)] + [shot]

    def _stands_out(self, cue: ShotCue, change_after: float | None) -> bool:
        known = [change for change in (self._change_before, change_after) if change is not None]
        beside = sum(known) / len(known) if known else 0.0
        # Before the first frame there is nothing that it could differ from.
        self._change_before = cue.change if self._n_decided else None
        self._n_decided += 1
        return cue.change >= self._threshold and cue.change >= TIMES_ITS_NEIGHBOURS * beside

    def _decided(self, cue: ShotCue, time_s: float, changes: bool) -> int:
        """Return the shot of a frame, given whether it differs that much from the frame before it."""
        grey = cue.grey.astype(np.float32)
        faded = self._gradual and self._has_faded(grey, time_s)
        if self._in_flash:
            self._flash_s = time_s
        if time_s - self._flash_s <= _AFTER_FLASH_S:  # much changes in a flash and just after it
            alike = not self._lately or _likeness(self._lately[-1][1], grey) >= ALIKE
            cut = faded or (changes and not alike and not self._in_flash)
            self._lately.clear()
        else:
            cut = (changes and self._is_another(grey)) | faded | (self._gradual and self._has_dissolved(grey, time_s))
        if cut:
            self.shot += 1
            self._lately.clear()
            self._passage, self._comes_up = None, False
        if self._lately and time_s <= self._lately[-1][0]:  # a clock that runs backwards
            self._lately.clear()
        self._lately.append((time_s, grey))
        while self._lately[-1][0] - self._lately[0][0] > 1.1 * DISSOLVES_S[-1]:
            self._lately.popleft()
        return self.shot

    @property
    def _in_flash(self) -> bool:
        return self._passage is not None and self._passage.brightness is not None

    def _is_another(self, grey: np.ndarray) -> bool:
        """Say whether a cut is one: in the dark hue and saturation leap about, while nothing else changes."""
        if not self._lately:
            return True
        before = self._lately[-1][1]
        darker = min(before.mean(), grey.mean())
        if min(before.std(), grey.std()) > 2 and _likeness(before, grey) >= _SAME and darker >= 2 * BLACK:
            return False  # only the light has changed
        # Out of the black, and into it, what matters is what comes after.
        return bool(darker >= BLACK and (darker >= 2 * BLACK or _likeness(before, grey) < ALIKE))

    def _has_faded(self, grey: np.ndarray, time_s: float) -> bool:
        """Say whether this picture comes out of the black, or of a flash, and shows something else than before it."""
        self._comes_up = self._has_come_up = False
        if self._passage is None:
            self._passage = self._entered(grey, time_s)
            return False
        passage = self._passage
        if passage.brightness is None:
            if grey.mean() < BLACK:
                self._dark_s = time_s
                return False
        elif time_s - passage.since_s > LONGEST_FLASH_S:  # it has become light
            self._passage = None
            return False
        elif grey.mean() > passage.brightness + FLASH:
            return False
        # Just out of it there is little to be seen yet.
        is_after_dark = passage.brightness is None
        if grey.std() < 0.5 * passage.before.std():
            self._comes_up = is_after_dark and time_s - self._dark_s <= LONGEST_FLASH_S
            return False
        self._passage = None
        is_another = _likeness(passage.before, grey) < ALIKE
        self._has_come_up = is_after_dark and is_another
        return is_another

    def _entered(self, grey: np.ndarray, time_s: float) -> _Passage | None:
        """Return the passage through black or a flash that begins with this picture."""
        if not self._lately:
            return None
        if grey.mean() < BLACK:
            self._dark_s = time_s
            return _Passage(time_s, max((before for _, before in self._lately), key=lambda before: before.std()), None)
        recent = [before for when_s, before in self._lately if time_s - when_s <= FLASH_WITHIN_S]
        darkest = min((float(before.mean()) for before in recent), default=np.inf)
        if grey.mean() <= darkest + FLASH:
            return None
        unlit = [before for before in recent if before.mean() <= darkest + FLASH / 4]
        clear = max(unlit, key=lambda before: before.std())
        if clear.std() <= 2:  # plain: nothing could be told of what comes after
            return None
        # A flash is what was just before, mixed with white; a cut to something light is not.
        washed = grey.std() <= _WHITE_STD or max(_likeness(before, grey) for before in unlit) >= ALIKE
        return _Passage(time_s, clear, darkest) if washed else None

    def _has_dissolved(self, grey: np.ndarray, time_s: float) -> bool:
        """Say whether the pictures of the last while are mixtures of the first of them and this one."""
        if abs(time_s - self._looked_s) < _EVERY_S:
            return False
        self._looked_s = time_s
        times = np.array([time for time, _ in self._lately])
        for length_s in DISSOLVES_S:
            if len(times) == 0 or time_s - times[0] < 0.95 * length_s:
                return False
            places = [int(np.abs(times - (time_s - share * length_s)).argmin()) for share in (1.0, 0.75, 0.5, 0.25)]
            if len(set(places)) < len(places):
                continue  # looked at too rarely to tell
            first = self._lately[places[0]][1]
            change = float(np.abs(grey - first).mean())
            if change < _LEAST_CHANGE or _likeness(first, grey) >= ALIKE:
                continue
            shares = (times[places[1:]] - times[places[0]]) / (time_s - times[places[0]])
            mixtures = [first + share * (grey - first) for share in shares]
            errors = [
                np.abs(self._lately[place][1] - mixture).mean()
                for place, mixture in zip(places[1:], mixtures, strict=True)
            ]
            if max(errors) < _MOST_ERROR * change:
                return True
        return False


def _likeness(a: np.ndarray, b: np.ndarray) -> float:
    """Return the correlation of two grey pictures; 1 if one of them is plain, as then nothing can be said."""
    a, b = a - a.mean(), b - b.mean()
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float((a * b).sum()) / norms if min(a.std(), b.std()) > 2 else 1.0


def _thumbnail(rgb: UInt8) -> UInt8:
    """Halve a picture while it is wide enough, and give it as BGR."""
    halvings = max(0, (rgb.shape[1] // _WIDTH).bit_length() - 1)
    # Channel by channel: pictures that lie in planes need not be woven together in full size first.
    return cv2.merge([halved(np.ascontiguousarray(rgb[..., channel]), halvings) for channel in (2, 1, 0)])
