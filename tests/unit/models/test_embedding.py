import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats._util.resources import bundled
from facestats.errors import ModelError
from facestats.models.embedding import MOST_LOG_ODDS, EmbeddingCard, SamePerson, find_embedding
from facestats.models.registry import card, find_models

CARD = EmbeddingCard(
    "toy", same_person=(SamePerson(16.0, 4.0, -2.0, 0.8), SamePerson(64.0, 12.0, -6.0, 0.98)), least_pixels=16
)


@given(st.floats(-1, 1), st.floats(1, 500))
def test_more_alike_never_says_less_and_nothing_is_ever_sure(likeness, pixels):
    less, more = CARD.log_odds(np.array([likeness, min(likeness + 0.1, 1.0)]), np.array([pixels, pixels]))
    assert less <= more
    assert abs(more) <= MOST_LOG_ODDS


def test_a_card_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "card.json"
    path.write_text(CARD.to_json())
    assert EmbeddingCard.read(path) == CARD
    assert EmbeddingCard.read(path).behaviour == CARD.behaviour != replace(CARD, least_pixels=20).behaviour


@pytest.mark.parametrize("meanings", [(), (SamePerson(64.0, 1.0, 0.0, 0.9), SamePerson(16.0, 1.0, 0.0, 0.9))])
def test_a_card_that_does_not_say_what_likenesses_mean_is_refused(meanings):
    with pytest.raises(ModelError, match="what likenesses mean"):
        EmbeddingCard("toy", same_person=meanings, least_pixels=16)


def test_a_likeness_that_says_less_the_more_alike_faces_are_is_refused():
    with pytest.raises(ModelError, match="not usable"):
        SamePerson(16.0, -1.0, 0.0, 0.5)


def test_an_embedding_of_ones_own_comes_first_and_is_no_attribute_model(tmp_path):
    content = b"a network"
    files = {"model.onnx": hashlib.sha256(content).hexdigest()}
    folder = tmp_path / "models" / "mine"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(content)
    (folder / "card.json").write_text(replace(CARD, name="mine", files=files).to_json())
    for root in (folder, folder.parent):
        path, card = find_embedding([root])
        assert (path, card.name) == (folder / "model.onnx", "mine")
        assert "mine" not in find_models([root])
    (folder / "model.onnx").write_bytes(b"another")
    with pytest.raises(ModelError, match="sha256 differs"):
        find_embedding([folder])


def test_the_shipped_embedding_says_what_was_measured():
    """What the guide promises of it: pairs of people who were not learned from, and simulated videos."""
    path, shipped = find_embedding()
    assert path.parent == bundled("models") / "embedding"
    assert card("embedding") == shipped
    assert path.stat().st_size < 2_000_000
    assert sum(file.stat().st_size for file in bundled("models").rglob("*") if file.is_file()) < 20_000_000
    pairs = {row["pixels"]: row for row in shipped.metrics["pairs"]}
    assert pairs[64]["auc"] >= 0.978
    assert pairs[24]["auc"] >= 0.965
    videos = shipped.metrics["videos"]
    text = (path.parent / "card.md").read_text(encoding="utf-8")
    assert f"| 64 | {pairs[64]['auc']:.4f} |" in text
    assert f"(F1 {videos['f1']:.3f})" in text
    assert f"within one in {videos['counted_within_1']:.2f} of the videos" in text
    assert (videos["n_people"], videos["n_videos"]) == (124, 60)


def test_a_copy_without_the_weights_has_no_embedding(tmp_path, monkeypatch):
    monkeypatch.setattr("facestats.models.cards.bundled", lambda name: tmp_path)
    assert find_embedding() is None
