import numpy as np
import pytest

from facestats.training.detector import things


@pytest.mark.parametrize("paint", [things.letter, things.dial, things.display])
def test_painted_things_differ(paint):
    painted = {paint(np.random.default_rng(seed)).tobytes() for seed in range(20)}
    assert len(painted) == 20
    assert paint(np.random.default_rng(1)).shape == (64, 64, 3)


def test_captions_stay_in_their_region():
    blank = np.full((100, 120, 3), 127, np.uint8)
    for seed in range(20):
        written = things.write_caption(blank, np.random.default_rng(seed), (10, 40, 110, 90), 20)
        changed = (written != blank).any(axis=2)
        assert not changed[:40].any()
        assert not changed[90:].any()
        assert not changed[:, :10].any()
    assert (blank == 127).all()
