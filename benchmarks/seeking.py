"""How soon the explorer's video pane answers: ``python -m benchmarks.seeking [CLIP]``.

Asks for random moments of a video (by default moving bars and noise: 1280x720, 30 frames a second, a keyframe every 250
frames), and measures until the first picture is ready to be sent, and until it is the very frame of that moment;
beside it the same by opening and decoding from the start of the file, as one would without seeking. Then plays. The
last line is one JSON object, in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path

import av
import numpy as np

from facestats.video.seeking import SeekableVideo
from facestats.widgets.frame_pane import _BUDGET_S, _LARGEST, _jpeg

_PANE_PX = 640


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", type=Path)
    parser.add_argument("--moments", type=int, default=60)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = arguments.clip or _pattern(Path(folder) / "pattern.mp4")
        result = measure(clip, arguments.moments)
    for name, value in result.items():
        print(f"{name:<28}{value}")
    print(json.dumps(result))


def measure(clip: Path, n: int) -> dict[str, float]:
    """Return the figures of one clip."""
    choose, first, exact, naive = random.Random(0), [], [], []
    with SeekableVideo(clip, longer_side=_LARGEST, n_kept=24) as video:
        length = video.info.duration_s
        moments = [choose.uniform(0, length - 0.1) for _ in range(n)]
        for moment in moments:
            began = time.perf_counter()
            shown = video.at(moment, budget_s=_BUDGET_S)
            _jpeg(shown.rgb, _PANE_PX)
            first.append(time.perf_counter() - began)
            while not shown.exact:
                shown = video.at(moment, budget_s=_BUDGET_S)
                _jpeg(shown.rgb, _PANE_PX)
            exact.append(time.perf_counter() - began)
        began = time.perf_counter()
        for frame in range(100):
            _jpeg(video.at(length / 3 + frame / video.info.fps, budget_s=_BUDGET_S).rgb, _PANE_PX)
        played = 100 / (time.perf_counter() - began)
    for moment in moments[: max(5, n // 10)]:
        began = time.perf_counter()
        with av.open(str(clip)) as container:
            frame = next(frame for frame in container.decode(video=0) if frame.time >= moment)
            _jpeg(frame.to_ndarray(format="rgb24"), _PANE_PX)
        naive.append(time.perf_counter() - began)
    figures = {"first": first, "exact": exact, "from_the_start": naive}
    told = {
        f"{name}_{what}_ms": round(1000 * float(np.quantile(values, share)), 1)
        for name, values in figures.items()
        for what, share in (("median", 0.5), ("p90", 0.9), ("most", 1.0))
    }
    return {**told, "played_frames_a_second": round(played, 1)}


def _pattern(path: Path) -> Path:
    """Write a minute of moving bars and noise with the encoder's usual distance of keyframes."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 60, (720, 1280, 3), np.uint8)
    columns = np.arange(1280)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "veryfast", "g": "250"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for number in range(1800):
            bars = (127 + 100 * np.sin((columns + 5 * number) / 40)).astype(np.uint8)
            picture = np.repeat(np.tile(bars, (720, 1))[..., None], 3, axis=2) // 2 + np.roll(noise, 3 * number, 1)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


if __name__ == "__main__":
    main()
