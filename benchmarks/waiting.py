"""How long a user waits for an hour of 720p video: ``python -m benchmarks.waiting`` (``make bench``).

Renders a short video (1280x720, 25 frames a second) with one face and one with five, and analyses them with the
defaults: without a clip and with one, by ``fs.analyze`` in one process with as many threads as there are cores, and by
``facestats analyze`` in as many workers, each with a video of its own. A second of video takes what a longer video
takes beyond a short one; an hour, 3,600 times as much: starting the program, a few seconds, is left out. Seconds are
those of the clock, and in brackets those of the processor, which say more where a machine is shared: there the clock
tells of others. With ``--fer PYTHON``, the same videos go through ``fer`` in that interpreter, as it comes (Haar
cascade and its Keras model), ten frames a second as in facestats. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import av

from facestats._util.threads import usable_cores
from facestats.synth.faces import people
from facestats.synth.scenario import Scenario
from facestats.synth.video import write_video

_HOUR_S = 3600

#: Runs in another interpreter, which has no facestats.
_FER = """
import sys, time
import cv2
from fer.fer import FER
detector = FER()
first = None
video = cv2.VideoCapture(sys.argv[1])
times, number = [], 0
while True:
    more, frame = video.read()
    if not more:
        break
    if number % 5 in (0, 2):
        began, used = time.perf_counter(), time.process_time()
        detector.detect_emotions(frame)
        times.append((time.perf_counter() - began, time.process_time() - used))
    number += 1
times = times[1:]  # the first builds the model
print(sum(t[0] for t in times) / len(times), sum(t[1] for t in times) / len(times))
"""


#: The same of facestats: what a long video takes, and a short one.
_OURS = """
import resource, sys, time
import facestats as fs

def cost(video, clip):
    began, used = time.perf_counter(), time.process_time()
    fs.analyze(video, clip=clip or None, progress=False)
    return time.perf_counter() - began, time.process_time() - used

short, long, clip = sys.argv[1:]
cost(short, clip)
first, whole = cost(short, clip), cost(long, clip)
print(*first, *whole, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@dataclass(frozen=True)
class Cost:
    """What something took: seconds of the clock and of the processor, and the largest process in MB."""

    clock_s: float
    processor_s: float
    peak_mb: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20, help="of each video (default 20)")
    parser.add_argument("--data", type=Path, help="folder or data file of faces (default: two portraits, repeated)")
    parser.add_argument("--fer", metavar="PYTHON", help="an interpreter that has fer and TensorFlow")
    parser.add_argument("--no-workers", action="store_true", help="in one process only")
    arguments = parser.parse_args()
    n, result = usable_cores(), {}
    with tempfile.TemporaryDirectory() as name:
        for n_faces in (1, 5):
            folder = Path(name, f"{n_faces}")
            long = _rendered(folder / "long", n_faces, arguments.seconds, arguments.data)
            short = _rendered(folder / "short", n_faces, 1.0, arguments.data)
            copies = [_copy(long, folder / "copies", number) for number in range(n)]
            starts = [_copy(short, folder / "starts", number) for number in range(n)]
            for clips in (False, True):
                what = f"{n_faces} face{'s' * (n_faces > 1)}, {'with a clip' if clips else 'no clip'}"
                hours = {f"{n} threads": _hour(*_in_one_process(short, long, clips), arguments.seconds, 1)}
                if not arguments.no_workers:
                    costs = [_by_workers(each, clips) for each in (starts, copies)]
                    hours[f"{n} workers"] = _hour(*costs, arguments.seconds, n)
                for how, hour in hours.items():
                    result[f"{what}, {how}"] = hour.__dict__
                    print(_line(f"{what}, {how}", hour), flush=True)
            if arguments.fer:
                made = subprocess.run([arguments.fer, "-c", _FER, long], capture_output=True, check=True, text=True)
                clock, processor = (float(each) * 10 * _HOUR_S for each in made.stdout.split()[-2:])
                result[f"{n_faces}, fer"] = {"clock_s": clock, "processor_s": processor}
                print(f"| fer, {n_faces} | {clock:,.0f} ({processor:,.0f}) |", flush=True)
    print(json.dumps(result))


def _line(name: str, hour: Cost) -> str:
    return f"| {name} | {hour.clock_s:,.0f} ({hour.processor_s:,.0f}) | {hour.peak_mb:,.0f} |"


def _hour(first: Cost, whole: Cost, seconds: float, n_videos: int) -> Cost:
    """Return what an hour costs, from videos of one second and from longer ones, so many of each side by side."""

    def grown(one: float, other: float) -> float:
        return (other - one) / (seconds - 1) * _HOUR_S / n_videos

    clock, processor = grown(first.clock_s, whole.clock_s), grown(first.processor_s, whole.processor_s)
    return Cost(round(clock), round(processor), round(whole.peak_mb))


def _rendered(folder: Path, n_faces: int, seconds: float, data: Path | None) -> Path:
    scenario = Scenario("video", people=n_faces, seconds=seconds, fps=25, width=1280, height=720, face_px=(80, 140))
    made = write_video(scenario, people(data, n_faces), folder)
    print(f"rendered {n_faces} faces, {seconds:g} s", file=sys.stderr)
    return made.path


def _copy(video: Path, folder: Path, number: int) -> Path:
    """Copy a video's coded pictures into a file with other content, as the same content would be one video."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{number}.mp4"
    with av.open(str(video)) as source, av.open(str(path), "w") as target:
        target.metadata["title"] = f"copy {number}"
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return path


def _in_one_process(short: Path, long: Path, clips: bool) -> tuple[Cost, Cost]:
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-c", _OURS, short, long, f"{out}/clip.mp4" if clips else ""]
        told = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
    first, first_used, whole, whole_used, peak = (float(each) for each in told[-5:])
    return Cost(first, first_used, peak), Cost(whole, whole_used, peak)


def _by_workers(inputs: list[Path], clips: bool) -> Cost:
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "facestats", "analyze", *map(str, inputs), "--out", f"{out}/store"]
        command += [
            "--clips" if clips else "--no-clips",
            "--workers",
            f"{len(inputs)}",
            "--progress",
            "none",
            "--quiet",
        ]
        began = time.perf_counter()
        process = subprocess.Popen(command)
        _, status, used = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return Cost(took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
