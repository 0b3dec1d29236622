import pandas as pd
import pytest

from facestats.analysis import spool
from facestats.analysis.spool import Spool
from facestats.errors import OutputError, SchemaError
from facestats.tables import schema
from facestats.tables.arrow import arrow_schema, from_arrow, to_arrow


def batch(n, start=0):
    return schema.conform(
        "frames",
        {
            "video_id": ["a"] * n,
            "frame": range(start, start + n),
            "time_s": [0.5] * n,
            "shot": [0] * n,
            "n_faces": [2] * n,
        },
    )


@pytest.mark.parametrize("in_memory", [1, 1_000_000])
def test_batches_come_back_as_they_went_in_from_memory_or_from_disk(monkeypatch, in_memory):
    monkeypatch.setattr(spool, "_IN_MEMORY", in_memory)
    with Spool("frames") as kept:
        for part in (batch(3), batch(0), batch(5, 3)):
            kept.append(part)
        found = list(kept.batches())
    assert [len(part) for part in found] == [3, 0, 5]
    pd.testing.assert_frame_equal(pd.concat(found, ignore_index=True), batch(8))


def test_a_full_disk_is_told_in_one_line(monkeypatch):
    class Full:
        def write_batch(self, _):
            raise OSError(28, "No space left on device")

        def close(self):
            pass

    with Spool("frames") as kept:
        monkeypatch.setattr(kept, "_writer", Full())
        with pytest.raises(OutputError, match=r"temporary files.*No space left on device; make room"):
            kept.append(batch(1))


@pytest.mark.parametrize("table", schema.TABLES)
def test_every_table_keeps_its_types_through_arrow_even_without_rows(table):
    empty = schema.conform(table)
    assert to_arrow(table, empty).schema == arrow_schema(table)
    pd.testing.assert_frame_equal(from_arrow(table, to_arrow(table, empty)), empty)


def test_missing_numbers_stay_whole_numbers():
    rows = schema.conform("observations", {"video_id": ["a", "b"], "track_id": pd.array([None, 2**53 + 1], "Int64")})
    again = from_arrow("observations", to_arrow("observations", rows))
    assert again["track_id"].isna().tolist() == [True, False]
    assert again["track_id"].iloc[1] == 2**53 + 1
    with pytest.raises(SchemaError, match="no column"):
        from_arrow("frames", to_arrow("tracks", schema.conform("tracks")))
