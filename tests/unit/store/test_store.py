import errno
import json
import os
from dataclasses import replace

import pandas as pd
import pyarrow.parquet as pq
import pytest
from stores import PEOPLE, make_store, results, with_doubtful

from facestats.errors import OutputError, SchemaError, StoreError, UnknownNameError, UsageError
from facestats.store.export import export
from facestats.store.manifest import read_entries
from facestats.store.store import create_store, open_store
from facestats.tables import schema
from facestats.tables.versions import former_names
from facestats.tables.video_tables import VideoTables


def result(video_id="a-01234567", *, sha256="0" * 64, n_tracks=2, status="ok"):
    videos = schema.conform(
        "videos",
        {
            "video_id": [video_id], "path": [f"{video_id}.mp4"], "sha256": [sha256], "status": [status],
            "started_at": [pd.Timestamp("2026-01-01", tz="UTC")],
        },
    )  # fmt: skip
    tracks = schema.conform(
        "tracks",
        {
            "video_id": [video_id] * n_tracks, "track_id": range(n_tracks), "shot": [0] * n_tracks,
            "start_s": [0.0] * n_tracks, "end_s": [1.0] * n_tracks, "n_observations": [9] * n_tracks,
            "n_classified": [9] * n_tracks,
        },
    )  # fmt: skip
    return VideoTables(
        videos, schema.conform("frames"), schema.conform("observations"), tracks, schema.conform("thumbnails")
    )


def test_what_was_written_is_read_back_the_same(tmp_path):
    store = create_store(tmp_path / "s")
    written = result()
    store.write(written, paths=("a-01234567.mp4",), options={"rate": 10}, models={"age": {"name": "m", "sha256": "1"}})
    again = open_store(tmp_path / "s")
    for table in schema.TABLES:
        pd.testing.assert_frame_equal(again.read(table), getattr(written, table))
        schema.validate(table, again.read(table))
    entry = again.entries()["a-01234567"]
    assert entry.paths == ("a-01234567.mp4",)
    assert entry.options == {"rate": 10}
    assert entry.models["age"]["name"] == "m"


def test_an_empty_store_has_empty_tables_with_all_columns(tmp_path):
    store = create_store(tmp_path / "s")
    for table in schema.TABLES:
        assert schema.validate(table, store.read(table)).empty


def test_writing_again_replaces_and_leaves_nothing_behind(tmp_path):
    store = create_store(tmp_path)
    store.write(result(n_tracks=2), paths=("a.mp4",))
    store.write(result(n_tracks=3), paths=("a.mp4",))
    assert len(store.tracks()) == 3
    assert len(list((tmp_path / "tables" / "a-01234567").iterdir())) == 1


def test_tables_that_no_entry_names_do_not_exist(tmp_path):
    store = create_store(tmp_path)
    store.write(result(), paths=("a.mp4",))
    (tmp_path / "entries" / "a-01234567.json").unlink()
    assert store.tracks().empty


def test_a_write_that_fails_keeps_what_was_there(tmp_path, monkeypatch):
    store = create_store(tmp_path)
    store.write(result(n_tracks=2), paths=("a.mp4",))

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    with pytest.raises(OutputError, match="No space left"):
        store.write(result(n_tracks=3), paths=("a.mp4",))
    assert len(open_store(tmp_path).tracks()) == 2
    assert len(list((tmp_path / "tables" / "a-01234567").iterdir())) == 1


def test_a_table_that_breaks_the_schema_is_not_written(tmp_path):
    whole = result()
    broken = replace(whole, tracks=whole.tracks.drop(columns="shot"))
    store = create_store(tmp_path)
    with pytest.raises(SchemaError, match="shot"):
        store.write(broken, paths=("a.mp4",))
    assert not list(tmp_path.glob("entries/*"))


def test_one_video_by_id_by_its_beginning_and_by_file(tmp_path):
    store = create_store(tmp_path)
    store.write(result("a-01234567"), paths=("in/a.mp4",))
    store.write(result("b-01234567", n_tracks=1), paths=("in/b.mp4", "copy/b2.mp4"))
    for name in ("b-01234567", "b-", "b.mp4", "copy/b2.mp4", "b2.mp4"):
        assert open_store(tmp_path, video=name).tracks()["video_id"].unique().tolist() == ["b-01234567"]
    with pytest.raises(UnknownNameError, match="c"):
        store.video("c.mp4")
    assert len(store.tracks()) == 3


def test_what_is_not_a_store_is_refused(tmp_path):
    with pytest.raises(StoreError, match="does not exist"):
        open_store(tmp_path / "absent")
    with pytest.raises(StoreError, match="not a store"):
        open_store(tmp_path)
    (tmp_path / "store.json").write_text("{")
    with pytest.raises(StoreError, match="not a store"):
        open_store(tmp_path)
    (tmp_path / "store.json").write_text(json.dumps({"schema_version": 99}))
    with pytest.raises(StoreError, match="version 99"):
        open_store(tmp_path)


def test_damaged_files_say_which_and_what_to_do(tmp_path):
    store = create_store(tmp_path)
    entry = store.write(result(), paths=("in/a.mp4",))
    path = tmp_path / "tables" / entry.video_id / entry.run / "tracks.parquet"
    path.write_bytes(b"PAR1 nonsense")
    with pytest.raises(StoreError, match=r"damaged.*analyse in/a\.mp4 again"):
        store.tracks()
    path.unlink()
    with pytest.raises(StoreError, match="missing"):
        store.tracks()


def test_a_folder_with_other_files_is_not_taken_over(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(OutputError, match="not a store"):
        create_store(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["thesis.tex"]


def test_an_output_that_cannot_be_a_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot write"):
        create_store(tmp_path / "file" / "store")


def test_writing_leaves_the_runs_of_others_alone(tmp_path):
    store = create_store(tmp_path)
    store.write(result(), paths=("a.mp4",))
    others = tmp_path / "tables" / "a-01234567" / "a-run-of-another-process"
    others.mkdir()
    store.write(result(), paths=("a.mp4",))
    assert others.is_dir()


def test_a_clip_can_be_dropped(tmp_path):
    store = create_store(tmp_path)
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.mp4").write_bytes(b"x")
    store.drop_clip("a")
    store.drop_clip("a")
    assert store.clip_path("a") is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot write"):
        create_store(tmp_path / "store")


def test_an_entry_can_be_changed_without_its_tables(tmp_path):
    store = create_store(tmp_path)
    entry = store.write(result(), paths=("a.mp4",))
    entry = store.note(entry, paths=(*entry.paths, "b.mp4"))
    assert store.entries()["a-01234567"].paths == ("a.mp4", "b.mp4")


def test_the_manifest_is_not_read_once_a_video_for_every_piece(tmp_path, monkeypatch):
    store = make_store(tmp_path / "store")
    n = []
    monkeypatch.setattr("facestats.store.store.read_entries", lambda path: n.append(1) or read_entries(path))
    assert sum(len(piece) for piece in store.batches("observations")) == len(store.observations())
    export(store, "observations", format="csv", out=tmp_path / "o.csv")
    assert len(n) <= 5


def test_one_video_is_read_without_the_manifest_of_the_others(tmp_path, monkeypatch):
    store = make_store(tmp_path / "store")
    for module in ("store", "correctable"):  # a thousand reports would read a thousand entries each
        monkeypatch.setattr(f"facestats.store.{module}.read_entries", lambda _: pytest.fail("all entries were read"))
    one = open_store(store.path, video=PEOPLE)
    assert set(one.tracks()["video_id"]) == {PEOPLE}
    assert one.corrections().empty
    assert list(one.entries()) == [PEOPLE]


def test_a_condition_of_another_kind_is_one_line(tmp_path):
    store = make_store(tmp_path / "store")
    with pytest.raises(UsageError, match="where is not understood"):
        store.tracks(where=[("age_years", "==", "old")])
    assert store.tracks(columns="gender").columns.tolist() == ["gender"]


def test_an_entry_that_is_no_entry_is_named(tmp_path):
    store = make_store(tmp_path / "store", PEOPLE)
    (entry,) = (store.path / "entries").glob("*.json")
    entry.write_text("{}")
    with pytest.raises(StoreError, match="is not a manifest entry"):
        store.tracks()
    entry.unlink()
    assert store.tracks().empty


def test_a_video_is_found_whatever_unicode_form_its_name_has(tmp_path):
    import unicodedata

    from facestats.store.manifest import Entry
    from facestats.store.read import find_video

    stored, typed = unicodedata.normalize("NFD", "a/Zoë.mp4"), "Zoë.mp4"
    entries = {"Zoë-1": Entry("Zoë-1", "7f", None, (stored,), "ok")}
    for name in (typed, unicodedata.normalize("NFD", typed), "Zoë", unicodedata.normalize("NFD", "Zoë-1")):
        assert find_video(tmp_path, entries, name) == "Zoë-1"


def test_a_store_of_the_version_before_is_read_and_written_on(tmp_path):
    store = create_store(tmp_path)
    entry = store.write(result(), paths=("a.mp4",))
    path = tmp_path / "tables" / entry.video_id / entry.run / "videos.parquet"
    old = pq.read_table(path)
    pq.write_table(old.drop_columns(["recorded_at", "recorded_source"]), path)
    (tmp_path / "store.json").write_text(json.dumps({"schema_version": 4}))
    assert open_store(tmp_path).videos()["recorded_at"].isna().all()
    assert json.loads((tmp_path / "store.json").read_text()) == {"schema_version": 4}
    again = create_store(tmp_path)
    again.write(result("b-01234567"), paths=("b.mp4",))
    assert json.loads((tmp_path / "store.json").read_text()) == {"schema_version": schema.SCHEMA_VERSION}
    assert len(again.videos()) == 2


def test_a_store_from_before_a_table_was_thought_of_has_nothing_of_it(tmp_path):
    store = make_store(tmp_path / "s")
    entries = tmp_path / "s" / "entries"
    for path in (tmp_path / "s" / "tables").rglob("doubtful.parquet"):
        path.unlink()
    for path in entries.glob("*.json"):
        known = json.loads(path.read_text())
        del known["schema_version"]
        path.write_text(json.dumps(known))
    (tmp_path / "s" / "store.json").write_text(json.dumps({"schema_version": 4}))
    old = open_store(tmp_path / "s")
    assert old.read("doubtful").empty
    assert old.result(PEOPLE).doubtful.empty
    assert old.lacks(old.entries()[PEOPLE]) is None
    assert len(old.tracks()) == len(store.tracks())
    changed = old.replace_thumbnails(old.entries()[PEOPLE], schema.conform("thumbnails"))
    assert old.lacks(changed) is None
    assert old.thumbnails().empty


def make_old(store, video_id, version):
    """Give a video of a store the tables that an earlier version wrote."""
    entry = store.entries()[video_id]
    for table, former in (("tracks", former_names("tracks", version)), ("people", former_names("people", version))):
        path = store.path / "tables" / video_id / entry.run / f"{table}.parquet"
        old = pq.read_table(path)
        pq.write_table(old.rename_columns([former.get(name, name) for name in old.column_names]), path)
    noted = store.path / "entries" / f"{video_id}.json"
    noted.write_text(json.dumps(json.loads(noted.read_text()) | {"schema_version": version}))


def test_columns_of_stores_of_former_versions_are_read_under_their_present_names(tmp_path):
    store = make_store(tmp_path / "s")
    written = store.tracks()
    assert written["expression_share"].notna().sum() > 1
    make_old(store, PEOPLE, 5)  # the other videos stay as they are: a store holds both once it was written on
    for version in schema.READABLE_VERSIONS:
        (tmp_path / "s" / "store.json").write_text(json.dumps({"schema_version": version}))
        old = open_store(tmp_path / "s")
        pd.testing.assert_frame_equal(old.tracks(), written)
        pd.testing.assert_frame_equal(old.result(PEOPLE).tracks, written[written["video_id"] == PEOPLE])
        sure = written[written["expression_share"] > 0.5]
        found = old.tracks(columns=["track_id", "expression_share"], where=[("expression_share", ">", 0.5)])
        assert found["track_id"].tolist() == sure["track_id"].tolist()
        assert pd.concat(old.batches("tracks"))["expression_share"].tolist() == pytest.approx(
            written["expression_share"].tolist(), nan_ok=True
        )
        told = old.sql("select count(expression_share) as n, max(expression_share) as most from tracks")
        assert told["n"].item() == written["expression_share"].notna().sum()
        assert told["most"].item() == pytest.approx(written["expression_share"].max())
        assert old.people().empty


def test_an_old_store_is_corrected_and_exported_under_present_names(tmp_path):
    store = make_store(tmp_path / "s", PEOPLE)
    make_old(store, PEOPLE, 4)
    store.correct(PEOPLE, 2, expression="fear")
    row = store.tracks().set_index("track_id").loc[2]
    assert row["expression"] == "fear"
    assert pd.isna(row["expression_share"])  # nobody said how much of the time
    export(store, "tracks", out=tmp_path / "tracks.csv")
    header, *rows = (tmp_path / "tracks.csv").read_text().splitlines()
    assert "expression_share" in header.split(",")
    assert "expression_prob" not in header
    assert len(rows) == 4
    assert "share of the track's time in the most frequent expression" in (tmp_path / "columns.csv").read_text()


def test_who_asks_for_a_former_name_is_told_the_present_one(tmp_path):
    store = make_store(tmp_path / "s", PEOPLE)
    with pytest.raises(UnknownNameError, match="no column expression_prob; expression_prob is now expression_share"):
        store.tracks(columns=["expression_prob"])


def test_no_picture_of_what_may_be_a_face_is_left_when_pictures_go(tmp_path):
    store = create_store(tmp_path / "s")
    entry = store.write(with_doubtful(results()[PEOPLE], image=b"a face, perhaps"), paths=("people.mp4",))
    assert store.doubtful()["image"].item() == b"a face, perhaps"
    store.replace_thumbnails(entry, schema.conform("thumbnails"))
    assert store.read("doubtful")["image"].isna().all()
    assert len(store.read("doubtful")) == 1
    assert not [path for path in (tmp_path / "s").rglob("*") if path.is_file() and b"a face, per" in path.read_bytes()]


def test_a_folder_that_cannot_be_written_is_said_before_there_is_a_marker(tmp_path, monkeypatch):
    (tmp_path / "note.txt").touch()
    with pytest.raises(OutputError, match=r"^cannot write to .*: .*note\.txt is a file, and a folder is needed; name"):
        create_store(tmp_path / "note.txt" / "store")

    def refuse(_path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("facestats.store.store.check_writable", refuse)
    with pytest.raises(OutputError, match=r"^cannot write to .*: Permission denied; name another"):
        create_store(tmp_path / "store")
    assert not (tmp_path / "store").exists()
