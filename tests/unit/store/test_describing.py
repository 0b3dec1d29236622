import csv
import json

import pandas as pd
import pytest
from frictionless import Package, system
from stores import make_store

from facestats.errors import OutputError
from facestats.store.export import export


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("describing") / "s")


def test_every_column_is_described_and_the_package_is_valid(store, tmp_path):
    for table in ("videos", "tracks", "timeline", "long"):
        export(store, table, out=tmp_path / f"{table}.csv", utc=True)
    export(store, "frames", format="tsv", out=tmp_path / "frames.tsv")
    with (tmp_path / "columns.csv").open(encoding="utf-8") as file:
        told = {(row["file"], row["column"]): row for row in csv.DictReader(file)}
    for path in (*tmp_path.glob("[!c]*.csv"), tmp_path / "frames.tsv"):
        header = pd.read_csv(path, nrows=0, sep="\t" if path.suffix == ".tsv" else ",").columns
        assert [name for file, name in told if file == path.name] == list(header)
    assert told["tracks.csv", "start_s"]["unit"] == "s"
    assert all(row["meaning"] for row in told.values())
    with system.use_context(trusted=True):
        report = Package(str(tmp_path / "datapackage.json")).validate()
    assert report.valid, report.flatten(["type", "note"])
    assert report.stats["tasks"] == 5


def test_exported_again_a_file_is_described_once(store, tmp_path):
    export(store, "tracks", out=tmp_path / "t.csv")
    export(store, "frames", out=tmp_path / "f.csv")
    export(store, "tracks", out=tmp_path / "t.csv", attributes=["age"])
    with (tmp_path / "columns.csv").open(encoding="utf-8") as file:
        rows = [row["column"] for row in csv.DictReader(file) if row["file"] == "t.csv"]
    assert rows == list(pd.read_csv(tmp_path / "t.csv", nrows=0).columns)
    package = json.loads((tmp_path / "datapackage.json").read_text())
    assert [each["path"] for each in package["resources"]] == ["f.csv", "t.csv"]


@pytest.mark.parametrize("name", ["columns.csv", "datapackage.json"])
def test_files_of_others_are_left_alone(store, tmp_path, name):
    (tmp_path / name).write_text("mine\n")
    with pytest.raises(OutputError, match=name):
        export(store, "tracks", out=tmp_path / "t.csv")
    assert (tmp_path / name).read_text() == "mine\n"
    assert not (tmp_path / "t.csv").exists()
    export(store, "tracks", out=tmp_path / "t.csv", describe_columns=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "t.csv"])


def test_the_package_of_others_is_added_to(store, tmp_path):
    (tmp_path / "datapackage.json").write_text(
        json.dumps({"name": "mine", "resources": [{"name": "a", "path": "a.csv"}]})
    )
    export(store, "tracks", out=tmp_path / "t.csv")
    package = json.loads((tmp_path / "datapackage.json").read_text())
    assert package["name"] == "mine"
    assert [each["path"] for each in package["resources"]] == ["a.csv", "t.csv"]
