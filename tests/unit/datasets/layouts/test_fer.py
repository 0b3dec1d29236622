import cv2
import numpy as np
import pytest
from facesets import make_fer2013, make_ferplus, pixels, write_text
from hypothesis import given
from hypothesis import strategies as st

from facestats.datasets.layouts.fer import encode_pixels
from facestats.errors import DataError, MissingInputError

SEVEN = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]


def decoded(image):
    return cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_UNCHANGED)


class TestFer2013:
    def test_every_row_and_column(self, folder, converted):
        make_fer2013(folder)
        done, frame = converted("fer2013")
        assert (done.n_rows, done.attributes, done.skipped) == (9, ("expression",), {})
        assert list(frame) == ["source", "name", "split", "fer2013_label", "image"]
        assert set(frame["source"]) == {"fer2013"}
        assert frame["name"].tolist() == [f"fer2013_{number:05d}" for number in range(9)]
        assert frame["split"].tolist() == ["train"] * 7 + ["validation", "test"]
        assert frame["fer2013_label"].tolist() == [*SEVEN, "happiness", "neutral"]
        for image, shade in zip(frame["image"], [*range(7), 100, 200], strict=True):
            assert (decoded(image) == np.arange(48)[:, None] + shade).all()
            assert decoded(image).shape == (48, 48)

    def test_the_table_of_the_competition_has_spaces_in_its_header(self, folder, converted):
        write_text(folder / "icml_face_data.csv", "emotion, Usage, pixels", f"4, PrivateTest, {pixels(7)}")
        _, frame = converted("fer2013")
        assert frame[["split", "fer2013_label"]].to_numpy().tolist() == [["test", "sadness"]]
        assert (decoded(frame["image"][0])[:, 0] == np.arange(48) + 7).all()

    @pytest.mark.parametrize(
        ("row", "told"),
        [
            (f"7,{pixels(0)},Training", "emotion '7' is not one of 0, 1, 2"),
            (f"0,{pixels(0)},Test", "Usage 'Test' is not one of Training, PublicTest, PrivateTest"),
            ("0,1 2 3,Training", "pixels are not 48 x 48 whole numbers from 0 to 255"),
            (f"0,{pixels(0)} 1,Training", "pixels are not 48 x 48"),
            (f"0,{pixels(0)[:-2]}256,Training", "pixels are not 48 x 48"),
            (f"0,{pixels(0)[:-2]}-1,Training", "pixels are not 48 x 48"),
            (f"0,{pixels(0)[:-2]}x,Training", "pixels are not 48 x 48"),
            (f"0,{pixels(0)[:-2]}{'9' * 30},Training", "pixels are not 48 x 48"),
            ("0,,Training", "pixels are not 48 x 48"),
            ("0", "1 fields, where at least 3 are needed"),
        ],
    )
    def test_bad_rows_are_named_by_their_line(self, folder, converted, row, told):
        write_text(folder / "fer2013.csv", "emotion,pixels,Usage", f"0,{pixels(0)},Training", row)
        with pytest.raises(DataError, match=r"fer2013.csv, line 3: ") as caught:
            converted("fer2013")
        assert told in str(caught.value)


@given(st.integers(0, 2**32 - 1))
def test_pixels_come_back_as_they_were(seed):
    values = np.random.default_rng(seed).integers(0, 256, (48, 48))
    image = encode_pixels(" ".join(map(str, values.ravel().tolist())), "here")
    assert (decoded(image) == values).all()


class TestFerPlus:
    def test_every_row_and_column(self, folder, converted):
        make_ferplus(folder)
        done, frame = converted("ferplus")
        votes = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "nf"]
        assert list(frame) == ["source", "name", "split", "fer2013_label", *(f"votes_{v}" for v in votes), "image"]
        assert (done.n_rows, done.skipped) == (8, {"FER+ calls it no face": 1})
        assert frame["name"].tolist() == [f"fer{number:07d}.png" for number in range(8)]
        assert set(frame["source"]) == {"ferplus"}
        assert frame["fer2013_label"].tolist() == [*SEVEN[:6], "happiness", "neutral"]  # the seventh has no name
        assert frame["split"].tolist() == ["train"] * 6 + ["validation", "test"]
        table = frame[[f"votes_{v}" for v in votes]].astype(int)
        assert table.iloc[0].tolist() == [4, 0, 0, 1, 3, 2, 0, 0, 0, 0]
        assert table.iloc[6].tolist() == [0, 1, 1, 1, 1, 1, 1, 1, 2, 1]
        assert (decoded(frame["image"][6])[:, 0] == np.arange(48) + 100).all()

    def test_needs_both_tables(self, folder, converted):
        make_fer2013(folder)
        with pytest.raises(MissingInputError, match=r"has no fer2013new.csv"):
            converted("ferplus")
        make_ferplus(folder)
        (folder / "fer2013.csv").unlink()
        with pytest.raises(MissingInputError, match=r"has no fer2013.csv"):
            converted("ferplus")
