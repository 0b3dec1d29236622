import csv
import json

import numpy as np
import pandas as pd
import pytest

from facestats import schema
from facestats.errors import OutputError, SchemaError, UnknownNameError
from facestats.export import export_table


def observations():
    return schema.conform(
        "observations",
        {
            "video_id": ["ünï,code", "b"], "frame": [0, 1], "time_s": [3600.1234567, 0.1], "shot": [0, 0],
            "track_id": pd.array([1, None], dtype="Int64"), "x": [0.1, 1], "y": [0, 0], "w": [9, 9], "h": [9, 9],
            "score": np.array([0.1, 0.9], np.float32), "classified": [True, False],
        },
    )  # fmt: skip


def test_csv_is_plain_numbers_in_schema_order(tmp_path):
    out = tmp_path / "new" / "observations.csv"
    export_table(observations(), "observations", format="csv", out=out)
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [column.name for column in schema.columns("observations")]
    assert rows[0]["time_s"] == "3600.123457"
    assert (rows[0]["score"], rows[0]["x"]) == ("0.1", "0.1")  # not 0.10000000149
    assert (rows[0]["track_id"], rows[1]["track_id"]) == ("1", "")  # not 1.0
    assert rows[0]["video_id"] == "ünï,code"
    assert rows[1]["gender_female"] == ""


def test_json_and_parquet_say_the_same(tmp_path):
    export_table(observations(), "observations", format="json", out=tmp_path / "o.json")
    export_table(observations(), "observations", format="parquet", out=tmp_path / "o.parquet")
    records = json.loads((tmp_path / "o.json").read_text())
    assert records[0]["video_id"] == "ünï,code"
    assert records[1]["track_id"] is None
    pd.testing.assert_frame_equal(
        schema.conform("observations", pd.read_parquet(tmp_path / "o.parquet")), observations()
    )


@pytest.mark.parametrize("table", list(schema.TABLES))
@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_empty_tables_export_their_header(table, format, tmp_path):
    out = tmp_path / f"t.{format}"
    export_table(schema.conform(table), table, format=format, out=out)
    assert out.exists()
    if format == "csv":
        assert out.read_text().strip() == ",".join(column.name for column in schema.columns(table))


def test_pictures_and_moments_become_text(tmp_path):
    thumbnails = schema.conform("thumbnails", {"video_id": ["a"], "track_id": [0], "time_s": [0.0], "image": [b"RIFF"]})
    export_table(thumbnails, "thumbnails", format="csv", out=tmp_path / "t.csv")
    assert "UklGRg==" in (tmp_path / "t.csv").read_text()
    moment = pd.Timestamp("2026-02-03 04:05:06", tz="UTC")
    videos = schema.conform("videos", {"video_id": ["a"], "path": ["a"], "status": ["ok"], "started_at": [moment]})
    export_table(videos, "videos", format="csv", out=tmp_path / "v.csv")
    assert "2026-02-03 04:05:06" in (tmp_path / "v.csv").read_text()


def test_what_cannot_be_exported_is_refused(tmp_path):
    with pytest.raises(UnknownNameError, match="csv, parquet, json"):
        export_table(observations(), "observations", format="xlsx", out=tmp_path / "o.xlsx")
    with pytest.raises(SchemaError):
        export_table(observations(), "tracks", format="csv", out=tmp_path / "o.csv")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        export_table(observations(), "observations", format="csv", out=tmp_path / "file" / "o.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]
