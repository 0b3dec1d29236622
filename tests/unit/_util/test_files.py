import pytest

from facestats._util.files import cache_dir, make_folder, written_aside


@pytest.mark.parametrize(
    ("own", "base", "expected"),
    [("/own", "/base", "/own"), (None, "/base", "/base/facestats"), (None, None, ".cache/facestats")],
)
def test_cache_folder(monkeypatch, own, base, expected):
    for name, value in (("FACESTATS_CACHE", own), ("XDG_CACHE_HOME", base)):
        monkeypatch.delenv(name, raising=False)
        if value:
            monkeypatch.setenv(name, value)
    assert str(cache_dir()).endswith(expected)


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path):
    note = tmp_path / "note.txt"
    note.touch()
    for folder in (note, note / "a", note / "a" / "b"):
        with pytest.raises(NotADirectoryError) as caught:
            make_folder(folder)
        assert caught.value.strerror == f"{note} is a file, and a folder is needed"
    with pytest.raises(NotADirectoryError), written_aside(note / "a.txt"):
        pass
    assert note.is_file()
