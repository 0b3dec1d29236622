import numpy as np
import pandas as pd
import pytest
from stores import FACES, PEOPLE, make_result

import facestats
import facestats.plots.accessor
from facestats.errors import UsageError
from facestats.models import attributes
from facestats.tables import schema


@pytest.fixture(scope="module")
def result():
    return make_result(PEOPLE, FACES, path="people.mp4")


def test_every_table_says_what_it_is_and_others_have_no_such_attribute(result):
    for kind in schema.TABLES:
        assert getattr(result, kind).faces.kind == kind
        assert getattr(result, kind).iloc[:0].faces.kind == kind
    for other in (pd.DataFrame(), pd.DataFrame({"track_id": [1], "time_s": [0.0]})):
        assert not hasattr(other, "faces")
        with pytest.raises(AttributeError, match="no table of faces"):
            _ = other.faces


def test_a_column_of_that_name_can_still_be_had():
    table = pd.DataFrame({"faces": [3]})
    assert table["faces"].tolist() == [3]


def test_timeline_and_demographics_are_those_of_the_package(result):
    pd.testing.assert_frame_equal(
        result.observations.faces.timeline(every=2.0, threshold=0.5),
        facestats.timeline(result, every=2.0, threshold=0.5),
    )
    with pytest.raises(UsageError, match="asked of the table tracks; here it is observations"):
        result.observations.faces.demographics()
    with pytest.raises(UsageError, match="asked of the table observations; here it is tracks"):
        result.tracks.faces.timeline()


def test_one_track_is_drawn_as_itself_and_several_as_their_mean(result):
    seen = result.observations
    one, mean = seen[seen["track_id"] == 2].faces.plot_timeline(), seen.faces.plot_timeline()
    assert one.get_xlim() == pytest.approx((1.0, 5.9))
    assert mean.get_xlim() == pytest.approx((0.0, 11.9))


def test_long_tables_hold_all_that_was_measured_once(result):
    long = result.observations.faces.long()
    assert list(long) == ["video_id", "track_id", "time_s", "attribute", "class", "probability"]
    n_classes = sum(len(classes) for classes in attributes.ATTRIBUTE_CLASSES.values())
    assert len(long) == n_classes * result.observations["classified"].sum()
    sums = long.groupby(["track_id", "time_s", "attribute"], dropna=False)["probability"].sum()
    np.testing.assert_allclose(sums, 1, atol=1e-5)
    verdicts = result.tracks.faces.long()
    second = verdicts[verdicts["track_id"] == 2].set_index("attribute")["verdict"]
    assert second.to_dict() == {"gender": "male", "age": "middle", "expression": "anger", "makeup": "none"}
    assert 4 not in verdicts["track_id"].tolist()  # never measured
    changing = verdicts["attribute"] == "expression"
    assert (verdicts["share"].notna() == changing).all()
    assert (verdicts["probability"].isna() == changing).all()
    with pytest.raises(UsageError, match="none of the verdicts' columns"):
        result.tracks[["video_id", "track_id", "start_s", "end_s", "duration_s"]].faces.long()


def test_pictures_show_themselves(result):
    gallery = result.thumbnails.faces.thumbnails()
    assert len(gallery) == 4
    assert repr(gallery) == "4 pictures of 4 faces"
    assert gallery._repr_html_().count('<img src="data:image/webp;base64,') == 4
