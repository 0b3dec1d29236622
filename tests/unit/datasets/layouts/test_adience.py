import re

import pytest
from facesets import make_adience, write_text
from hypothesis import given
from hypothesis import strategies as st

from facestats.datasets.layouts.adience import parse_age
from facestats.errors import DataError

HEADER = "user_id\toriginal_image\tface_id\tage\tgender\tx"


def test_every_row_and_column(folder, converted):
    make_adience(folder)
    done, frame = converted("adience")
    assert (done.n_rows, done.attributes) == (5, ("gender", "age"))
    assert done.skipped == {}
    assert list(frame) == ["source", "name", "gender", "age_min", "age_max", "image"]
    rows = frame.drop(columns="image").astype(object).where(frame.drop(columns="image").notna(), None)
    assert rows.to_numpy().tolist() == [
        ["adience", "30601258@N03/1.10399_o.jpg", "female", 25, 32],
        ["adience", "30601258@N03/2.10398_o.jpg", "male", 35, 35],
        ["adience", "7153718@N04/2282.11597_o.jpg", "male", None, None],
        ["adience", "7153718@N04/2283.11598_o.jpg", None, 0, 2],
        ["adience", "7153718@N04/2284.11599_o.jpg", None, 60, 100],
    ]
    picture = folder / "faces" / "30601258@N03" / "coarse_tilt_aligned_face.2.10398_o.jpg"
    assert frame["image"][1] == picture.read_bytes()


@pytest.mark.parametrize("place", ["aligned", "aligned/aligned"])
def test_aligned_pictures(folder, converted, place):
    make_adience(folder)
    before = converted("adience")[1]
    for picture in sorted((folder / "faces").rglob("*.jpg")):
        name = picture.name.replace("coarse_tilt_aligned_face", "landmark_aligned_face")
        (folder / place / picture.parent.name).mkdir(parents=True, exist_ok=True)
        picture.rename(folder / place / picture.parent.name / name)
    for user in (folder / "faces").iterdir():
        user.rmdir()
    (folder / "faces").rmdir()
    assert converted("adience")[1].equals(before)  # the names do not say which pictures were taken


def test_a_face_of_which_nothing_is_known_is_counted(folder, converted):
    make_adience(folder)
    write_text(folder / "fold_2_data.txt", HEADER, "9@N1\ta.jpg\t3\tNone\tu\t1", "9@N1\tb.jpg\t3\tNone\t\t1")
    done, frame = converted("adience")
    assert len(frame) == 5
    assert done.skipped == {"neither age nor gender is known": 2}


def test_the_frontal_faces_are_not_read_twice(folder, converted):
    make_adience(folder)
    (folder / "fold_frontal_0_data.txt").write_bytes((folder / "fold_0_data.txt").read_bytes())
    done, _ = converted("adience")
    assert (done.n_rows, done.skipped) == (5, {})


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("9@N1\ta.jpg\t3\t(32, 25)\tm", "age '(32, 25)' is not like (25, 32), 35 or None"),
        ("9@N1\ta.jpg\t3\tyoung\tm", "age 'young' is not like"),
        ("9@N1\ta.jpg\t3\t35\tx", "gender 'x' is not one of f, m"),
        ("9@N1\ta.jpg\t3\t35", "4 fields, where at least 5 are needed"),
    ],
)
def test_bad_rows(folder, converted, row, told):
    write_text(folder / "fold_0_data.txt", HEADER, row)
    with pytest.raises(DataError, match=r"fold_0_data.txt, line 2: ") as caught:
        converted("adience")
    assert told in str(caught.value)


@given(st.integers(0, 999), st.integers(0, 999))
def test_pairs_of_ages(first, second):
    if first <= second:
        assert parse_age(f"({first}, {second})", "") == (first, second)
    else:
        with pytest.raises(DataError, match="is not like"):
            parse_age(f"({first}, {second})", "")


@given(st.integers(0, 999))
def test_single_ages(age):
    assert parse_age(str(age), "") == (age, age)


@given(st.text("0123456789(), Noneand-.²٣", max_size=12))
def test_whatever_is_read_is_an_age(text):
    try:
        youngest, oldest = parse_age(text, "here")
    except DataError:
        assert text not in ("", "None")
        assert not re.fullmatch(r"[0-9]{1,3}", text)
    else:
        assert (youngest is None and oldest is None) or 0 <= youngest <= oldest
