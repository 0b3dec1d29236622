"""Small data files and faces for the training tests."""

from __future__ import annotations

import cv2
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
def face_png(portrait) -> bytes:
    """A tight crop of the portrait, 96x96, as PNG."""
    face = cv2.resize(portrait[125:345, 160:380], (96, 96), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".png", cv2.cvtColor(face, cv2.COLOR_RGB2BGR))[1].tobytes()


@pytest.fixture
def write_faces(tmp_path, face_png):
    """Write a data file of the same face in every row, with the given columns."""

    def write(columns: dict, name: str = "faces.parquet"):
        n = len(next(iter(columns.values())))
        path = tmp_path / name
        pd.DataFrame({"image": [face_png] * n, **columns}).to_parquet(path)
        return path

    return write


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
