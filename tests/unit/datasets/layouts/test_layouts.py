import pandas as pd
import pytest
from facesets import MAKERS, pixels, replace_once, write_picture, write_text

from facestats.datasets.faces import load_faces
from facestats.datasets.labelled import LABEL_COLUMNS, read_table
from facestats.datasets.layouts import LAYOUTS, convert, find_layout
from facestats.errors import DataError, MissingInputError, UnknownNameError
from facestats.models.attributes import ATTRIBUTE_CLASSES

ATTRIBUTES = {
    "fer2013": {"expression": 9},
    "ferplus": {"expression": 8},
    "utkface": {"gender": 3, "age": 3},
    "fairface": {"gender": 3, "age": 3},
    "celeba": {"gender": 4, "makeup": 4},
    "adience": {"gender": 3, "age": 4},
    "imdb": {"gender": 3, "age": 4},
    "wiki": {"gender": 3, "age": 4},
    "imfdb": {"expression": 4, "gender": 4, "age": 4, "makeup": 2},
    "jaffe": {"expression": 7},
}

#: What an empty folder lacks.
NEEDED = {
    "fer2013": "fer2013.csv or icml_face_data.csv",
    "ferplus": "fer2013",
    "utkface": "picture that ends in .jpg",
    "fairface": "fairface_label_train.csv or fairface_label_val.csv",
    "celeba": "list_attr_celeba.txt or ",
    "adience": "fold_0_data.txt",
    "imdb": "imdb.mat or imdb_crop/imdb.mat",
    "wiki": "wiki.mat or wiki_crop/wiki.mat",
    "imfdb": "text file in the folder of a movie, such as ACTOR/MOVIE",
    "jaffe": "picture that ends in .tif or .tiff",
}

#: Layout, a file name that says nothing, and how it is counted.
OTHER_NAMES = [
    *(
        ("jaffe", name, "file name without an expression")
        for name in ("KA.XX1.39.tiff", "KA.tiff", "KA.AN1.tiff", "KA.AN1.39.2.tiff")
    ),
    *(
        ("utkface", name, "file name without age, gender, race and date")
        for name in (
            "61_1_20170109142408075.jpg.chip.jpg",
            "24_0_1_20170116220224657 .jpg.chip.jpg",
            "55_0_0_20170116232725357jpg.chip.jpg",
            "30_2_0_2017.jpg",
            "30_0_5_2017.jpg",
            "3000_0_0_2017.jpg",
            "_0_0_2017.jpg",
            "portrait.jpg",
        )
    ),
]

#: Layout, its table, what is replaced in that, by what, and the complaint.
SPOILT_TABLES = [
    *(
        ("celeba", "list_attr_celeba.txt", *spoilt)
        for spoilt in (
            ("4\n", "", "list_attr_celeba.txt, line 1: not the number of pictures"),
            ("4\n", "four\n", "line 1: not the number of pictures"),
            (
                "Male",
                "Man",
                "line 2: no attribute 'Male'; Male, Heavy_Makeup, Wearing_Lipstick, Young, Smiling are needed",
            ),
            ("000002.jpg -1 -1", "000002.jpg -1 0", "line 4: Heavy_Makeup '0' is not 1 or -1"),
            ("000002.jpg -1", "000002.jpg", "line 4: 5 values for 6 attributes"),
        )
    ),
    *(
        ("ferplus", "fer2013new.csv", *spoilt)
        for spoilt in (
            ("contempt", "scorn", "fer2013new.csv has no column 'contempt'"),
            ("4,0,0,1,3,2", "4,0,0,1,3,11", "line 2: disgust '11' is not a number of votes from 0 to 10"),
            ("4,0,0,1,3,2", "4,0,0,1,3,x", "line 2: disgust 'x' is not a number of votes"),
            ("PublicTest", "Training", "line 9: Usage 'Training' where "),
            ("PrivateTest,fer0000007.png,0,0,0,0,0,0,0,0,10,0\n", "", "fer2013.csv has more rows than "),
            ("10,0\n", "10,0\nTraining,,0,0,0,0,0,0,0,0,0,10\n", "fer2013new.csv has more rows than "),
        )
    ),
]


def test_there_is_a_test_for_every_layout():
    assert set(LAYOUTS) == set(MAKERS) == set(ATTRIBUTES)


@pytest.mark.parametrize("name", LAYOUTS)
class TestEveryLayout:
    def test_its_file_can_be_read_for_every_attribute(self, folder, converted, name):
        MAKERS[name](folder)
        done, frame = converted(name)
        assert set(done.attributes) == set(ATTRIBUTES[name])
        assert frame["name"].is_unique
        for attribute, n_rows in ATTRIBUTES[name].items():
            table = read_table(done.path, attribute)
            assert len(table) == n_rows
            assert table["source"].unique().tolist() == [name]
            assert table[list(LABEL_COLUMNS[attribute])].notna().all(axis=None)

    def test_its_pictures_can_be_cut(self, folder, converted, name):
        MAKERS[name](folder)
        done, _ = converted(name)
        for attribute, n_rows in ATTRIBUTES[name].items():
            faces = load_faces(done.path, attribute)
            assert len(faces) == len(faces.table) == n_rows
            if attribute != "age":
                assert set(faces.labels) <= set(range(len(ATTRIBUTE_CLASSES[attribute])))

    def test_official_splits(self, folder, converted, name):
        MAKERS[name](folder)
        done, frame = converted(name)
        assert ("split" in frame) == (name in ("fer2013", "ferplus", "fairface", "celeba"))
        if "split" in frame:
            attribute = next(iter(ATTRIBUTES[name]))
            train, validation = (read_table(done.path, attribute, split)["name"] for split in ("train", "validation"))
            assert train.tolist() == frame.loc[frame["split"] == "train", "name"].tolist()
            assert validation.tolist() == frame.loc[frame["split"] == "validation", "name"].tolist()

    def test_the_same_set_gives_the_same_file(self, folder, converted, name):
        MAKERS[name](folder)
        _, first = converted(name)
        _, second = converted(name)
        assert first.equals(second)

    def test_a_folder_with_nothing_in_it(self, folder, tmp_path, name):
        with pytest.raises(MissingInputError, match=f"set has no {NEEDED[name]}") as caught:
            convert(LAYOUTS[name], folder, tmp_path / "new" / "out.parquet")
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "new").exists()

    def test_no_folder(self, tmp_path, name):
        (tmp_path / "set.zip").write_bytes(b"")
        for source in (tmp_path / "set.zip", tmp_path / "nothing"):
            with pytest.raises(MissingInputError) as caught:
                convert(LAYOUTS[name], source, tmp_path / "out.parquet")
            assert str(caught.value) == f"{source} is not a folder; {name} needs {LAYOUTS[name].source}"

    def test_says_what_it_needs_and_whom_to_cite(self, name):
        layout = find_layout(name)
        assert layout.name == name
        assert layout.source.startswith(("a folder", "the folder"))
        assert any(char.isdigit() for char in layout.terms)  # the year
        assert "[" not in layout.source  # would be markup in the help


@pytest.mark.parametrize(("layout", "name", "why"), OTHER_NAMES)
class TestOtherNames:
    def test_they_are_counted(self, folder, converted, layout, name, why):
        MAKERS[layout](folder)
        n_rows = converted(layout)[0].n_rows
        write_picture(folder / name)
        done, _ = converted(layout)
        assert (done.n_rows, done.skipped) == (n_rows, {why: 1})

    def test_alone_they_are_no_data_set(self, folder, converted, layout, name, why):
        write_picture(folder / name)
        with pytest.raises(DataError, match=rf"no row of {layout} that can be used \(1 x {why}\)"):
            converted(layout)


@pytest.mark.parametrize(
    ("layout", "file", "lines", "complaint"),
    [
        (
            "adience",
            "fold_0_data.txt",  # with commas, where tabs are needed
            ("user_id,original_image,face_id,age,gender", "9@N1,a.jpg,3,None,m"),
            "has no column 'user_id'",
        ),
        ("fairface", "fairface_label_val.csv", ("file,age,gender", "val/1.jpg,0-2,Male"), "has no column 'race'"),
        (
            "fer2013",
            "fer2013.csv",
            ("emotion,pixels", f"0,{pixels(0)}"),
            "has no column 'Usage'; it needs emotion, pixels, Usage",
        ),
    ],
    ids=["adience", "fairface", "fer2013"],
)
def test_missing_column(folder, converted, layout, file, lines, complaint):
    write_text(folder / file, *lines)
    with pytest.raises(DataError, match=f"{file} {complaint}"):
        converted(layout)


@pytest.mark.parametrize(("layout", "table", "old", "new", "complaint"), SPOILT_TABLES)
def test_spoilt_tables(folder, converted, layout, table, old, new, complaint):
    MAKERS[layout](folder)
    replace_once(folder / table, old, new)
    with pytest.raises(DataError) as caught:
        converted(layout)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("layout", "pictures", "first"),
    [
        ("adience", "faces", "30601258@N03.coarse_tilt_aligned_face.1.10399_o.jpg"),
        ("celeba", "img_align_celeba", "000001.jpg"),
    ],
)
def test_no_pictures(folder, converted, layout, pictures, first):
    MAKERS[layout](folder)
    (folder / pictures).rename(folder / "elsewhere")
    with pytest.raises(MissingInputError, match=rf"{pictures}.{first} is not there, nor is any other picture of "):
        converted(layout)


def test_missing_labels_are_missing_values(folder, converted):
    MAKERS["adience"](folder)
    done, _ = converted("adience")
    frame = pd.read_parquet(done.path)
    assert frame["gender"].isna().tolist() == [False, False, False, True, True]
    assert frame["age_min"].isna().tolist() == [False, False, True, False, False]


def test_unknown_layout():
    with pytest.raises(UnknownNameError, match="unknown layout 'lfw'; there are fer2013, ferplus, utkface"):
        find_layout("lfw")
