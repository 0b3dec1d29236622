"""People who pass each other, walk past the camera, or stand before and after a hidden cut: one in each track."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from facestats import analyze
from facestats.detect.base import box_overlaps
from facestats.models.attributes import ATTRIBUTE_CLASSES
from facestats.synth.faces import people
from facestats.synth.scenario import Scenario
from facestats.synth.video import write_video

SMALL = Scenario("", people=2, seconds=2.4, width=400, height=224, face_px=(40, 50))
CASES = {
    "crossing": replace(SMALL, name="crossing", seconds=4, crossings=True, seed=4),
    "passing": replace(SMALL, name="passing", people=4, seconds=4, face_px=(22, 60), passing=True, seed=2),
    "flash": replace(SMALL, name="flash", shots=2, transition="flash", seed=1),
    "fade": replace(SMALL, name="fade", shots=2, transition="fade", seed=1),
}


@pytest.fixture(scope="module", params=list(CASES))
def seen(request, tmp_path_factory):
    """What was found in a case, its truth, and whom each observation of a track shows."""
    scenario = CASES[request.param]
    video = write_video(scenario, people(None, scenario.people), tmp_path_factory.mktemp(request.param))
    found = analyze(
        video.path, progress=False, thumbnails=False, people=False, models=dict.fromkeys(ATTRIBUTE_CLASSES, "none")
    )
    return scenario, video, found, whose(found.observations, video.truth[~video.truth["ignored"]])


def whose(observations, truth):
    """The observations of tracks that show somebody clearly, with ``person``."""
    rows = []
    for frame, here in observations.dropna(subset="track_id").groupby("frame"):
        true = truth[truth["frame"] == frame]
        if true.empty:
            continue
        ends = [table[["x", "y", "w", "h"]].to_numpy(np.float64) @ _TO_CORNERS for table in (here, true)]
        overlaps = box_overlaps(*ends)
        sure = overlaps.max(axis=1) > 0.3
        rows.append(here[sure].assign(person=true["person"].to_numpy()[overlaps.argmax(axis=1)][sure]))
    return pd.concat(rows)


_TO_CORNERS = np.array([[1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1]], float)


def test_a_track_shows_one_person(seen):
    _, _, _, table = seen
    of_track = table.groupby("track_id")["person"].agg(lambda each: (each != each.mode()[0]).sum())
    assert of_track.max() <= 1  # where one hides the other a box may stand between them


def test_nobody_is_cut_to_pieces(seen):
    scenario, video, _, table = seen
    tracks = table.groupby("person")["track_id"].nunique()
    assert len(tracks) == video.people["person"].nunique() == scenario.people * scenario.shots
    assert tracks.sum() <= 1.25 * len(tracks)  # who stood behind another for long may be somebody new


def test_a_hidden_cut_is_a_cut(seen):
    scenario, _, found, table = seen
    assert len(found.frames["shot"].unique()) == scenario.shots
    assert len(table[["track_id", "shot"]].drop_duplicates()) == len(table["track_id"].unique())
