"""Runs in several processes: what they give, and what becomes of videos that hang or crash."""

import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from commands import NO_MODELS
from runs import check_same, make_videos, run
from synth import regular_times, write_video

from facestats.errors import StoreError, UsageError
from facestats.store.locking import locked
from facestats.store.store import open_store
from facestats.tables import schema

ODD_WORKER = """
import os, sys, time
import facestats.batch.jobs as jobs
from facestats.analysis.progress import Act, Progress
run = jobs.AnalyzeJob.run
def odd(job, bench):
    name = os.path.basename(job.item.path)
    with open({log!r}, "a") as log:
        log.write(name + "\\n")
    if "hang" in name:
        bench.report(Progress(Act.ANALYZE, 0))
        time.sleep(300)
    if "crash" in name:
        os.kill(os.getpid(), 11)
    if "exit" in name:
        sys.exit("out of luck")
    try:
        return run(job, bench)
    finally:
        with open({log!r}, "a") as log:
            log.write("finished:" + name + "\\n")
jobs.AnalyzeJob.run = odd
from facestats.batch.worker import main
main()
"""


#: Dies while it draws a clip.
DYING_WORKER = """
import os
import facestats.analysis.inputs as inputs
def die(*_, **__):
    os.kill(os.getpid(), 9)
inputs.NearInput.draw = die
from facestats.batch.worker import main
main()
"""

#: The command line, whose workers are odd ones.
ODD_PROGRAM = """
import sys
from facestats.batch import workers
from facestats.cli import main
workers._COMMAND = (sys.executable, {script!r})
main()
"""


@pytest.fixture
def odd_workers(tmp_path, monkeypatch):
    """Workers that hang or crash over videos called so; the file that they write the name of each video into."""
    log, script = tmp_path / "log.txt", tmp_path / "odd.py"
    script.write_text(ODD_WORKER.format(log=str(log)))
    monkeypatch.setattr("facestats.batch.workers._COMMAND", (sys.executable, str(script)))
    return log


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = make_videos(tmp_path_factory.mktemp("in") / "videos", 5)
    (folder / "broken.mp4").write_text("no video\n" * 20)
    return folder


@pytest.fixture
def two_videos(videos):
    return [videos / "v00.mp4", videos / "v01.mp4"]


def test_processes_give_the_same_as_one_process(videos, tmp_path):
    alone = run(videos, tmp_path / "alone", workers=0)
    together = run(videos, tmp_path / "together", workers=2)
    assert alone.exit_code == together.exit_code == 3
    assert alone.problems == together.problems
    assert alone.video_ids == together.video_ids
    assert len(alone.store.tracks()) >= 5
    check_same(tmp_path / "alone", tmp_path / "together")


def test_who_hangs_crashes_or_exits_is_recorded_and_the_others_go_on(videos, tmp_path, odd_workers):
    folder = tmp_path / "videos"
    shutil.copytree(videos, folder)
    for number, name in enumerate(("hang", "crash", "exit")):
        write_video(folder / f"{name}.mp4", regular_times(5 + number, 10))
    result = run(folder, tmp_path / "store", workers=2, timeout=10)
    status = result.store.videos().set_index("path")["status"]
    assert (status == "ok").sum() == 5
    said = "\n".join(result.problems)
    assert "hang.mp4: no progress for 10 s" in said
    assert "crash.mp4: the program crashed (SIGSEGV)" in said
    assert "exit.mp4: the program ended with out of luck" in said
    entry = next(each for each in result.store.entries().values() if each.paths[0].endswith("crash.mp4"))
    assert (entry.status, entry.tries) == ("failed", 1)

    # The same again leaves all of them alone; when asked for, those that failed are tried again.
    odd_workers.unlink()
    again = run(folder, tmp_path / "store", workers=2, timeout=10)
    assert (again.analyzed, again.exit_code, odd_workers.exists()) == ((), 3, False)
    assert any("failed once (the program crashed (SIGSEGV)); --retry-failed" in line for line in again.problems)
    run(folder, tmp_path / "store", workers=1, timeout=10, retry_failed=True)
    told = odd_workers.read_text().split()
    assert sorted(told) == ["broken.mp4", "crash.mp4", "exit.mp4", "finished:broken.mp4", "hang.mp4"]
    assert open_store(tmp_path / "store").entries()[entry.video_id].tries == 2


def test_workers_that_cannot_start_are_an_error_and_nothing_hangs(videos, tmp_path, monkeypatch):
    monkeypatch.setattr("facestats.batch.workers._COMMAND", (sys.executable, "-c", "import nothing_of_that_name"))
    with pytest.raises(Exception, match="No module named 'nothing_of_that_name'"):
        run([videos / "v00.mp4", videos / "v01.mp4"], tmp_path / "store", workers=2)


def test_wrong_numbers_are_refused(videos, tmp_path):
    with pytest.raises(UsageError, match="workers must be"):
        run(videos, tmp_path / "s", workers=-1)
    with pytest.raises(UsageError, match="timeout must be"):
        run(videos, tmp_path / "s", timeout=0)


def test_two_runs_on_one_store_are_refused_and_the_first_loses_nothing(videos, tmp_path):
    store = tmp_path / "store"
    run([videos / "v00.mp4"], store, workers=0)
    with locked(store), pytest.raises(StoreError, match="another run is writing"):
        run(videos, store, workers=0)
    assert len(open_store(store).videos()) == 1


def killed_again_and_again(folder, store, *, kills, seed, workers="2", program=("-m", "facestats")):
    """Run the command line, kill it at random moments so often, then let it finish; return the last exit code."""
    command = [sys.executable, *program, "analyze", str(folder), "--out", str(store), "--no-clips", "--timeout", "10"]
    for name in NO_MODELS:
        command += ["--model", f"{name}=none"]
    command += ["--workers", workers]
    rng = np.random.default_rng(seed)
    for _ in range(kills):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(1.5, 5.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if (store / "store.json").exists():
            for name in schema.TABLES:  # it opens, and what is in it is whole
                schema.validate(name, open_store(store).read(name))
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


@pytest.mark.parametrize("workers", ["2", pytest.param("0", marks=pytest.mark.slow)])
def test_a_run_that_is_killed_goes_on_and_ends_like_one_that_was_not(tmp_path, workers):
    folder = make_videos(tmp_path / "videos", 8)
    (folder / "broken.mp4").write_text("no video\n" * 20)
    assert killed_again_and_again(folder, tmp_path / "killed", kills=2, seed=1, workers=workers) == 3
    run(folder, tmp_path / "whole", workers=0)
    check_same(tmp_path / "whole", tmp_path / "killed")
    runs = [list(each.iterdir()) for each in (tmp_path / "killed" / "tables").iterdir()]
    assert [len(each) for each in runs] == [1] * 9  # nothing is left of what was cut off


@pytest.mark.slow
def test_forty_clips_killed_five_times(tmp_path, odd_workers):
    folder = make_videos(tmp_path / "videos", 37)
    for name in ("broken", "torn", "hang"):
        (folder / f"{name}.mp4").write_bytes((folder / "v00.mp4").read_bytes()[:2000] + name.encode())
    program = tmp_path / "program.py"
    program.write_text(ODD_PROGRAM.format(script=str(tmp_path / "odd.py")))
    assert killed_again_and_again(folder, tmp_path / "killed", kills=5, seed=2, program=(str(program),)) == 3
    told = odd_workers.read_text().split()
    # A file that cannot be read is noted by the program itself: killed just before, it is tried once more.
    finished = [line for line in told if line.startswith("finished:v")]
    assert len(finished) == len(set(finished)) >= 36  # one may have been finished without having been able to say so
    for line in finished:  # nothing that was finished was begun again
        assert line.removeprefix("finished:") not in told[told.index(line) :]
    result = run(folder, tmp_path / "whole", workers=2, timeout=10)
    assert "hang.mp4: no progress for 10 s" in "\n".join(result.problems)
    check_same(tmp_path / "whole", tmp_path / "killed")


def test_a_clip_that_crashes_its_worker_costs_no_tables(two_videos, tmp_path, monkeypatch):
    whole = run(two_videos, tmp_path / "whole", workers=0)
    script = tmp_path / "dying.py"
    script.write_text(DYING_WORKER)
    monkeypatch.setattr("facestats.batch.workers._COMMAND", (sys.executable, str(script)))
    for _ in range(2):  # drawn with the analysis, then alone
        result = run(two_videos, tmp_path / "store", workers=2, clips=True)
        assert result.exit_code == 3
        assert [line.split(": ", 1)[1] for line in result.problems] == ["no clip: the program crashed (SIGKILL)"] * 2
        assert result.store.videos()["status"].tolist() == ["ok", "ok"]
        assert len(result.store.tracks()) == len(whole.store.tracks())


def test_the_first_of_several_copies_gives_its_name(videos, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    with (folder / "a.mp4").open("wb") as file:  # takes longer to read than the small one before b
        file.write((videos / "v00.mp4").read_bytes() + bytes(50_000_000))
    shutil.copy(folder / "a.mp4", folder / "b.mp4")
    for number in range(2):
        result = run(folder, tmp_path / str(number), workers=2)
        assert [video_id.split("-")[0] for video_id in result.video_ids] == ["a"]
        assert result.copies == (f"{folder / 'b.mp4'} is a copy of {folder / 'a.mp4'}: analysed once",)


def test_what_lies_in_the_current_folder_is_no_part_of_the_program(two_videos, tmp_path, monkeypatch):
    (tmp_path / "queue.py").write_text("raise RuntimeError('my own module')\n")
    monkeypatch.chdir(tmp_path)
    assert run(two_videos, tmp_path / "store", workers=2).exit_code == 0
