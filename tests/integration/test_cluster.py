"""A real dask scheduler with real worker processes gives what one process gives, even when one of them is killed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from commands import run
from runs import check_same, make_videos

from facestats.batch.collection import analyze_collection
from facestats.errors import UsageError

pytest.importorskip("distributed")


@pytest.fixture
def cluster(tmp_path):
    """The address of a scheduler, and its two single-threaded workers."""
    file = tmp_path / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    scheduler = subprocess.Popen([*command, "--scheduler-file", str(file)], **quiet)
    workers = []
    try:
        while not file.exists():
            assert scheduler.poll() is None
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny"]
        workers = [subprocess.Popen([*command, "--no-dashboard"], **quiet) for _ in range(2)]
        yield address, workers
    finally:
        for process in [*workers, scheduler]:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = make_videos(tmp_path_factory.mktemp("in") / "videos", 6)
    (folder / "broken.mp4").write_text("no video\n" * 20)
    return folder


def test_one_of_two_workers_is_killed_half_way_and_nothing_is_lost(videos, tmp_path, cluster, capsys):
    address, (victim, _) = cluster
    store = tmp_path / "store"

    def kill_one():
        while not list(store.glob("entries/*.json")):
            time.sleep(0.02)
        os.kill(victim.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    code, out, _ = run(capsys, "analyze", videos, "--out", store, "--scheduler", address, "--no-clips")
    killer.join()
    assert code == 3
    assert "7 analysed (6 ok, 1 failed)" in out
    assert victim.wait() == -signal.SIGKILL
    alone = analyze_collection(videos, out=tmp_path / "alone", workers=0, progress=False, clips=False)
    assert len(alone.store.tracks()) >= 6
    check_same(tmp_path / "alone", store)


@pytest.mark.slow
def test_a_video_that_hangs_is_given_up(videos, tmp_path, cluster):
    address, _ = cluster
    # Nothing is heard of work that has begun: so it is with a time limit shorter than a worker needs to load models.
    result = analyze_collection(
        videos / "v00.mp4", out=tmp_path / "store", scheduler=address, timeout=0.01, progress=False, clips=False
    )
    assert result.exit_code == 3
    assert "no progress for 0.01 s" in result.problems[0]


def test_no_scheduler_is_one_line(videos, tmp_path, monkeypatch):
    monkeypatch.setattr("facestats.batch.cluster._CONNECTS_WITHIN_S", 1.0)
    with pytest.raises(UsageError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"):
        analyze_collection(videos, out=tmp_path / "store", scheduler="tcp://127.0.0.1:9", progress=False)
    with pytest.raises(UsageError, match="has workers of its own"):
        analyze_collection(videos, out=tmp_path / "store", scheduler="tcp://127.0.0.1:9", workers=2, progress=False)
    with pytest.raises(UsageError, match="memory:// is seen by this process alone"):
        analyze_collection(videos, out="memory://store", scheduler="tcp://127.0.0.1:9", progress=False)
