import numpy as np
import pandas as pd
import pytest
from stores import Face, make_result

from facestats.errors import UsageError
from facestats.plots import expression_average, expression_spread, faces_per_video
from facestats.tables import schema


def test_the_spread_shows_median_and_middle_half():
    shares = np.linspace(0.0, 1.0, 101)
    tracks = schema.conform(
        "tracks",
        {
            "video_id": [f"v{i}" for i in range(101)],
            "track_id": [0] * 101,
            "shot": [0] * 101,
            "start_s": 0.0,
            "end_s": 1.0,
            "duration_s": 1.0,
            "seen_s": 1.0,
            "n_observations": 1,
            "n_classified": 1,
            "expression_share_happiness": shares,
            "expression_share_neutral": 1 - shares,
            **{f"expression_share_{name}": 0.0 for name in ("anger", "disgust", "fear", "sadness", "surprise")},
        },
    )
    ax = expression_spread(tracks)
    box = next(patch for patch in ax.patches if patch.get_y() == pytest.approx(3 - 0.31))
    assert (box.get_x(), box.get_x() + box.get_width()) == pytest.approx((0.25, 0.75))
    assert any(np.allclose(line.get_xdata(), 0.5) for line in ax.lines)
    assert any(np.allclose(line.get_xdata(), [0.05, 0.95]) for line in ax.lines)


def test_nothing_measured_is_said():
    assert expression_spread(schema.conform("tracks")).texts[0].get_text() == "expression not measured"
    assert faces_per_video(schema.conform("videos")).texts[0].get_text() == "no video was read"


def test_faces_per_video_counts_the_read_ones():
    videos = pd.DataFrame({"status": ["ok", "ok", "partial", "failed"], "n_tracks": [0, 2, 2, 0]}).astype(
        {"n_tracks": "Int64"}
    )
    ax = faces_per_video(videos)
    assert [bar.get_height() for bar in ax.patches] == [1, 0, 2]


def test_the_average_counts_each_face_the_same():
    faces = [Face(1, 0.0, 1.0, ((9, "happiness"),)), Face(2, 0.0, 1.0, ((9, "sadness"),)), Face(3, 0.5, 1.0)]
    result = make_result("v-1", faces, path="v.mp4", duration_s=1.2)
    ax = expression_average(result.observations)
    assert len(ax.collections) == 7
    # happiness, the fourth layer, on top of anger, disgust and fear
    top = max(y for x, y in ax.collections[3].get_paths()[0].vertices if x < 0.3)
    expected = 3 * 0.1 / 6 + (0.9 + 0.1 / 6) / 2
    assert top == pytest.approx(expected, abs=1e-3)
    other = make_result("v-2", faces, path="w.mp4", duration_s=1.2)
    with pytest.raises(UsageError, match="hold 2 videos"):
        expression_average(pd.concat([result.observations, other.observations]))
