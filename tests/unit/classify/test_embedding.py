from dataclasses import replace

import numpy as np
import pytest
from embedding import stand_in

from facestats.classify.embedding import Embedder
from facestats.errors import DeviceError, ModelError


def test_embeddings_have_unit_length_whatever_the_faces(tmp_path):
    embedder = stand_in(tmp_path)
    rng = np.random.default_rng(0)
    for n in (0, 1, 5):
        made = embedder.embed(rng.integers(0, 256, (n, 64, 64, 3)).astype(np.uint8))
        assert made.shape == (n, 64)
        np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1, atol=1e-5)


def test_what_cannot_be_run_is_refused(tmp_path):
    card = stand_in(tmp_path).card
    path = tmp_path / "stand-in.onnx"
    with pytest.raises(ModelError, match="other-1"):
        Embedder(path, replace(card, framing="other-1"))
    with pytest.raises(DeviceError, match="tpu"):
        Embedder(path, card, device="tpu")
    path.write_bytes(b"no network")
    with pytest.raises(ModelError, match="cannot be run"):
        Embedder(path, card)
