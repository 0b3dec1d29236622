import numpy as np
import pandas as pd

from facestats.datasets.faces import FaceData
from facestats.evaluation.smallness import scores_when_small, seen_small, small_temperatures
from facestats.models.cards import Head

CLASSES = ("female", "male")


def stripes(n=200, side=48):
    """Faces that fine stripes tell apart, which smaller pictures cannot show; a fifth is labelled wrongly."""
    truth = np.arange(n) % 2
    crops = np.full((n, side, side, 3), 120, np.uint8)
    crops[truth == 1, :, ::2] = 160
    crops[truth == 1, :, 1::2] = 80
    labels = np.where(np.arange(n) % 10 >= 8, 1 - truth, truth)
    return crops, labels


def logits_of(crops):
    """A network that is sure of itself whatever it sees."""
    striped = crops.std(axis=(1, 2, 3)) > 15
    return np.where(striped[:, None], [-6.0, 6.0], [6.0, -6.0]).astype(np.float32)


def test_detail_is_lost_and_brightness_kept():
    crops, _ = stripes()
    small = seen_small(crops, 12)
    assert small.shape == crops.shape
    assert small[1].std() < 3
    assert abs(float(small[1].mean()) - 120) < 2


def test_what_cannot_be_seen_is_not_claimed():
    crops, labels = stripes()
    temperatures = small_temperatures(logits_of, crops, np.eye(2)[labels], 2.7)
    assert [pixels for pixels, _ in temperatures] == [12, 16, 24, 32, 48]
    assert temperatures[0][1] > 10
    assert temperatures[-1] == (48.0, 2.7)
    head = Head("gender", "gender", CLASSES, 2.7, 0.8, temperatures)
    table = pd.DataFrame({"gender": np.array(CLASSES)[labels]})
    rows = scores_when_small(logits_of, FaceData("gender", crops, np.ones(200, bool), table, tuple(range(200))), head)
    smallest = rows[0]
    assert smallest["pixels"] == 12
    assert abs(smallest["accuracy"] - 0.5) < 0.01
    assert smallest["confidence"] < 0.65
    assert smallest["ece"] < 0.15
    assert (smallest["coverage"], smallest["covered_accuracy"]) == (0, None)
