"""What was found in one chunk of a long video, as bytes that travel between processes, and the chunks joined.

The bytes are a numpy archive: arrays over all frames or faces of the chunk, with how many of them each frame has.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from facestats.tables.building import SampledFrame, faceness_of
from facestats.types import Detections, Float32, Int64, Predictions, UInt8, VideoInfo
from facestats.video.shots import ShotCue, change_between
from facestats.video.tally import Tally


@dataclass(frozen=True)
class Chunk:
    """What was found in one chunk of a video.

    Attributes
    ----------
    info : VideoInfo
        Of the whole video.
    tally : Tally
        Of the chunk.
    items : tuple of SampledFrame
        Numbered from the beginning of the chunk.
    first, last : numpy.ndarray or None
        Its first and last sampled picture, as :class:`facestats.video.shots.CueReader` keeps them.
    chosen : numpy.ndarray
        int64 (P, 2): number of the item and of its face, of those faces that may be compared with others of the video.
        What they look like is not here: pictures of them and embeddings stay in memory.
    """

    info: VideoInfo
    tally: Tally
    items: tuple[SampledFrame, ...]
    first: UInt8 | None
    last: UInt8 | None
    chosen: Int64 = field(default_factory=lambda: np.zeros((0, 2), np.int64))

    def with_embeddings(self, embeddings: Float32) -> Chunk:
        """Return the chunk whose chosen faces have embeddings, float32 (P, D)."""
        of_item: dict[int, dict[int, Float32]] = {}
        for (item, face), made in zip(self.chosen.tolist(), embeddings, strict=True):
            of_item.setdefault(item, {})[face] = made
        items = [replace(item, embeddings=of_item.get(number, {})) for number, item in enumerate(self.items)]
        return replace(self, items=tuple(items))


class JoinedChunks:
    """The chunks of a video, one after the other.

    Parameters
    ----------
    n : int
        How many there are, at least 1.
    load : callable
        Returns the one of a number; each is asked for once, in order, the first one twice.
    embed : callable, optional
        Returns the embeddings of the chosen faces of a number's chunk, float32 (P, D); by default there are none.

    Attributes
    ----------
    info : VideoInfo
    tally : Tally
        Of all chunks whose items were taken.
    """

    def __init__(
        self, n: int, load: Callable[[int], Chunk], embed: Callable[[int, Chunk], Float32] | None = None
    ) -> None:
        self._n, self._load, self._embed = n, load, embed
        self.info, self.tally = load(0).info, Tally()

    def items(self) -> Iterator[SampledFrame]:
        """Yield the sampled frames, numbered from the beginning of the video."""
        last: UInt8 | None = None
        for number in range(self._n):
            chunk = self._load(number)
            if self._embed is not None and len(chunk.chosen):
                chunk = chunk.with_embeddings(self._embed(number, chunk))
            n_before = self.tally.n_decoded
            self.tally.add(chunk.tally)
            for place, item in enumerate(chunk.items):
                if place == 0 and last is not None:
                    item = replace(item, cue=ShotCue(change_between(last, chunk.first), item.cue.grey))
                yield replace(item, frame=item.frame + n_before)
            last = chunk.last if chunk.last is not None else last


def pack(chunk: Chunk) -> bytes:
    """Return a chunk as bytes.

    Examples
    --------
    >>> empty = Chunk(VideoInfo("a.mp4", 64, 48), Tally(), (), None, None)
    >>> unpack(pack(empty)).info.path
    'a.mp4'
    """
    items = chunk.items
    attributes = {
        attribute: found.classes for item in items for attribute, found in item.predictions.items() if len(found)
    }
    arrays = {
        "frame": np.array([item.frame for item in items], np.int64),
        "time_s": np.array([item.time_s for item in items], np.float64),
        "change": np.array([item.cue.change for item in items], np.float64),
        "grey": np.array([item.cue.grey for item in items], np.uint8),
        **_packed([item.pictures for item in items]),
        # Which faces may be compared, but neither their pictures nor what was made of them: that is never written.
        "chosen": chunk.chosen,
    }
    arrays |= _ragged("boxes", [item.detections.boxes for item in items])
    arrays |= _ragged("scores", [item.detections.scores for item in items])
    arrays |= _ragged("landmarks", [item.detections.landmarks for item in items])
    arrays |= _ragged("sharpness", [item.sharpness for item in items])
    arrays |= _ragged("looks", [item.looks for item in items])
    arrays |= _ragged("faceness", [faceness_of(item) for item in items])
    arrays |= _ragged("classified", [item.classified for item in items])
    for attribute, classes in attributes.items():
        none = np.zeros((0, len(classes)), np.float32)
        found = [item.predictions.get(attribute) for item in items]
        arrays |= _ragged(f"predictions_{attribute}", [none if one is None else one.probabilities for one in found])
        rows = [item.measured.get(attribute, np.zeros(0, np.int64)) for item in items]
        arrays |= _ragged(f"measured_{attribute}", rows)
    for name, picture in (("first", chunk.first), ("last", chunk.last)):
        if picture is not None:
            arrays[name] = picture
    header = {"info": asdict(chunk.info), "tally": asdict(chunk.tally), "attributes": attributes}
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def unpack(data: bytes) -> Chunk:
    """Return the chunk that :func:`pack` made bytes of.

    Raises
    ------
    ValueError
        If the bytes are something else.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    header = json.loads(arrays["header"].tobytes())
    n = len(arrays["frame"])
    cut = {name: _cut(arrays, name) for name in _RAGGED} if n else {}
    measured = {
        attribute: (tuple(classes), _cut(arrays, f"predictions_{attribute}"), _cut(arrays, f"measured_{attribute}"))
        for attribute, classes in header["attributes"].items()
    }
    pictures = _pictures(arrays)
    items = tuple(
        SampledFrame(
            frame=int(arrays["frame"][i]),
            time_s=float(arrays["time_s"][i]),
            detections=Detections(cut["boxes"][i], cut["scores"][i], cut["landmarks"][i]),
            sharpness=cut["sharpness"][i],
            classified=cut["classified"][i],
            predictions={
                attribute: Predictions(attribute, classes, probabilities[i])
                for attribute, (classes, probabilities, _) in measured.items()
                if len(probabilities[i])
            },
            measured={attribute: rows[i] for attribute, (_, _, rows) in measured.items() if len(rows[i])},
            looks=cut["looks"][i],
            pictures=pictures[i],
            cue=ShotCue(float(arrays["change"][i]), arrays["grey"][i]),
            faceness=cut["faceness"][i],
        )
        for i in range(n)
    )
    info, tally = VideoInfo(**header["info"]), Tally(**header["tally"])
    return Chunk(info, tally, items, arrays.get("first"), arrays.get("last"), arrays["chosen"])


_RAGGED = ("boxes", "scores", "landmarks", "sharpness", "looks", "faceness", "classified")


def _ragged(name: str, parts: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Return arrays of different lengths as one, and their lengths."""
    if not parts:
        return {}
    return {name: np.concatenate(parts), f"n_{name}": np.array([len(part) for part in parts], np.int64)}


def _cut(arrays: Mapping[str, np.ndarray], name: str) -> list[np.ndarray]:
    return np.split(arrays[name], np.cumsum(arrays[f"n_{name}"])[:-1])


def _packed(parts: Sequence[Mapping[int, UInt8]]) -> dict[str, np.ndarray]:
    """Return the pictures of frames as arrays: how many each has, of which faces, of what shapes, and the pixels."""
    pictures = [(face, picture) for part in parts for face, picture in part.items()]
    return {
        "n_pictures": np.array([len(part) for part in parts], np.int64),
        "pictures_face": np.array([face for face, _ in pictures], np.int64),
        "pictures_shape": np.array([picture.shape for _, picture in pictures], np.int64).reshape(-1, 3),
        "pictures": np.concatenate([picture.ravel() for _, picture in pictures] or [np.zeros(0, np.uint8)]),
    }


def _pictures(arrays: Mapping[str, np.ndarray]) -> list[dict[int, UInt8]]:
    shapes, faces = arrays["pictures_shape"], arrays["pictures_face"].tolist()
    ends = np.cumsum(shapes.prod(axis=1))
    pixels = [part.reshape(shape) for part, shape in zip(np.split(arrays["pictures"], ends[:-1]), shapes, strict=False)]
    found, place = [], 0
    for count in arrays["n_pictures"].tolist():
        found.append(dict(zip(faces[place : place + count], pixels[place : place + count], strict=True)))
        place += count
    return found
