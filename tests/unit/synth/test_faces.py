import cv2
import pandas as pd
import pytest

from facestats.errors import DataError, MissingInputError
from facestats.synth.faces import people


@pytest.fixture
def face(portrait):
    return cv2.cvtColor(cv2.resize(portrait[125:345, 160:380], (96, 96)), cv2.COLOR_RGB2BGR)


def test_the_two_portraits_again_and_again():
    found = people(None, 5)
    assert len({person.name for person in found}) == 5
    assert found[4].name == "Grace Hopper 3"
    assert (found[4].rgba == found[0].rgba).all()


def test_a_folder(tmp_path, face):
    for name in ("a.png", "b.jpg", "c.png"):
        cv2.imwrite(str(tmp_path / name), face)
    cv2.imwrite(str(tmp_path / "empty.png"), face * 0)
    (tmp_path / "notes.txt").write_text("no picture")
    found = people(tmp_path, 3, seed=5)
    assert {person.name for person in found} == {"a.png", "b.jpg", "c.png"}
    x1, y1, x2, y2 = found[0].face
    assert 40 < x2 - x1 < 96
    assert 40 < y2 - y1 <= 96
    assert found[0].rgba[48, 48, 3] == 255
    with pytest.raises(DataError, match="has 3 pictures in which a face is found, of 4; 4 are needed"):
        people(tmp_path, 4)


def test_a_data_file_with_labels(tmp_path, face):
    _, png = cv2.imencode(".png", face)
    table = pd.DataFrame(
        {"image": [png.tobytes()] * 4, "name": list("abcd"), "gender": ["female", "male"] * 2, "age_min": 30}
    )
    table["split"] = ["train", "train", "validation", "validation"]
    table.to_parquet(tmp_path / "faces.parquet")
    found = {person.name: person.labels for person in people(tmp_path / "faces.parquet", 2, split="validation")}
    assert found == {"c": {"gender": "female", "age_min": 30}, "d": {"gender": "male", "age_min": 30}}


def test_two_rows_of_one_name_are_two_people(tmp_path, face):
    _, png = cv2.imencode(".png", face)
    pd.DataFrame({"image": [png.tobytes()] * 3, "name": ["a", "a", "b"]}).to_parquet(tmp_path / "faces.parquet")
    assert {person.name for person in people(tmp_path / "faces.parquet", 3)} == {"a", "a (2)", "b"}


def test_bad_sources(tmp_path):
    with pytest.raises(MissingInputError, match="no folder of images"):
        people(tmp_path / "none", 1)
    with pytest.raises(DataError, match="holds no images"):
        people(tmp_path, 1)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"broken\.png"):
        people(tmp_path, 1)
    pd.DataFrame({"name": ["a"]}).to_parquet(tmp_path / "bare.parquet")
    with pytest.raises(DataError, match="has no column 'image'"):
        people(tmp_path / "bare.parquet", 1)
