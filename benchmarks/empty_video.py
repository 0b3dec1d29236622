"""Make a video without people, to count false tracks in: ``python -m benchmarks.empty_video --data FILE OUT.mp4``.

Photos of things, places and animals, panned and zoomed, hard cuts between them, captions over every second one, which
fade in and out. Take photos that the detector never saw. Then put the video into a folder of its own with a truth file,
``["OUT.mp4"]`` and ``nobody = true``, and run ``python -m benchmarks.video_faces`` over it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from facestats.datasets.boxes import read_boxes
from facestats.datasets.labelled import decode_image
from facestats.evaluation.detection import scorable
from facestats.training.detector.things import write_caption

WIDTH, HEIGHT, RATE = 640, 360, 25


def frames(photos: list[np.ndarray], seconds: float, seed: int) -> Iterator[np.ndarray]:
    """Yield RGB uint8 (HEIGHT, WIDTH, 3) frames, every photo in turn and again with other ways of the camera."""
    rng = np.random.default_rng(seed)
    left = round(seconds * RATE)
    while left > 0:
        for number in rng.permutation(len(photos)):
            length = min(left, int(rng.uniform(3, 8) * RATE))
            left -= length
            shot = shot_views(photos[number], length, rng, captioned=rng.random() < 0.5)
            yield from (frame for _, frame in shot)
            if left <= 0:
                return


def shot_views(
    photo: np.ndarray, length: int, rng: np.random.Generator, *, captioned: bool
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield left, top and width of what is seen of a photo, and the frame, uint8 (HEIGHT, WIDTH, 3)."""
    first, last = (_view(photo.shape[:2], rng) for _ in range(2))
    height = int(rng.uniform(0.06, 0.25) * HEIGHT)
    top = int(rng.integers(0, HEIGHT - 2 * height - 1))
    blank = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    letters = write_caption(blank, rng, (0, top, WIDTH, top + 2 * height), height) if captioned else blank
    for index in range(length):
        share = index / max(length - 1, 1)
        view = (1 - share) * first + share * last
        x, y, width = view
        matrix = np.array([[WIDTH / width, 0, -x * WIDTH / width], [0, WIDTH / width, -y * WIDTH / width]])
        how = cv2.INTER_AREA if width > WIDTH else cv2.INTER_LINEAR
        frame = cv2.warpAffine(photo, matrix, (WIDTH, HEIGHT), flags=how, borderMode=cv2.BORDER_REFLECT)
        fade = float(np.clip(min(share, 1 - share) * 6, 0, 1))
        if captioned:
            frame = np.where(letters > 0, cv2.addWeighted(letters, fade, frame, 1 - fade, 0), frame)
        yield view, frame


def _view(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return left, top and width of a part of a photo that is as wide as a frame to its height."""
    height, width = shape
    widest = min(width, height * WIDTH / HEIGHT)
    wide = widest * rng.uniform(0.45, 1.0)
    return np.array([rng.uniform(0, width - wide), rng.uniform(0, max(height - wide * HEIGHT / WIDTH, 0)), wide])


def main() -> None:
    """Write the video."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--data", type=Path, required=True, help="Parquet file of boxed photos; those without boxes serve"
    )
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    images = [image for image in scorable(read_boxes(arguments.data), arguments.data) if not len(image.boxes)]
    if not images:
        raise SystemExit(f"{arguments.data} has no photo without a face")
    photos = [decode_image(image.encoded, image.name) for image in images]
    with av.open(str(arguments.out), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(RATE), options={"crf": "26", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in frames(photos, arguments.seconds, arguments.seed):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        container.mux(stream.encode())
    print(f"{arguments.out}: {arguments.seconds:g} s of {len(photos)} photos without people")


if __name__ == "__main__":
    main()
