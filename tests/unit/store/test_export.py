import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stores import EMPTY, PEOPLE, make_store, results

import facestats as fs
from facestats.errors import OutputError, SchemaError, UnknownNameError, UsageError
from facestats.store.export import export, export_table
from facestats.store.store import create_store
from facestats.tables import schema


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
    with pytest.raises(UnknownNameError, match="csv, tsv, json, parquet"):
        export_table(observations(), "observations", format="docx", out=tmp_path / "o.docx")
    with pytest.raises(SchemaError):
        export_table(observations(), "tracks", format="csv", out=tmp_path / "o.csv")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        export_table(observations(), "observations", format="csv", out=tmp_path / "file" / "o.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "s")


@pytest.mark.parametrize("table", list(schema.TABLES))
@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_a_store_gives_piece_by_piece_what_its_table_gives_at_once_and_the_file(store, table, format, tmp_path):
    whole, pieces = tmp_path / f"whole.{format}", tmp_path / f"pieces.{format}"
    export_table(store.read(table), table, format=format, out=whole)
    assert export(store, table, format=format, out=pieces) == len(store.read(table))
    read = {"json": pd.read_json, "csv": pd.read_csv, "parquet": pd.read_parquet}[format]
    found, expected = read(pieces), read(whole)
    if format == "json" and found.empty:  # an empty list knows no columns
        assert expected.empty
        return
    assert list(found.columns[:2]) == ["video_id", "file"]
    paths = store.videos().set_index("video_id")["path"]
    assert found["file"].tolist() == [paths[video_id].removeprefix("videos/") for video_id in found["video_id"]]
    pd.testing.assert_frame_equal(found.drop(columns="file"), expected)


def test_by_default_tracks_as_csv_in_the_current_folder_of_a_store_named_by_its_path(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert fs.export(str(store.path)) == len(pd.read_csv("tracks.csv")) == len(store.tracks())


def test_restricted_to_a_time_a_video_and_an_attribute(store, tmp_path):
    out = tmp_path / "o.csv"
    seen = store.video(PEOPLE).observations()
    n = export(store, "observations", format="csv", out=out, videos=[PEOPLE], from_s=1.0, to_s=2.0)
    assert 0 < n == seen["time_s"].between(1.0, 2.0).sum() < len(seen)
    export(store, "observations", format="csv", out=out, videos=PEOPLE, attributes="age")
    columns = set(pd.read_csv(out, nrows=1).columns)
    assert {"time_s", "x", "sharpness", "age_years", "age_child"} <= columns
    assert not any(name.startswith(("expression", "gender", "makeup")) for name in columns)
    # A track counts that reaches into the time.
    tracks = store.video(PEOPLE).tracks()
    n = export(store, "tracks", format="json", out=out, videos=[PEOPLE], from_s=tracks["end_s"].max())
    assert n == (tracks["end_s"] == tracks["end_s"].max()).sum()
    assert export(store, "tracks", format="csv", out=out, from_s=1e6) == 0
    assert out.read_text().startswith("video_id,file,track_id,")


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"attributes": ["mood"]}, UnknownNameError, "unknown attribute 'mood'"),
        ({"videos": ["absent"]}, UnknownNameError, "absent"),
        ({"table": "videos", "to_s": 3}, UsageError, "leave from_s and to_s out"),
        ({"table": "persons"}, UnknownNameError, "no table 'persons'"),
        ({"format": "docx"}, UnknownNameError, "csv, tsv, json, parquet"),
        ({"table": ["tracks", "frames"]}, UsageError, "a csv file holds one table"),
        ({"every": 2.0}, UsageError, "only timeline has spans"),
        ({"from_s": 2.0, "to_s": 1.0}, UsageError, "from_s 2 must not come after to_s 1"),
        ({"table": "timeline", "every": 0.0}, UsageError, "every must be above 0"),
    ],
)
def test_wrong_wishes_are_refused_and_write_nothing(store, tmp_path, options, error, told):
    wishes = {"table": "tracks", "format": "csv", "out": tmp_path / "o", **options}
    with pytest.raises(error, match=told):
        export(store, **wishes)
    assert not (tmp_path / "o").exists()


def test_an_export_writes_through_links_and_into_pipes(tmp_path):
    store = make_store(tmp_path / "store")
    target, link = tmp_path / "real.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)
    export(store, "tracks", format="csv", out=link)
    assert link.is_symlink()
    assert target.read_text().startswith("video_id,")
    export(store, "tracks", format="csv", out=Path("/dev/null"))
    assert not Path("/dev/null").is_file()


def test_the_timeline_and_the_long_form_are_what_python_gives(store, tmp_path):
    out = tmp_path / "t.parquet"
    expected = fs.timeline(store, every=2.0)
    assert export(store, "timeline", format="parquet", out=out, every=2.0) == len(expected)
    pd.testing.assert_frame_equal(
        pd.read_parquet(out).drop(columns="file").astype(expected.dtypes), expected, check_names=False
    )
    n = export(store, "timeline", out=tmp_path / "t.csv", videos=[PEOPLE], from_s=4.0, to_s=5.0)
    assert n == len(pd.read_csv(tmp_path / "t.csv")) > 0
    assert pd.read_csv(tmp_path / "t.csv")["time_s"].between(4, 5).all()
    export(store, "long", out=tmp_path / "l.csv", attributes=["gender", "age"])
    long = pd.read_csv(tmp_path / "l.csv")
    assert set(long["attribute"]) == {"gender", "age"}
    seen = store.observations()["gender_female"].dropna().to_numpy()
    assert long.loc[long["class"] == "female", "probability"].to_numpy() == pytest.approx(seen, abs=1e-4)


def test_moments_in_utc_where_the_file_tells_when_it_was_recorded(tmp_path):
    store = make_store(tmp_path / "s", PEOPLE)
    moment = pd.Timestamp("2024-05-01T10:00:00Z")
    result = store.result(PEOPLE)
    videos = result.videos.assign(recorded_at=moment).astype({"recorded_at": "datetime64[us, UTC]"})
    store.write(replace(result, videos=videos), paths=("videos/people.mp4",))
    store.write(results()[EMPTY], paths=("videos/empty.mp4",))  # this one does not tell it
    export(store, "tracks", out=tmp_path / "t.csv", utc=True)
    export(store, "frames", format="parquet", out=tmp_path / "f.parquet", utc=True)
    tracks, frames = pd.read_csv(tmp_path / "t.csv"), pd.read_parquet(tmp_path / "f.parquet")
    assert list(tracks.columns[:8]) == [
        *("video_id", "file", "track_id", "shot", "start_s", "start_utc", "end_s", "end_utc"),
    ]
    assert tracks["end_utc"].iloc[0] == "2024-05-01T10:00:11.900Z"
    known = frames["video_id"] == PEOPLE
    assert ((frames["time_utc"] - moment).dt.total_seconds() - frames["time_s"])[known].abs().max() < 1e-5
    assert frames.loc[~known, "time_utc"].isna().all()


def test_a_table_of_no_video_still_has_its_header(tmp_path):
    store = create_store(tmp_path / "s")
    for table in (*schema.TABLES, *schema.DERIVED):
        assert export(store, table, out=tmp_path / "t.csv", utc=True) == 0
        assert (tmp_path / "t.csv").read_text().startswith("video_id,file,")
