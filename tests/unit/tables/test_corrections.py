import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stores import FACES, make_result

from facestats.tables import schema
from facestats.tables.correction import Correction, new_number
from facestats.tables.corrections import applied, people_with_verdicts, place_of, with_verdicts
from facestats.tables.people import summarize_people
from facestats.tables.thumbnails import encode_webp

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


def test_undoing_a_split_leaves_the_numbers_that_others_got():
    first, second = 11, 12
    splits = correction("split", 1, "11", time_s=3.0), correction("split", 2, "12", time_s=3.0, number=2)
    when = "2026-01-01T00:00:00+00:00"
    of_first, of_second = (Correction(3, track, "gender", "male", 3.0, "", when, "7f", ()) for track in (first, second))
    assert set(after(*splits).tables["tracks"]["track_id"]) >= {first, second}
    assert after(splits[1], of_second).track_ids == {2: 2, 3: second}
    assert after(splits[1], of_first).track_ids == {2: 2}  # and not the half of another face
    taken = correction("split", 1, "2", time_s=3.0)
    assert after(taken).tables["tracks"]["track_id"].is_unique
    assert new_number([1, 2], splits) == 13


def test_of_a_person_the_last_verdict_stands_whichever_of_their_tracks_it_was_set_of():
    tracks = TABLES["tracks"].assign(person_id=pd.array([0] * len(TABLES["tracks"]), "Int64"), person_prob=1.0)
    tables = {**TABLES, "tracks": tracks}
    made = [
        correction("gender", 1, "male"),
        correction("gender", 2, "female", number=2),
        correction("gender", 1, "female", number=3),
        correction("gender", 2, "male", number=4),
        correction("gender", 1, "female", number=5),
    ]
    people = applied(tables, made, run="7f", thresholds={}).tables["people"]
    assert people["gender"].tolist() == ["female"]
    assert people_with_verdicts(people, tracks, made[:4])["gender"].tolist() == ["male"]
    assert people_with_verdicts(people, tracks, made)["gender"].tolist() == ["female"]


def test_a_persons_share_is_of_the_length_of_the_video():
    tracks = TABLES["tracks"].assign(person_id=pd.array(range(len(TABLES["tracks"])), "Int64"), person_prob=1.0)
    length_s = TABLES["videos"]["duration_s"].iloc[0]
    assert length_s > np.ptp(TABLES["frames"]["time_s"])  # the last frame is shown for a while
    analysed = summarize_people(tracks, TABLES["observations"], {}, {"a-00000001": length_s})
    found = applied({**TABLES, "tracks": tracks}, [correction("gender", 1, "male")], run="7f", thresholds={})
    assert found.tables["people"]["share"].tolist() == analysed["share"].tolist()


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
        for n, (what, track, value, time_s) in enumerate(steps, 1)
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


def with_a_flash(of):
    """The tables, where all pictures of one track are pale and blurred; two others are as before."""
    pale = encode_webp(np.full((64, 64, 3), 250, np.uint8))
    pictures = TABLES["thumbnails"]
    images = [
        pale if track == of else image for track, image in zip(pictures["track_id"], pictures["image"], strict=True)
    ]
    return {**TABLES, "thumbnails": pictures.assign(image=images)}


@pytest.mark.parametrize("pale", [2, 3])
def test_of_merged_faces_the_best_picture_leads(pale):
    tables = with_a_flash(pale)
    good = TABLES["thumbnails"]["image"].iloc[0]
    for track, other in ((2, 3), (3, 2)):  # they are never seen together
        merge = correction("merge", track, str(other), other=other)
        pictures = applied(tables, [merge], run="7f", thresholds={}).tables["thumbnails"]
        mine = pictures.loc[pictures["track_id"] == track, "image"].tolist()
        assert len(mine) == 2
        assert mine[0] == good


@pytest.mark.parametrize(("pale", "best"), [(2, 3), (3, 2)])
def test_who_is_said_to_be_one_person_has_the_best_picture_of_all_faces(pale, best):
    tables = with_a_flash(pale)
    n = len(TABLES["tracks"])
    tables["tracks"] = TABLES["tracks"].assign(person_id=pd.array(range(n), "Int64"), person_prob=1.0)
    tables["videos"] = TABLES["videos"].assign(n_people=n, n_people_low=n, n_people_high=n)
    same = correction("same_person", 2, "3", other=3)
    people = applied(tables, [same], run="7f", thresholds={}).tables["people"]
    assert people.loc[people["n_tracks"] == 2, "best_track"].tolist() == [best]
