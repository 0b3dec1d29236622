import pytest
from facesets import make_jaffe, write_picture

from facestats.errors import MissingInputError


def test_every_row_and_column(folder, converted):
    make_jaffe(folder)
    (folder / "README").write_text("")
    done, frame = converted("jaffe")
    assert (done.n_rows, done.attributes, done.skipped) == (7, ("expression",), {})
    assert list(frame) == ["source", "name", "fer2013_label", "image"]
    assert frame.drop(columns="image").to_numpy().tolist() == [
        ["jaffe", "KA.AN1.39", "anger"],
        ["jaffe", "KA.DI1.42", "disgust"],
        ["jaffe", "KL.FE3.176", "fear"],
        ["jaffe", "KM.HA4.7", "happiness"],
        ["jaffe", "KM.NE1.1", "neutral"],
        ["jaffe", "KR.SA3.79", "sadness"],
        ["jaffe", "NA.SU1.208", "surprise"],
    ]
    assert frame["image"][0] == (folder / "KA.AN1.39.tiff").read_bytes()


def test_no_pictures(folder, converted):
    write_picture(folder / "KA.AN1.39.png")
    with pytest.raises(MissingInputError, match=r"set has no picture that ends in .tif or .tiff"):
        converted("jaffe")
