import cv2
import numpy as np
import pandas as pd
import pytest

from facestats.datasets.labelled import read_images
from facestats.datasets.named import load_named
from facestats.datasets.persons import is_held_out
from facestats.errors import DataError, MissingInputError


@pytest.fixture
def picture(portrait):
    return cv2.imencode(".jpg", cv2.resize(portrait, (128, 150))[..., ::-1])[1].tobytes()


def write(path, **columns):
    pd.DataFrame(columns).to_parquet(path)
    return path


@pytest.fixture
def path(tmp_path, picture):
    names = [f"lfw/{person}_{i:04d}" for person in "abcdefgh" for i in range(2)] + ["jaffe/KA.1", "jaffe/KA.2", "x"]
    sources = ["lfw"] * 16 + ["jaffe"] * 2 + ["genki"]
    return write(tmp_path / "faces.parquet", image=[picture] * len(names), name=names, source=sources)


def test_of_sources_that_were_learned_from_only_those_held_out_are_taken(path):
    faces = load_named(path, learned_from=["lfw", "genki"], size=32)
    of_lfw = faces.table[faces.table["source"] == "lfw"]
    assert set(of_lfw["person"]) == {f"lfw/{name}" for name in "abcdefgh" if is_held_out(f"lfw/{name}")}
    assert of_lfw["is_learned"].all()
    assert (faces.table["source"] == "jaffe").sum() == 2
    assert faces.crops.shape == (len(faces), 32, 32, 3)
    assert len(load_named(path, size=32)) == 18  # nobody was learned from: all that are named


def test_a_picture_without_a_face_is_left_out_and_counted(path):
    frame = read_images(path)
    _, grey = cv2.imencode(".png", np.full((90, 90), 120, np.uint8))
    frame.loc[0, "image"] = grey.tobytes()
    frame.to_parquet(path)
    faces = load_named(path, size=32)
    assert (faces.n_missed, len(faces)) == (1, 17)


def test_people_of_ones_own(tmp_path, picture):
    faces = load_named(write(tmp_path / "a.parquet", image=[picture] * 3, person=["Ann", "Ann", None]), size=32)
    assert faces.table["person"].tolist() == ["Ann", "Ann"]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({}, "needs a column person, or name and source"),
        ({"name": ["a", "b"], "source": ["mine", "mine"]}, "says of nobody who it is: add a column person"),
        ({"person": ["a", "b"]}, "nobody with two pictures"),
    ],
)
def test_what_cannot_be_scored_is_refused(tmp_path, picture, columns, told):
    with pytest.raises(DataError, match=told):
        load_named(write(tmp_path / "a.parquet", image=[picture] * 2, **columns))


def test_no_file(tmp_path):
    with pytest.raises(MissingInputError):
        load_named(tmp_path / "none.parquet")
