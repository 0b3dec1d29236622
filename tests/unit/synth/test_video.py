from dataclasses import replace

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


@pytest.mark.parametrize(("transition", "level"), [("flash", 255), ("fade", 0)])
def test_what_hides_a_cut_lies_over_the_frames_beside_it_and_hides_the_faces(tmp_path, transition, level):
    hidden = replace(SCENARIO, fps=25, seconds=1.2, transition=transition)
    made = write_video(hidden, people(None, 2), tmp_path)
    with open_source(str(made.path)) as source:
        means = [float(frame.rgb.mean()) for frame in source.frames()]
    away = [abs(mean - level) for mean in means]
    assert len(means) == 30
    assert sorted(sorted(range(30), key=away.__getitem__)[:2]) == [14, 15]
    assert max(away[14:16]) < 3
    assert min(away[:10] + away[20:]) > 30
    seen = made.truth.groupby("frame")["ignored"].all()
    assert {14, 15} <= set(seen[seen].index) <= {13, 14, 15, 16}
