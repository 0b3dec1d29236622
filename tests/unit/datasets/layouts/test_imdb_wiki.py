import datetime

import numpy as np
import pytest
import scipy.io
from facesets import imdb_entries, make_imdb, make_wiki, write_matlab, write_picture
from hypothesis import given
from hypothesis import strategies as st

from facestats.datasets.layouts.imdb_wiki import age_when_taken, matlab_date
from facestats.errors import DataError, MissingInputError


def number_of(day):
    """Matlab's serial number: 1 is 1 January of a year 0, which is a leap year."""
    return day.toordinal() + 366


@pytest.mark.parametrize(("name", "make"), [("imdb", make_imdb), ("wiki", make_wiki)])
def test_every_row_and_column(folder, converted, name, make):
    make(folder)
    done, frame = converted(name)
    assert (done.n_rows, done.attributes, done.skipped) == (4, ("gender", "age"), {})
    assert list(frame) == ["source", "name", "gender", "age_min", "age_max", "image"]
    assert set(frame["source"]) == {name}
    assert frame["name"].tolist() == ["01/a_1990.jpg", "01/b_1990.jpg", "02/c_1990.jpg", "02/d_1960.jpg"]
    assert frame["gender"].fillna("?").tolist() == ["female", "female", "male", "?"]
    assert frame["age_min"].tolist() == [30, 30, 29, 0]  # born in January, on 1 July, on 2 July; in the year itself
    assert frame["age_max"].tolist() == frame["age_min"].tolist()
    assert frame["image"][2] == (folder / "02" / "c_1990.jpg").read_bytes()


def test_the_folder_may_be_one_up(folder, converted):
    make_wiki(folder / "wiki_crop")
    assert converted("wiki")[0].n_rows == 4


def test_one_entry_alone(folder, converted):
    write_matlab(folder / "wiki.mat", {name: values[:1] for name, values in imdb_entries().items()})
    write_picture(folder / "01" / "a_1990.jpg")
    _, frame = converted("wiki")
    assert frame["name"].tolist() == ["01/a_1990.jpg"]
    assert frame["age_min"].tolist() == [30]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("dob", 1.0, "an age that cannot be"),
        ("dob", np.nan, "an age that cannot be"),
        ("dob", np.inf, "an age that cannot be"),
        ("photo_taken", 1959, "an age that cannot be"),
        ("photo_taken", 2062, "an age that cannot be"),
        ("photo_taken", np.nan, "an age that cannot be"),
        ("face_score", -np.inf, "no face was found in the picture"),
        ("face_score", np.nan, "no face was found in the picture"),
        ("second_face_score", 1.2, "a second face in the picture"),
        ("full_path", "", "no path of a picture"),
    ],
)
def test_entries_that_cannot_be_used_are_counted(folder, converted, field, value, reason):
    make_imdb(folder)
    entries = imdb_entries()
    entries[field][1] = value
    write_matlab(folder / "imdb.mat", entries)
    done, frame = converted("imdb")
    assert frame["name"].tolist() == ["01/a_1990.jpg", "02/c_1990.jpg", "02/d_1960.jpg"]
    assert done.skipped == {reason: 1}


def test_unknown_gender_code(folder, converted):
    make_imdb(folder)
    write_matlab(folder / "imdb.mat", {**imdb_entries(), "gender": [0, 1, 2, 0]})
    with pytest.raises(DataError, match=r"imdb.mat, entry 3: gender 2 is not 0 \(female\), 1 \(male\) or NaN"):
        converted("imdb")


def test_no_pictures(folder, converted):
    write_matlab(folder / "imdb.mat", imdb_entries())
    with pytest.raises(MissingInputError, match=r"01.a_1990.jpg is not there, nor is any other picture of imdb"):
        converted("imdb")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not found",
        b"<html>" + b"not found " * 50,
        b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + bytes(8) + b"\x00\x02IM" + b"\x89HDF" * 200,
        bytes(1000),
    ],
    ids=["empty", "short", "a page", "version 7.3", "zeros"],
)
def test_not_a_matlab_file(folder, converted, content):
    (folder / "imdb.mat").write_bytes(content)
    with pytest.raises(DataError, match=r"imdb.mat is not a Matlab file that can be read, or is damaged: ") as caught:
        converted("imdb")
    assert "\n" not in str(caught.value)


def test_cut_off_anywhere(folder, converted):
    make_imdb(folder)
    whole = (folder / "imdb.mat").read_bytes()
    for length in range(0, len(whole) - 1, 23):
        (folder / "imdb.mat").write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"is not a Matlab file that can be read, or is damaged|has no structure"):
            converted("imdb")


def test_not_the_right_structure(folder, converted):
    make_wiki(folder)
    (folder / "wiki.mat").rename(folder / "imdb.mat")
    with pytest.raises(DataError, match=r"imdb.mat has no structure 'imdb'"):
        converted("imdb")
    scipy.io.savemat(folder / "imdb.mat", {"imdb": np.arange(4)})
    with pytest.raises(DataError, match=r"imdb.mat has no structure 'imdb'"):
        converted("imdb")
    write_matlab(folder / "imdb.mat", {name: v for name, v in imdb_entries().items() if name != "photo_taken"})
    with pytest.raises(DataError, match=r"imdb.mat: imdb has no field 'photo_taken'"):
        converted("imdb")
    write_matlab(folder / "imdb.mat", {**imdb_entries(), "dob": [700000]})
    with pytest.raises(DataError, match=r"imdb.mat: dob has 1 entries, full_path 4"):
        converted("imdb")
    scipy.io.savemat(folder / "imdb.mat", {"imdb": {**imdb_entries(), "dob": np.array(list("abcd"), object)}})
    with pytest.raises(DataError, match=r"imdb.mat: dob does not hold numbers"):
        converted("imdb")


@given(st.dates(), st.floats(0, 1, exclude_max=True))
def test_matlab_numbers_are_days(day, time):
    assert matlab_date(number_of(day)) == day
    assert matlab_date(number_of(day) + round(time, 6) * 0.999) == day


@given(st.floats())
def test_any_number_is_a_day_or_none(number):
    day = matlab_date(number)
    assert day is None or number_of(day) <= number < number_of(day) + 1


@given(st.dates(datetime.date(1850, 1, 1), datetime.date(2030, 12, 31)), st.integers(1840, 2040))
def test_ages_are_the_birthdays_until_the_first_of_july(birth, year):
    middle = datetime.date(year, 7, 1)
    age = age_when_taken(number_of(birth), year)
    if age is None:
        assert birth > middle or year - birth.year > 100
    else:
        # 29 February is kept on 1 March.
        had = [
            n for n in range(age + 2) if (birth.year + n, birth.month, birth.day) <= (year, middle.month, middle.day)
        ]
        assert age == had[-1]
        assert 0 <= age <= 100
