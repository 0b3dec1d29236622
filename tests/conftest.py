"""Fixtures that many tests share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# A noisy machine must not fail a test for being slow.
settings.register_profile("facestats", deadline=None)
settings.load_profile("facestats")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """A public-domain portrait that matplotlib carries: RGB uint8."""
    import matplotlib
    from PIL import Image

    return np.asarray(Image.open(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg").convert("RGB"))


@pytest.fixture(scope="session")
def clips_folder() -> Path:
    """Real clips, where the machine has them."""
    folder = SHARED / "clips"
    if not folder.is_dir():
        pytest.skip("the real clips are not on this machine")
    return folder


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Training and validation data, where the machine has them."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the training data are not on this machine")
    return folder


@pytest.fixture(scope="session")
def demo_video(tmp_path_factory):
    """The demonstration video, with exact truth."""
    from facestats.synth.demo import render_demo

    return render_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def demo_collection(tmp_path_factory, demo_video):
    """The demonstration video analysed once, with the shipped models and a clip."""
    from facestats.batch.collection import analyze_collection

    return analyze_collection(demo_video.path, out=tmp_path_factory.mktemp("demo-store"), progress=False)
