"""What an annotated clip costs, and what settings of the encoder give: ``python -m benchmarks.clips VIDEO``.

First the video is analysed without a clip, then its clip is written, in turn: processor time of both, and their ratio.
Then some drawn frames are encoded with other settings, in turn: processor time a frame, bytes a second, and structural
similarity (SSIM of brightness, mean of all frames) of what was not drawn on, against the decoded video, and of labels,
against what was drawn. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from facestats.analysis.single import analyze
from facestats.clips import Annotator, write_clip
from facestats.clips.canvas import PlaneCanvas
from facestats.clips.draw import draw_on, label_size, placed
from facestats.tables.video_tables import VideoTables
from facestats.video import open_source
from facestats.video.planes import PlanarFrame, Planes
from facestats.video.writer import ENCODER

SETTINGS: dict[str, dict[str, str]] = {
    **{f"ultrafast {crf}": {"preset": "ultrafast", "crf": str(crf)} for crf in (17, 19, 21)},
    **{f"superfast {crf}": {"preset": "superfast", "crf": str(crf)} for crf in (20, 21, 22, 23)},
    **{f"superfast, mbtree, {crf}": {**ENCODER, "crf": str(crf)} for crf in (19, 20, 21)},
    **{f"veryfast {crf}": {"preset": "veryfast", "crf": str(crf)} for crf in (20, 21, 22)},
    "faster 21": {"preset": "faster", "crf": "21"},
}


@dataclass(frozen=True)
class Drawn:
    """A frame before and after it was drawn on: its brightness, where it was, and where the labels stand."""

    planes: Planes
    before: np.ndarray
    free: np.ndarray
    labels: list[tuple[slice, slice]]


def drawn_frames(path: str, tables: VideoTables, n: int) -> list[Drawn]:
    """Return frames from the middle of a video on."""
    annotator, found = Annotator.of(tables), []
    start = max(0, (int(tables.videos["n_frames"].iloc[0]) - n) // 2)
    with open_source(path) as source:
        annotator.size = annotator.size or (source.info.width, source.info.height)
        for frame in itertools.islice(source.frames(planar=True), start, start + n):
            if not isinstance(frame, PlanarFrame):
                raise SystemExit(f"{path} cannot be drawn on its planes: give an H.264 video of 8 bits")
            before = frame.planes.y.copy()
            faces = annotator.faces_at(frame.index, frame.time_s)
            draw_on(PlaneCanvas(frame.planes), faces)
            touched = cv2.dilate((frame.planes.y != before).astype(np.uint8), np.ones((25, 25), np.uint8))
            found.append(Drawn(frame.planes, before, touched == 0, _labels(faces, frame.size)))
    return found


def _labels(faces: Any, size: tuple[int, int]) -> list[tuple[slice, slice]]:
    places = []
    for face in placed(faces, size):
        if face.lines and face.corner is not None and face.opacity == 1:
            w, h = label_size(face.lines, size, small=face.small)
            x, y = (round(value) for value in face.corner)
            places.append((slice(max(y, 0), y + h), slice(max(x, 0), x + w)))
    return places


def encode(frames: list[Drawn], options: dict[str, str], path: Path, fps: Fraction) -> float:
    """Encode with these settings of x264, and return the processor time in seconds."""
    started = time.process_time()
    with av.open(str(path), "w") as output:
        width, height = frames[0].planes.size
        settings = {"bf": "0", **options}
        stream = output.add_stream("libx264", rate=fps, width=width, height=height, pix_fmt="yuv420p", options=settings)
        for number, each in enumerate(frames):
            each.planes.frame.pts, each.planes.frame.time_base = number, 1 / fps
            output.mux(stream.encode(each.planes.frame))
        output.mux(stream.encode(None))
    return time.process_time() - started


def similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the SSIM round each pixel (windows of 8 by 8)."""
    x, y = a.astype(np.float32), b.astype(np.float32)
    mean_x, mean_y = cv2.blur(x, (8, 8)), cv2.blur(y, (8, 8))
    var_x, var_y = cv2.blur(x * x, (8, 8)) - mean_x**2, cv2.blur(y * y, (8, 8)) - mean_y**2
    both = cv2.blur(x * y, (8, 8)) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return (2 * mean_x * mean_y + c1) * (2 * both + c2) / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))


def quality(frames: list[Drawn], path: Path) -> dict[str, float]:
    """Return the SSIM of what was not drawn on and of the labels, and the worst of a label."""
    free, labels = [], []
    with av.open(str(path)) as container:
        for decoded, each in zip(container.decode(video=0), frames, strict=True):
            plane = decoded.planes[0]
            y = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
            free.append(similarity(y, each.before)[each.free].mean())
            of_drawn = similarity(y, each.planes.y)
            labels += [of_drawn[place].mean() for place in each.labels]
    return {
        "undrawn_ssim": round(float(np.mean(free)), 4),
        "label_ssim": round(float(np.mean(labels)), 4) if labels else float("nan"),
        "worst_label_ssim": round(float(np.min(labels)), 4) if labels else float("nan"),
    }


def processor_s(work: Callable[[], object]) -> tuple[float, Any]:
    """Return the processor time of something in seconds, and what it returned."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video")
    parser.add_argument("--repeat", type=int, default=3, help="measured runs of each (default 3)")
    parser.add_argument("--frames", type=int, default=75, help="frames encoded with each setting; 0 for none")
    parser.add_argument("--settings", nargs="*", default=list(SETTINGS), help="of: " + ", ".join(SETTINGS))
    arguments = parser.parse_args()
    path, table = arguments.video, {}

    with tempfile.TemporaryDirectory() as folder:

        def clip() -> Path:
            with open_source(path) as source:
                return write_clip(source, Path(folder) / "clip", Annotator.of(tables), audio_from=Path(path))

        _, tables = processor_s(lambda: analyze(path, progress=False))  # models are loaded once
        both = []
        for _ in range(arguments.repeat):
            analysis_s, _ = processor_s(lambda: analyze(path, progress=False))
            clip_s, written = processor_s(clip)
            both.append((analysis_s, clip_s))
            print(
                f"analysis {analysis_s:6.2f} s, clip {clip_s:6.2f} s, {written.stat().st_size / 1e6:.2f} MB", flush=True
            )
        if both:
            table["analysis_s"], table["clip_s"] = (
                round(statistics.median(each), 2) for each in zip(*both, strict=True)
            )
            table["ratio"] = round(statistics.median(clip_s / analysis_s for analysis_s, clip_s in both), 3)

        if arguments.frames:
            frames = drawn_frames(path, tables, arguments.frames)
            fps = Fraction(float(tables.videos["fps"].iloc[0])).limit_denominator(1001)
            times: dict[str, list[float]] = {name: [] for name in arguments.settings}
            for _ in range(max(1, arguments.repeat)):
                for name in times:
                    times[name].append(encode(frames, SETTINGS[name], Path(folder) / f"{name}.mp4", fps))
            for name, spent in times.items():
                made = Path(folder) / f"{name}.mp4"
                row = {
                    "ms_a_frame": round(1000 * min(spent) / len(frames), 2),
                    "kbit_s": round(8 * made.stat().st_size / len(frames) * float(fps) / 1000),
                    **quality(frames, made),
                }
                table[name] = row
                print(f"{name:22}", *(f"{key} {value}" for key, value in row.items()), flush=True)
    print(json.dumps(table))


if __name__ == "__main__":
    main()
