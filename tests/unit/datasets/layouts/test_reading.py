import pytest

from facestats.datasets.layouts.reading import choose, find_file, find_folder, pictures_under, read_rows
from facestats.errors import DataError, MissingInputError


def rows_of(tmp_path, content, columns=("a", "b"), delimiter=","):
    (tmp_path / "t.csv").write_bytes(content)
    return list(read_rows(tmp_path / "t.csv", columns, delimiter))


class TestReadRows:
    @pytest.mark.parametrize("end", [b"\n", b"\r\n"])
    def test_lines_are_counted_from_the_header(self, tmp_path, end):
        content = end.join([b"a,b,c", b"1, 2 ,3", b"", b"4,5,6"])
        assert rows_of(tmp_path, content) == [(2, {"a": "1", "b": "2"}), (4, {"a": "4", "b": "5"})]

    def test_byte_order_mark_quotes_and_order(self, tmp_path):
        assert rows_of(tmp_path, b'\xef\xbb\xbfb,"a"\n"x, y",z\n') == [(2, {"a": "z", "b": "x, y"})]

    def test_tabs(self, tmp_path):
        assert rows_of(tmp_path, b"a\tb\n1,2\t3\n", delimiter="\t") == [(2, {"a": "1,2", "b": "3"})]

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"", "t.csv has no column 'a'; it needs a, b"),
            (b"a,c\n1,2\n", "t.csv has no column 'b'"),
            (b"a,b\n1,2\n3\n", "t.csv, line 3: 1 fields, where at least 2 are needed"),
            (b"a,b\n1,\xff\xfe\n", "not a table of text"),
            (b"a,b\n1,2\n" + b"x" * 200_000 + b",1\n", "t.csv, after line 3: not a table of text: field larger"),
        ],
    )
    def test_errors(self, tmp_path, content, told):
        with pytest.raises(DataError) as caught:
            rows_of(tmp_path, content)
        assert told in str(caught.value)
        assert "\n" not in str(caught.value)


def test_find_file_prefers_the_first(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.csv").write_text("")
    assert find_file(tmp_path, "a.csv", "inner/a.csv") == tmp_path / "inner" / "a.csv"
    (tmp_path / "a.csv").write_text("")
    assert find_file(tmp_path, "a.csv", "inner/a.csv") == tmp_path / "a.csv"
    with pytest.raises(MissingInputError, match=r"has no b.csv or c.csv"):
        find_file(tmp_path, "b.csv", "c.csv")


def test_find_folder(tmp_path):
    assert find_folder(tmp_path, "faces", "aligned") == tmp_path / "faces"
    (tmp_path / "aligned").mkdir()
    assert find_folder(tmp_path, "faces", "aligned") == tmp_path / "aligned"
    (tmp_path / "aligned" / "aligned").mkdir()
    assert find_folder(tmp_path, "faces", "aligned") == tmp_path / "aligned" / "aligned"


def test_pictures_are_sorted_and_visible(tmp_path):
    (tmp_path / "b").mkdir()
    for name in ("c.jpg", "a.JPG", "b/d.jpg", "._a.jpg", "e.png"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in pictures_under(tmp_path, {".jpg"})] == ["a.JPG", "d.jpg", "c.jpg"]


def test_choose_names_what_there_is():
    with pytest.raises(DataError, match=r"t.csv, line 2: gender 'x' is not one of f, m"):
        choose({"f": "female", "m": "male"}, "x", "gender", "t.csv, line 2")
