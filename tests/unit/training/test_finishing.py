import numpy as np
import pandas as pd
import pytest

from facestats.datasets.faces import FaceData
from facestats.training.finishing import _tells


def faces(attribute, **columns):
    n = len(next(iter(columns.values())))
    return FaceData(attribute, np.zeros((n, 8, 8, 3), np.uint8), np.ones(n, bool), pd.DataFrame(columns), (0,) * n)


@pytest.mark.parametrize(("n", "tells"), [(99, False), (100, True)])
def test_something_is_fitted_to_a_hundred_faces_at_least(n, tells):
    assert _tells(faces("gender", gender=["male"] * n)) is tells


@pytest.mark.parametrize(
    ("years", "tells"),
    [
        ([5] * 10 + [20] * 40 + [40] * 40 + [60] * 10, True),
        ([5] * 9 + [20] * 41 + [40] * 40 + [60] * 10, False),  # too few children
        ([20] * 100 + [40] * 100, False),  # nothing of the borders to the others
        ([5] * 24 + [20] * 25 + [40] * 25 + [60] * 25, False),  # every group, but too few in all
    ],
)
def test_ages_are_fitted_to_where_every_group_has_ten(years, tells):
    assert bool(_tells(faces("age", age_min=years, age_max=years))) is tells
