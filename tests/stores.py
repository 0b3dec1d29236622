"""A small store with known contents, for whatever reads stores: no video and no model is needed to make it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from facestats.models import attributes
from facestats.options import AnalyzeOptions
from facestats.store.store import Store, create_store
from facestats.tables import people, schema
from facestats.tables.building import summarize_tracks
from facestats.tables.thumbnails import encode_webp
from facestats.tables.video_tables import VideoTables

MODELS = {
    "expression": {"name": "expression", "sha256": f"{0xABC:064x}"},
    **{attribute: {"name": "people", "sha256": f"{0xABD:064x}"} for attribute in ("gender", "age", "makeup")},
}

#: Ids of the videos of :func:`make_store`.
PEOPLE, EMPTY, FAILED, PARTIAL = "people-00000001", "empty-00000002", "broken-00000003", "script-00000004"

#: A file name that must never reach a page unescaped.
NASTY_NAME = "<script>alert('x')<img src=x onerror=y> & \"co\" $1$.mp4"


@dataclass(frozen=True)
class Face:
    """One face of a synthetic video, seen from ``start_s`` to ``end_s``.

    ``expressions`` are (until_s, expression) pairs; ``sureness`` is the probability of the right class of every
    attribute; ``face_px`` below 20 means that it is not classified.
    """

    track_id: int | None
    start_s: float
    end_s: float
    expressions: Sequence[tuple[float, str]] = ((1e9, "neutral"),)
    gender: str = "female"
    age: str = "young"
    makeup: str = "none"
    sureness: float = 0.9
    face_px: float = 48.0
    years: float = 27.0


FACES = (
    Face(1, 0.0, 11.9, ((4.0, "neutral"), (8.0, "happiness"), (1e9, "surprise"))),
    Face(2, 1.0, 5.9, ((3.0, "sadness"), (1e9, "anger")), gender="male", age="middle", years=44.0),
    Face(3, 6.0, 11.9, ((1e9, "fear"),), gender="male", age="old", sureness=0.35, years=63.0),
    Face(4, 2.0, 3.9, gender="male", face_px=15.0),
    Face(None, 9.0, 9.1),
)


def _probabilities(attribute: str, name: str, sureness: float) -> dict[str, float]:
    classes = attributes.ATTRIBUTE_CLASSES[attribute]
    rest = (1 - sureness) / (len(classes) - 1)
    return {f"{attribute}_{other}": sureness if other == name else rest for other in classes}


def _observation(video_id: str, face: Face, frame: int, time_s: float, shot: int) -> dict[str, object]:
    classified = face.face_px >= 20
    row: dict[str, object] = {
        "video_id": video_id,
        "frame": frame,
        "time_s": time_s,
        "shot": shot,
        "track_id": face.track_id if face.track_id is not None else pd.NA,
        "x": 40.0 * (face.track_id or 9),
        "y": 30.0,
        "w": face.face_px,
        "h": face.face_px * 1.25,
        "score": 0.9,
        "face_px": face.face_px,
        "classified": classified,
    }
    if classified:
        expression = next(name for until_s, name in face.expressions if time_s < until_s)
        row |= {"sharpness": 120.0, "age_years": face.years}
        row |= {"age_years_low": face.years - 8, "age_years_high": face.years + 9}
        row |= _probabilities("expression", expression, face.sureness) | _probabilities(
            "gender", face.gender, face.sureness
        )
        row |= _probabilities("age", face.age, face.sureness) | _probabilities("makeup", face.makeup, face.sureness)
    return row


def make_result(
    video_id: str,
    faces: Sequence[Face],
    *,
    path: str,
    duration_s: float = 12.0,
    rate: float = 10.0,
    cut_s: float | None = None,
    status: str = "ok",
    error: str | None = None,
    thumbnails: bool = True,
) -> VideoTables:
    """Tables of a synthetic video of 20 frames a second, of which ``rate`` are sampled."""
    times = np.arange(0, duration_s, 1 / rate).round(6) if status != "failed" else np.zeros(0)
    rows, frames = [], []
    for time_s in times:
        shot = int(cut_s is not None and time_s >= cut_s)
        seen = [face for face in faces if face.start_s <= time_s <= face.end_s]
        frame = round(time_s * 20)
        frames.append({"video_id": video_id, "frame": frame, "time_s": time_s, "shot": shot, "n_faces": len(seen)})
        rows += [_observation(video_id, face, frame, float(time_s), shot) for face in seen]
    observations = schema.conform("observations", pd.DataFrame(rows) if rows else None)
    tracks = summarize_tracks(observations, {})
    shade = np.linspace(60, 220, 64, dtype=np.uint8)
    webp = encode_webp(
        np.dstack([np.tile(shade, (64, 1)), np.tile(shade[:, None], (1, 64)), np.full((64, 64), 90, np.uint8)])
    )
    pictures = [
        {"video_id": track.video_id, "track_id": track.track_id, "time_s": track.start_s, "image": webp}
        for track in tracks.itertuples()
        if thumbnails
    ]
    failed = status == "failed"
    video = {
        "video_id": video_id,
        "path": path,
        "sha256": video_id[-8:] * 8,
        "status": status,
        "error": error,
        "duration_s": np.nan if failed else duration_s,
        "fps": np.nan if failed else 20.0,
        "width": pd.NA if failed else 640,
        "height": pd.NA if failed else 360,
        "rotation": pd.NA if failed else 0,
        "n_frames": 0 if failed else round(duration_s * 20),
        "n_sampled": len(times),
        "n_tracks": len(tracks),
        "started_at": pd.Timestamp(datetime(2025, 5, 4, 3, 2, 1, tzinfo=UTC)),
        "elapsed_s": np.nan if failed else 3.2,
    }
    return VideoTables(
        videos=schema.conform("videos", pd.DataFrame([video])),
        frames=schema.conform("frames", pd.DataFrame(frames) if frames else None),
        observations=observations,
        tracks=tracks,
        thumbnails=schema.conform("thumbnails", pd.DataFrame(pictures) if pictures else None),
    )


def with_doubtful(result: VideoTables, face_prob: float = 0.3, image: bytes | None = None) -> VideoTables:
    """The same tables, and a badge that was taken for a face from 3.0 to 4.5 s."""
    row = {"video_id": result.video_id, "shot": 0, "start_s": 3.0, "end_s": 4.5, "n_observations": 7, "face_px": 30.0}
    row |= {"face_prob": face_prob, "time_s": 3.5, "x": 200.0, "y": 50.0, "w": 30.0, "h": 36.0, "image": image}
    return replace(result, doubtful=schema.conform("doubtful", pd.DataFrame([row])))


def with_persons(
    result: VideoTables, persons: Mapping[int, tuple[int, float]], *, within: tuple[int, int] | None = None
) -> VideoTables:
    """The same tables, and by track whose it is, and how sure that is; NaN where it cannot be told."""
    tracks = people.with_people(result.tracks, persons)
    lengths = {result.video_id: float(result.videos["duration_s"].iloc[0])}
    found = people.summarize_people(tracks, result.observations, {}, lengths)
    n = int(found["comparable"].sum())
    low, high = within or (n, n)
    videos = result.videos.assign(n_people=n, n_people_low=low, n_people_high=high)
    return replace(result, videos=schema.conform("videos", videos), tracks=tracks, people=found)


def results() -> Mapping[str, VideoTables]:
    """The videos of :func:`make_store`: people, nobody, an unreadable file, and one read in part with a nasty name."""
    return {
        PEOPLE: make_result(PEOPLE, FACES, path="videos/people.mp4", cut_s=6.0),
        EMPTY: make_result(EMPTY, (), path="videos/empty.mp4", duration_s=3.0),
        FAILED: make_result(
            FAILED, (), path="videos/broken.mp4", status="failed", error="no readable frame: moov atom not found"
        ),
        PARTIAL: make_result(
            PARTIAL,
            (Face(1, 0.0, 1.5, ((1e9, "happiness"),), gender="male", age="child", years=9.0),),
            path=f"videos/{NASTY_NAME}",
            duration_s=2.0,
            status="partial",
            error="cut off after 2.0 s & <b>more</b>",
            thumbnails=False,
        ),
    }


def make_store(folder: Path, *video_ids: str) -> Store:
    """Write a store with some of :func:`results`, by default all; ``people`` has a clip."""
    store = create_store(folder)
    for video_id, result in results().items():
        if not video_ids or video_id in video_ids:
            store.write(
                result,
                paths=(str(result.videos["path"].iloc[0]),),
                options=AnalyzeOptions().to_dict(),
                models=MODELS,
            )
    (folder / "clips").mkdir(exist_ok=True)
    (folder / "clips" / f"{PEOPLE}.mp4").write_bytes(b"not really a clip")
    return store
