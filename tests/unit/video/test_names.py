import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.video import shown
from facestats.video.names import safe_stem


@pytest.mark.parametrize(
    "secret",
    [
        "rtsp://admin:hush@cam/live", "rtsp://admin:hu@hush@cam/live", "rtsp://admin:a/hush@cam/live",
        "https://hush@cam/live", "http://cam/live?user=admin&pwd=hush", "RTSP://a:hush@cam:554/x?token=hush;b=hush",
        "rtmp://u:hush@cam/live", "srt://cam:9000/live?passphrase=hush", "ftp://u:hush@cam/live.mp4",
    ],
)  # fmt: skip
def test_secrets_of_a_url_are_not_shown(secret):
    assert "hush" not in shown(secret)
    assert "cam" in shown(secret)
    assert "live" in shown(secret) or "/x" in shown(secret)


def test_paths_are_shown_as_they_are_unless_they_cannot_be_written():
    assert shown("a@b:c?x=1.mp4") == "a@b:c?x=1.mp4"
    assert shown("ünï.mp4") == "ünï.mp4"
    assert shown("s3://bucket/a@b.mp4") == "s3://bucket/a@b.mp4"
    name = b"caf\xe9.mp4".decode("utf-8", "surrogateescape")
    assert shown(name) == r"caf\xe9.mp4"


@given(st.text(max_size=200))
def test_safe_stems_are_file_names_everywhere(name):
    stem = safe_stem(name)
    assert stem
    assert not set(stem) & set('/\\:*?"<>| \n\0')
    assert len(stem.encode()) <= 120
    assert not stem.startswith(".")


def test_ids_keep_words_whole_whatever_form_their_letters_have():
    decomposed = unicodedata.normalize("NFD", "Gespräch mit Zoë.mp4")
    assert safe_stem(decomposed) == safe_stem("Gespräch mit Zoë.mp4") == "Gespräch-mit-Zoë"
