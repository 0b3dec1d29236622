import pandas as pd
import pytest
from facesets import MAKERS

from facestats.datasets.faces import load_faces
from facestats.datasets.labelled import LABEL_COLUMNS, read_table
from facestats.datasets.layouts import LAYOUTS, convert, find_layout
from facestats.errors import MissingInputError, UnknownNameError
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
        with pytest.raises(MissingInputError, match=r"set has no ") as caught:
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


def test_missing_labels_are_missing_values(folder, converted):
    MAKERS["adience"](folder)
    done, _ = converted("adience")
    frame = pd.read_parquet(done.path)
    assert frame["gender"].isna().tolist() == [False, False, False, True, True]
    assert frame["age_min"].isna().tolist() == [False, False, True, False, False]


def test_unknown_layout():
    with pytest.raises(UnknownNameError, match="unknown layout 'lfw'; there are fer2013, ferplus, utkface"):
        find_layout("lfw")
