import pytest

from facestats.video import shown


@pytest.mark.parametrize(
    "secret",
    [
        "rtsp://admin:hush@cam/live", "rtsp://admin:hu@hush@cam/live", "rtsp://admin:a/hush@cam/live",
        "https://hush@cam/live", "http://cam/live?user=admin&pwd=hush", "RTSP://a:hush@cam:554/x?token=hush;b=hush",
    ],
)  # fmt: skip
def test_secrets_of_a_url_are_not_shown(secret):
    assert "hush" not in shown(secret)
    assert "cam" in shown(secret)
    assert "live" in shown(secret) or "/x" in shown(secret)


def test_paths_are_shown_as_they_are_unless_they_cannot_be_written():
    assert shown("a@b:c?x=1.mp4") == "a@b:c?x=1.mp4"
    assert shown("ünï.mp4") == "ünï.mp4"
    name = b"caf\xe9.mp4".decode("utf-8", "surrogateescape")
    assert shown(name) == r"caf\xe9.mp4"
