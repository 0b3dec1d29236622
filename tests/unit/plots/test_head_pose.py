import numpy as np
import pytest
from stores import FACES, make_result

from facestats.errors import UsageError
from facestats.plots import head_pose
from facestats.tables import schema


@pytest.fixture(scope="module")
def observations():
    seen = make_result("a", FACES, path="a.mp4", cut_s=6.0).observations
    return seen.assign(yaw=(seen["time_s"] * 5).astype("float32"), pitch=np.float32(-10), roll=np.float32(3))


def test_the_lines_are_the_angles_of_one_track(observations):
    ax = head_pose(observations, track_id=1, cuts=[5.95])
    lines = {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}
    assert [label.split()[0] for label in lines] == ["yaw", "pitch", "roll"]
    track = observations[observations["track_id"] == 1]
    yaw, pitch, _ = lines.values()
    assert yaw.get_xdata() == pytest.approx(track["time_s"].to_numpy())
    assert yaw.get_ydata() == pytest.approx(track["yaw"].to_numpy())
    assert set(pitch.get_ydata()) == {-10.0}
    assert ax.get_ylim()[1] > track["yaw"].max()
    with pytest.raises(UsageError, match="select one video"):
        head_pose(observations)


def test_a_store_of_an_older_version_has_no_angles_and_says_so():
    seen = make_result("a", FACES, path="a.mp4").observations
    ax = head_pose(seen, track_id=1)
    assert [text.get_text() for text in ax.texts] == ["head pose not measured"]
    assert head_pose(schema.conform("observations")).get_ylabel() == "degrees"
