import cv2
import numpy as np
import pandas as pd
import pytest

from facestats.datasets.boxes import read_boxes
from facestats.errors import DataError, MissingInputError, UnknownNameError


def png(value=0):
    return cv2.imencode(".png", np.full((20, 30, 3), value, np.uint8))[1].tobytes()


def write(path, **columns):
    pd.DataFrame(columns).to_parquet(path)
    return path


def test_reading_a_file(tmp_path):
    path = write(
        tmp_path / "d.parquet",
        name=["a", "b"], split=["train", "validation"], image=[png(), png(1)], boxes=[[[1, 2, 10, 20]], []],
    )  # fmt: skip
    images = read_boxes(path)
    assert images[0].boxes.tolist() == [[1, 2, 11, 22]]
    assert images[1].boxes.shape == (0, 4)
    assert [item.name for item in read_boxes(path, "validation")] == ["b"]
    with pytest.raises(UnknownNameError, match="split"):
        read_boxes(path, "test")


def test_reading_what_is_known_of_wild_photos(tmp_path):
    path = write(
        tmp_path / "d.parquet",
        name=["a", "b"], image=[png(), png(1)], boxes=[[[1, 2, 10, 20], [5, 5, 8, 8]], []],
        kind=[["face", "ignore"], []], source=["voc", None], boxed=["some", "none"],
        teacher=[[], [[1, 2, 10, 20, 0.5, 0.0]]],
    )  # fmt: skip
    first, second = read_boxes(path)
    assert first.boxes.tolist() == [[1, 2, 11, 22]]
    assert first.ignored.tolist() == [[5, 5, 13, 13]]
    assert (first.source, first.boxed, second.source, second.boxed) == ("voc", "some", "", "none")
    assert second.taught.tolist() == [[1, 2, 11, 22, 0.5, 0]]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"image": [b""]}, "no column 'boxes'"),
        ({"boxes": [[[1, 2, 3, 4]]]}, "no column 'image'"),
        ({"image": [b""], "boxes": [[[1, 2, 3]]]}, "boxes must be numbers"),
        ({"image": [b""], "boxes": [[[1, 2, 0, 4]]]}, "above 0"),
        ({"image": [b""], "boxes": [[[1, 2, 3, 4]]], "landmarks": [[1.0, 2.0]]}, "landmarks must be numbers"),
        ({"image": [b""], "boxes": [[[1, 2, 3, 4]]], "kind": [[]]}, "row 0: 0 words in kind for 1 boxes"),
        ({"image": [b""], "boxes": [[]], "kind": [7]}, "row 0: 1 words in kind for 0 boxes"),
    ],
)
def test_files_that_cannot_be_used_say_why(tmp_path, columns, told):
    with pytest.raises(DataError, match=told):
        read_boxes(write(tmp_path / "d.parquet", **columns))


def test_a_missing_file_and_a_file_of_text(tmp_path):
    with pytest.raises(MissingInputError, match="no data file"):
        read_boxes(tmp_path / "absent.parquet")
    (tmp_path / "text.parquet").write_text("no")
    with pytest.raises(DataError, match="not a Parquet"):
        read_boxes(tmp_path / "text.parquet")
