import cv2
import numpy as np
import pandas as pd
import pytest

from facestats.datasets.boxes import BoxedImage
from facestats.errors import DataError
from facestats.training.faceness import gathering
from facestats.training.faceness.gathering import faces_of, gather_detections
from facestats.training.kinds import FacenessRecipe
from facestats.types import Detections

RED, BLUE = (220, 30, 30), (30, 30, 220)
RECIPE = FacenessRecipe(detectors=("blobs",), layers=("413",), input_size=64)


class Blobs:
    """Takes every red or blue patch for a face."""

    name = "blobs"

    def detect(self, images):
        return [self._one(image.astype(int)) for image in images]

    def _one(self, image):
        boxes = []
        for channel, other in ((0, 2), (2, 0)):
            mask = (image[..., channel] - image[..., other] > 90).astype(np.uint8)
            boxes += [(x, y, x + w, y + h) for x, y, w, h, _ in cv2.connectedComponentsWithStats(mask)[2][1:]]
        boxes = np.array(boxes, np.float32).reshape(-1, 4)
        return Detections(boxes, np.full(len(boxes), 0.6, np.float32), np.zeros((len(boxes), 5, 2), np.float32))


def photo(color):
    picture = np.full((240, 320, 3), 120, np.uint8)
    picture[100:150, 140:180] = color
    return cv2.imencode(".png", picture[..., ::-1])[1].tobytes()


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr(gathering, "create_detector", lambda name, **_: Blobs())
    teacher = [[140.0, 100.0, 40.0, 50.0, 0.9, 0.6]]
    rows = [
        {"name": "face", "boxed": "none", "image": photo(RED), "boxes": [], "teacher": teacher},
        {"name": "hand", "boxed": "none", "image": photo(BLUE), "boxes": [[10.0, 10.0, 30.0, 30.0]], "teacher": []},
        {"name": "dog", "boxed": "empty", "image": photo(BLUE), "boxes": [], "teacher": teacher},
        {"name": "wrong", "boxed": "empty", "image": photo(RED), "boxes": [], "teacher": []},
    ]
    pd.DataFrame(rows).assign(source="a").to_parquet(tmp_path / "photos.parquet")
    return [tmp_path / "photos.parquet"]


def test_people_and_former_detectors_say_what_is_a_face(data):
    found = gather_detections(data, FacenessRecipe(**{**vars(RECIPE), "left_out": ("wrong",)}))
    assert len(found.features) == len(found)
    said = found.table.groupby("photo")[["is_face", "sure"]].agg(["min", "max"])
    assert said.loc["face"].tolist() == [True] * 4
    assert said.loc["dog"].tolist() == [False, False, True, True]  # whatever teachers took it for
    if "hand" in said.index:  # it may be outside the one view of its photo
        assert said.loc["hand"].tolist() == [False] * 4
    assert set(found.table["photo"]) - {"hand"} == {"face", "dog"}
    assert len(found.table[found.table["photo"] == "dog"]) > 2  # in several views


def test_the_same_photos_give_the_same(data):
    one, other = (gather_detections(data, RECIPE) for _ in range(2))
    np.testing.assert_array_equal(one.features, other.features)


def test_photos_of_one_kind_are_refused(data):
    with pytest.raises(DataError, match="that is no face"):
        gather_detections(data, FacenessRecipe(**{**vars(RECIPE), "left_out": ("dog", "wrong", "hand")}))


def test_only_what_both_saw_is_a_face():
    taught = np.array([[0, 0, 9, 9, 0.9, 0.1], [20, 0, 29, 9, 0.5, 0.9], [40, 0, 49, 9, 0.6, 0.6]], np.float32)
    box = np.array([[60, 0, 69, 9]], np.float32)
    faces, maybe = faces_of(BoxedImage("a", b"", box, ignored=box + 20, boxed="some", taught=taught))
    assert faces[:, 0].tolist() == [60, 20]
    assert sorted(maybe[:, 0].tolist()) == [0, 20, 40, 60, 80]
