import numpy as np
import pytest
from stores import FACES, make_result

from facestats.models.attributes import ATTRIBUTE_CLASSES
from facestats.tables.long_form import long_form
from facestats.tables.schema import dtypes, probability_columns


@pytest.fixture(scope="module")
def observations():
    return make_result("a", FACES, path="a.mp4").observations


def test_each_measured_class_has_one_row_and_each_attribute_sums_to_one(observations):
    long = long_form(observations)
    assert long.dtypes.astype(str).to_dict() == dtypes("long")
    columns = [name for attribute in ATTRIBUTE_CLASSES for name in probability_columns(attribute)]
    assert len(long) == int(observations[columns].notna().sum().sum())
    keys = ["frame", "track_id", "attribute"]
    assert np.allclose(long.groupby(keys, dropna=False)["probability"].sum(), 1, atol=1e-3)
    assert long["time_s"].is_monotonic_increasing == observations["time_s"].is_monotonic_increasing


def test_nothing_measured_gives_an_empty_table(observations):
    assert long_form(observations.iloc[:0]).dtypes.astype(str).to_dict() == dtypes("long")
