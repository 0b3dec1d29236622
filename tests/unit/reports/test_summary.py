import base64
import io
from dataclasses import replace

import pandas as pd
import pytest
from PIL import Image
from stores import EMPTY, FAILED, PARTIAL, PEOPLE, make_store, results

from facestats.reports.summary import Summary, faces_picture, summary_of
from facestats.store.store import create_store


def opened(picture):
    return Image.open(io.BytesIO(base64.b64decode(picture.split(",")[1])))


def test_a_video_is_summed_up(store):
    found = summary_of(store.video(PEOPLE))
    assert (found.n_faces, found.analysed_on, found.recorded_on) == (4, "2025-05-04", "")
    assert opened(found.picture).size == (3 * 56, 56)  # of four faces
    assert sum(found.shares.values()) == pytest.approx(1, abs=0.001)
    assert 0 < found.seen_s <= 24


def test_what_was_not_found_or_not_read_has_little_to_say(store):
    assert summary_of(store.video(EMPTY)) == Summary(analysed_on="2025-05-04")
    assert summary_of(store.video(FAILED)) == Summary(analysed_on="2025-05-04")
    partial = summary_of(store.video(PARTIAL))
    assert (partial.picture, partial.n_faces) == ("", 1)  # made without pictures, as with blur


def test_what_was_forgotten_meanwhile_has_nothing(tmp_path):
    store = make_store(tmp_path / "s", PEOPLE)
    one = store.video(PEOPLE)
    store.forget(PEOPLE)
    assert summary_of(one) == Summary()


def test_the_day_of_recording_is_that_of_the_file(tmp_path):
    known = results()[PEOPLE]
    known.videos["recorded_at"] = pd.Series([pd.Timestamp("2024-02-29", tz="UTC")]).astype("datetime64[us, UTC]")
    store = create_store(tmp_path / "s")
    store.write(known, paths=("people.mp4",))
    assert summary_of(store.video(PEOPLE)).recorded_on == "2024-02-29"


def test_the_faces_are_those_seen_longest():
    known = results()[PEOPLE]
    longest = known.tracks.nlargest(3, "seen_s")["track_id"]
    few = replace(known, thumbnails=known.thumbnails[known.thumbnails["track_id"].isin(longest[:2])])
    assert opened(faces_picture(few.tracks, few.thumbnails)).size == (2 * 56, 56)
    assert len(faces_picture(known.tracks, known.thumbnails)) < 8000
    one = few.tracks.assign(person_id=pd.array([0] * len(few.tracks), "Int64"))
    assert opened(faces_picture(one, few.thumbnails)).size == (56, 56)  # a person once
