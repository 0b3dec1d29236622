import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from facestats.video import open_source
from facestats.video.recording import Recording, of_container

APPLE = "com.apple.quicktime.creationdate"


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ({}, Recording()),
        ({"creation_time": "2024-05-01T10:00:00.5Z"}, Recording("2024-05-01T10:00:00.500000+00:00", "creation_time")),
        ({APPLE: "2024-05-01T12:00:00+0200"}, Recording("2024-05-01T10:00:00+00:00", APPLE)),
        (
            {"creation_time": "2025-01-01T00:00:00Z", APPLE: "2024-05-01T12:00:00+0200"},
            Recording("2024-05-01T10:00:00+00:00", APPLE),
        ),
        ({"creation_time": "1970-01-01T00:00:00Z"}, Recording()),  # a clock that was never set
        ({"date": "2019"}, Recording()),  # of a film, no moment
        ({"date": "2024-05-01 12:00:00"}, Recording(None, "date 2024-05-01 12:00:00, zone unknown")),
        ({"creation_time": "yesterday: noon"}, Recording()),
    ],
)
def test_the_tags_of_containers(tags, found):
    assert of_container(tags) == found


def test_a_clock_that_begins_late_was_recorded_from_before():
    assert of_container({"creation_time": "2024-05-01T10:00:12Z"}, first_s=12.0).at == "2024-05-01T10:00:00+00:00"


@given(st.dictionaries(st.sampled_from(["creation_time", "date", APPLE]), st.text(max_size=30)))
def test_odd_tags_do_no_harm(tags):
    assert of_container(tags).at is None or of_container(tags).at.endswith("+00:00")


def test_a_video_tells_when_it_was_recorded(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        container.metadata["creation_time"] = "2024-05-01T10:00:00.000000Z"
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))))
        container.mux(stream.encode())
    with open_source(path) as source:
        assert source.info.recorded_at == "2024-05-01T10:00:00+00:00"
        assert source.info.recorded_source == "creation_time"


@pytest.mark.parametrize(("zone", "at"), [("+02:00", "2024-05-01T10:00:00+00:00"), (None, None)])
def test_a_photo_tells_when_it_was_taken(tmp_path, zone, at):
    exif = Image.Exif()
    details = {ExifTags.Base.DateTimeOriginal: "2024:05:01 12:00:00"}
    exif.get_ifd(ExifTags.IFD.Exif).update(details | ({} if zone is None else {ExifTags.Base.OffsetTimeOriginal: zone}))
    Image.new("RGB", (32, 32)).save(tmp_path / "a.jpg", exif=exif)
    with open_source(tmp_path / "a.jpg") as source:
        assert source.info.recorded_at == at
        assert source.info.recorded_source.startswith("EXIF DateTimeOriginal")
