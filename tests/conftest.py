"""Fixtures that many tests share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from hypothesis import settings

# A noisy machine must not fail a test for being slow. `make test-all` asks for the thorough profile.
settings.register_profile("quick", deadline=None, max_examples=20)
settings.register_profile("thorough", deadline=None, max_examples=100)
settings.load_profile("quick")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """A public-domain portrait that matplotlib carries: RGB uint8."""
    import matplotlib
    from PIL import Image

    return np.asarray(Image.open(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg").convert("RGB"))


@pytest.fixture(scope="session", autouse=True)
def seldom_a_line_of_progress() -> None:
    """Let commands print none of their lines of progress, however slow the machine is: tests read what they print."""
    from facestats._util import progress

    progress.LINES_EVERY_S = 1e6


def shared(name: str) -> Path:
    """A folder of real data beside the checkout; without it, the test is skipped."""
    if not (SHARED / name).is_dir():
        pytest.skip(f"the real {name} are not on this machine")
    return SHARED / name


@pytest.fixture(scope="session")
def clips_folder() -> Path:
    """Real clips, where the machine has them."""
    return shared("clips")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Training and validation data, where the machine has them."""
    return shared("data")


@pytest.fixture(scope="session")
def once(tmp_path_factory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Make a folder once a run, by whichever of pytest-xdist's workers comes to it first."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        with FileLock(root / f"{name}.lock"):
            if not (root / name).exists():
                make(root / f"{name} (unfinished)")
                (root / f"{name} (unfinished)").rename(root / name)
        return root / name

    return folder


@pytest.fixture(scope="session")
def demo_video(once):
    """The demonstration video, with exact truth."""
    from facestats.synth.demo import DemoVideo, render_demo

    folder = once("demo", render_demo)
    truth = folder / "demo_truth.csv"
    return DemoVideo(folder / "demo.mp4", truth, pd.read_csv(truth))


@pytest.fixture(scope="session")
def demo_store(once, demo_video):
    """The demonstration video analysed once, with the shipped models and a clip."""
    from facestats.batch.collection import analyze_collection
    from facestats.store.store import open_store

    return open_store(once("demo-store", lambda out: analyze_collection(demo_video.path, out=out, progress=False)))


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
