import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.classify.crops import align_one
from facestats.datasets.faces import FaceData, load_faces
from facestats.datasets.framing import find_landmarks
from facestats.datasets.labelled import decode_image
from facestats.detect import create_detector
from facestats.errors import DataError, OutputError, UnknownNameError
from facestats.options import DEFAULT_DETECTOR


def encode(image, kind=".png"):
    return cv2.imencode(kind, image)[1].tobytes()


class TestLoadFaces:
    def test_one_aligned_crop_a_row(self, write_faces):
        faces = load_faces(write_faces({"gender": ["male", "female"]}), "gender", size=32)
        assert faces.crops.shape == (2, 32, 32, 3)
        assert faces.crops.dtype == np.uint8
        assert faces.found.tolist() == [True, True]
        assert faces.labels.tolist() == [1, 0]

    def test_a_row_without_a_face_is_cropped_where_the_others_have_theirs(self, tmp_path, face_png, write_faces):
        blank = encode(np.tile(np.arange(96, dtype=np.uint8)[:, None], (1, 96)))
        path = write_faces({"gender": ["male"] * 3})
        pd.DataFrame({"image": [face_png, blank, face_png], "gender": ["male"] * 3}).to_parquet(path)
        faces = load_faces(path, "gender")
        assert faces.found.tolist() == [True, False, True]
        points = find_landmarks(decode_image(face_png), create_detector(DEFAULT_DETECTOR, detect_size=0))
        assert (faces.crops[1] == align_one(decode_image(blank), points)).all()

    def test_without_any_face(self, tmp_path):
        blank = encode(np.full((50, 40), 9, np.uint8))
        pd.DataFrame({"image": [blank], "gender": ["male"]}).to_parquet(tmp_path / "f.parquet")
        faces = load_faces(tmp_path / "f.parquet", "gender")
        assert faces.found.tolist() == [False]
        assert np.unique(faces.crops).tolist() == [9]

    def test_the_second_call_reads_the_cache(self, write_faces, monkeypatch):
        path = write_faces({"gender": ["male", "female"]})
        first = load_faces(path, "gender")
        monkeypatch.setattr("facestats.datasets.faces.find_landmarks", None)  # would fail if called
        second = load_faces(path, "gender")
        assert (first.crops == second.crops).all()
        assert (first.found == second.found).all()

    def test_an_image_can_be_taken_as_the_crop_that_it_is(self, tmp_path):
        image = np.arange(60 * 80 * 3, dtype=np.uint32).astype(np.uint8).reshape(60, 80, 3)
        pd.DataFrame({"image": [encode(image)], "gender": ["male"]}).to_parquet(tmp_path / "f.parquet")
        faces = load_faces(tmp_path / "f.parquet", "gender", size=32, road="crop")
        expected = cv2.resize(image[..., ::-1], (32, 32), interpolation=cv2.INTER_AREA)
        assert (faces.crops[0] == expected).all()
        assert faces.pixels.tolist() == [60]
        with pytest.raises(UnknownNameError, match="unknown road 'sea'; there are full and crop"):
            load_faces(tmp_path / "f.parquet", "gender", road="sea")

    def test_pixels_say_how_large_the_face_is_in_its_image(self, tmp_path, face_png):
        large = decode_image(face_png)[..., ::-1]
        half = cv2.resize(large, (48, 48), interpolation=cv2.INTER_AREA)
        frame = pd.DataFrame({"image": [encode(large), encode(half)], "gender": ["male"] * 2})
        frame.to_parquet(tmp_path / "f.parquet")
        first, second = load_faces(tmp_path / "f.parquet", "gender").pixels
        assert 60 < first < 120
        assert second == pytest.approx(first / 2, rel=0.08)
        assert load_faces(tmp_path / "f.parquet", "gender").pixels.tolist() == [first, second]

    def test_splits_sizes_and_files_do_not_share_a_cache(self, write_faces):
        columns = {"gender": ["male", "female", "male"], "split": ["train", "train", "validation"]}
        path = write_faces(columns)
        shapes = [load_faces(path, "gender", split, size=size).crops.shape[:2] for split, size in
                  (("train", 48), ("validation", 48), (None, 48), ("train", 40))]  # fmt: skip
        assert shapes == [(2, 48), (1, 48), (3, 48), (2, 40)]
        write_faces({"gender": ["male"], "split": ["train"]})
        assert len(load_faces(path, "gender", "train")) == 1

    def test_attributes_share_a_cache_only_if_they_share_the_rows(self, tmp_path, face_png, monkeypatch):
        blank = encode(np.full((50, 40), 9, np.uint8))
        frame = pd.DataFrame({"image": [face_png, blank], "gender": [None, "male"], "makeup": ["none", None]})
        frame.to_parquet(tmp_path / "f.parquet")
        assert load_faces(tmp_path / "f.parquet", "makeup").found.tolist() == [True]
        assert load_faces(tmp_path / "f.parquet", "gender").found.tolist() == [False]
        assert np.unique(load_faces(tmp_path / "f.parquet", "gender").crops).tolist() == [9]
        frame.assign(gender="male", makeup="none").to_parquet(tmp_path / "f.parquet")
        load_faces(tmp_path / "f.parquet", "makeup")
        monkeypatch.setattr("facestats.datasets.faces.find_landmarks", None)  # would fail if called
        assert load_faces(tmp_path / "f.parquet", "gender").found.tolist() == [True, False]

    def test_undecodable_image_names_the_row(self, tmp_path, face_png):
        frame = pd.DataFrame({"image": [face_png, b"xx"], "gender": ["male"] * 2, "name": ["good", "bad"]})
        frame.to_parquet(tmp_path / "f.parquet")
        with pytest.raises(DataError, match=r"f.parquet, row 1 \(bad\): image does not decode"):
            load_faces(tmp_path / "f.parquet", "gender")

    def test_unwritable_cache(self, write_faces, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("FACESTATS_CACHE", str(tmp_path / "file"))
        with pytest.raises(OutputError, match="set FACESTATS_CACHE to a writable folder"):
            load_faces(write_faces({"gender": ["male"]}), "gender")


@given(st.lists(st.integers(0, 2**256 - 1), min_size=1, max_size=50))
def test_halves_do_not_depend_on_the_split_digit(digests):
    table = pd.DataFrame({"gender": ["male"] * len(digests)})
    crops = np.zeros((len(digests), 8, 8, 3), np.uint8)
    halves = [
        FaceData("gender", crops, np.ones(len(digests), bool), table, tuple(d // 10 * 10 + digit for d in digests))
        .first_half.tolist()
        for digit in (0, 7)
    ]  # fmt: skip
    assert halves[0] == halves[1]


def test_selecting_rows():
    table = pd.DataFrame({"gender": ["male", "female", "male"]})
    faces = FaceData("gender", np.zeros((3, 8, 8, 3), np.uint8), np.array([True, False, True]), table, (1, 2, 3))
    some = faces[np.array([False, True, True])]
    assert (len(some), some.labels.tolist(), some.found.tolist(), some.digests) == (2, [0, 1], [False, True], (2, 3))
