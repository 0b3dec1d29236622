import hashlib

import cv2
import numpy as np
import pandas as pd
import pytest

from facestats.datasets.labelled import attributes_in, decode_image, read_table
from facestats.errors import DataError, MissingInputError, UnknownNameError


def encode(image, kind=".png"):
    return cv2.imencode(kind, image)[1].tobytes()


class TestDecodeImage:
    @pytest.mark.parametrize("kind", [".png", ".jpg", ".webp", ".bmp", ".tiff"])
    def test_kinds_are_rgb(self, kind):
        bgr = np.zeros((20, 30, 3), np.uint8)
        bgr[..., 2] = 200  # red
        rgb = decode_image(encode(bgr, kind))
        assert rgb.shape == (20, 30, 3)
        assert rgb.dtype == np.uint8
        assert np.abs(rgb.reshape(-1, 3).mean(axis=0) - [200, 0, 0]).max() < 5

    @pytest.mark.parametrize(
        "image",
        [
            np.full((20, 30), 100, np.uint8),
            np.full((20, 30), 100 * 257, np.uint16),
            np.full((20, 30, 3), 100 * 257, np.uint16),
            np.dstack([np.full((20, 30, 3), 100, np.uint8), np.full((20, 30), 255, np.uint8)]),
        ],
        ids=["grey", "16-bit grey", "16-bit colour", "alpha"],
    )
    def test_depths_and_channels(self, image):
        rgb = decode_image(encode(image))
        assert rgb.shape == (20, 30, 3)
        assert rgb.dtype == np.uint8
        assert np.unique(rgb).tolist() == [100]

    @pytest.mark.parametrize("content", [b"", b"not a picture", encode(np.zeros((9, 9), np.uint8))[:30]])
    def test_damaged(self, content):
        with pytest.raises(DataError, match=f"row 3 does not decode .{len(content)} bytes"):
            decode_image(content, "row 3")

    def test_not_bytes(self):
        with pytest.raises(DataError, match="row 3 holds NoneType, not the bytes"):
            decode_image(None, "row 3")


class TestReadTable:
    def test_needed_columns_are_enough(self, write_faces):
        frame = read_table(write_faces({"gender": ["male", "female"]}), "gender")
        assert list(frame.columns) == ["row", "image", "gender"]

    def test_other_columns_are_left(self, write_faces):
        frame = read_table(write_faces({"makeup": ["none"], "gender": ["male"], "smiling": [True]}), "makeup")
        assert set(frame.columns) == {"row", "image", "makeup", "gender"}

    @pytest.mark.parametrize(
        ("attribute", "column"), [("expression", "fer2013_label"), ("gender", "gender"), ("age", "age_min")]
    )
    def test_missing_label_column(self, write_faces, attribute, column):
        with pytest.raises(DataError, match=rf"faces.parquet has no column '{column}'; {attribute} needs image"):
            read_table(write_faces({"other": [1]}), attribute)

    def test_missing_image_column(self, tmp_path):
        pd.DataFrame({"gender": ["male"]}).to_parquet(tmp_path / "f.parquet")
        with pytest.raises(DataError, match="has no column 'image'"):
            read_table(tmp_path / "f.parquet", "gender")

    @pytest.mark.parametrize("value", ["Male", ""])
    def test_unknown_label_names_the_row(self, write_faces, value):
        path = write_faces({"gender": ["male", value], "name": ["a.png", "b.png"]})
        with pytest.raises(DataError, match=r"row 1 \(b.png\): gender .* is not one of female, male"):
            read_table(path, "gender")

    def test_rows_without_the_label_are_left_out(self, write_faces):
        columns = {"gender": ["male", None, "female"], "age_min": [None, 3, 4], "age_max": [None, 3, 9]}
        path = write_faces({**columns, "name": ["a", "b", "c"], "split": ["train", "train", "validation"]})
        assert read_table(path, "gender")["name"].tolist() == ["a", "c"]
        assert read_table(path, "gender").index.tolist() == [0, 1]
        assert read_table(path, "age")["name"].tolist() == ["b", "c"]
        assert read_table(path, "age", "train")["name"].tolist() == ["b"]

    def test_no_row_with_a_label(self, write_faces):
        path = write_faces({"gender": [None, "male"], "split": ["train", "validation"]})
        with pytest.raises(DataError, match=r"faces.parquet has no row with a label for gender in the train split"):
            read_table(path, "gender", "train")
        with pytest.raises(DataError, match=r"has no row with a label for makeup$"):
            read_table(write_faces({"makeup": [None]}), "makeup")

    @pytest.mark.parametrize("bounds", [(30, 20), (-1, 4), (None, 4)])
    def test_ages_out_of_order(self, write_faces, bounds):
        with pytest.raises(DataError, match=r"row 0: age_min .* is not years with 0 <= age_min <= age_max"):
            read_table(write_faces({"age_min": [bounds[0]], "age_max": [bounds[1]]}), "age")

    def test_groups_of_age_stand_for_their_years(self, write_faces):
        path = write_faces({"age_group": ["young", None, "old"], "gender": ["male", "male", "female"]})
        table = read_table(path, "age")
        assert table["row"].tolist() == [0, 2]
        assert table[["age_min", "age_max"]].to_numpy().tolist() == [[13, 30], [51, 200]]
        assert attributes_in(path, ["age", "gender"]) == ("age", "gender")

    def test_a_group_of_age_that_is_none(self, write_faces):
        with pytest.raises(DataError, match="row 1: age_group 'teen' is not one of child, young, middle, old"):
            read_table(write_faces({"age_group": ["young", "teen"]}), "age")

    def test_missing_file(self, tmp_path):
        with pytest.raises(MissingInputError, match=r"no data file at .*nothing.parquet"):
            read_table(tmp_path / "nothing.parquet", "gender")

    def test_not_parquet(self, tmp_path):
        (tmp_path / "f.parquet").write_text("name,gender\n")
        with pytest.raises(DataError, match="is not a Parquet file") as caught:
            read_table(tmp_path / "f.parquet", "gender")
        assert "\n" not in str(caught.value)

    def test_unknown_attribute_and_split(self, write_faces):
        with pytest.raises(UnknownNameError, match="unknown attribute 'mood'"):
            read_table(write_faces({"gender": ["male"]}), "mood")
        with pytest.raises(UnknownNameError, match="unknown split 'test'; there are train and validation"):
            read_table(write_faces({"gender": ["male"]}), "gender", "test")

    def test_split_column(self, write_faces):
        columns = {"gender": ["male", "female", "male"], "split": ["train", "validation", "test"]}
        path = write_faces({**columns, "name": ["a", "b", "c"]})
        assert read_table(path, "gender", "train")["name"].tolist() == ["a"]
        assert read_table(path, "gender", "validation")["name"].tolist() == ["b"]
        assert len(read_table(path, "gender")) == 3

    def test_split_by_the_hash_of_the_name(self, write_faces):
        names = [f"face-{i}" for i in range(200)]
        path = write_faces({"gender": ["male"] * 200, "name": names})
        validation = read_table(path, "gender", "validation")["name"].tolist()
        assert validation == [n for n in names if int(hashlib.sha256(n.encode()).hexdigest(), 16) % 10 == 0]
        assert sorted(validation + read_table(path, "gender", "train")["name"].tolist()) == sorted(names)

    def test_split_without_split_or_name(self, write_faces):
        with pytest.raises(DataError, match="neither a column 'split' nor 'name'"):
            read_table(write_faces({"gender": ["male"]}), "gender", "validation")

    def test_empty_split(self, write_faces):
        with pytest.raises(DataError, match="has no rows in the validation split"):
            read_table(write_faces({"gender": ["male"], "split": ["train"]}), "gender", "validation")


def test_shared_data_have_the_expected_splits(data_folder):
    assert len(read_table(data_folder / "fer2013.parquet", "expression", "train")) == 28711
    assert len(read_table(data_folder / "fer2013.parquet", "expression", "validation")) == 3589
    assert len(read_table(data_folder / "makeup.parquet", "makeup", "validation")) == 1058
