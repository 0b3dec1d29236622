"""Local files as ``av.open`` wants them."""

from __future__ import annotations

import pytest
from synth import regular_times, write_video

from facestats.video.local import demuxed, joined_parts, local_file


def test_a_local_file_may_not_lead_to_the_network():
    arguments = local_file("concat:http://example.org/a.mp4")
    assert arguments["file"] == "file:concat:http://example.org/a.mp4"
    assert arguments["container_options"] == {"protocol_whitelist": "file,crypto"}


def test_the_pieces_of_joined_files_are_found_and_only_where_each_is_whole(tmp_path):
    one = write_video(tmp_path / "one.mp4", regular_times(3, 25)).read_bytes()
    path = tmp_path / "two.mp4"
    path.write_bytes(one)
    assert joined_parts(path) == []
    path.write_bytes(one + one)
    assert joined_parts(path) == [(0, len(one)), (len(one), 2 * len(one))]
    # A type that stands twice before the one index.
    path.write_bytes(one[: int.from_bytes(one[:4], "big")] + one)
    assert joined_parts(path) == []


@pytest.mark.parametrize("content", [b"", b"\0\0\0\x18ftyp", b"FLV\1", b"\0\0\0\1ftypmp42"])
def test_what_is_cut_off_at_once_has_no_pieces(tmp_path, content):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    assert joined_parts(path) == []


def test_a_stream_that_pyav_trips_over_at_the_end_is_no_damage():
    class Container:
        def demux(self, *streams):
            yield from streams
            raise IndexError("list index out of range")

    assert list(demuxed(Container(), 1, 2)) == [1, 2]
