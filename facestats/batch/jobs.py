"""The jobs of a run: hash, analyse, chunk, join, draw. Each is plain data that can be pickled and run anywhere.

A long video may be analysed in chunks, apart from each other: what is found in each is left in a file of the store, and
a last job joins them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from zipfile import BadZipFile

import pandas as pd

from facestats._util.locations import is_remote, location, remove, write_whole
from facestats.analysis.chunks import Chunk, JoinedChunks, pack, unpack
from facestats.analysis.inputs import NearInput
from facestats.analysis.pipeline import AnalyzedVideo, assembled
from facestats.analysis.progress import Act, Progress
from facestats.analysis.sampling import keeps_thumbnails
from facestats.analysis.stages import Stages
from facestats.batch.answers import INPUT_ERRORS, Bench, Chunks, Desk, Identified, Lost, Outcome, Sampled
from facestats.batch.plan import Drawing, Task
from facestats.clips import Annotator
from facestats.errors import OtherFramesError, OutputError, StoreError, UnreadableInputError
from facestats.options import AnalyzeOptions, described
from facestats.store.annotation.files import rewrite_subtitles
from facestats.store.drawn import corrections_mark, note_drawn
from facestats.store.lacks import Part
from facestats.store.layout import CHUNKS
from facestats.store.manifest import Entry, read_entry
from facestats.store.read import attempt, dataset
from facestats.store.store import Store
from facestats.tables import schema
from facestats.tables.arrow import from_arrow
from facestats.tables.presence import DRAWN_COLUMNS
from facestats.tables.verdicts import threshold_of
from facestats.tables.video_tables import frame_size
from facestats.types import Float32
from facestats.video.discovery import Input
from facestats.video.identity import content_of
from facestats.video.spans import Span

_CUT_COLUMNS = ("video_id", "frame", "time_s", "track_id", "score", "sharpness", "x", "y", "w", "h")


@dataclass(frozen=True)
class HashJob:
    """Read an input only to know what it holds."""

    item: Input

    def run(self, bench: Bench) -> Identified:
        """See :class:`.answers.Job`."""
        return Identified(content_of(self.item, lambda n_bytes: bench.report(Progress(Act.READ, n_bytes >> 20))))

    def give_up(self, why: str, desk: Desk) -> None:
        """See :class:`.answers.Job`."""
        desk.unread(self.item, why)

    def progressed(self, progress: Progress, desk: Desk) -> None:
        """See :class:`.answers.Job`."""
        desk.progressed(self.item, progress)


@dataclass(frozen=True)
class VideoJob:
    """A job whose video and task are known, and the folder or address of the store."""

    task: Task
    place: str

    @property
    def item(self) -> Input:
        """The input."""
        return self.task.item

    @property
    def store(self) -> Store:
        """The store that the tables are written to."""
        return Store(location(self.place))

    def give_up(self, why: str, desk: Desk) -> None:
        """See :class:`.answers.Job`."""
        desk.give_up(self.task, why)

    def progressed(self, progress: Progress, desk: Desk) -> None:
        """See :class:`.answers.Job`."""
        desk.progressed(self.item, progress)

    def _near(self, bench: Bench) -> NearInput:
        return NearInput(self.item, bench.stages, bench.report, keeps_live=bench.stages.options.clips)

    def _write(self, found: AnalyzedVideo, stages: Stages) -> Entry:
        """Write the tables, which become visible all at once."""
        store, task = self.store, self.task
        store.drop_clip(task.video_id)  # an old clip may show what the new options hide
        options = stages.options.to_dict()
        return store.write(found, paths=task.paths, files=task.files, options=options, models=stages.models)

    def _with_clip(self, entry: Entry, near: NearInput, stages: Stages) -> Outcome:
        """Draw the clip, if one is wanted, and return what became of the video.

        After the tables: a clip that cannot be written must cost neither what was found nor the other inputs.
        """
        trouble = (entry.error,) if entry.error else ()
        if not stages.options.clips or entry.status == "failed":
            return Outcome(entry, trouble)
        one = Store(location(self.place), entry.video_id)
        try:
            mark = corrections_mark(one.path, entry.video_id)
        except StoreError as error:  # what is drawn without them would show what somebody has put right
            return Outcome(entry, (*trouble, f"no new clip: {error.reason}"))
        annotator = Annotator(
            observations=one.batches("observations", columns=DRAWN_COLUMNS),
            tracks=one.tracks(),
            frames=one.frames(columns=["frame", "time_s", "shot"]),
            threshold=threshold_of(entry.thresholds, "expression"),
            size=frame_size(one.videos()),
        )
        try:
            with _made_in(one.path / "clips") as folder:
                near.draw(annotator, folder / entry.video_id)
        except (OutputError, *INPUT_ERRORS) as error:
            return Outcome(entry, (*trouble, f"no clip: {error.reason}"))
        try:
            rewrite_subtitles(one)  # before the note: what could not be written is tried again with it
            note_drawn(one.path, entry.video_id, mark)
        except OutputError as error:
            return Outcome(entry, (*trouble, f"its clip is drawn, but not all beside it is written: {error.reason}"))
        return Outcome(entry, trouble)


@dataclass(frozen=True)
class AnalyzeJob(VideoJob):
    """Analyse a video, write its tables, and draw its clip."""

    def run(self, bench: Bench) -> Outcome | Chunks:
        """See :class:`.answers.Job`."""
        item = self.item
        # What lies elsewhere is fetched for every job, which is worth the while once.
        self._hide_faces(bench.stages)
        may_split = bench.splits and not (item.is_live or item.is_sequence or is_remote(item.path))
        with self._near(bench) as near:
            with near.opened() as source:
                spans = source.spans()
                if may_split and len(spans) > 1:
                    return Chunks(spans, source.info.n_frames_expected)
                with near.analyzed(source, self.task.identity, spans=spans, on_frame=bench.on_frame) as found:
                    entry = self._write(found, bench.stages)
            return self._with_clip(entry, near, bench.stages)

    def _hide_faces(self, stages: Stages) -> None:
        """Delete what shows faces that are to be unrecognisable from now on, before anything else is done."""
        store, entry = self.store, read_entry(self.store.path, self.task.video_id)
        if entry is None or not stages.options.blur or entry.options.get("blur"):
            return
        store.drop_clip(entry.video_id)
        if entry.status != "failed" and store.lacks(entry) is not Part.TABLES:
            store.replace_thumbnails(entry, schema.conform("thumbnails"), options={**entry.options, "blur": True})


@dataclass(frozen=True)
class DrawJob(VideoJob):
    """Draw, cut or delete the clip and the thumbnails of a video whose tables stay as they are."""

    def run(self, bench: Bench) -> Outcome | Lost:
        """See :class:`.answers.Job`."""
        store, task, stages = self.store, self.task, bench.stages
        entry = read_entry(store.path, task.video_id)
        if entry is None:
            return Lost("its entry in the store has gone; run it again")
        options = stages.options.to_dict()
        before, after = Drawing.of(entry.options), Drawing.of(options)
        drawn = {name: options[name] for name, option in described(AnalyzeOptions).items() if option.affects == "drawn"}
        changes = {
            "options": {**entry.options, **drawn},
            "paths": task.paths,
            "files": task.files,
            "missing_since": None,
            "replaced_since": None,
        }
        # What the new options hide goes before they are noted, and what they allow is made afterwards.
        if not after.clip or before.blur != after.blur:
            store.drop_clip(entry.video_id)
        if before.thumbnails == after.thumbnails:
            entry = store.note(entry, **changes)
        else:
            thumbnails = self._thumbnails(bench, entry) if after.thumbnails else schema.conform("thumbnails")
            entry = store.replace_thumbnails(entry, thumbnails, **changes)
        has_clip = store.clip_path(entry.video_id) is not None
        if not after.clip or (has_clip and store.lacks(entry) is None):
            return Outcome(entry, (entry.error,) if entry.error else ())
        with self._near(bench) as near:
            return self._with_clip(entry, near, stages)

    def _thumbnails(self, bench: Bench, entry: Entry) -> pd.DataFrame:
        # Of the tracks as they were analysed: what was corrected by hand is applied when they are read.
        rows = dataset(self.store.path, [entry], "observations")
        found = attempt(lambda: rows.to_table(columns=list(_CUT_COLUMNS)), self.store.path, lambda: [entry])
        with self._near(bench) as near:
            return near.cut_thumbnails(from_arrow("observations", found, _CUT_COLUMNS))


@dataclass(frozen=True)
class ChunkJob(VideoJob):
    """Find the faces in one chunk of a video, and leave them in a file of the store.

    Attributes
    ----------
    number : int
    span : Span
    """

    number: int
    span: Span

    def run(self, bench: Bench) -> Sampled:
        """See :class:`.answers.Job`; what a run before this one has left is not done again."""
        path = chunk_path(self, bench.stages, self.number)
        if path.is_file():
            with contextlib.suppress(OSError, ValueError, KeyError, BadZipFile):  # then it is done again
                return Sampled(unpack(path.read_bytes()).tally.n_decoded)
        with self._near(bench) as near:
            chunk, embeddings = near.chunk(self.span)
        try:
            write_whole(path, pack(chunk))
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from None
        return Sampled(chunk.tally.n_decoded, embeddings if bench.answers_stay_in_memory else None)

    def give_up(self, why: str, desk: Desk) -> None:
        """See :class:`.answers.Job`."""
        desk.lost_chunk(self.task, why)

    def progressed(self, progress: Progress, desk: Desk) -> None:
        """See :class:`.answers.Job`."""
        desk.progressed_chunk(self.task, self.number, progress.n_done)


@dataclass(frozen=True)
class JoinJob(VideoJob):
    """Put the chunks of a video together, write its tables, and draw its clip.

    Attributes
    ----------
    spans : tuple of Span
        Of the chunks.
    started_at : datetime.datetime
        When the first of them was begun, UTC.
    embeddings : mapping of int to numpy.ndarray
        By the number of the chunk, see :class:`.answers.Sampled`; what is missing is made from the video, read again.
    """

    spans: tuple[Span, ...]
    started_at: datetime
    embeddings: Mapping[int, Float32] = field(default_factory=dict, repr=False, compare=False)

    def run(self, bench: Bench) -> Outcome:
        """See :class:`.answers.Job`."""

        def load(number: int) -> Chunk:
            bench.report(Progress(Act.JOIN, number, len(self.spans)))
            path = chunk_path(self, bench.stages, number)
            try:
                return unpack(path.read_bytes())
            except (OSError, ValueError, KeyError, BadZipFile) as error:
                raise UnreadableInputError(f"cannot read the chunk {path}: {error}; try again") from None

        with self._near(bench) as near:

            def embed(number: int, chunk: Chunk) -> Float32:
                if (known := self.embeddings.get(number)) is not None:
                    return known
                try:
                    return near.embed_chosen(chunk, self.spans[number])
                except OtherFramesError:  # the next run must not meet the same chunks again
                    remove(chunk_path(self, bench.stages, 0).parent)
                    raise

            chunks = JoinedChunks(len(self.spans), load, embed)
            how = chunks, self.task.identity, bench.stages
            with assembled(chunks.items(), *how, started_at=self.started_at) as found:
                entry = self._write(found, bench.stages)
                remove(chunk_path(self, bench.stages, 0).parent)
                return self._with_clip(entry, near, bench.stages)


def chunk_path(job: VideoJob, stages: Stages, number: int) -> Path:
    """Return the file of one chunk: of this content, these options and models, and this version, or another one."""
    task, options = job.task, stages.options.to_dict()
    made_by = {
        "sha256": task.content.sha256,
        "options": {
            name: options[name]
            for name, option in described(AnalyzeOptions).items()
            if option.affects == "found" and not option.by_content
        },
        "thumbnails": keeps_thumbnails(stages.options),
        "models": stages.models,
        "facestats": version("facestats"),
    }
    digest = hashlib.sha256(json.dumps(made_by, sort_keys=True, default=str).encode()).hexdigest()
    return location(job.place) / CHUNKS / f"{task.video_id}-{digest[:12]}" / f"{number:05d}.npz"


@contextlib.contextmanager
def _made_in(folder: Path) -> Iterator[Path]:
    """Give a folder of this machine, what is written into which goes where it belongs when the block ends well."""
    if isinstance(folder, Path):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="facestats-") as here:
        yield Path(here)
        for path in Path(here).iterdir():
            folder.fs.put_file(str(path), (folder / path.name).path)
