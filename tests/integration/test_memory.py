"""Peak memory grows neither with the length of a video nor with the number of videos."""

import os
import subprocess
import sys
from pathlib import Path

import av
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from runs import make_videos

from facestats.store.store import open_store
from facestats.synth.faces import people
from facestats.synth.scenario import Scenario
from facestats.synth.video import write_video

#: Runs the command line and prints the most memory that the process had, in KiB.
MEASURED = """
import resource, sys
from facestats.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_mb(*arguments):
    # As the C library keeps what threads gave back, its arenas would be measured, not the program.
    environment = {**os.environ, "MALLOC_ARENA_MAX": "2"}
    command = [sys.executable, "-c", MEASURED, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return int(done.stdout.splitlines()[-1]) / 1024


def repeated(path: Path, times: int, out: Path) -> Path:
    """Write a video again and again into one file, packet by packet."""
    with av.open(str(out), "w") as output:
        stream, shift = None, 0
        for _ in range(times):
            with av.open(str(path)) as source:
                video = source.streams.video[0]
                stream = stream or output.add_stream_from_template(video)
                length = video.duration
                for packet in source.demux(video):
                    if packet.dts is not None:
                        packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                        output.mux(packet)
            shift += length
    return out


@pytest.fixture(scope="module")
def minute(tmp_path_factory):
    """A minute of two people."""
    scenario = Scenario("minute", people=2, seconds=60, fps=6, width=160, height=120, face_px=(24, 40), seed=5)
    return write_video(scenario, people(None, 2), tmp_path_factory.mktemp("minute")).path


@pytest.mark.slow
def test_an_hour_takes_no_more_memory_than_five_minutes(minute, tmp_path):
    peaks = {}
    for minutes in (5, 60):
        path = repeated(minute, minutes, tmp_path / f"{minutes}.mp4")
        peaks[minutes] = peak_mb("analyze", path, "--out", tmp_path / str(minutes), "--workers", "0")
        videos = open_store(tmp_path / str(minutes)).videos()
        assert videos["duration_s"].item() == pytest.approx(60 * minutes, rel=0.01)
        assert videos["n_tracks"].item() >= 2  # seen from end to end
    assert peaks[60] < 1.1 * peaks[5], peaks


@pytest.mark.slow
def test_many_videos_take_no_more_memory_than_a_few(tmp_path):
    folder = make_videos(tmp_path / "videos", 40)
    few = sorted(folder.iterdir())[:4]
    peaks = {
        number: peak_mb("analyze", *inputs, "--out", tmp_path / str(number), "--workers", "0")
        for number, inputs in ((4, few), (40, [folder]))
    }
    assert peaks[40] < 1.1 * peaks[4], peaks


@pytest.mark.slow
def test_an_export_of_any_length_takes_little_memory(minute, tmp_path):
    path = repeated(minute, 10, tmp_path / "ten.mp4")
    peak_mb("analyze", path, "--out", tmp_path / "s", "--workers", "0", "--no-clips")
    one = open_store(tmp_path / "s")
    (entry,) = one.entries().values()
    peaks = {}
    for copies in (2, 40):
        store = tmp_path / f"s{copies}"
        for number in range(copies):
            name = f"{entry.video_id}-{number}"
            run = store / "tables" / name / entry.run
            run.mkdir(parents=True)
            for path in (one.path / "tables" / entry.video_id / entry.run).iterdir():
                table = pq.read_table(path)
                place = table.column_names.index("video_id")
                ids = pa.array([name] * table.num_rows, table.schema.field(place).type)
                pq.write_table(table.set_column(place, table.schema.field(place), ids), run / path.name)
            (store / "entries").mkdir(exist_ok=True)
            text = (one.path / "entries" / f"{entry.video_id}.json").read_text()
            (store / "entries" / f"{name}.json").write_text(text.replace(entry.video_id, name))
        (store / "store.json").write_bytes((one.path / "store.json").read_bytes())
        out = tmp_path / f"{copies}.csv"
        peaks[copies] = peak_mb("export", store, "--table", "observations", "--out", out)
    with out.open() as file:
        assert sum(1 for _ in file) == 1 + 40 * len(one.observations())
    assert peaks[40] < 1.1 * peaks[2], peaks
