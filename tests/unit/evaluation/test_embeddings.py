import numpy as np
import pandas as pd
import pytest

from facestats.datasets.named import NamedFaces
from facestats.datasets.persons import is_first_half
from facestats.errors import DataError
from facestats.evaluation import embeddings
from facestats.models.embedding import EmbeddingCard, SamePerson

CARD = EmbeddingCard("toy", same_person=(SamePerson(64.0, 12.0, -7.0, 0.98),), least_pixels=10)


class Knowing:
    """Stands for an embedding that tells patterns apart."""

    def __init__(self, *_, **__):
        pass

    def embed(self, crops):
        small = crops[..., 0].reshape(len(crops), 4, 16, 4, 16).mean(axis=(2, 4)).reshape(len(crops), 16)
        small = small - small.mean(axis=1, keepdims=True)
        return (small / np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1e-6)).astype(np.float32)


def faces_of(source, names, n, *, is_learned=False, seed=0):
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(len(names)), n)
    small = rng.integers(60, 200, (len(names), 4, 4))[who] + rng.normal(0, 8, (len(who), 4, 4))
    crops = np.kron(np.clip(small, 0, 255), np.ones((1, 16, 16))).astype(np.uint8)
    table = pd.DataFrame({"source": source, "person": [names[i] for i in who], "is_learned": is_learned})
    return NamedFaces(np.repeat(crops[..., None], 3, axis=3), table)


@pytest.fixture(autouse=True)
def knowing(monkeypatch):
    monkeypatch.setattr(embeddings, "Embedder", Knowing)


def test_every_source_has_its_own_figures():
    many, one, few = faces_of("a", "klmnopqrst", 3), faces_of("b", "x", 3), faces_of("c", "xyz", 1)
    faces = NamedFaces(
        np.concatenate([part.crops for part in (many, one, few)]),
        pd.concat([part.table for part in (many, one, few)], ignore_index=True),
    )
    found = embeddings.evaluate_people(None, CARD, faces, n_videos=4)["sources"]
    assert found["a"]["auc"] > 0.99
    assert found["a"]["auc_small"] > 0.9
    assert (found["a"]["n"], found["a"]["n_people"]) == (30, 10)
    assert (found["a"]["videos"]["n_cast"], found["a"]["videos"]["n_videos"]) == (10, 4)
    assert found["a"]["videos"]["f1"] > 0.9
    # Nothing can be said of one person alone, nor of pictures that are each of another person.
    assert [found[name]["auc"] for name in "bc"] == [None, None]
    assert [found[name]["videos"] for name in "bc"] == [None, None]


def test_videos_show_nobody_to_whom_something_was_fitted():
    names = [chr(letter) for letter in range(ord("a"), ord("z") + 1)]
    found = embeddings.evaluate_people(None, CARD, faces_of("a", names, 2, is_learned=True), n_videos=1)
    second = [name for name in names if not is_first_half(name)]
    assert 8 <= len(second) < len(names)
    assert found["sources"]["a"]["videos"]["n_cast"] == len(second)
    assert found["sources"]["a"]["n_people"] == len(names)


def test_no_video_tells_nothing():
    with pytest.raises(DataError, match="at least 1"):
        embeddings.evaluate_people(None, CARD, faces_of("a", "xy", 2), n_videos=0)
