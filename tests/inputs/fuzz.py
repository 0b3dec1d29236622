"""Mutated files through a whole run: ``make fuzz``, or ``python tests/inputs/fuzz.py --files 200 --seed 7``.

Small files of many kinds are damaged at random (bits, blocks, cuts, repeats, other files' pieces) and analysed as one
collection. The run must end by itself, without a traceback, and every file must have a row with a reason in words.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pillow_heif
from inputs.generators import converted, joined, written
from PIL import Image
from synth import numbered_picture

import facestats as fs

MAKERS = {
    "mp4": written("a.mp4", sound="aac", b_frames=2),
    "mov": written("a.mov", rotation=90),
    "mkv": written("a.mkv", sound="libmp3lame"),
    "webm": converted("a.webm", "-c:v", "libvpx", "-b:v", "1M", "-deadline", "realtime"),
    "avi": converted("a.avi", "-c:v", "mpeg4", "-q:v", "3"),
    "flv": converted("a.flv", "-c:v", "libx264", "-bf", "0"),
    "mpg": converted("a.mpg", "-c:v", "mpeg2video", "-q:v", "3"),
    "ts": lambda folder: joined(folder, sound="aac"),
    "h264": written("a.h264"),
    "gif": written("a.gif"),
}
STILLS = ("jpg", "png", "webp", "tiff", "heic", "avif")


def originals(folder: Path) -> dict[str, bytes]:
    """Return the content of one sound file of each kind."""
    pillow_heif.register_heif_opener()
    found = {}
    for kind, make in MAKERS.items():
        place = folder / kind
        place.mkdir()
        found[kind] = make(place).read_bytes()
    for kind in STILLS:
        path = folder / f"still.{kind}"
        Image.fromarray(numbered_picture(9, 128, 96)).save(path)
        found[kind] = path.read_bytes()
    return found


def mutated(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Damage a file in one to four places."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        if not data:
            break
        at, n = rng.randrange(len(data)), rng.choice((1, 2, 8, 64, 512))
        match rng.choice(("bits", "noise", "zeros", "cut", "drop", "repeat", "foreign", "head")):
            case "bits":
                for _ in range(rng.randint(1, 16)):
                    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            case "noise":
                data[at : at + n] = rng.randbytes(min(n, len(data) - at))
            case "zeros":
                data[at : at + n] = bytes(min(n, len(data) - at))
            case "cut":
                del data[at:]
            case "drop":
                del data[at : at + n]
            case "repeat":
                data[at:at] = data[at : at + n]
            case "foreign":
                other = rng.choice(others)
                start = rng.randrange(max(1, len(other) - n))
                data[at : at + n] = other[start : start + n]
            case "head":
                data[: min(64, len(data))] = rng.randbytes(min(64, len(data)))
    return bytes(data)


def main() -> int:
    """Make, analyse, judge; 1 if something is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "originals").mkdir()
        sound = originals(place / "originals")
        inputs = place / "inputs"
        inputs.mkdir()
        kinds = list(sound)
        for number in range(arguments.files):
            kind = kinds[number % len(kinds)]
            content = mutated(sound[kind], list(sound.values()), rng)
            (inputs / f"{number:05d}.{kind}").write_bytes(content)
        began = time.monotonic()
        none = dict.fromkeys(("expression", "gender", "age", "makeup"), "none")
        result = fs.analyze_collection(inputs, out=place / "store", models=none, clips=True, rate=5, timeout=30)
        seconds = time.monotonic() - began
        videos = result.store.videos()
    faults = [f"{arguments.files - len(videos)} files without a row"] * (
        len(videos) + len(result.copies) < arguments.files
    )
    for row in videos.to_dict("records"):
        error = row["error"]
        if row["status"] != "ok" and not (isinstance(error, str) and error.strip() and "\n" not in error):
            faults.append(f"{row['path']}: {row['status']} without a reason in one line: {error!r}")
        elif isinstance(error, str) and re.search(r"Traceback|Error:|Exception|0x[0-9a-f]{6}", error):
            faults.append(f"{row['path']}: the reason is not in words: {error}")
    print(f"{arguments.files} files, seed {arguments.seed}, {seconds:.0f} s: {dict(Counter(videos['status']))}")
    print(*faults, sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
