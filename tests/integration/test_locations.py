"""Inputs and stores that lie elsewhere: in memory, and on an S3 server started by the test."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import commands
import fsspec
import pytest
from commands import NO_MODELS, NONE
from runs import make_videos, run, tables

from facestats.batch.collection import plan_collection
from facestats.errors import MissingInputError, StoreError, UsageError
from facestats.store.store import open_store

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = make_videos(tmp_path_factory.mktemp("in") / "videos", 2)
    (folder / "broken.mp4").write_text("no video\n" * 20)
    return folder


@pytest.fixture(scope="module")
def alone(videos, tmp_path_factory):
    """What a run on this machine gives."""
    return run(videos, tmp_path_factory.mktemp("alone"), workers=0, clips=True).store.path


@pytest.fixture
def memory():
    """An empty file system in memory."""
    files = fsspec.filesystem("memory")
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    """A bucket on an S3 server of this machine."""
    pytest.importorskip("moto")
    pytest.importorskip("s3fs")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("s3") / "log.txt"
    with log.open("w") as file, pytest.MonkeyPatch.context() as patch:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=file, stderr=file
        )
        for name, value in {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}.items():
            patch.setenv(name, value)
        try:
            for _ in range(300):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert server.poll() is None, log.read_text()
                time.sleep(0.1)
            fsspec.filesystem("s3").mkdir("faces")
            yield "s3://faces"
        finally:
            server.kill()
            server.wait()
            fsspec.filesystem("s3").clear_instance_cache()


def without_paths(found):
    found["videos"] = found["videos"].drop(columns="path")
    return found


def same_but_for_paths(one, other):
    one, other = without_paths(tables(one)), without_paths(tables(other))
    return all(table.equals(other[name]) for name, table in one.items())


def test_in_memory(videos, alone, memory):
    memory.put(str(videos), "memory://videos", recursive=True)
    result = run("memory://videos", "memory://store", clips=True)
    assert result.exit_code == 3
    assert [Path(path).name for path in result.store.videos()["path"]] == ["broken.mp4", "v00.mp4", "v01.mp4"]
    assert same_but_for_paths(alone, "memory://store")
    assert sorted(Path(path).suffix for path in memory.ls("memory://store/clips", detail=False)) == [".mp4", ".mp4"]
    again = run("memory://videos", "memory://store", clips=True)
    assert (again.analyzed, again.exit_code) == ((), 3)


def test_what_is_not_there_in_memory(memory):
    with pytest.raises(MissingInputError, match="memory://nothing"):
        run("memory://nothing", "memory://store")
    with pytest.raises(StoreError, match="memory://store does not exist"):
        open_store("memory://store")


def test_an_address_that_nothing_reaches_is_one_line(videos):
    with pytest.raises(UsageError, match="cannot reach nowhere://"):
        run(videos, "nowhere://store")


def test_on_s3_by_two_processes(videos, alone, s3, capsys):
    fsspec.filesystem("s3").put(str(videos), f"{s3}/videos", recursive=True)
    code, out, err = commands.run(capsys, "analyze", f"{s3}/videos", "--out", f"{s3}/store", "--workers", "2", *NONE)
    assert code == 3
    assert "3 analysed (2 ok, 1 failed)" in out
    assert "broken.mp4" in err
    assert same_but_for_paths(alone, f"{s3}/store")
    store = open_store(f"{s3}/store")
    assert store.sql("select count(*) as n from tracks join videos using (video_id)")["n"].item() == len(store.tracks())
    assert len(store.observations(columns=["score"], where=[("score", ">", 0.5)]).columns) == 1
    assert len(fsspec.filesystem("s3").ls(f"{s3}/store/clips")) == 2
    # Nothing is done twice, and nothing is even read again: S3 says itself what is in a file.
    tasks = plan_collection(f"{s3}/videos", out=f"{s3}/store", models=NO_MODELS)
    assert [task.action for task in tasks] == ["skip"] * 3
    assert run(f"{s3}/videos", f"{s3}/store", clips=True).analyzed == ()


def test_a_store_here_of_videos_there(videos, alone, s3, tmp_path):
    fsspec.filesystem("s3").put(str(videos / "v00.mp4"), f"{s3}/one/v00.mp4")
    run(f"{s3}/one/v00.mp4", tmp_path / "store")
    assert len(open_store(tmp_path / "store").tracks()) >= 1
    run([videos / "v00.mp4"], tmp_path / "here", workers=0)
    assert same_but_for_paths(tmp_path / "here", tmp_path / "store")


def test_the_same_content_is_one_video_wherever_it_lies(videos, memory, tmp_path):
    memory.put(str(videos / "v00.mp4"), "memory://a/other-name.mp4")
    result = run([str(videos / "v00.mp4"), "memory://a/other-name.mp4"], tmp_path / "store")
    assert len(result.video_ids) == 1
    (entry,) = result.store.entries().values()
    assert entry.paths == (str(videos / "v00.mp4"), "memory://a/other-name.mp4")


def test_one_video_from_elsewhere(videos, memory):
    import facestats as fs

    memory.put(str(videos / "v00.mp4"), "memory://a/v00.mp4")
    found = fs.analyze("memory://a/v00.mp4", models=NO_MODELS, progress=False)
    assert found.videos["path"].item() == "memory://a/v00.mp4"
    assert len(found.tracks) == len(fs.analyze(videos / "v00.mp4", models=NO_MODELS, progress=False).tracks)
    with pytest.raises(MissingInputError, match=r"memory://a/absent\.mp4 does not exist"):
        fs.analyze("memory://a/absent.mp4", models=NO_MODELS, progress=False)


def test_addresses_of_this_machine_are_paths(videos, tmp_path):
    run(f"file://{videos / 'v00.mp4'}", f"file://{tmp_path / 'store'}", workers=0)
    assert len(open_store(tmp_path / "store").videos()) == 1
