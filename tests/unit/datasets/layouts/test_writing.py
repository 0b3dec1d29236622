import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from facesets import make_fer2013, make_utkface, write_picture

from facestats.datasets.layouts import LAYOUTS, Contents, Face, Layout, Skipped, convert, writing
from facestats.errors import DataError, MissingInputError, OutputError


def layout_of(faces, columns=("gender",)):
    return Layout("mine", "a folder", "nobody, 2026", lambda source: Contents(columns, faces))


def face(name, image=b"picture", **labels):
    return Face(name, image, labels or {"gender": "female"})


class TestStream:
    def test_a_row_group_holds_no_more_than_its_share(self, tmp_path, monkeypatch):
        monkeypatch.setattr(writing, "_GROUP", 4)
        done = convert(layout_of(face(str(number)) for number in range(10)), tmp_path, tmp_path / "out.parquet")
        file = pq.ParquetFile(done.path)
        assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [4, 4, 2]
        assert pd.read_parquet(done.path)["name"].tolist() == [str(number) for number in range(10)]

    def test_rows_are_written_before_later_ones_are_read(self, tmp_path, monkeypatch):
        monkeypatch.setattr(writing, "_GROUP", 4)
        written = []
        write_table = pq.ParquetWriter.write_table
        monkeypatch.setattr(
            pq.ParquetWriter,
            "write_table",
            lambda self, table, *rest: (written.append(table.num_rows), write_table(self, table, *rest))[1],
        )
        ahead = []

        def faces():
            for number in range(20):
                ahead.append(number - sum(written))
                yield face(str(number))

        convert(layout_of(faces()), tmp_path, tmp_path / "out.parquet")
        assert sum(written) == 20
        assert max(ahead) <= 2 * 4

    def test_types_do_not_depend_on_the_values(self, tmp_path):
        columns = ("split", "gender", "age_min", "age_max", "votes_nf", "smiling")
        done = convert(layout_of([face("a", gender=None)], columns), tmp_path, tmp_path / "out.parquet")
        schema = pq.read_schema(done.path)
        assert {name: str(schema.field(name).type) for name in schema.names} == {
            "source": "string",
            "name": "string",
            "split": "string",
            "gender": "string",
            "age_min": "int64",
            "age_max": "int64",
            "votes_nf": "int8",
            "smiling": "bool",
            "image": "binary",
        }


class TestPictures:
    def test_bytes_are_those_of_the_file(self, tmp_path):
        for suffix in (".jpg", ".png", ".webp", ".tiff", ".bmp"):
            content = write_picture(tmp_path / f"a{suffix}")
            done = convert(layout_of([face("a", tmp_path / f"a{suffix}")]), tmp_path, tmp_path / f"{suffix}.parquet")
            assert pd.read_parquet(done.path)["image"].tolist() == [content]

    def test_missing_and_damaged_pictures_and_second_names_are_counted(self, tmp_path):
        content = write_picture(tmp_path / "good.jpg")
        (tmp_path / "empty.jpg").write_bytes(b"")
        (tmp_path / "page.jpg").write_bytes(b"<html>")
        faces = [
            face("missing", tmp_path / "missing.jpg"),
            face("empty", tmp_path / "empty.jpg"),
            Skipped("not this one"),
            face("good", tmp_path / "good.jpg"),
            face("page", tmp_path / "page.jpg"),
            face("good", tmp_path / "good.jpg"),
            face("below a file", tmp_path / "good.jpg" / "a.jpg"),
        ]
        done = convert(layout_of(faces), tmp_path, tmp_path / "out.parquet")
        assert pd.read_parquet(done.path)[["source", "name", "gender", "image"]].to_numpy().tolist() == [
            ["mine", "good", "female", content]
        ]
        assert done.n_rows == 1
        assert done.skipped == {
            "the picture is not there": 2,
            "the picture does not decode": 2,
            "not this one": 1,
            "a name that an earlier row has": 1,
        }

    def test_the_first_missing_picture_is_named_if_all_are(self, tmp_path):
        faces = [face(name, tmp_path / f"{name}.jpg") for name in "ab"]
        with pytest.raises(MissingInputError, match=r"a.jpg is not there, nor is any other picture of mine"):
            convert(layout_of(faces), tmp_path, tmp_path / "out.parquet")

    def test_a_folder_in_place_of_a_picture(self, tmp_path):
        (tmp_path / "a.jpg").mkdir()
        with pytest.raises(DataError, match=r"cannot read .*a.jpg: Is a directory"):
            convert(layout_of([face("a", tmp_path / "a.jpg")]), tmp_path, tmp_path / "out.parquet")

    @pytest.mark.parametrize("name", ["a\0b.jpg", "a" * 300 + ".jpg"])
    def test_names_that_no_file_can_have(self, tmp_path, name):
        with pytest.raises(DataError, match=r"cannot be the path of a picture|File name too long") as caught:
            convert(layout_of([face("a", tmp_path / name)]), tmp_path, tmp_path / "out.parquet")
        assert "\0" not in str(caught.value)

    def test_names_that_are_not_utf_8(self, tmp_path):
        done = convert(layout_of([face("caf\udce9")]), tmp_path, tmp_path / "out.parquet")
        assert pd.read_parquet(done.path)["name"].tolist() == ["caf?"]

    def test_nothing_to_write(self, tmp_path):
        with pytest.raises(DataError, match=r"has no row of mine that can be used \(it is empty\)"):
            convert(layout_of([]), tmp_path, tmp_path / "new" / "out.parquet")
        faces = [Skipped("blurred"), Skipped("no face"), Skipped("blurred")]
        with pytest.raises(DataError, match=r"can be used \(2 x blurred, 1 x no face\)"):
            convert(layout_of(faces), tmp_path, tmp_path / "new" / "out.parquet")
        assert not (tmp_path / "new").exists()


class TestOutput:
    def test_an_old_file_stays_unless_it_may_go(self, folder, tmp_path):
        make_utkface(folder)
        out = tmp_path / "out.parquet"
        out.write_text("old")
        with pytest.raises(OutputError, match=r"out.parquet exists already: give another --out, or --overwrite"):
            convert(LAYOUTS["utkface"], folder, out)
        assert out.read_text() == "old"
        assert convert(LAYOUTS["utkface"], folder, out, overwrite=True).n_rows == 3
        assert len(pd.read_parquet(out)) == 3

    def test_a_malformed_row_late_in_the_set_leaves_nothing(self, folder, tmp_path, monkeypatch):
        monkeypatch.setattr(writing, "_GROUP", 2)
        make_fer2013(folder)
        with (folder / "fer2013.csv").open("a") as file:
            file.write("9,1 2 3,Training\n")
        out = tmp_path / "out" / "out.parquet"
        with pytest.raises(DataError, match=r"line 11: emotion '9'"):
            convert(LAYOUTS["fer2013"], folder, out)
        assert list(out.parent.iterdir()) == []
        out.write_text("old")
        with pytest.raises(DataError, match=r"line 11"):
            convert(LAYOUTS["fer2013"], folder, out, overwrite=True)
        assert [path.name for path in out.parent.iterdir()] == ["out.parquet"]
        assert out.read_text() == "old"

    def test_a_folder(self, folder, tmp_path):
        make_utkface(folder)
        with pytest.raises(OutputError, match=r"is a folder: --out must be a file"):
            convert(LAYOUTS["utkface"], folder, tmp_path, overwrite=True)

    def test_where_nothing_can_be_written(self, folder, tmp_path):
        make_utkface(folder)
        (tmp_path / "file").write_text("")
        for out in (tmp_path / "file" / "out.parquet", tmp_path / ("a" * 300)):
            with pytest.raises(OutputError, match=r"cannot write "):
                convert(LAYOUTS["utkface"], folder, out)


def test_what_it_is_for_follows_from_the_columns(tmp_path):
    columns = ("age_min", "age_max", "makeup")
    faces = [face("a", age_min=3, age_max=9, makeup="none")]
    assert convert(layout_of(faces, columns), tmp_path, tmp_path / "a.parquet").attributes == ("age", "makeup")
    one_bound = layout_of([face("a", age_min=np.int64(3))], ("age_min",))
    assert convert(one_bound, tmp_path, tmp_path / "b.parquet").attributes == ()
