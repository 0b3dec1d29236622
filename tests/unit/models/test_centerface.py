from facestats.models import centerface
from facestats.models.centerface import quick_network


def test_the_copy_with_eight_bits_is_kept_and_made_again_where_it_cannot_be(tmp_path, monkeypatch):
    monkeypatch.setenv("FACESTATS_CACHE", str(tmp_path / "cache"))
    made = quick_network()
    (kept,) = (tmp_path / "cache" / "detectors").iterdir()
    assert kept.read_bytes() == made
    with monkeypatch.context() as patched:
        patched.setattr(centerface, "free_network", lambda: 1 / 0)
        assert quick_network() == made  # is read, not made
    kept.write_bytes(made[:1000])
    assert quick_network() == made
    assert kept.read_bytes() == made
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("FACESTATS_CACHE", str(tmp_path / "file"))
    assert quick_network() == made
