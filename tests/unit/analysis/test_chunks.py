"""What was found travels as bytes and comes out the same."""

from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
from faces import make_detections
from hypothesis import given
from hypothesis import strategies as st

from facestats.analysis.chunks import Chunk, JoinedChunks, pack, unpack
from facestats.tables.building import SampledFrame
from facestats.types import Detections, Predictions, VideoInfo
from facestats.video.shots import CueReader, ShotCue
from facestats.video.tally import Tally

INFO = VideoInfo("a b'ü.mp4", 64, 48, fps=25.0, rotation=90, duration_s=3.0, n_frames_expected=75)


def sampled(index, n, rng, *, measured=("gender",), pictures=0):
    boxes = [(10 * i, 5, 10 * i + 9, 20) for i in range(n)]
    rows = np.sort(rng.choice(n, n // 2 + n % 2, replace=False)).astype(np.int64) if n else np.zeros(0, np.int64)
    shares = rng.random(len(rows)).astype(np.float32)
    found = Predictions("gender", ("female", "male"), np.column_stack([shares, 1 - shares]).reshape(-1, 2))
    return SampledFrame(
        frame=index,
        time_s=index / 7,
        detections=make_detections(*boxes) if n else Detections.empty(),
        sharpness=rng.random(n).astype(np.float32),
        classified=rows,
        predictions=dict.fromkeys(measured, found) if len(rows) else {},
        measured=dict.fromkeys(measured, rows) if len(rows) else {},
        looks=rng.random((n, 100)).astype(np.float16),
        pictures={i: rng.integers(0, 255, (4 + i, 3 + index % 3, 3)).astype(np.uint8) for i in range(min(n, pictures))},
        faceness=np.where(rng.random(n) < 0.5, np.nan, rng.random(n)).astype(np.float32),
        cue=ShotCue(float(index), rng.integers(0, 255, (36, 64)).astype(np.uint8)),
    )


def check_same(one, other):
    """Compare dataclasses with arrays inside."""
    if is_dataclass(one):
        assert type(one) is type(other)
        for field in fields(one):
            check_same(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key, value in one.items():
            check_same(value, other[key])
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            check_same(a, b)
    else:
        assert one == other or (one != one and other != other)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=6), st.booleans(), st.integers(0, 9))
def test_what_is_packed_comes_out_the_same(frames, has_pictures, seed):
    rng = np.random.default_rng(seed)
    items = tuple(sampled(i, n, rng, pictures=p) for i, (n, p) in enumerate(frames))
    edge = rng.integers(0, 255, (54, 96, 3)).astype(np.uint8) if has_pictures else None
    chosen = np.array([(i, face) for i, (n, _) in enumerate(frames) for face in range(n // 2)], np.int64).reshape(-1, 2)
    tally = Tally(n_decoded=7, end_s=1.5, n_broken=1, first_broken="x")
    chunk = Chunk(INFO, tally, items, edge, edge, chosen)
    check_same(unpack(pack(chunk)), chunk)


def test_neither_pictures_for_people_nor_embeddings_are_among_the_bytes():
    rng = np.random.default_rng(0)
    face, made = rng.integers(0, 255, (64, 64, 3)).astype(np.uint8), rng.random(128).astype(np.float32)
    item = replace(sampled(0, 2, rng), portraits={0: face}, embeddings={1: made})
    data = pack(Chunk(INFO, Tally(), (item,), None, None, np.array([(0, 0)])))
    assert face.tobytes()[:300] not in data
    assert made.tobytes()[:40] not in data
    (back,) = unpack(data).items
    assert (back.portraits, back.embeddings) == ({}, {})


def test_chosen_faces_get_their_embeddings_when_chunks_are_joined():
    rng = np.random.default_rng(0)
    items = tuple(sampled(i, 2, rng) for i in range(3))
    chosen, made = np.array([(0, 1), (2, 0), (2, 1)]), np.eye(3, dtype=np.float32)
    chunk = Chunk(INFO, Tally(), items, None, None, chosen)
    asked = []

    def embed(number, chunk):
        asked.append(number)
        return made

    found = list(JoinedChunks(2, lambda number: chunk if number else replace(chunk, chosen=chosen[:0]), embed).items())
    assert asked == [1]  # nobody is asked where nothing was chosen
    assert [sorted(item.embeddings) for item in found] == [[], [], [], [1], [], [0, 1]]
    np.testing.assert_array_equal(found[5].embeddings[1], made[2])


def test_other_bytes_are_refused():
    with pytest.raises(ValueError):
        unpack(b"no archive at all")


def test_joined_chunks_are_counted_on_and_the_cut_between_them_is_seen():
    rng = np.random.default_rng(0)
    dark, light = np.full((90, 160, 3), 60, np.uint8), np.full((90, 160, 3), 250, np.uint8)
    through = CueReader()
    cues = [through.read(image).change for image in (dark, dark, light, light)]
    chunks = []
    for images in ((dark, dark), (), (light, light)):
        reader = CueReader()
        changes = [reader.read(image) for image in images]
        items = tuple(SampledFrame(**{**vars(sampled(i, 1, rng)), "cue": cue}) for i, cue in enumerate(changes))
        tally = Tally(n_decoded=len(items), end_s=0.1, n_broken=len(items), first_broken=f"at {len(chunks)}")
        chunks.append(Chunk(INFO, tally, items, reader.first, reader.last))
    joined = JoinedChunks(3, chunks.__getitem__)
    items = list(joined.items())
    assert [item.frame for item in items] == [0, 1, 2, 3]
    assert [item.cue.change for item in items] == cues
    assert (joined.tally.n_decoded, joined.tally.damage) == (4, "at 0, and 3 more like it")
    assert joined.info == INFO
