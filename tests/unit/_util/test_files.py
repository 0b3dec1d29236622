import pytest

from facestats._util.files import cache_dir


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
