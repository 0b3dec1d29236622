"""A long video that several processes do in chunks gives what it gives as a whole; whatever becomes of them."""

import sys
from unittest import mock

import numpy as np
import pytest
from runs import check_same
from synth import write_video

from facestats.batch.collection import analyze_collection
from facestats.errors import OutputError
from facestats.store.layout import CHUNKS
from facestats.synth.faces import people
from facestats.synth.scenario import Scenario
from facestats.synth.video import write_video as write_synthetic

LOGGING_WORKER = """
import os
import facestats.analysis.inputs as inputs
import facestats.batch.answers as answers
perform = answers.perform
def logged(job, bench):
    kind = type(job).__name__ + str(getattr(job, "number", ""))
    with open({log!r}, "a") as log:
        log.write(kind + "\\n")
    if kind == {bad!r}:
        os.kill(os.getpid(), 9)
    return perform(job, bench)
answers.perform = logged
sampled = inputs.sampled
def sample(*given, **named):
    with open({log!r}, "a") as log:
        log.write("samples\\n")
    return sampled(*given, **named)
inputs.sampled = sample
from facestats.batch.worker import main
main()
"""


@pytest.fixture
def workers(tmp_path, monkeypatch):
    """Let workers write down what they are given; returns how to let one crash over it, and how to read it."""
    log, script = tmp_path / "log.txt", tmp_path / "worker.py"

    def crash_over(bad):
        script.write_text(LOGGING_WORKER.format(log=str(log), bad=bad))

    def read():
        told = sorted(log.read_text().split()) if log.exists() else []
        log.unlink(missing_ok=True)
        return told

    crash_over("nothing")
    monkeypatch.setattr("facestats.batch.workers._COMMAND", (sys.executable, str(script)))
    return crash_over, read


@pytest.fixture
def cut_off():
    """The run ends at once where a video would be given up."""
    return mock.patch("facestats.batch.ledger.Ledger.give_up", side_effect=KeyboardInterrupt)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Two and a half minutes of two people, with cuts."""
    scenario = Scenario("film", people=2, seconds=150, fps=5, width=240, height=160, face_px=(30, 50), shots=3, seed=3)
    return write_synthetic(scenario, people(None, 6), tmp_path_factory.mktemp("film")).path


def run(inputs, out, **how):
    models = {"expression": "none", "makeup": "none"}
    how = {"rate": 2, "people": True, **how}
    return analyze_collection(inputs, out=out, progress=False, models=models, clips=False, **how)


@pytest.fixture(scope="module")
def whole(film, tmp_path_factory):
    return run(film, tmp_path_factory.mktemp("whole"), workers=0).store


def test_in_chunks_it_is_the_same(film, whole, tmp_path, workers):
    _, told = workers
    store = run(film, tmp_path / "store", workers=2).store
    assert told() == ["AnalyzeJob", "ChunkJob0", "ChunkJob1", "HashJob", "JoinJob", "samples", "samples"]
    assert len(whole.tracks()) > len(whole.people()) >= 2
    check_same(store.path, whole.path)
    assert not (store.path / CHUNKS).exists()


def test_a_chunk_that_is_lost_fails_its_video_alone(film, tmp_path, workers):
    crash_over, told = workers
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "film.mp4").symlink_to(film)
    write_video(folder / "short.mp4", [0.0, 0.1])
    crash_over("ChunkJob1")
    result = run(folder, tmp_path / "store", workers=2)
    assert "film.mp4: the program crashed (SIGKILL)" in "\n".join(result.problems)
    assert result.exit_code == 3
    videos = result.store.videos().set_index("path")["status"]
    assert videos[str(folder / "short.mp4")] == "ok"
    assert videos[str(folder / "film.mp4")] == "failed"
    assert "JoinJob" not in told()


def test_chunks_of_a_run_that_was_cut_off_are_not_analysed_again(film, whole, tmp_path, workers, cut_off):
    crash_over, told = workers
    crash_over("JoinJob")
    with cut_off, pytest.raises(KeyboardInterrupt):
        run(film, tmp_path / "store", workers=2)
    assert told() == ["AnalyzeJob", "ChunkJob0", "ChunkJob1", "HashJob", "JoinJob", "samples", "samples"]
    files = list((tmp_path / "store" / CHUNKS).rglob("*.npz"))
    assert len(files) == 2
    for path in files:  # which faces may be compared, but neither their pictures nor embeddings
        with np.load(path) as archive:
            assert len(archive["chosen"])
            assert not any(
                array.shape[1:] in ((48, 48, 3), (64, 64, 3), (80, 80, 3), (128,)) for array in archive.values()
            )
            assert not [name for name in archive if "portrait" in name or "embedding" in name]
    crash_over("nothing")
    store = run(film, tmp_path / "store", workers=2).store
    assert told() == ["AnalyzeJob", "ChunkJob0", "ChunkJob1", "HashJob", "JoinJob"]
    check_same(store.path, whole.path)


@pytest.mark.slow  # a minute of a film, three times
def test_where_chunks_have_no_room_it_is_told_and_those_that_had_are_not_analysed_again(
    film, whole, tmp_path, workers, disk
):
    _, told = workers
    store = disk("size=2500k") / "store"
    with pytest.raises(OutputError, match="No space left on device") as raised:
        run(film, store, workers=2)
    assert len(str(raised.value).splitlines()) == 1
    assert told().count("samples") == 2
    assert len(list((store / CHUNKS).rglob("*.npz"))) <= 1
    disk("remount,size=20m")
    run(film, store, workers=2)
    assert told().count("samples") <= 2
    check_same(store, whole.path)
    assert not (store / CHUNKS).exists()


@pytest.mark.slow
def test_other_options_are_other_chunks(film, tmp_path, workers, cut_off):
    crash_over, told = workers
    crash_over("JoinJob")
    with cut_off, pytest.raises(KeyboardInterrupt):
        run(film, tmp_path / "store", workers=2, rate=1)
    told()
    crash_over("nothing")
    store = run(film, tmp_path / "store", workers=2, rate=0.5).store
    assert told().count("samples") == 2
    assert store.videos()["n_sampled"].item() < 80
    assert not (tmp_path / "store" / CHUNKS).exists()


def test_a_part_is_the_same_in_chunks_as_in_one_go(film, tmp_path):
    part = {"from_s": 70.0, "to_s": 80.0, "region": ("left=0,0,50%,100%", "right=50%,0,50%,100%")}
    alone = run(film, tmp_path / "alone", workers=0, **part).store
    store = run(film, tmp_path / "store", workers=2, **part).store
    assert alone.frames()["time_s"].between(70, 80, inclusive="left").all()
    assert len(alone.frames()) == 20
    check_same(store.path, alone.path)
    late = run(film, tmp_path / "late", workers=2, from_s=500.0)
    assert "shows nothing from 500 s on: it lasts 150.0 s" in late.problems[0]
