"""From a few numbers to scenes: who walks where, behind what, and what the camera does meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from facestats.errors import UsageError
from facestats.synth.portraits import Portrait
from facestats.synth.rooms import pillars_before, room
from facestats.synth.scene import Actor, Motion, Scene

#: The widest face, as a share of the picture's smaller side.
_LARGEST_SHARE = 0.85

#: See :attr:`Scenario.transition`.
TRANSITIONS = ("cut", "flash", "fade")


@dataclass(frozen=True)
class Scenario:
    """What a synthetic video shows. The same scenario and people always give the same pixels.

    Attributes
    ----------
    name : str
        Of the files.
    people : int
        In each shot, 1 to 8.
    seconds, fps, width, height
        Length, frames a second, and size in pixels.
    face_px : (float, float)
        Smallest and largest face: its shorter side in pixels.
    speed : float
        How fast people move: 1 is a stroll, about one face width a second.
    crossings : bool
        Whether people change places, the nearer ones passing in front of the others.
    occluders : int
        Pillars behind which people walk.
    leaving : bool
        Whether every second person walks out of the picture and comes back after 1 to 2.5 seconds.
    passing : bool
        Whether people walk past the camera one after the other, from far away in the middle, and out at the sides; then
        they do nothing else.
    shots : int
        How many shots there are, with cuts between them.
    transition : str
        What hides the cuts: ``"cut"`` nothing, ``"flash"`` a white flash, ``"fade"`` a short fade through black.
    shake : float
        How far the camera sways, as a share of the smaller side.
    exposure : float
        Share of a frame's time during which the shutter is open: blurs what moves.
    noise : float
        Standard deviation of the sensor's noise, of 255.
    seed : int
        Of everything that is left to chance.

    Raises
    ------
    UsageError
        Naming the first number that makes no sense.

    Examples
    --------
    >>> Scenario("walk", people=2, crossings=True).seconds
    8.0
    """

    name: str
    people: int = 3
    seconds: float = 8.0
    fps: int = 25
    width: int = 640
    height: int = 360
    face_px: tuple[float, float] = (30.0, 70.0)
    speed: float = 1.0
    crossings: bool = False
    occluders: int = 0
    leaving: bool = False
    passing: bool = False
    shots: int = 1
    transition: str = "cut"
    shake: float = 0.0
    exposure: float = 0.0
    noise: float = 2.0
    seed: int = 0

    def __post_init__(self) -> None:
        low, high = self.face_px
        largest = _LARGEST_SHARE * min(self.width, self.height)
        sides = min(self.width, self.height), max(self.width, self.height)
        checks = {
            "people must be 1 to 8": 1 <= self.people <= 8,
            "a shot must last half a second at least": self.shots >= 1 and self.seconds / self.shots >= 0.5,
            "fps must be 1 to 240": 1 <= self.fps <= 240,
            "the picture must be 64 to 4096 pixels wide and high": sides[0] >= 64 and sides[1] <= 4096,
            f"faces must be 8 to {largest:.0f} pixels in such a picture, the smallest first": 8
            <= low
            <= high
            <= largest,
            "speed must be above 0, 20 at most": 0 < self.speed <= 20,
            "there may be 0 to 6 occluders": 0 <= self.occluders <= 6,
            "who walks past neither crosses nor leaves, nor walks behind pillars": not (
                self.passing and (self.crossings or self.leaving or self.occluders)
            ),
            f"transition must be one of {', '.join(TRANSITIONS)}": self.transition in TRANSITIONS,
            "shake must be 0 to 0.2": 0 <= self.shake <= 0.2,
            "exposure must be 0 to 1": 0 <= self.exposure <= 1,
            "noise must be 0 to 60": 0 <= self.noise <= 60,
        }
        for complaint, holds in checks.items():
            if not holds:
                raise UsageError(f"{self.name}: {complaint}")


def scenes(scenario: Scenario, portraits: Sequence[Portrait]) -> list[Scene]:
    """Return the scenes of a scenario, one for each shot.

    Parameters
    ----------
    scenario : Scenario
    portraits : sequence of Portrait
        ``scenario.people`` or more, of different names; where there are more, shots show different ones.

    Raises
    ------
    ValueError
        If there are too few.

    Examples
    --------
    >>> from facestats.synth.faces import people
    >>> [len(scene.actors) for scene in scenes(Scenario("two", people=2, shots=2), people(None, 2))]
    [2, 2]
    """
    if len({portrait.name for portrait in portraits}) < max(len(portraits), scenario.people):
        raise ValueError(f"{scenario.name} needs {scenario.people} people of different names, got {len(portraits)}")
    edges = np.round(np.linspace(0, scenario.seconds * scenario.fps, scenario.shots + 1)).astype(int)
    return [
        _scene(scenario, portraits, shot, (edges[shot + 1] - edges[shot]) / scenario.fps)
        for shot in range(scenario.shots)
    ]


def _scene(scenario: Scenario, portraits: Sequence[Portrait], shot: int, seconds: float) -> Scene:
    rng = np.random.default_rng([scenario.seed, shot])
    chosen = rng.permutation(len(portraits))[: scenario.people]
    places = _places(scenario, rng)
    pillars = _pillars(scenario, rng, places)
    walks = [_walk(scenario, rng, place, seconds) for place in places]
    if scenario.passing:
        walks = [_past(scenario, rng, number, seconds) for number in range(scenario.people)]
    if scenario.occluders:
        walks = [_behind(scenario, rng, walk, pillars, number) for number, walk in enumerate(walks)]
    if scenario.crossings:
        walks = _exchanged(scenario, rng, walks, seconds)
    if scenario.leaving:
        walks = [_away(scenario, rng, walk, seconds) if number % 2 == 0 else walk for number, walk in enumerate(walks)]
    actors = []
    for index, walk in zip(chosen, walks, strict=True):
        x1, y1, x2, y2 = portraits[index].face
        taller = max(1.0, (y2 - y1) / (x2 - x1))  # `face_px` is the shorter side
        motion = Motion(
            tuple(walk.times.tolist()), tuple(map(tuple, walk.centres.tolist())), tuple((walk.widths * taller).tolist())
        )
        actors.append(Actor(portraits[index], motion))
    return Scene(
        room(rng, scenario.width, scenario.height),
        tuple(actors),
        seconds,
        scenario.fps,
        foreground=pillars_before(rng, scenario.width, scenario.height, pillars),
        shake=scenario.shake * min(scenario.width, scenario.height),
        exposure=scenario.exposure,
        noise=scenario.noise,
        seed=scenario.seed * 1000 + shot,
    )


@dataclass(frozen=True)
class _Place:
    """Where somebody stays: the middle, how far to either side there is room, and the width of the face, in pixels."""

    x: float
    y: float
    room: float
    width: float


@dataclass(frozen=True)
class _Walk:
    """Times, float (K,); centres, float (K, 2); widths of the face, float (K,)."""

    times: np.ndarray
    centres: np.ndarray
    widths: np.ndarray


def _places(scenario: Scenario, rng: np.random.Generator) -> list[_Place]:
    """Share the picture out in rows of cells, one a person; in a cell a face does not meet its neighbours."""
    n_rows = 1 if scenario.people <= 4 else 2
    per_row = -(-scenario.people // n_rows)
    cell_width, cell_height = scenario.width / per_row, scenario.height / n_rows
    low, high = scenario.face_px
    places = []
    for number in range(scenario.people):
        row, column = divmod(number, per_row)
        width = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        # Heads are about 1.6 times as wide, and twice as high, as the faces in them.
        room = max(0.0, cell_width / 2 - 0.85 * width)
        spare = max(0.0, cell_height / 2 - width)
        x = (column + 0.5) * cell_width
        y = (row + 0.5) * cell_height + rng.uniform(-0.7, 0.7) * spare
        places.append(_Place(x, y, room, width))
    return places


def _walk(scenario: Scenario, rng: np.random.Generator, place: _Place, seconds: float) -> _Walk:
    """Stroll about one's place, a little nearer and farther."""
    # A step takes as long as the way to the other side does at the wanted speed.
    stride = min(max(place.room, 0.1 * place.width), 2.5 * place.width)
    pause = float(np.clip(stride / (place.width * scenario.speed), 0.25, 4.0))
    n = max(2, int(np.ceil(seconds / pause)) + 1)
    times = np.linspace(0, seconds, n)
    side = np.where(np.arange(n) % 2, 1.0, -1.0) * rng.choice([-1.0, 1.0])
    xs = place.x + side * rng.uniform(0.3, 1.0, n) * stride * min(1.0, place.room / stride)
    ys = place.y + rng.normal(0, 0.08 * place.width, n)
    widths = np.clip(place.width * np.exp(rng.normal(0, 0.05, n)), *scenario.face_px)
    return _Walk(times, np.column_stack([xs, ys]), widths)


def _pillars(scenario: Scenario, rng: np.random.Generator, places: Sequence[_Place]) -> list[tuple[float, float]]:
    """Return left and right edge of each pillar; they stand before some people's places, wide enough to hide them."""
    chosen = rng.permutation(len(places))[: scenario.occluders]
    pillars = []
    for number in range(scenario.occluders):
        place = places[chosen[number % len(chosen)]]
        width = rng.uniform(1.1, 1.7) * place.width
        # A second pillar before one place stands apart.
        middle = place.x + (number // len(chosen)) * 2.2 * place.width
        pillars.append((middle - width / 2, middle + width / 2))
    return pillars


def _behind(
    scenario: Scenario, rng: np.random.Generator, walk: _Walk, pillars: Sequence[tuple[float, float]], number: int
) -> _Walk:
    """Make those whose place has a pillar walk from one side of it to the other and back, resting at either side."""
    left, right = min(pillars, key=lambda edges: abs(sum(edges) / 2 - np.median(walk.centres[:, 0])))
    width = float(np.median(walk.widths))
    if abs((left + right) / 2 - np.median(walk.centres[:, 0])) > 2 * width:
        return walk
    seconds = walk.times[-1]
    away = (right - left) / 2 + 0.9 * width
    crossing = float(np.clip(2 * away / (2.0 * width * scenario.speed), 0.6, 1.6))
    times, xs, side = [0.0], [-away], -1.0
    time = rng.uniform(0.6, 1.4)
    while time + crossing < seconds - 0.3:
        times += [time, time + crossing]
        xs += [side * away, -side * away]
        side = -side
        time += crossing + rng.uniform(0.8, 1.6)
    times.append(seconds)
    xs.append(side * away)
    xs = (left + right) / 2 + np.array(xs) + rng.normal(0, 0.03 * width, len(xs))
    return _Walk(
        np.array(times), np.column_stack([xs, np.full(len(xs), walk.centres[0, 1])]), np.full(len(xs), walk.widths[0])
    )


def _exchanged(scenario: Scenario, rng: np.random.Generator, walks: list[_Walk], seconds: float) -> list[_Walk]:
    """Let neighbours change places once or twice; one of each pair is nearer, and passes in front."""
    walks = list(walks)
    for first in range(0, len(walks) - 1, 2):
        pair = walks[first], walks[first + 1]
        width = float(np.mean([np.median(walk.widths) for walk in pair]))
        between = abs(pair[0].centres[0, 0] - pair[1].centres[0, 0])
        way = float(np.clip(between / (2.5 * width * scenario.speed), 0.5, seconds / 3))
        starts = [seconds * 0.25] if seconds < 4 * way + 1 else [seconds * 0.15, seconds * 0.6]
        starts = [start + rng.uniform(-0.1, 0.1) for start in starts]
        nearer = int(rng.integers(2))
        ends = [(float(np.median(walk.centres[:, 0])), float(np.median(walk.centres[:, 1]))) for walk in pair]
        middle = (ends[0][1] + ends[1][1]) / 2
        for number in range(2):
            times, centres = [0.0], [ends[number]]
            here = number
            for start in starts:
                other = 1 - here
                # They meet at one height, so that one does hide the other.
                half = ((ends[0][0] + ends[1][0]) / 2, middle + (number - 0.5) * 0.2 * width)
                times += [start, start + way / 2, start + way]
                centres += [ends[here], half, ends[other]]
                here = other
            times.append(seconds)
            centres.append(ends[here])
            scale = 1.12 if number == nearer else 1 / 1.12
            size = float(np.clip(width * scale, *scenario.face_px))
            keep = np.concatenate([[True], np.diff(times) > 0.02])
            walks[first + number] = _Walk(
                np.array(times)[keep], np.array(centres)[keep], np.full(int(keep.sum()), size)
            )
    return walks


def _away(scenario: Scenario, rng: np.random.Generator, walk: _Walk, seconds: float) -> _Walk:
    """Let somebody walk out at the nearer side and come back there."""
    if seconds < 4:
        return walk
    start = rng.uniform(0.2, 0.3) * seconds
    gone = rng.uniform(1.0, min(2.5, seconds / 3))
    x, y = (float(np.interp(start, walk.times, walk.centres[:, axis])) for axis in (0, 1))
    width = float(np.median(walk.widths))
    outside = -1.5 * width if x < scenario.width / 2 else scenario.width + 1.5 * width
    way = float(np.clip(abs(outside - x) / (3 * width * scenario.speed), 0.5, seconds / 8))
    before = walk.times < start - 0.05
    after = walk.times > start + 2 * way + gone + 0.3
    times = np.concatenate(
        [walk.times[before], [start, start + way, start + way + gone, start + 2 * way + gone], walk.times[after]]
    )
    centres = np.concatenate([walk.centres[before], [[x, y], [outside, y], [outside, y], [x, y]], walk.centres[after]])
    if times[-1] < seconds:
        times, centres = np.append(times, seconds), np.concatenate([centres, centres[-1:]])
    return _Walk(times, centres, np.full(len(times), width))


def _past(scenario: Scenario, rng: np.random.Generator, number: int, seconds: float) -> _Walk:
    """Wait far away, until it is one's turn; come nearer, hiding those who wait, and walk out at a side."""
    low, high = scenario.face_px
    way = float(np.clip(2.5 / scenario.speed, 0.8, seconds / 2))
    start = (seconds - way) * (number + rng.uniform(0, 0.5)) / scenario.people
    shares = np.linspace(0, 1, 9)
    widths = low / (1 - shares * (1 - low / high))
    # Who comes nearer moves away from the middle in proportion, and turns aside in the end.
    x = (0.5 + 0.05 * rng.uniform(-1, 1) * widths / low) * scenario.width
    x += (-1) ** number * shares**5 * (scenario.width / 2 + 1.5 * high)
    y = (0.35 + 0.15 * widths / high) * scenario.height
    times = np.concatenate([[0.0], start + 0.05 + shares * (way - 0.1), [seconds]])
    places = np.array([0, *range(len(shares)), -1])
    return _Walk(times, np.column_stack([x, y])[places], widths[places])


def _suite() -> tuple[Scenario, ...]:
    base = Scenario("", seconds=8.0)
    clips = (
        replace(base, name="two-strolling", people=2, face_px=(40, 90)),
        replace(base, name="four-small", people=4, face_px=(14, 26), width=480, height=270),
        replace(base, name="eight-in-two-rows", people=8, face_px=(24, 44)),
        replace(base, name="two-large-crossing", people=2, face_px=(90, 150), crossings=True),
        replace(base, name="four-crossing", people=4, face_px=(30, 60), crossings=True),
        replace(base, name="six-crossing-fast", people=6, face_px=(22, 40), crossings=True, speed=2.0),
        replace(base, name="three-fast-and-blurred", people=3, face_px=(40, 70), speed=5.0, exposure=0.6),
        replace(base, name="three-shaken", people=3, face_px=(30, 60), shake=0.05, exposure=0.4),
        replace(base, name="three-with-cuts", people=3, face_px=(30, 80), shots=4),
        replace(base, name="five-with-cuts-and-crossings", people=5, face_px=(24, 50), shots=3, crossings=True),
        replace(base, name="four-leaving", people=4, face_px=(30, 60), leaving=True),
        replace(base, name="two-behind-pillars", people=2, face_px=(40, 70), occluders=2),
        replace(base, name="four-behind-pillars", people=4, face_px=(26, 50), occluders=3),
        replace(base, name="three-behind-pillars-leaving", people=3, face_px=(30, 60), occluders=2, leaving=True),
        replace(
            base, name="four-behind-pillars-shaken", people=4, face_px=(26, 44), occluders=3, shake=0.03, noise=6.0
        ),
        replace(base, name="eight-behind-pillars", people=8, face_px=(20, 36), occluders=4),
        replace(base, name="eight-walking-past", people=8, face_px=(22, 70), passing=True),
        replace(base, name="three-with-flashes", people=3, face_px=(30, 80), shots=4, transition="flash"),
        replace(base, name="three-with-fades", people=3, face_px=(30, 80), shots=4, transition="fade"),
    )
    return tuple(replace(clip, seed=100 + number) for number, clip in enumerate(clips))


#: The videos on which trackers are compared, see ``benchmarks/tracking.py``.
SUITE = _suite()
