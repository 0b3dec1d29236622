import numpy as np
import pandas as pd
import pytest
import torch

from facestats.errors import DataError, ModelError
from facestats.training.embedding.export import embedding_to_onnx
from facestats.training.embedding.fitting import fit_embedding, network_embeddings, new_network, targets_of
from facestats.training.embedding.gathering import TaughtFaces
from facestats.training.export import round_weights
from facestats.training.networks import MiniXception, ResidualNet
from facestats.training.recipes import EmbeddingRecipe

RECIPE = EmbeddingRecipe(
    input_size=32, epochs=2, batch_size=16, neighbors=3, average=0.5, learning_rate=1e-4, decay=1.0, bfloat16=False
)


@pytest.fixture(scope="module")
def start():
    torch.manual_seed(0)
    return ResidualNet(3, {"gender": 2}).eval().state_dict()


@pytest.fixture(scope="module")
def faces():
    """Pictures of 8 people, and of each what a teacher might make of it."""
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(8), 6)
    patterns = rng.integers(30, 220, (8, 4, 4, 3))
    small = np.clip(patterns[who] + rng.normal(0, 10, (len(who), 4, 4, 3)), 0, 255)
    crops = small.repeat(8, axis=1).repeat(8, axis=2).astype(np.uint8)
    taught = rng.normal(size=(8, 128))[who] + rng.normal(0, 0.5, (len(who), 128)) + 3
    return TaughtFaces(crops, taught.astype(np.float32), pd.DataFrame({"person": [f"p{i}" for i in who]}))


def test_targets_are_around_the_mean_and_nearer_to_the_person(faces):
    found = targets_of(faces, RECIPE)
    np.testing.assert_allclose(np.linalg.norm(found.embeddings, axis=1), 1, atol=1e-5)
    assert np.linalg.norm(found.embeddings.mean(axis=0)) < 0.3
    who = np.repeat(np.arange(8), 6)
    assert (who[found.neighbors] == who[:, None]).mean() > 0.99
    assert not (found.neighbors == np.arange(48)[:, None]).any()


def test_too_few_faces_are_refused(faces):
    with pytest.raises(DataError, match="48 faces"):
        targets_of(faces, EmbeddingRecipe(neighbors=48))


def test_a_training_learns_what_the_teacher_says_and_leaves_alone_what_is_held(faces, start):
    network = fit_embedding(faces, RECIPE, start=start)
    made = network_embeddings(network, faces.crops)
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1, atol=1e-5)
    likeness = (made * targets_of(faces, RECIPE).embeddings).sum(axis=1)
    assert likeness.mean() > 0.5
    for name, weight in network.state_dict().items():
        if name.startswith(("stem.", "blocks.0.", "blocks.1.")):
            assert torch.equal(weight, start[name]), name
    assert not torch.equal(network.state_dict()["blocks.3.body.0.0.weight"], start["blocks.3.body.0.0.weight"])
    round_weights(network)
    content = embedding_to_onnx(network, 32, "faces", "embeddings")
    assert len(content) < 2.2 * sum(weight.numel() for weight in network.parameters())  # 16 bits each


def test_another_kind_of_network_is_no_start():
    with pytest.raises(ModelError, match="no residual network"):
        new_network(RECIPE, MiniXception(3, {"gender": 2}).state_dict())
    with pytest.raises(ModelError, match="no residual network"):
        new_network(RECIPE, ResidualNet(1, {"gender": 2}).state_dict())
