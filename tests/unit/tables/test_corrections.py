import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from stores import FACES, make_result

from facestats.tables import schema
from facestats.tables.corrections import Correction, applied, place_of, with_verdicts

RESULT = make_result("a-00000001", FACES, path="a.mp4")
TABLES = {name: getattr(RESULT, name) for name in schema.TABLES}


def correction(what, track=1, value=None, *, number=1, time_s=0.0, run="7f", other=None):
    seen = TABLES["observations"]
    places = place_of(seen, track), () if other is None else place_of(seen, other)
    return Correction(number, track, what, value, time_s, "", "2026-01-01T00:00:00+00:00", run, *places)


def after(*corrections, run="7f"):
    return applied(TABLES, corrections, run=run, thresholds={})


def test_the_number_tells_a_track_in_its_own_analysis_and_the_place_in_another():
    renamed = {
        **TABLES,
        "observations": TABLES["observations"].assign(track_id=TABLES["observations"]["track_id"] + 10),
    }
    renamed["tracks"] = TABLES["tracks"].assign(track_id=TABLES["tracks"]["track_id"] + 10)
    renamed["thumbnails"] = TABLES["thumbnails"].assign(track_id=TABLES["thumbnails"]["track_id"] + 10)
    found = applied(renamed, [correction("gender", value="male")], run="other", thresholds={})
    assert found.track_ids == {1: 11}
    assert found.tables["tracks"].set_index("track_id")["corrected"].dropna().to_dict() == {11: "gender"}
    assert applied(renamed, [correction("gender", value="male")], run="7f", thresholds={}).track_ids == {}


def test_a_track_that_is_elsewhere_or_at_another_time_is_no_more():
    far = TABLES["observations"].assign(x=TABLES["observations"]["x"] + 30)
    late = TABLES["observations"].assign(time_s=TABLES["observations"]["time_s"] + 100)
    for moved in (far, late, TABLES["observations"][:0]):
        found = applied({**TABLES, "observations": moved}, [correction("reject")], run="other", thresholds={})
        assert found.track_ids == {}


def test_unknown_is_a_verdict_too_and_not_a_certain_one():
    row = with_verdicts(TABLES["tracks"], [correction("gender", value="unknown")]).iloc[0]
    assert row["gender"] == "unknown"
    assert np.isnan(row[["gender_prob", "gender_female"]].astype(float)).all()


def test_the_last_correction_stands():
    first, last = correction("gender", value="male"), correction("gender", value="female", number=2)
    assert after(first, last).tables["tracks"]["gender"].iloc[0] == "female"
    assert with_verdicts(TABLES["tracks"], [first, last])["gender"].iloc[0] == "female"


def test_tables_are_not_changed():
    before = {name: table.copy() for name, table in TABLES.items()}
    after(
        correction("reject"),
        correction("merge", 2, "3", number=2, other=3),
        correction("split", 4, time_s=3.0, number=3),
    )
    for name, table in TABLES.items():
        pd.testing.assert_frame_equal(table, before[name])


STEPS = st.tuples(
    st.sampled_from(["gender", "reject", "merge", "split"]), st.integers(1, 6), st.integers(1, 6), st.floats(0, 12)
)


@given(st.lists(STEPS, max_size=5), st.sampled_from(["7f", "other"]))
def test_what_always_holds(steps, run):
    made = [
        correction(what, track, {"gender": "male", "merge": str(value)}.get(what), number=n, time_s=time_s, other=value)
        for n, (what, track, value, time_s) in enumerate(steps)
    ]
    tables = after(*made, run=run).tables
    for name in schema.TABLES:
        schema.validate(name, tables[name])
    observed = tables["observations"]
    assert set(tables["tracks"]["track_id"]) == set(observed["track_id"].dropna())
    assert set(tables["thumbnails"]["track_id"]) <= set(tables["tracks"]["track_id"])
    assert tables["frames"]["n_faces"].sum() == len(observed)
    counted = tables["tracks"].set_index("track_id")["n_observations"]
    assert counted.to_dict() == observed.groupby("track_id").size().to_dict()
    assert tables["videos"]["n_tracks"].tolist() == [len(tables["tracks"])]
