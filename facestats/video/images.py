"""Still images, and folders of images taken as the frames of a video, read by Pillow."""

from __future__ import annotations

import re
import struct
import warnings
from collections.abc import Generator
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps

from facestats.errors import MissingInputError, UnreadableInputError, UsageError
from facestats.types import UInt8, VideoInfo
from facestats.video.base import DecodedFrame, FrameSource, over_white

#: File names that are taken for still images, lower case.
IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})

# What Pillow raises on damaged files, by its own account and as found.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)
# Clockwise turn that each EXIF orientation asks for; 2, 4, 5 and 7 are mirrored left-right after it.
_EXIF_TURNS = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}


def read_image(path: str | Path) -> tuple[UInt8, int]:
    """Read one still, upright and as RGB, whatever its file holds.

    The EXIF orientation is applied, 16-bit grey is cut to 8 bits, transparency is laid on white. Of an animated WebP
    or PNG this is the first picture.

    Parameters
    ----------
    path : str or pathlib.Path
        A PNG, JPEG, WebP, BMP, TIFF or GIF file.

    Returns
    -------
    rgb : numpy.ndarray
        uint8 (H, W, 3), RGB.
    rotation : int
        The clockwise turn in degrees that was applied.

    Raises
    ------
    UnreadableInputError
        If it is not an image, damaged, cut off, or beyond Pillow's limit of about 179 million pixels.

    Examples
    --------
    >>> rgb, rotation = read_image("portrait.jpg")  # doctest: +SKIP
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns above 89 million pixels and stops at twice that; a large scan is no attack.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            # Odd metadata is none of our business as long as the pixels can be read.
            warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
            with Image.open(path) as image:
                # Asked for before the pixels are read: a TIFF is turned, and its tag dropped, on reading.
                rotation = _EXIF_TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1), 0)
                image.load()
                return _to_rgb(ImageOps.exif_transpose(image)), rotation
    except Image.UnidentifiedImageError:
        why = "is not an image that can be read; convert it to PNG or JPEG"
        raise UnreadableInputError(f"{path} {why}", reason=f"it {why}") from None
    except _DAMAGED as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnreadableInputError(f"cannot read the image {path}: {why}", reason=why) from None


def _to_rgb(image: Image.Image) -> UInt8:
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers; save it with 8 or 16 bits")
    if image.mode.startswith("I"):
        # convert() would clip 16 bits at 255 instead of scaling them.
        grey = (np.clip(np.asarray(image), 0, 65535) >> 8).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.has_transparency_data:
        return over_white(np.array(image.convert("RGBA")))
    return np.array(image.convert("RGB"))


def is_single_picture(path: str | Path) -> bool:
    """Say whether a GIF holds one picture only, so that it is a still; also False if it cannot be read.

    Examples
    --------
    >>> is_single_picture("animation.gif")
    False
    """
    try:
        with Image.open(path) as image:
            return getattr(image, "n_frames", 1) == 1
    except _DAMAGED:
        return False


class ImageSource(FrameSource):
    """One still image: frame 0 at 0.0 s.

    Parameters
    ----------
    path : str
        The file.

    Raises
    ------
    UnreadableInputError
        If it cannot be read.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self._unread: UInt8 | None
        self._unread, rotation = read_image(path)
        height, width = self._unread.shape[:2]
        self.info = VideoInfo(
            path=path, width=width, height=height, rotation=rotation, n_frames_expected=1, kind="image"
        )

    def _decode(self) -> Generator[DecodedFrame, None, None]:
        yield DecodedFrame(0.0, 0.0, self._hand_over)

    def _hand_over(self) -> UInt8:
        # A large scan is not kept twice: whoever gets the pixels may write on them, and a second reader reads anew.
        rgb, self._unread = self._unread, None
        return read_image(self._path)[0] if rgb is None else rgb

    def close(self) -> None:
        """Nothing stays open."""


class SequenceSource(FrameSource):
    """The images of one folder as the frames of a video, in natural order (``frame2`` before ``frame10``).

    A sequence has no clock of its own, so the user names its rate: ``time_s`` is ``index / fps``, where ``index`` is
    the place in the folder. An image that cannot be read, or is of another size than the first, is left out and noted
    in ``damage``; its place and its time stay empty. Only sampled images are opened.

    Parameters
    ----------
    path : str
        The folder; its subfolders are not searched.
    fps : float
        Images a second.

    Raises
    ------
    MissingInputError
        If the folder holds no images.
    UnreadableInputError
        If the folder cannot be listed, or none of the images can be read.
    UsageError
        If ``fps`` is not positive.
    """

    def __init__(self, path: str, fps: float = 25.0) -> None:
        super().__init__()
        if not fps > 0:
            raise UsageError(f"the rate of an image sequence must be positive, got {fps}; 25 is usual")
        try:
            files = [file for file in Path(path).iterdir() if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file()]
        except OSError as error:
            raise UnreadableInputError(f"cannot list {path}: {error.strerror}; check its permissions") from None
        self._paths = sorted((file for file in files if not file.name.startswith(".")), key=natural_key)
        if not self._paths:
            why = f"has no images in it ({', '.join(sorted(IMAGE_SUFFIXES))})"
            raise MissingInputError(f"{path} {why}", reason=f"it {why}")
        self._fps = fps
        height, width, rotation = self._first_readable()
        self.info = VideoInfo(
            path=path,
            width=width,
            height=height,
            fps=fps,
            rotation=rotation,
            duration_s=len(self._paths) / fps,
            n_frames_expected=len(self._paths),
            kind="sequence",
        )

    def _first_readable(self) -> tuple[int, int, int]:
        first_error = None
        for file in self._paths:
            try:
                rgb, rotation = read_image(file)
            except UnreadableInputError as error:
                first_error = first_error or error
            else:
                return *rgb.shape[:2], rotation
        raise UnreadableInputError(f"none of the {len(self._paths)} images can be read; the first: {first_error}")

    def _decode(self) -> Generator[DecodedFrame, None, None]:
        for index, file in enumerate(self._paths):
            yield DecodedFrame(index / self._fps, 1 / self._fps, lambda file=file: self._read(file))

    def _read(self, file: Path) -> UInt8 | None:
        try:
            rgb, _ = read_image(file)
        except UnreadableInputError as error:
            self._note_broken(str(error))
            return None
        height, width = rgb.shape[:2]
        if (width, height) != (self.info.width, self.info.height):
            self._note_broken(f"{file.name} is {width}x{height}, not {self.info.width}x{self.info.height}")
            return None
        return rgb

    def close(self) -> None:
        """Nothing stays open."""


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Return a sort key that puts ``frame2`` before ``frame10``.

    Examples
    --------
    >>> [p.name for p in sorted([Path("f10.png"), Path("f2.png"), Path("F1.png")], key=natural_key)]
    ['F1.png', 'f2.png', 'f10.png']
    """
    parts = re.split(r"(\d+)", path.name.casefold())
    key = [(1, int(part), "") if i % 2 else (0, 0, part) for i, part in enumerate(parts)]
    return [*key, (0, 0, path.name)]  # settles frame1 against frame01
