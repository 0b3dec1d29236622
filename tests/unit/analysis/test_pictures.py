"""Thumbnails that are cut from the tables of a video, when they are wanted only afterwards."""

import cv2
import numpy as np
import pandas as pd

from facestats.analysis.pictures import best_observations, cut_thumbnails
from facestats.tables import schema
from facestats.types import VideoInfo
from facestats.video import FrameSource
from facestats.video.base import DecodedFrame


class Greys(FrameSource):
    """Twenty frames, four a second, each of one grey: ten times its number; those that were asked for in full."""

    def __init__(self):
        super().__init__()
        self.info, self.full = VideoInfo("greys", 80, 60, fps=4.0), []

    def _decode(self):
        for number in range(20):
            small = np.zeros((30, 40, 3), np.uint8)
            yield DecodedFrame(
                number / 4, 0.25, lambda number=number: self._grey(number), to_small=lambda side, small=small: small
            )

    def _grey(self, number):
        self.full.append(number)
        return np.full((60, 80, 3), 10 * number, np.uint8)

    def close(self):
        pass


def observed(*rows):
    """Observations of (frame, track, score, side)."""
    columns = {
        "video_id": ["v"] * len(rows),
        "frame": [row[0] for row in rows],
        "time_s": [row[0] / 4 for row in rows],
        "track_id": pd.array([row[1] for row in rows], dtype="Int64"),
        "score": [row[2] for row in rows],
        **{name: [20.0] * len(rows) for name in ("x", "y")},
        **{name: [row[3] for row in rows] for name in ("w", "h")},
    }
    return schema.conform("observations", columns)


def test_the_best_of_each_track_are_chosen_two_seconds_apart():
    rows = observed((0, 0, 0.9, 30.0), (1, 0, 0.8, 30.0), (9, 0, 0.7, 30.0), (3, 1, 0.5, 20.0), (4, None, 0.9, 30.0))
    assert best_observations(rows)[["track_id", "frame"]].to_numpy().tolist() == [[0, 0], [0, 9], [1, 3]]


def test_a_sharp_face_makes_a_better_picture_than_a_surer_one_in_a_flash():
    rows = observed((0, 0, 0.99, 90.0), (1, 0, 0.97, 88.0)).assign(sharpness=np.array([38.0, 700.0], np.float32))
    assert best_observations(rows)["frame"].tolist() == [1]


def test_pictures_come_from_the_frames_of_the_observations_and_no_other_is_converted():
    source = Greys()
    found = cut_thumbnails(source, observed((9, 0, 0.9, 30.0), (0, 0, 0.8, 30.0), (3, 1, 0.5, 20.0)))
    schema.validate("thumbnails", found)
    assert found[["track_id", "time_s"]].to_numpy().tolist() == [[0, 2.25], [0, 0.0], [1, 0.75]]
    greys = [cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR).mean() for image in found["image"]]
    assert np.allclose(greys, [90, 0, 30], atol=3)
    assert source.full == [0, 3, 9]


def test_without_tracks_there_are_none_and_nothing_is_read():
    source = Greys()
    assert cut_thumbnails(source, observed((0, None, 0.9, 30.0))).empty
    assert source.full == []
