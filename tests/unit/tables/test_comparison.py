import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import facestats as fs
from facestats.errors import UnknownNameError, UsageError
from facestats.models import attributes
from facestats.tables import schema
from facestats.tables.comparison import COMPARED, COMPARISON_DTYPES, within
from facestats.tables.expressions import mean_shares

SIDES = ("first", "second")


def tracks(n, rng, *, videos=1, women=0.5, mood=(1,) * 7, **columns):
    """Tracks of ``n`` people in so many videos; expressions are the same throughout a video."""
    of_video = rng.dirichlet(5 * np.array(mood) / np.sum(mood), videos)
    video = np.arange(n) % videos
    seconds = rng.uniform(1, 5, n)
    made = {
        "video_id": [f"v-{number}" for number in video],
        "track_id": range(n),
        "shot": 0,
        "start_s": 0.0,
        "end_s": seconds,
        "duration_s": seconds,
        "seen_s": seconds,
        "n_observations": 9,
        "n_classified": 9,
        "gender": np.where(rng.random(n) < women, "female", "male"),
        "expression": [attributes.EXPRESSIONS[row.argmax()] for row in of_video[video]],
        **{f"expression_share_{name}": of_video[video, k] for k, name in enumerate(attributes.EXPRESSIONS)},
        **columns,
    }
    return schema.conform("tracks", pd.DataFrame(made, index=range(n)))


def unmeasured(n):
    empty = dict.fromkeys(["gender", *(f"expression_share_{name}" for name in attributes.EXPRESSIONS), "expression"])
    return tracks(n, np.random.default_rng(0), **empty)


def rows(table, attribute):
    return table[table["attribute"] == attribute].set_index("class")


def expressions(first, second, **options):
    return rows(fs.compare(first, second, attributes=["expression"], **options), "expression")


def test_shares_of_people_are_those_of_demographics():
    rng = np.random.default_rng(0)
    one, other = (tracks(60, rng, women=women, age_group="young", makeup="none") for women in (0.3, 0.6))
    table = fs.compare(one, other)
    for side, of_side in zip(SIDES, (one, other), strict=True):
        known = fs.demographics(of_side)
        people = table[table["attribute"] != "expression"].reset_index(drop=True)
        for name, column in (("share", side), ("share_low", f"{side}_low"), ("share_high", f"{side}_high")):
            pd.testing.assert_series_equal(people[column], known[name], check_names=False, check_exact=True)
        assert people[f"n_{side}"].tolist() == known["counted"].tolist()
    assert table.attrs["note"].startswith("Lines are 90 % intervals.")
    assert "99 % interval" in table.attrs["note"]


def test_expressions_are_shares_of_the_time_seen():
    rng = np.random.default_rng(1)
    table = tracks(30, rng, videos=5)
    table.loc[0, "seen_s"], table.loc[1, ["seen_s", "duration_s"]] = np.nan, 0.0
    found = expressions(table, table)
    assert found.loc[list(attributes.EXPRESSIONS), "first"].tolist() == pytest.approx(mean_shares(table).tolist())
    assert found["n_first"].sum() == 30
    assert np.isnan(found.loc["unknown", "first"])


def test_a_big_difference_is_clear_and_a_small_one_is_not():
    rng = np.random.default_rng(2)
    one = tracks(120, rng, videos=30, women=0.2, mood=(1, 1, 1, 1, 1, 1, 20))
    other = tracks(120, rng, videos=30, women=0.7, mood=(1, 1, 1, 20, 1, 1, 1))
    table = fs.compare(one, other, attributes=["gender", "expression"])
    assert set(table.loc[table["clear"], "class"]) >= {"female", "male", "happiness", "neutral"}
    women = rows(table, "gender").loc["female"]
    assert women["first_low"] < 0.2 < women["first_high"]
    assert women["second_low"] < 0.7 < women["second_high"]
    assert women["difference_low"] < 0.5 < women["difference_high"]
    assert not fs.compare(one, one, attributes=["gender", "expression"])["clear"].any()


@pytest.mark.parametrize("n_videos", [2, 3, 6, 25])
def test_differences_by_chance_are_rarely_called_clear(n_videos):
    rng = np.random.default_rng(3)
    found, held = [], []
    mood = np.array([1, 1, 1, 6, 1, 1, 5])
    for _ in range(40):
        one, other = (tracks(2 * n_videos, rng, videos=n_videos, mood=mood) for _ in SIDES)
        table = expressions(one, other, n_draws=200).loc[list(attributes.EXPRESSIONS)]
        found += table["clear"].tolist()
        truth = mood / mood.sum()
        held += ((table["first_low"] <= truth) & (truth <= table["first_high"])).tolist()
    assert np.mean(found) <= 0.02
    assert np.mean(held) >= 0.85


def test_a_few_photos_that_agree_are_no_certainty():
    rng = np.random.default_rng(4)
    happy, neutral = np.eye(7)[[3, 6]]
    sides = []
    for mood in (happy, neutral):
        table = tracks(3, rng, videos=3)
        table[[f"expression_share_{name}" for name in attributes.EXPRESSIONS]] = mood.astype(np.float32)
        sides.append(table)
    found = expressions(*sides)
    assert found.loc["happiness", "first"] == 1
    assert found.loc["happiness", "first_low"] < 0.8
    assert not found["clear"].any()


def test_one_video_is_drawn_by_its_tracks_and_of_one_track_there_is_no_interval():
    rng = np.random.default_rng(5)
    several, single, many = tracks(8, rng), tracks(1, rng), tracks(80, rng, videos=20)
    found = expressions(several, many).loc[list(attributes.EXPRESSIONS)]
    assert (found["first_low"] < found["first_high"]).all()
    found = expressions(single, many).loc[list(attributes.EXPRESSIONS)]
    assert found["first"].notna().all()
    assert found["difference"].notna().all()
    assert found[["first_low", "first_high", "difference_low", "difference_high"]].isna().all(axis=None)
    assert found["second_low"].notna().all()
    assert not found["clear"].any()


def test_a_side_that_was_not_measured_is_never_clearly_different():
    table = fs.compare(unmeasured(5), tracks(50, np.random.default_rng(6), videos=9), attributes=COMPARED)
    assert table["attribute"].unique().tolist() == ["gender", "expression"]
    assert table[["first", "first_low", "difference", "difference_low"]].isna().all(axis=None)
    assert table.loc[table["class"] != "unknown", "second"].notna().all()
    assert not table["clear"].any()
    assert (table["n_first"] == 0).all()


@pytest.mark.parametrize("n", [0, 3])
def test_where_nothing_was_measured_the_table_is_empty(n):
    table = fs.compare(unmeasured(n), unmeasured(0))
    assert table.empty
    assert table.dtypes.astype(str).to_dict() == COMPARISON_DTYPES
    assert table.attrs["note"]


def test_the_sides_may_have_been_analysed_with_other_models():
    table = tracks(9, np.random.default_rng(7))
    same = fs.compare(table, table, attributes=["gender"], models={"gender": "people"})
    assert (same["first"].dropna() == same["second"].dropna()).all()
    with pytest.raises(UnknownNameError, match="no model of gender"):
        fs.compare(table, table, attributes=["gender"], second_models={"gender": "none"})


def test_bad_input():
    table = tracks(3, np.random.default_rng(8))
    with pytest.raises(UsageError, match="'age' cannot be compared: there are gender, age_group, makeup, expression"):
        fs.compare(table, table, attributes=["age"])
    with pytest.raises(UsageError, match="the second table is not one of tracks: it has no column duration_s, gender"):
        fs.compare(table, schema.conform("videos").drop(columns="duration_s"), attributes=["gender"])
    with pytest.raises(UsageError, match="n_draws must be at least 1, not 0"):
        fs.compare(table, table, n_draws=0)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 4), st.integers(0, 2**31))
def test_what_always_holds(n_first, n_second, videos, seed):
    rng = np.random.default_rng(seed)
    one, other = (tracks(n, rng, videos=videos, women=rng.random()) for n in (n_first, n_second))
    options = {"attributes": ["gender", "expression"], "n_draws": 50, "seed": seed % 7}
    table, swapped = fs.compare(one, other, **options), fs.compare(other, one, **options)
    known = table.dropna(subset=["difference"])
    assert (known["difference"] == known["second"] - known["first"]).all()
    for name in (*SIDES, "difference"):
        inner = table.dropna(subset=[f"{name}_low"])
        assert (inner[f"{name}_low"] <= inner[name]).all()
        assert (inner[name] <= inner[f"{name}_high"]).all()
    for side in SIDES:
        values = table[[side, f"{side}_low", f"{side}_high"]]
        assert ((values >= 0) & (values <= 1) | values.isna()).all(axis=None)
    assert (table.loc[table["clear"], "difference_low"] * table.loc[table["clear"], "difference_high"] > 0).all()
    for name, mirrored in (("difference", "difference"), ("difference_low", "difference_high")):
        assert table[name].to_numpy() == pytest.approx(-swapped[mirrored].to_numpy(), abs=1e-9, nan_ok=True)
    assert table["clear"].tolist() == swapped["clear"].tolist()
    assert table["first_low"].equals(swapped["second_low"])


def test_more_draws_than_are_paired():
    table = tracks(9, np.random.default_rng(9))
    found = fs.compare(table, table, attributes=["gender"], n_draws=2500)
    assert not found["clear"].any()
    assert found["difference_low"].min() > -1


@pytest.fixture
def videos():
    begun = ["2026-10-31T23:59:59Z", "2026-11-01T00:00:00Z", "2026-11-30T12:00:00Z"]
    paths = ["in/a-before.mp4", "in/a-after.mp4", "rtsp://camera/after/"]
    return pd.DataFrame({"path": paths, "started_at": pd.to_datetime(begun).as_unit("us")})


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, [0, 1, 2]),
        ({"start": "2026-11-01"}, [1, 2]),
        ({"until": "2026-11-01"}, [0]),
        ({"start": "2026-11-01", "until": "2026-11-30T12:00"}, [1]),
        ({"start": "2026-11-01T01:00+01:00"}, [1, 2]),
        ({"files": "*-before.*"}, [0]),
        ({"files": "in/*"}, [0, 1]),
        ({"files": "a-?????.mp4"}, [1]),
        ({"files": "after"}, [2]),
        ({"start": "2027-01-01"}, []),
    ],
)
def test_videos_of_a_period_or_a_pattern(videos, options, kept):
    assert within(videos, **options).index.tolist() == kept


def test_a_period_of_an_empty_store():
    assert within(schema.conform("videos"), start="2026-11-01", files="*").empty


@pytest.mark.parametrize("text", ["2026-13-01", "yesterday", "1.11.2026"])
def test_a_bad_date_names_its_parameter(videos, text):
    with pytest.raises(UsageError, match=f"^first_until must be a date or a time such as .*, not '{text}'$"):
        within(videos, until=text, names=("first_from", "first_until"))


@pytest.mark.parametrize("until", ["2026-10-01", "2026-11-01"])
def test_a_period_that_ends_before_it_begins(videos, until):
    with pytest.raises(UsageError, match=rf"^until \({until}\) must be later than start \(2026-11-01\)$"):
        within(videos, start="2026-11-01", until=until)
