"""Small data files and faces for the training tests."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from facestats.datasets.faces import FaceData


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Keep crops out of the user's cache."""
    monkeypatch.setenv("FACESTATS_CACHE", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def one_thread():
    """Spare the tests waiting for threads, which on a busy machine takes longer than the work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def bright_and_dark() -> FaceData:
    """64 faces that brightness alone tells apart: females dark, males bright."""
    random = np.random.default_rng(0)
    gender = np.array(["female", "male"] * 32)
    level = np.where(gender == "male", 190, 60)
    crops = (level[:, None, None, None] + random.integers(-20, 20, (64, 48, 48, 3))).astype(np.uint8)
    return FaceData(
        "gender", crops, np.ones(64, bool), pd.DataFrame({"row": range(64), "gender": gender}), tuple(range(0, 640, 10))
    )
