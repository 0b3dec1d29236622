import sys

import numpy as np
import pytest
from stores import FACES, make_result

from facestats.errors import UsageError


@pytest.fixture(scope="module")
def result():
    return make_result("a", FACES, path="videos/a.mp4")


def test_every_tracked_box_stands_at_its_time_and_track(result):
    dataset = result.to_movement()
    # What movement 0.15 asks of a dataset of boxes (movement.validators.datasets.ValidBboxesInputs).
    assert dataset["position"].dims == dataset["shape"].dims == ("time", "space", "individuals")
    assert dataset["confidence"].dims == ("time", "individuals")
    assert dataset["space"].values.tolist() == ["x", "y"]
    assert dataset.attrs["ds_type"] == "bboxes"
    assert dataset.attrs["time_unit"] == "seconds"
    assert dataset["time"].values.tolist() == result.frames["time_s"].tolist()
    tracked = result.observations[result.observations["track_id"].notna()]
    assert int(dataset["confidence"].notnull().sum()) == len(tracked)
    for row in tracked.sample(20, random_state=0).itertuples():
        there = dataset.sel(time=row.time_s, individuals=f"face_{row.track_id}")
        assert there["position"].values == pytest.approx([row.x + row.w / 2, row.y + row.h / 2])
        assert there["shape"].values == pytest.approx([row.w, row.h])


def test_a_video_without_faces_gives_an_empty_dataset():
    dataset = make_result("e", (), path="e.mp4", duration_s=1.0).to_movement()
    assert dataset.sizes == {"time": 10, "space": 2, "individuals": 0}
    assert np.isfinite(dataset["time"]).all()


def test_without_xarray_one_line_says_so(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(UsageError, match=r"needs xarray: pip install 'facestats\[movement\]'"):
        result.to_movement()
