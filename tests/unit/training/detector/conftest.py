import cv2
import numpy as np
import pandas as pd
import pytest

from facestats.training.detector.scenes import Material
from facestats.training.detector.teaching import Taught

NONE = np.zeros((0, 4), np.float32)
NO_POINTS = np.zeros((0, 5, 2), np.float32)

#: Where the face and its landmarks lie in `face`, by eye.
BOX = np.array([[20, 12, 72, 80]], np.float32)
POINTS = np.array([[[33, 38], [57, 37], [44, 52], [35, 63], [55, 63]]], np.float32)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FACESTATS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def face(portrait):
    """A close picture of one face, 96 x 96."""
    return Taught(cv2.resize(portrait[50:350, 100:400], (96, 96), interpolation=cv2.INTER_AREA), BOX, POINTS, NONE)


@pytest.fixture
def room():
    rng = np.random.default_rng(5)
    coarse = rng.integers(0, 256, (6, 8, 3)).astype(np.uint8)
    return Taught(cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC), NONE, NO_POINTS, NONE)


@pytest.fixture
def photo(face, room):
    """A room with one face at (100, 60)."""
    image = room.image.copy()
    image[60:156, 100:196] = face.image
    shift = np.array([100, 60], np.float32)
    return Taught(image, face.boxes + np.tile(shift, 2), face.landmarks + shift, NONE)


@pytest.fixture
def material(face, photo, room):
    return Material([photo], [room], [face])


@pytest.fixture
def photos_file(tmp_path, portrait, room):
    """Twelve photos: four with a boxed face, four where nobody boxed it, four rooms; two in three are for training."""
    with_face = room.image.copy()
    with_face[20:220, 60:231] = cv2.resize(portrait, (171, 200), interpolation=cv2.INTER_AREA)
    encoded = [cv2.imencode(".jpg", image[..., ::-1])[1].tobytes() for image in (with_face, with_face, room.image)]
    frame = pd.DataFrame(
        {
            "image": encoded * 4,
            "boxes": [[[109.0, 44.0, 66.0, 82.0]], [], []] * 4,
            "name": [f"photo {i}" for i in range(12)],
            "split": ["train"] * 6 + ["validation"] * 3 + ["train"] * 3,
        }
    )
    frame.to_parquet(tmp_path / "photos.parquet")
    return tmp_path / "photos.parquet"


@pytest.fixture
def faces_file(tmp_path, face):
    blank = np.full((96, 96, 3), 90, np.uint8)
    encoded = [cv2.imencode(".png", image[..., ::-1])[1].tobytes() for image in (face.image, blank)]
    pd.DataFrame({"image": encoded * 3, "split": ["train"] * 6}).to_parquet(tmp_path / "faces.parquet")
    return tmp_path / "faces.parquet"
