import pytest
from facesets import imfdb_line, make_imfdb, write_picture, write_text
from hypothesis import given
from hypothesis import strategies as st

from facestats.datasets.layouts.imfdb import parse_labels
from facestats.errors import DataError, MissingInputError
from facestats.models.attributes import ATTRIBUTE_CLASSES


def test_every_row_and_column(folder, converted):
    make_imfdb(folder)
    done, frame = converted("imfdb")
    assert (done.n_rows, done.attributes) == (4, ("expression", "gender", "age", "makeup"))
    assert done.skipped == {}
    assert list(frame) == ["source", "name", "fer2013_label", "gender", "age_min", "age_max", "makeup", "image"]
    rows = frame.drop(columns="image").astype(object).where(frame.drop(columns="image").notna(), None)
    assert rows.to_numpy().tolist() == [
        ["imfdb", "Kajol/Baazigar/Kajol_1.jpg", "happiness", "female", 13, 30, "partial"],
        ["imfdb", "Kajol/Baazigar/Kajol_2.jpg", "sadness", "female", 31, 50, "over"],
        ["imfdb", "Kajol/Baazigar/Kajol_3.jpg", "neutral", "female", 0, 12, None],
        ["imfdb", "Mohanlal/Chithram/Mohanlal_1.jpg", "fear", "male", 51, 200, None],
    ]
    assert frame["image"][1] == (folder / "Kajol" / "Baazigar" / "images" / "Kajol_2.jpg").read_bytes()


def test_names_do_not_depend_on_where_the_folder_lies(folder, converted):
    make_imfdb(folder)
    before = converted("imfdb")[1]
    make_imfdb(folder / "IMFDB_final")
    for actor in ("Kajol", "Mohanlal"):
        (folder / actor).rename(folder.parent / actor)
    assert converted("imfdb")[1].equals(before)


def test_the_frame_may_be_the_picture_that_is_there(folder, converted):
    movie = folder / "Kajol" / "Baazigar"
    write_text(movie / "a.txt", imfdb_line("1", "FEMALE"))
    write_picture(movie / "Baazigar_1.jpg")  # no folder images either
    assert converted("imfdb")[1]["name"].tolist() == ["Kajol/Baazigar/Baazigar_1.jpg"]


def test_what_cannot_be_used_is_counted(folder, converted):
    make_imfdb(folder)
    movie = folder / "Kajol" / "Dushman"
    write_text(
        movie / "Dushman.txt",
        "Indian Movie Face Database",
        imfdb_line("1", "?", "?", movie="Dushman"),
        imfdb_line("2", "FEMALE", movie="Dushman"),
    )
    write_picture(movie / "images" / "Kajol_1.jpg")
    for number in "12":
        write_picture(folder / "Kajol" / "Ishq" / "images" / f"Kajol_{number}.jpg")
    (folder / "Kajol" / "Ishq" / "images" / "Thumbs.db").write_bytes(b"")
    done, frame = converted("imfdb")
    assert len(frame) == 4
    assert done.skipped == {
        "line without the name of a picture": 1,
        "line without gender, age, expression and makeup": 1,
        "the picture is not there": 1,
        "its movie has no text file": 2,
    }


def test_text_that_is_not_utf_8(folder, converted):
    make_imfdb(folder)
    path = folder / "Kajol" / "Baazigar" / "Baazigar.txt"
    path.write_bytes(path.read_bytes().replace(b"Hindi", b"Hind\xee"))
    assert converted("imfdb")[0].n_rows == 4


def test_no_text_files(folder, converted):
    write_picture(folder / "Kajol" / "Baazigar" / "images" / "Kajol_1.jpg")
    with pytest.raises(MissingInputError, match=r"set has no text file in the folder of a movie, such as ACTOR/MOVIE"):
        converted("imfdb")


def test_no_pictures(folder, converted):
    write_text(folder / "Kajol" / "Baazigar" / "Baazigar.txt", imfdb_line("1", "FEMALE"))
    with pytest.raises(MissingInputError, match=r"Kajol.Baazigar.Kajol_1.jpg is not there"):
        converted("imfdb")


def test_no_line_that_can_be_read(folder, converted):
    write_text(folder / "readme.txt", "Indian Movie Face Database", "", "Cite us")
    with pytest.raises(DataError, match=r"can be used \(2 x line without the name of a picture\)"):
        converted("imfdb")


class TestParseLabels:
    def test_two_meanings_are_none(self):
        labels = parse_labels(["FEMALE", "ANGER", "FEAR", "YOUNG"])
        assert labels == {"gender": "female", "age_min": 13, "age_max": 30}

    def test_names_before_the_gender_do_not_count(self):
        assert parse_labels(["YOUNG", "OLD", "male", "Middle"]) == {"gender": "male", "age_min": 31, "age_max": 50}

    @pytest.mark.parametrize(
        ("word", "makeup"),
        [("PARTIAL", "partial"), ("Partial makeup", "partial"), ("OVER", "over"), ("over_makeup", "over")],
    )
    def test_words_for_makeup(self, word, makeup):
        assert parse_labels([word])["makeup"] == makeup

    @given(st.lists(st.sampled_from(["FEMALE", "MALE", "NONE", "OLD", "CHILD", "FEAR", "OVER", "PARTIAL", "HIGH", ""])))
    def test_all_labels_are_known_ones(self, fields):
        labels = parse_labels(fields)
        assert labels.get("gender") in (None, *ATTRIBUTE_CLASSES["gender"])
        assert labels.get("fer2013_label") in (None, *ATTRIBUTE_CLASSES["expression"])
        assert labels.get("makeup") in (None, *ATTRIBUTE_CLASSES["makeup"])
        assert ("age_min" in labels) == ("age_max" in labels)
        assert labels.get("age_min", 0) <= labels.get("age_max", 0)
