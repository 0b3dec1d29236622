"""The demonstration: a short video of two people, with exact truth, made from what the libraries carry."""

from __future__ import annotations

import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from facestats.errors import OutputError
from facestats.synth.portraits import Portrait, library_portraits
from facestats.synth.scene import Actor, Motion, Scene, TruthRow, render, truth_table
from facestats.tables.labels import face_name
from facestats.tables.schema import UNKNOWN
from facestats.types import UInt8
from facestats.video.writer import ClipWriter

_WIDTH, _HEIGHT = 640, 360
_FPS = 25
_DURATION_S = 12.0

#: The counter that hides where the portraits end: its upper edge in pixels.
_COUNTER_Y = 274

_SOUND_RATE = 48000


@dataclass(frozen=True)
class DemoVideo:
    """The rendered demonstration.

    Attributes
    ----------
    path : pathlib.Path
        The video, ``demo.mp4``: H.264 with a quiet chord as sound.
    truth_path : pathlib.Path
        ``demo_truth.csv``, the same table as ``truth``.
    truth : pandas.DataFrame
        One row a frame and person, with the columns of :data:`facestats.synth.scene.TRUTH_DTYPES`.
    """

    path: Path
    truth_path: Path
    truth: pd.DataFrame = field(repr=False)


def render_demo(folder: Path) -> DemoVideo:
    """Render the demonstration's video and its truth into a folder, which is made if need be.

    The pixels handed to the encoder are the same every time. Older files of the same names are replaced.

    Parameters
    ----------
    folder : pathlib.Path
        Where ``demo.mp4`` and ``demo_truth.csv`` go.

    Returns
    -------
    DemoVideo
        The paths and the truth.

    Raises
    ------
    DataError
        If an installed library lacks its portrait.
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> render_demo(Path("demo")).truth.person.unique().tolist()  # doctest: +SKIP
    ['Grace Hopper', 'Eileen Collins']
    """
    path, truth_path = folder / "demo.mp4", folder / "demo_truth.csv"
    scene = demo_scene()
    rows: list[TruthRow] = []
    with tempfile.TemporaryDirectory() as temporary:
        sound = _write_chord(Path(temporary) / "chord.wav", scene.duration_s)
        with ClipWriter(path, width=_WIDTH, height=_HEIGHT, audio_from=sound) as clip:
            for frame, truth_rows in render(scene):
                clip.write(frame.rgb, frame.time_s)
                rows += truth_rows
    truth = truth_table(rows).round(4)  # so that the file says exactly the same
    try:
        truth.to_csv(truth_path, index=False)
    except OSError as error:
        raise OutputError(f"cannot write {truth_path}: {error.strerror or error}; check the folder") from None
    return DemoVideo(path, truth_path, truth)


@dataclass(frozen=True)
class DemoRun:
    """What the demonstration left behind.

    Attributes
    ----------
    video : DemoVideo
    tracks : pandas.DataFrame
        The ``tracks`` table.
    store, clip, csv : pathlib.Path
    pages : tuple of pathlib.Path
        The reports' HTML pages.
    judged : tuple of str
        What is right and wrong in the verdicts, a sentence a track, see :func:`judge`.
    """

    video: DemoVideo
    tracks: pd.DataFrame = field(repr=False)
    store: Path
    clip: Path
    csv: Path
    pages: tuple[Path, ...]
    judged: tuple[str, ...]


def judge(tracks: pd.DataFrame, observations: pd.DataFrame, truth: pd.DataFrame) -> tuple[str, ...]:
    """Return which person each track is, and whether its perceived gender is right: both people are women.

    Parameters
    ----------
    tracks, observations : pandas.DataFrame
        Tables of the demonstration's video.
    truth : pandas.DataFrame
        See :class:`DemoVideo`.

    Examples
    --------
    >>> from facestats.tables import schema
    >>> judge(schema.conform("tracks"), schema.conform("observations"), truth_table([]))
    ()
    """
    both = observations[["frame", "track_id", "x", "y", "w", "h"]].merge(truth, on="frame", suffixes=("", "_true"))
    apart = np.hypot(
        both["x"] + both["w"] / 2 - both["x_true"] - both["w_true"] / 2,
        both["y"] + both["h"] / 2 - both["y_true"] - both["h_true"] / 2,
    )
    same = both[apart < both["w_true"] / 2]
    said = []
    for track in tracks.to_dict("records"):
        people = same.loc[same["track_id"] == track["track_id"], "person"]
        name = face_name(track["track_id"])
        if people.empty:
            said.append(f"{name} is nobody who was drawn: it is no face.")
            continue
        verdict = track["gender"]
        if not isinstance(verdict, str) or verdict == UNKNOWN:
            ending = "her perceived gender is unknown, so nothing wrong is said."
        else:
            right = "right" if verdict == "female" else "WRONG"
            ending = f"called {verdict} with {100 * track['gender_prob']:.0f} %, which is {right}."
        said.append(f"{name} is {people.mode()[0]}, a woman: {ending}")
    return tuple(said)


def run_demo(folder: Path, *, progress: bool | None = None) -> DemoRun:
    """Do the whole job on the demonstration video: analyse, draw the clip, export the tracks, write the reports.

    Parameters
    ----------
    folder : pathlib.Path
        Where everything goes; a run before is replaced.
    progress : bool, optional
        Show progress bars; by default where there is someone to see them.

    Returns
    -------
    DemoRun

    Raises
    ------
    OutputError
        If the folder cannot be written, or what lies in it already stands in the way.

    Examples
    --------
    >>> run_demo(Path("facestats-demo")).tracks  # doctest: +SKIP
    """
    # Rendering needs none of these, and importing them takes longer than rendering.
    from facestats.batch.collection import analyze_collection
    from facestats.reports import report
    from facestats.store.export import export_table

    video = render_demo(folder)
    result = analyze_collection(video.path, out=folder / "store", progress=progress)
    csv = folder / "tracks.csv"
    export_table(result.store.tracks(), "tracks", format="csv", out=csv)
    pages = tuple(item.html for item in report(result.store, out=folder / "reports").reports)
    clip = result.store.clip_path(result.video_ids[0])
    if clip is None:
        raise OutputError(f"no clip in {result.store.path}: run the demo in an empty folder")
    tracks = result.store.tracks()
    judged = judge(tracks, result.store.observations(), video.truth)
    return DemoRun(video, tracks, result.store.path, clip, csv, pages, judged)


def demo_scene() -> Scene:
    """Return the scene of the demonstration: two people in a room, behind a counter.

    They walk towards each other, one passes in front of the other, one leaves on the left and comes back nearer,
    the other steps back. Faces are 52 to 122 px high; 12 s at 25 frames a second, 640x360.

    Examples
    --------
    >>> demo_scene().n_frames
    300
    """
    hopper, collins = library_portraits()
    hopper_steps = [  # time in s, x of the face's centre, height of the face
        (0.0, 135, 72),
        (0.8, 140, 74),
        (4.2, 500, 108),
        (5.6, 512, 112),
        (8.6, 452, 54),
        (12.0, 462, 52),
    ]
    collins_steps = [
        (0.0, 500, 60),
        (0.8, 496, 60),
        (4.6, 170, 66),
        (5.3, 165, 68),
        (7.0, -150, 88),
        (7.9, -150, 96),
        (10.2, 190, 116),
        (12.0, 205, 122),
    ]
    actors = _walk(hopper, hopper_steps), _walk(collins, collins_steps)
    return Scene(_room(), actors, _DURATION_S, _FPS, foreground=_counter())


def _walk(portrait: Portrait, steps: Sequence[tuple[float, float, float]]) -> Actor:
    # The camera looks from below eye level: who is farther away stands lower in the picture.
    times, xs, heights = zip(*steps, strict=True)
    centres = tuple((float(x), 250.0 - height) for x, height in zip(xs, heights, strict=True))
    return Actor(portrait, Motion(times, centres, heights, nod=0.05))


def _grain(rng: np.random.Generator, along: float, across: float) -> np.ndarray:
    """Return smooth noise, float32 (H, W, 1), mean 0 and deviation 1."""
    noise = cv2.GaussianBlur(rng.standard_normal((_HEIGHT, _WIDTH)).astype(np.float32), (0, 0), along, sigmaY=across)
    return ((noise - noise.mean()) / noise.std())[..., None]


def _room() -> UInt8:
    rng = np.random.default_rng(1)
    x, y = np.meshgrid(np.linspace(0, 1, _WIDTH), np.linspace(0, 1, _HEIGHT))
    # A wall in light from the upper left, a little patchy.
    light = 1.06 - 0.28 * np.hypot(x - 0.2, 0.8 * (y - 0.1))
    room = np.array([176, 182, 178]) * light[..., None] + 2.5 * _grain(rng, 24, 24) + 1.5 * _grain(rng, 0.8, 0.8)
    for x1, y1, x2, y2, colour in ((48, 40, 128, 150, (146, 158, 166)), (548, 58, 606, 138, (168, 152, 136))):
        shadow = np.zeros((_HEIGHT, _WIDTH), np.float32)
        shadow[y1 + 5 : y2 + 9, x1 + 4 : x2 + 8] = 1
        room *= 1 - 0.25 * cv2.GaussianBlur(shadow, (0, 0), 5)[..., None]
        room[y1:y2, x1:x2] = (92, 78, 66)  # frame, mount, picture
        room[y1 + 4 : y2 - 4, x1 + 4 : x2 - 4] = (206, 204, 196)
        inner = room[y1 + 14 : y2 - 14, x1 + 14 : x2 - 14]
        inner[:] = np.array(colour) * np.linspace(1.15, 0.75, len(inner))[:, None, None]
    return np.clip(room, 0, 255).astype(np.uint8)


def _counter() -> UInt8:
    wood = np.array([118, 92, 70]) + 5 * _grain(np.random.default_rng(2), 60, 1.2)
    depth = np.arange(_HEIGHT) - _COUNTER_Y
    shade = np.interp(
        depth, [0, 8, 10, 16, _HEIGHT - _COUNTER_Y], [1.35, 1.25, 0.7, 0.95, 0.7]
    )  # edge, its shadow, front
    alpha = np.where(depth >= 0, 255, 0)[:, None].repeat(_WIDTH, axis=1)
    return np.dstack([np.clip(wood * shade[:, None, None], 0, 255), alpha]).astype(np.uint8)


def _write_chord(path: Path, duration_s: float) -> Path:
    """Write a quiet, swelling A major chord as 16-bit mono WAV."""
    time_s = np.arange(round(duration_s * _SOUND_RATE)) / _SOUND_RATE
    chord = sum(np.sin(2 * np.pi * hertz * time_s) for hertz in (220.0, 277.18, 329.63)) / 3
    swell = np.sin(np.pi * time_s / duration_s) * (0.75 + 0.25 * np.cos(np.pi * time_s))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_SOUND_RATE)
        file.writeframes((0.06 * 32767 * chord * swell).astype("<i2").tobytes())
    return path
