import pytest

from facestats._util.locations import LIVE_SCHEMES, Place, far_error, is_remote, location, place_of, scheme_of
from facestats.errors import UsageError


@pytest.mark.parametrize(
    "scheme", ["rtsp", "rtsps", "rtmp", "rtmps", "rtp", "srt", "udp", "tcp", "http", "https", "mms"]
)
def test_streams_are_live_and_nothing_else(scheme):
    assert scheme in LIVE_SCHEMES
    for address in (f"{scheme}://host:1/a.mp4", f"{scheme.upper()}://host:1/a.mp4"):
        assert place_of(address) is Place.LIVE
        assert not is_remote(address)


@pytest.mark.parametrize("scheme", ["s3", "gs", "az", "ftp", "sftp", "memory"])
def test_what_fsspec_reads_is_remote_and_no_stream(scheme):
    assert is_remote(f"{scheme}://host/a.mp4")
    assert (place_of(f"{scheme}://host/a.mp4") is Place.MEMORY) == (scheme == "memory")


@pytest.mark.parametrize(
    "path", ["clip.mp4", "/clips/10:30.mp4", "file:///clips/a.mp4", "LOCAL://clips/a.mp4", "a:b//c"]
)
def test_paths_are_local(path):
    assert place_of(path) is Place.LOCAL
    assert scheme_of(path) in ("", "file", "local")


def test_addresses_of_this_machine_become_paths():
    assert str(location("file:///clips/a.mp4")) == "/clips/a.mp4"
    assert str(location("clips/a.mp4")) == "clips/a.mp4"


def test_a_scheme_that_nobody_knows_is_refused_by_name():
    with pytest.raises(UsageError, match="cannot reach gopherus://"):
        location("gopherus://host/a.mp4")


def test_a_cloud_that_does_not_answer_may_do_so_later():
    exceptions = pytest.importorskip("botocore.exceptions")
    silent = far_error(exceptions.EndpointConnectionError(endpoint_url="http://127.0.0.1:9"))
    unknown = far_error(exceptions.NoCredentialsError())
    assert (silent.exit_code, unknown.exit_code) == (4, 2)
    assert "cannot reach what lies elsewhere" in str(silent)
    assert far_error(OSError("no")) is None
