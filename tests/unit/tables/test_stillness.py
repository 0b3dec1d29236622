import numpy as np
import pytest

from facestats.tables.stillness import LEAST_S, Stillness

LOOKS = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 8)))[0]


def told(seconds, *, moves=0.0, changes=0.0, parts=3):
    still = Stillness()
    times = np.linspace(0, seconds, 30)
    boxes = np.array([100.0, 50, 140, 100]) + np.linspace(0, moves, 30)[:, None]
    looks = LOOKS[0] + changes * np.linspace(0, 1, 30)[:, None] * LOOKS[1]
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    for some in np.array_split(np.arange(30), parts):
        still.add(times[some], boxes[some], looks[some].astype(np.float16))
    return still.is_static


def test_a_poster_is_static_and_a_person_is_not():
    assert told(LEAST_S + 1)
    assert told(LEAST_S + 1, moves=1.0)  # what detectors make of it
    assert not told(LEAST_S + 1, moves=6.0)
    assert not told(LEAST_S + 1, changes=0.3)


def test_a_short_moment_tells_nothing():
    assert not told(LEAST_S / 2)


@pytest.mark.parametrize("parts", [1, 2, 7])
def test_however_it_comes_in_parts(parts):
    assert told(LEAST_S + 1, parts=parts)
    assert not told(LEAST_S + 1, moves=9, parts=parts)
