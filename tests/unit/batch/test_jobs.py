import pickle
from dataclasses import replace

import pytest
from commands import NO_MODELS
from synth import regular_times, write_video

from facestats.analysis.stages import load_stages
from facestats.batch.answers import Bench, Identified, Lost, Outcome, perform
from facestats.batch.jobs import AnalyzeJob, ChunkJob, DrawJob, HashJob, chunk_path
from facestats.batch.plan import Planner
from facestats.options import AnalyzeOptions
from facestats.store.store import create_store
from facestats.video.discovery import Input
from facestats.video.identity import content_of
from facestats.video.spans import Span


@pytest.fixture(scope="module")
def stages():
    return load_stages(AnalyzeOptions(models=NO_MODELS))


@pytest.fixture
def bench(stages):
    return Bench(stages, lambda progress: None)


@pytest.fixture
def job(tmp_path, stages):
    """The job that analyses a video of eight frames."""
    item = Input(str(write_video(tmp_path / "clip.mp4", regular_times(8, 10))))
    task = Planner({}, stages.options, stages.models).decide(item, content_of(item))
    return AnalyzeJob(task, str(create_store(tmp_path / "store").path))


def test_a_job_travels_and_says_what_became_of_its_video(job, bench):
    outcome = perform(pickle.loads(pickle.dumps(job)), bench)
    assert isinstance(outcome, Outcome)
    assert outcome.trouble == ()
    assert len(job.store.frames()) == 8
    assert job.store.clip_path(job.task.video_id).is_file()


def test_hashing_says_what_an_input_holds(job, bench):
    assert perform(HashJob(job.item), bench) == Identified(job.task.content)


def test_a_clip_is_drawn_from_the_tables_alone(job, bench):
    perform(job, bench)
    before = job.store.entries()[job.task.video_id].run
    job.store.drop_clip(job.task.video_id)
    assert isinstance(perform(DrawJob(job.task, job.place), bench), Outcome)
    assert job.store.clip_path(job.task.video_id).is_file()
    assert job.store.entries()[job.task.video_id].run == before


def test_what_is_wrong_with_the_input_is_an_answer(job, bench, tmp_path):
    (tmp_path / "clip.mp4").write_text("no video any more")
    assert isinstance(perform(job, bench), Lost)
    assert "entry" in perform(DrawJob(job.task, job.place), bench).why


def test_a_chunk_has_a_file_of_its_own_for_each_content_and_option(job, stages):
    chunk = ChunkJob(job.task, job.place, 3, Span())
    path = chunk_path(chunk, stages, 3)
    assert path.name == "00003.npz"
    rarely = replace(stages, options=replace(stages.options, rate=1.0))
    drawn = replace(stages, options=replace(stages.options, clips=False))
    assert chunk_path(chunk, rarely, 3).parent != path.parent
    assert chunk_path(chunk, drawn, 3) == path
