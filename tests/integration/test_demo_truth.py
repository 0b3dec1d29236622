"""The whole road on a video whose truth is exact: what is reported against what was drawn."""

import numpy as np
import pytest

from facestats import analyze
from facestats.models import attributes
from facestats.tables import schema


@pytest.fixture(scope="module")
def matched(demo_store, demo_video):
    """Observations joined with the truth of their frame, one row per well visible true face."""
    observations = demo_store.observations()
    truth = demo_video.truth
    truth = truth[truth["frame"].isin(demo_store.frames()["frame"]) & (truth["visible"] > 0.7)]
    rows = []
    for true in truth.itertuples():
        here = observations[observations["frame"] == true.frame]
        x2 = np.minimum(here["x"] + here["w"], true.x + true.w) - np.maximum(here["x"], true.x)
        y2 = np.minimum(here["y"] + here["h"], true.y + true.h) - np.maximum(here["y"], true.y)
        shared = x2.clip(lower=0) * y2.clip(lower=0)
        overlap = shared / (here["w"] * here["h"] + true.w * true.h - shared)
        best = overlap.idxmax() if len(here) and overlap.max() > 0.5 else None
        found = best is not None
        rows.append(
            {
                "person": true.person,
                "time_s": true.time_s,
                "found": found,
                "track": here.loc[best, "track_id"] if found else None,
                "time_error": abs(here.loc[best, "time_s"] - true.time_s) if found else 0.0,
            }
        )
    import pandas as pd

    return pd.DataFrame(rows)


def test_every_table_follows_the_schema(demo_store):
    for table in schema.TABLES:
        schema.validate(table, demo_store.read(table))


def test_well_visible_faces_are_found(matched):
    assert matched["found"].mean() > 0.98


def test_times_are_the_truths(matched):
    assert matched["time_error"].max() < 1e-3


def test_a_person_has_one_id_between_leaving_and_returning(matched):
    found = matched[matched["found"] & matched["track"].notna()]
    assert len(found) > 0.97 * len(matched)
    # Nobody ever bears the other's id, through the crossing too.
    owners = found.groupby("track")["person"].agg(lambda people: people.value_counts(normalize=True).max())
    assert owners.min() > 0.95
    # One of the two leaves the picture for longer than a track lives, so there are three tracks in all.
    assert found.groupby("person")["track"].nunique().sum() <= 3


def test_no_face_is_invented(demo_store, demo_video):
    frames = demo_store.frames().set_index("frame")["n_faces"]
    true = demo_video.truth[demo_video.truth["visible"] > 0.05].groupby("frame").size().reindex(frames.index).fillna(0)
    assert (frames > true).mean() < 0.02


def measured(observations, attribute):
    """Which observations have all of an attribute's probabilities; none may have a part of them."""
    known = observations[list(schema.probability_columns(attribute))].notna()
    assert (known.all(axis=1) == known.any(axis=1)).all()
    return known.all(axis=1)


def test_expression_is_measured_always_and_the_rest_as_often_as_a_verdict_needs(demo_store):
    observations = demo_store.observations()
    classified = observations[observations["classified"]]
    assert len(classified) > 0.95 * len(observations)
    assert measured(classified, "expression").all()
    for attribute in ("gender", "age", "makeup"):
        known = measured(classified, attribute)
        assert known.mean() < 0.5
        assert (known.groupby(classified["track_id"]).sum() >= 5).all()


@pytest.mark.slow
def test_every_sample_is_measured_on_request_with_the_same_verdicts(demo_store, demo_video):
    result = analyze(demo_video.path, every_sample=True, progress=False)
    classified = result.observations[result.observations["classified"]]
    for attribute in attributes.ATTRIBUTE_CLASSES:
        assert measured(classified, attribute).all()
    fewer = demo_store.tracks()
    assert result.tracks["gender"].tolist() == fewer["gender"].tolist()
    # Of one face the model is not sure, and its frames say now this, now that.
    assert result.tracks["gender_prob"].to_numpy() == pytest.approx(fewer["gender_prob"].to_numpy(), abs=0.15)
    assert result.tracks["age_years"].to_numpy() == pytest.approx(fewer["age_years"].to_numpy(), abs=4)
    assert result.tracks["expression_share_happiness"].to_numpy() == pytest.approx(
        fewer["expression_share_happiness"].to_numpy(), abs=1e-6
    )


def test_every_track_has_verdicts_and_a_thumbnail(demo_store):
    tracks = demo_store.tracks()
    for column in attributes.VERDICT_COLUMNS.values():
        assert tracks[column].notna().all()
        allowed = {*attributes.ATTRIBUTE_CLASSES["age" if column == "age_group" else column], schema.UNKNOWN}
        assert set(tracks[column]) <= allowed
    assert (tracks["age_years_low"] <= tracks["age_years"]).all()
    assert (tracks["age_years"] <= tracks["age_years_high"]).all()
    assert set(demo_store.thumbnails()["track_id"]) == set(tracks["track_id"])


def test_the_clip_keeps_every_frame_its_time_and_the_sound(demo_store, demo_video):
    import av

    def times(path):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            return [float(frame.pts * frame.time_base) for frame in container.decode(stream)], len(
                container.streams.audio
            )

    original, clip = times(demo_video.path), times(demo_store.clip_path(*demo_store.entries()))
    assert original[1] == clip[1] == 1
    assert np.allclose(original[0], clip[0], atol=5e-4)


def test_boxes_are_drawn_in_frames_between_the_sampled_ones(demo_store, demo_video):
    from facestats.video import open_source

    with (
        open_source(str(demo_video.path)) as before,
        open_source(str(demo_store.clip_path(*demo_store.entries()))) as after,
    ):
        changed = [
            np.abs(a.rgb.astype(int) - b.rgb.astype(int)).max()
            for a, b in zip(before.frames(), after.frames(), strict=True)
        ]
    assert min(changed[:25]) > 80


@pytest.mark.slow
def test_the_same_run_gives_the_same_rows(demo_store, demo_video):
    import pandas as pd

    from facestats.analysis.single import analyze

    again = analyze(demo_video.path, progress=False)
    for table in ("frames", "observations", "tracks"):
        pd.testing.assert_frame_equal(getattr(again, table), demo_store.read(table))
