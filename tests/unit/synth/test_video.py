import pandas as pd
import pytest

from facestats.datasets.truth import read_truth
from facestats.errors import OutputError
from facestats.synth.faces import people
from facestats.synth.scenario import Scenario
from facestats.synth.video import write_video
from facestats.video import open_source

SCENARIO = Scenario("walk", people=2, seconds=2.0, fps=10, width=320, height=180, face_px=(24, 30), shots=2, seed=1)


def test_video_truth_and_people(tmp_path):
    made = write_video(SCENARIO, people(None, 2), tmp_path / "new")
    with open_source(str(made.path)) as source:
        frames = list(source.frames())
    assert [frame.index for frame in frames] == list(range(20))
    assert frames[10].time_s == pytest.approx(1.0)
    read = read_truth(made.truth_path)
    pd.testing.assert_frame_equal(read, made.truth[read.columns])
    assert made.truth.groupby("person")["frame"].agg(["min", "max"]).to_numpy().tolist() == [
        [0, 9], [0, 9], [10, 19], [10, 19],
    ]  # fmt: skip
    table = pd.read_csv(made.people_path)
    assert table["person"].tolist() == [1, 2, 3, 4]
    assert table["shot"].tolist() == [0, 0, 1, 1]
    assert set(table["name"]) == {"Grace Hopper", "Eileen Collins"}


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        write_video(SCENARIO, people(None, 2), tmp_path / "file")
