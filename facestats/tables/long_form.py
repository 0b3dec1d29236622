"""Observations as a tidy long table: one row for each face, sample and class."""

from __future__ import annotations

import pandas as pd

from facestats.models.attributes import ATTRIBUTE_CLASSES
from facestats.tables import schema

_KEPT = ("video_id", "frame", "time_s", "shot", "track_id")


def long_form(observations: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each class of each attribute that was measured in an observation.

    Parameters
    ----------
    observations : pandas.DataFrame
        The ``observations`` table. What it lacks, attributes or other columns, is left out.

    Returns
    -------
    pandas.DataFrame
        The columns of ``facestats.tables.schema.DERIVED["long"]``, in the order of the observations.

    Examples
    --------
    >>> seen = schema.conform("observations", {"video_id": ["a"], "frame": [0], "gender_female": [0.7],
    ...                                        "gender_male": [0.3]})
    >>> long_form(seen)[["attribute", "class", "probability"]].to_string(index=False, header=False).split()
    ['gender', 'female', '0.7', 'gender', 'male', '0.3']
    """
    names = {
        column: (attribute, name)
        for attribute, classes in ATTRIBUTE_CLASSES.items()
        for column, name in zip(schema.probability_columns(attribute), classes, strict=True)
        if column in observations
    }
    rows = observations.reset_index(drop=True)
    kept = [name for name in _KEPT if name in observations]
    long = rows.melt(kept, list(names), var_name="column", value_name="probability", ignore_index=False)
    long = long[long["probability"].notna()].sort_index(kind="stable").reset_index(drop=True)
    long["attribute"] = [names[column][0] for column in long["column"]]
    long["class"] = [names[column][1] for column in long["column"]]
    dtypes = {name: dtype for name, dtype in schema.dtypes("long").items() if name in long}
    return long[list(dtypes)].astype(dtypes)
