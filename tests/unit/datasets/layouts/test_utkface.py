import pytest
from facesets import make_utkface, write_picture

from facestats.errors import MissingInputError


def test_every_row_and_column(folder, converted):
    make_utkface(folder)
    done, frame = converted("utkface")
    assert (done.n_rows, done.attributes, done.skipped) == (3, ("gender", "age"), {})
    assert list(frame) == ["source", "name", "gender", "age_min", "age_max", "race", "image"]
    assert frame.drop(columns="image").to_numpy().tolist() == [
        ["utkface", "100_0_0_20170112", "male", 100, 100, "white"],
        ["utkface", "1_0_4_20161219140530307", "male", 1, 1, "other"],
        ["utkface", "26_1_3_20170117175041574", "female", 26, 26, "indian"],
    ]
    file = folder / "26_1_3_20170117175041574.jpg.chip.jpg"
    assert frame["image"][2] == file.read_bytes()


@pytest.mark.parametrize(("code", "race"), list(enumerate(["white", "black", "asian", "indian", "other"])))
def test_races(folder, converted, code, race):
    write_picture(folder / f"30_0_{code}_2017.jpg")
    assert converted("utkface")[1]["race"].tolist() == [race]


def test_the_parts_of_the_uncropped_set_lie_in_folders(folder, converted):
    for part in ("part1", "part2"):
        write_picture(folder / part / f"7_1_0_{part[-1]}.jpg")
    write_picture(folder / "part1" / "._7_1_0_1.jpg")  # macOS
    (folder / "readme.txt").write_text("")
    done, frame = converted("utkface")
    assert frame["name"].tolist() == ["7_1_0_1", "7_1_0_2"]
    assert done.skipped == {}


def test_a_picture_that_is_there_cropped_and_whole_counts_once(folder, converted):
    write_picture(folder / "a" / "7_1_0_1.jpg", 10)
    write_picture(folder / "b" / "7_1_0_1.jpg.chip.jpg", 200)
    done, frame = converted("utkface")
    assert frame["image"].tolist() == [(folder / "a" / "7_1_0_1.jpg").read_bytes()]
    assert done.skipped == {"a name that an earlier row has": 1}


def test_no_pictures(folder, converted):
    (folder / "UTKFace.tar.gz").write_bytes(b"")
    with pytest.raises(MissingInputError, match=r"set has no picture that ends in .jpg"):
        converted("utkface")
