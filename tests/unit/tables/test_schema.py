import numpy as np
import pandas as pd
import pytest

from facestats.errors import SchemaError, UnknownNameError
from facestats.models import attributes
from facestats.tables import schema

TABLES = list(schema.TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_an_empty_table_has_the_columns_and_dtypes_of_a_full_one(table):
    empty = schema.validate(table, schema.conform(table))
    assert list(empty.columns) == [column.name for column in schema.columns(table)]
    assert "object" not in set(empty.drop(columns="image", errors="ignore").dtypes.astype(str))


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_explained_and_named_once(table):
    names = [column.name for column in schema.columns(table)]
    assert len(set(names)) == len(names)
    assert all(column.meaning for column in schema.columns(table))


def test_unknown_tables_are_refused_by_name():
    with pytest.raises(UnknownNameError, match="videos, frames"):
        schema.columns("faces")


def test_unknown_columns_are_refused():
    with pytest.raises(SchemaError, match="identity"):
        schema.conform("tracks", {"video_id": ["a"], "identity": ["someone"]})


def test_values_that_do_not_fit_are_refused():
    with pytest.raises(SchemaError, match=r"frames\.frame"):
        schema.conform("frames", {"video_id": ["a"], "frame": ["first"]})


def frames():
    return schema.conform(
        "frames", {"video_id": ["a", "a"], "frame": [0, 2], "time_s": [0.0, 0.1], "shot": [0, 0], "n_faces": [1, 0]}
    )


def test_validate_names_what_is_wrong():
    schema.validate("frames", frames())
    with pytest.raises(SchemaError, match="n_faces"):
        schema.validate("frames", frames().drop(columns="n_faces"))
    with pytest.raises(SchemaError, match="float64"):
        schema.validate("frames", frames().assign(time_s=[0, 1]))
    broken = frames()
    broken.loc[0, "video_id"] = None
    with pytest.raises(SchemaError, match=r"video_id has missing"):
        schema.validate("frames", broken)


def observation(**values):
    known = {"video_id": ["a"], "frame": [0], "time_s": [0.0], "shot": [0], "x": [0], "y": [0], "w": [9], "h": [9]}
    return schema.conform("observations", known | {"score": [0.9], "classified": [True]} | values)


def test_probabilities_must_stay_in_range_and_sum_to_one():
    schema.validate("observations", observation(gender_female=[0.25], gender_male=[0.75]))
    with pytest.raises(SchemaError, match="sum"):
        schema.validate("observations", observation(gender_female=[0.25], gender_male=[0.25]))
    with pytest.raises(SchemaError, match="leaves"):
        schema.validate("observations", observation(score=[1.5]))


def test_a_model_that_knows_fewer_classes_leaves_the_others_missing():
    table = schema.validate("observations", observation(expression_anger=[0.5], expression_fear=[0.5]))
    assert np.isnan(table["expression_neutral"]).all()


def test_age_groups_cover_every_year_once():
    years = [year for low, high in attributes.AGE_GROUP_YEARS.values() for year in range(low, high + 1)]
    assert years == list(range(201))


def test_missing_and_unknown_are_different():
    table = schema.conform("tracks", {"video_id": ["a", "a"], "track_id": [0, 1], "gender": ["unknown", None]})
    assert table["gender"].isna().tolist() == [False, True]
    assert pd.isna(table["makeup"]).all()
