"""Stretches of a video, read apart from each other, are the video."""

from fractions import Fraction

import av
import pytest
from synth import read_number, regular_times, write_video

from facestats.video import file as video_file
from facestats.video import open_source
from facestats.video.spans import WHOLE, find_spans


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch):
    """Stretches of a second."""
    monkeypatch.setattr(video_file, "LONG_S", 1.5)
    monkeypatch.setattr(video_file, "find_spans", lambda *given: find_spans(*given, stretch_s=1.0))


def read(source, spans):
    return [(frame.index, frame.time_s, read_number(frame.rgb)) for span in spans for frame in source.frames(span=span)]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *((f"b{n}.{suffix}", {"b_frames": n}) for n in (0, 3) for suffix in ("mp4", "mov", "mkv")),
        ("vp8.webm", {"codec": "libvpx"}),
        ("open.mp4", {"b_frames": 2, "options": {"x264-params": "open-gop=1"}}),
        ("hevc-open.mp4", {"b_frames": 2, "codec": "libx265", "options": {"x265-params": "log-level=none"}}),
        ("sound.mp4", {"b_frames": 2, "sound": "aac"}),
        ("late.mp4", {"b_frames": 2, "start_s": 1.5}),
        ("ntsc.mp4", {"b_frames": 2, "fps": Fraction(30000, 1001)}),
        ("turned.mp4", {"rotation": 90}),
    ],
)
def test_stretches_together_are_the_whole(tmp_path, name, options):
    options = dict(options)
    times = regular_times(100, options.pop("fps", 25), options.pop("start_s", 0.0))
    path = write_video(tmp_path / name, times, **options)
    with open_source(path) as source:
        spans = source.spans()
        assert len(spans) == 3
        assert (spans[0].start, spans[-1].stop) == (None, None)
        assert [span.start for span in spans[1:]] == [span.stop for span in spans[:-1]]
        whole = read(source, [WHOLE])
        known = source.tally
        assert read(source, spans) == whole  # one after the other, counting on
        assert source.tally == known
    n, apart = 0, []
    for span in spans:
        with open_source(path) as source:
            apart += [(index + n, *rest) for index, *rest in read(source, [span])]
            n += source.n_decoded
            assert source.damage is None
    assert apart == whole
    assert [number for *_, number in whole] == list(range(100))


@pytest.mark.parametrize(
    ("name", "n", "options"),
    [
        ("short.mp4", 30, {}),
        ("rare.mp4", 100, {"keyframe_interval": 250}),
        ("moving.gif", 100, {}),
        ("no-clock.avi", 100, {}),
        ("no-index.ts", 100, {}),
        ("bare.h264", 100, {}),
    ],
)
def test_what_cannot_be_cut_is_one_stretch(tmp_path, name, n, options):
    with open_source(write_video(tmp_path / name, regular_times(n, 25), **options)) as source:
        assert source.spans() == (WHOLE,)


def test_no_stretch_begins_where_earlier_pictures_are_stored_behind(tmp_path):
    path = write_video(tmp_path / "open.mp4", regular_times(200, 25), b_frames=2, options={"x264-params": "open-gop=1"})
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [(p.pts, p.is_keyframe) for p in container.demux(stream) if p.size]
    behind = {
        pts
        for place, (pts, is_key) in enumerate(packets)
        if is_key and any(later < pts for later, _ in packets[place:])
    }
    assert behind  # there are such keyframes
    with open_source(path) as source:
        assert behind.isdisjoint(span.start for span in source.spans())


def test_a_damaged_beginning_is_told_once(tmp_path):
    path = write_video(tmp_path / "a.mp4", regular_times(100, 25), sound="aac")
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(container.streams.video[0]) if p.size]
        where, size = packets[3].pos, packets[3].size
    data[where + 8 : where + size] = b"\xff" * (size - 8)
    path.write_bytes(bytes(data))
    with open_source(path) as source:
        spans = source.spans()
        list(source.frames())
        whole = source.tally.n_broken
    assert len(spans) > 1
    told = []
    for span in spans:
        with open_source(path) as source:
            list(source.frames(span=span))
            told.append(source.tally.n_broken)
    assert whole > 0
    assert told == [whole, *[0] * (len(spans) - 1)]
