import io
import sys

import openpyxl
import pandas as pd
import pyreadstat
import pytest
from stores import PEOPLE, make_store, results, with_doubtful

from facestats.errors import UnknownNameError, UsageError
from facestats.store import formats
from facestats.store.export import export
from facestats.store.store import create_store
from facestats.tables import schema


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("formats") / "s")


@pytest.mark.parametrize("suffix", ["dta", "sav"])
def test_stata_and_spss_get_labels_and_give_the_same_values(store, suffix, tmp_path):
    out = tmp_path / f"tracks.{suffix}"
    assert export(store, "tracks", format=suffix, out=out) == len(store.tracks())
    read = {"dta": pyreadstat.read_dta, "sav": pyreadstat.read_sav}[suffix]
    data, meta = read(str(out), apply_value_formats=True)
    tracks = store.tracks()
    assert data["video_id"].tolist() == tracks["video_id"].tolist()
    assert data["start_s"].to_numpy() == pytest.approx(tracks["start_s"].to_numpy())
    assert data["gender"].astype("str").where(data["gender"].notna()).fillna("-").tolist() == (
        tracks["gender"].fillna("-").tolist()
    )
    assert meta.column_names_to_labels["start_s"] == "first observation (s)"
    assert all(meta.column_names_to_labels[name] for name in data)


def test_labels_fit_into_stata():
    every = [column for columns in (*schema.TABLES.values(), *schema.DERIVED.values()) for column in columns]
    assert all(len(formats._cut(column.described, 80)) <= 80 for column in every)
    assert all(len(column.name) <= 32 for column in every)


def test_a_workbook_has_one_sheet_a_table_and_one_of_meanings(store, tmp_path):
    out = tmp_path / "faces.xlsx"
    export(store, format="xlsx", out=out)
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == [*(name for name in schema.TABLES if name != "thumbnails"), "columns"]
    rows = list(book["tracks"].values)
    assert rows[0][:3] == ("video_id", "file", "track_id")
    assert len(rows) == 1 + len(store.tracks())
    meanings = list(book["columns"].values)
    assert ("tracks", "start_s", "s", "first observation") in meanings
    told = {(row[0], row[1]) for row in meanings[1:]}
    assert told == {(name, title) for name in book.sheetnames[:-1] for title in next(book[name].values)}


def test_what_looks_like_a_formula_stays_text(tmp_path):
    column = schema.Column("file", "str", "a name")
    file = io.BytesIO()
    outgoing = formats.Outgoing("videos", (column,), iter([pd.DataFrame({"file": ["=1+1", "http://a.example"]})]))
    formats.WRITERS["xlsx"]([outgoing], file)
    cells = openpyxl.load_workbook(file)["videos"]["A"]
    assert [(cell.value, cell.data_type, cell.hyperlink) for cell in cells[1:]] == [
        ("=1+1", "s", None),
        ("http://a.example", "s", None),
    ]


def test_a_sheet_that_is_too_long_is_refused(store, tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "SHEET_ROWS", 10)
    with pytest.raises(UsageError, match="observations has more rows than a sheet"):
        export(store, "observations", format="xlsx", out=tmp_path / "o.xlsx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["xlsx", "dta", "sav"])
def test_pictures_do_not_fit_everywhere(store, suffix, tmp_path):
    with pytest.raises(UsageError, match="pictures of thumbnails"):
        export(store, "thumbnails", format=suffix, out=tmp_path / f"t.{suffix}")


def test_what_is_doubtful_goes_out_with_or_without_its_picture(store, tmp_path):
    written = create_store(tmp_path / "s")
    written.write(with_doubtful(results()[PEOPLE]), paths=("people.mp4",))
    export(written.path, "doubtful", out=tmp_path / "d.csv")
    export(written.path, "doubtful", out=tmp_path / "d.dta")
    assert pd.read_csv(tmp_path / "d.csv")["face_prob"].tolist() == [0.3]
    assert "image" not in pd.read_stata(tmp_path / "d.dta")


def test_a_missing_library_is_named_in_one_line(store, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(UsageError, match=r"needs pyreadstat: pip install 'facestats\[stata\]'"):
        export(store, "tracks", format="dta", out=tmp_path / "t.dta")


def test_an_unknown_format_is_refused():
    with pytest.raises(UnknownNameError, match="use csv, tsv"):
        formats.check_format("docx")


def test_parquet_says_what_its_columns_mean(store, tmp_path):
    import pyarrow.parquet as pq

    export(store, "observations", format="parquet", out=tmp_path / "o.parquet", videos=[PEOPLE])
    fields = pq.read_schema(tmp_path / "o.parquet")
    assert fields.field("x").metadata == {b"unit": b"px", b"meaning": b"left edge of the box"}
    assert all(field.metadata[b"meaning"] for field in fields)
    assert fields.metadata[b"facestats_table"] == b"observations"
