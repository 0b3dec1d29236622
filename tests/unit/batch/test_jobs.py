import pickle
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from commands import NO_MODELS
from stores import PEOPLE, make_store
from synth import regular_times, write_video

from facestats.analysis.chunks import pack, unpack
from facestats.analysis.stages import load_stages
from facestats.batch.answers import Bench, Identified, Lost, Outcome, perform
from facestats.batch.jobs import AnalyzeJob, ChunkJob, DrawJob, HashJob, JoinJob, chunk_path
from facestats.batch.plan import Action, Planner, Task
from facestats.options import AnalyzeOptions
from facestats.store.store import create_store
from facestats.tables import schema
from facestats.video.discovery import Input
from facestats.video.identity import Content, content_of
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


def test_thumbnails_are_cut_of_the_tracks_as_they_were_analysed(tmp_path, stages, monkeypatch):
    store = make_store(tmp_path / "store")
    before = store.observations(where=[("video_id", "==", PEOPLE)])["track_id"]
    store.correct(PEOPLE, 2, merge=3)
    store.correct(PEOPLE, 4, reject=True)
    cut = []

    class Near:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def cut_thumbnails(self, observations):
            cut.append(observations)
            return schema.conform("thumbnails")

    monkeypatch.setattr(DrawJob, "_near", lambda *_: Near())
    entry = store.entries()[PEOPLE]
    store.note(entry, options={**entry.options, "thumbnails": False})
    task = Task(Input("people.mp4"), PEOPLE, Content(entry.sha256), Action.DRAW, "", entry.paths, {})
    options = replace(stages.options, clips=False)
    perform(DrawJob(task, str(store.path)), Bench(replace(stages, options=options), lambda progress: None))
    (observations,) = cut
    assert observations["track_id"].value_counts().to_dict() == before.value_counts().to_dict()


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


def test_chunks_of_other_frames_than_the_videos_go_and_others_stay(job, bench, stages, tmp_path):
    span = Span()
    perform(ChunkJob(job.task, job.place, 0, span), bench)
    path = chunk_path(job, stages, 0)
    chunk = replace(unpack(path.read_bytes()), chosen=np.array([[99, 0]]))  # a face in a frame that is not there
    path.write_bytes(pack(chunk))
    join, clip = JoinJob(job.task, job.place, (span,), datetime.now(UTC)), tmp_path / "clip.mp4"
    content = clip.read_bytes()
    clip.write_bytes(b"no video for now")
    assert isinstance(perform(join, bench), Lost)
    assert path.is_file()
    clip.write_bytes(content)
    assert perform(join, bench) == Lost("its frames are not those of before: analyse it again")
    assert not path.parent.exists()
