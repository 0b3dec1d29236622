"""How much faster several processes are: ``python -m benchmarks.workers [--videos 12] [--seconds 20]``.

Renders synthetic videos of two people and a long one, analyses them with the shipped models, without clips: in one
process held to one thread, in one process with all cores, in two workers, in a dask cluster of one and of two
single-threaded workers; then the long one alone. Prints frames a second without the start of the processes (which is
measured by a run that has nothing to do), and what share of a run the store and its manifest take. The last line is one
JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from facestats._util.threads import THREADS_VARIABLE
from facestats.synth.faces import people
from facestats.synth.scenario import Scenario
from facestats.synth.video import write_video

_STORE_SHARE = """
import sys, time
import facestats.store.store as store
from facestats.batch import collection
spent = 0.0
def timed(owner, name):
    done = getattr(owner, name)
    def wrapped(*given, **named):
        global spent
        began = time.thread_time()
        try:
            return done(*given, **named)
        finally:
            spent += time.thread_time() - began
    setattr(owner, name, wrapped)
for name in ("write", "note", "sweep", "entries", "lacks"):
    timed(store.Store, name)
timed(collection, "begin_run")
timed(collection, "create_store")
began = time.process_time()
collection.analyze_collection(sys.argv[1], out=sys.argv[2], workers=0, clips=False, progress=False)
print(spent / (time.process_time() - began))
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each video (default 20)")
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        n_frames = _render(folder / "many", arguments.videos, arguments.seconds)
        n_long = _render(folder / "long", 1, arguments.videos * arguments.seconds)
        ways = {
            "one_thread": (["--workers", "0"], {THREADS_VARIABLE: "1"}),
            "one_process": (["--workers", "0"], {}),
            "two_workers": (["--workers", "2"], {}),
        }
        result: dict[str, float] = {}
        for inputs, n in (("many", n_frames), ("long", n_long)):
            for name, (options, environment) in ways.items():
                result[f"{inputs}_{name}_fps"] = _fps(folder, inputs, n, options, environment, arguments.repeat)
        for n_workers in (1, 2):
            with _cluster(n_workers) as address:
                options = ["--scheduler", address]
                result[f"many_dask_{n_workers}_fps"] = _fps(folder, "many", n_frames, options, {}, arguments.repeat)
        result["two_workers_ratio"] = result["many_two_workers_fps"] / result["many_one_thread_fps"]
        result["long_ratio"] = result["long_two_workers_fps"] / result["long_one_thread_fps"]
        result["dask_ratio"] = result["many_dask_2_fps"] / result["many_dask_1_fps"]
        done = subprocess.run(
            [sys.executable, "-c", _STORE_SHARE, folder / "many", folder / "s"],
            capture_output=True, text=True, check=True, env={**os.environ, THREADS_VARIABLE: "1"},
        )  # fmt: skip
        result["store_share"] = float(done.stdout.split()[-1])
    for name, value in result.items():
        print(f"{name:<28}{value:.3f}")
    print(json.dumps(result))


def _render(folder: Path, n: int, seconds: float) -> int:
    cast = people(None, 2)
    for number in range(n):
        scenario = Scenario(
            f"v{number}", people=2, seconds=seconds, fps=25, width=640, height=360, face_px=(60, 90), seed=number
        )
        video = write_video(scenario, cast, folder)
        for path in (*folder.glob("*.txt"), *folder.glob("*.csv")):
            path.unlink()
        print(f"{video.path.name} rendered", file=sys.stderr)
    return round(n * seconds * 25)


def _fps(folder: Path, inputs: str, n: int, options: list[str], environment: dict[str, str], repeat: int) -> float:
    """Return frames a second, at best, start of the processes left out."""
    (folder / "nothing").mkdir(exist_ok=True)
    for number in range(2):
        (folder / "nothing" / f"{number}.mp4").write_text(f"no video {number}")
    return n / (
        min(_seconds(folder, inputs, options, environment) for _ in range(repeat))
        - min(_seconds(folder, "nothing", options, environment) for _ in range(repeat))
    )


def _seconds(folder: Path, inputs: str, options: list[str], environment: dict[str, str]) -> float:
    with tempfile.TemporaryDirectory(dir=folder) as out:
        command = [sys.executable, "-m", "facestats", "analyze", folder / inputs, "--out", out, "--no-clips", *options]
        began = time.perf_counter()
        subprocess.run(command, capture_output=True, check=False, env={**os.environ, **environment})
        return time.perf_counter() - began


@contextlib.contextmanager
def _cluster(n_workers: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "scheduler.json")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        start = [sys.executable, "-m"]
        command = [*start, "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", file]
        running = [subprocess.Popen(command, **quiet)]
        try:
            while not file.exists():
                time.sleep(0.1)
            address = json.loads(file.read_text())["address"]
            command = [*start, "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny"]
            running += [subprocess.Popen([*command, "--no-dashboard"], **quiet) for _ in range(n_workers)]
            time.sleep(5)
            yield address
        finally:
            for process in running:
                process.kill()
                process.wait()


if __name__ == "__main__":
    main()
