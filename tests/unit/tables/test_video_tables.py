from dataclasses import replace

import pandas as pd
import pytest
from stores import FACES, PEOPLE, make_result

from facestats.tables.verdicts import FALLBACK_THRESHOLD


@pytest.fixture(scope="module")
def people():
    return make_result(PEOPLE, FACES, path="videos/people.mp4", cut_s=6.0)


def test_what_is_said_of_the_video_as_a_whole(people):
    assert (people.video_id, people.name, people.status, people.error) == (PEOPLE, "people.mp4", "ok", None)
    assert people.cuts == [pytest.approx(5.95)]
    assert people.time_range == (0.0, 12.0)
    assert not people.is_still
    still = replace(people, videos=people.videos.assign(n_frames=pd.array([1], dtype="Int64")))
    assert still.is_still


def test_a_video_of_another_clock_ends_after_its_length(people):
    later = replace(people, frames=people.frames.assign(time_s=people.frames["time_s"] + 100))
    assert later.time_range == (100.0, 112.0)


@pytest.mark.parametrize(
    ("status", "expected"),
    [("ok", (0.0, 3.0)), ("failed", (0.0, 0.0))],
)
def test_without_faces_or_frames_there_is_still_a_range(status, expected):
    tables = make_result("e-1", (), path="s3://b/e.mp4", duration_s=3.0, status=status, error="x")
    assert tables.time_range == expected
    assert tables.cuts == []
    assert tables.name == "s3://b/e.mp4"
    assert not tables.is_still


def test_the_threshold_is_the_stored_one(people):
    assert replace(people, thresholds={"expression": 0.3}).threshold("expression") == 0.3
    assert people.threshold("expression") == FALLBACK_THRESHOLD
