"""Convert a data set and read the file."""

from __future__ import annotations

import pandas as pd
import pytest

from facestats.datasets.layouts import LAYOUTS, convert


@pytest.fixture
def converted(tmp_path):
    """Convert the data set in ``tmp_path / "set"``: what became of it, and the table."""

    def run(layout: str) -> tuple:
        out = tmp_path / "out" / f"{layout}.parquet"
        done = convert(LAYOUTS[layout], tmp_path / "set", out, overwrite=True)
        return done, pd.read_parquet(out, dtype_backend="pyarrow")

    return run


@pytest.fixture
def folder(tmp_path):
    """Where the data set of a test lies."""
    (tmp_path / "set").mkdir()
    return tmp_path / "set"
