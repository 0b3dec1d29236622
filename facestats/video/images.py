"""Still images, and folders of images taken as the frames of a video, read by Pillow."""

from __future__ import annotations

import functools
import io
import re
import struct
import warnings
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pi_heif
from PIL import ExifTags, Image, ImageCms, ImageOps

from facestats.errors import MissingInputError, UnreadableInputError, UsageError
from facestats.types import UInt8, VideoInfo
from facestats.video.base import DecodedFrame, FrameSource
from facestats.video.picture import over_white
from facestats.video.recording import Recording, of_picture

#: File names that are taken for still images, lower case.
IMAGE_SUFFIXES = frozenset(
    {
        *(".apng", ".avif", ".bmp", ".heic", ".heif", ".hif", ".jfif", ".jpe", ".jpeg", ".jpg", ".mpo", ".png"),
        *(".tif", ".tiff", ".webp"),
    }
)

# What Pillow raises on damaged files, by its own account and as found; of AVIF a RuntimeError.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, RuntimeError, struct.error, Image.DecompressionBombError)
# Clockwise turn that each EXIF orientation asks for; 2, 4, 5 and 7 are mirrored left-right after it.
_EXIF_TURNS = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}


@dataclass(frozen=True)
class Still:
    """A picture that was read.

    Attributes
    ----------
    rgb : numpy.ndarray
        uint8 (H, W, 3), RGB, upright.
    rotation : int
        The clockwise turn in degrees that was applied.
    note : str or None
        What was taken of a file that holds several pictures.
    recording : Recording
        When it was taken.
    """

    rgb: UInt8 = field(repr=False)
    rotation: int = 0
    note: str | None = None
    recording: Recording = field(default_factory=Recording)


def read_image(path: str | Path) -> Still:
    """Read one still, upright and as RGB, whatever its file holds.

    The EXIF orientation is applied, colours are brought to sRGB by the file's own profile, 16-bit grey is cut to 8
    bits, transparency is laid on white. Of a file of several pictures this is the first one; of a HEIC, the primary
    one, put together from its tiles.

    Parameters
    ----------
    path : str or pathlib.Path
        A PNG, JPEG, WebP, AVIF, HEIC, BMP, TIFF, MPO or GIF file.

    Returns
    -------
    Still

    Raises
    ------
    UnreadableInputError
        If it is not an image, damaged, cut off, or beyond Pillow's limit of about 179 million pixels.

    Examples
    --------
    >>> read_image("portrait.jpg").rgb.shape  # doctest: +SKIP
    """
    _know_heic()
    try:
        with warnings.catch_warnings():
            # Pillow warns above 89 million pixels and stops at twice that; a large scan is no attack.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            # Odd metadata is none of our business as long as the pixels can be read.
            warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
            with Image.open(path) as image:
                # Asked for before the pixels are read: a TIFF is turned, and its tag dropped, on reading.
                exif = image.getexif()
                rotation, recording = _EXIF_TURNS.get(exif.get(ExifTags.Base.Orientation, 1), 0), of_picture(exif)
                n = getattr(image, "n_frames", 1)
                note = f"{n} pictures in the file: the first one was analysed" if n > 1 else None
                image.load()
                return Still(_to_rgb(_as_srgb(ImageOps.exif_transpose(image))), rotation, note, recording)
    except Image.UnidentifiedImageError:
        why = "is not an image that can be read; convert it to PNG or JPEG"
        raise UnreadableInputError(f"{path} {why}", reason=f"it {why}") from None
    except _DAMAGED as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnreadableInputError(f"cannot read the image {path}: {why}", reason=why) from None


@functools.cache
def _know_heic() -> None:
    """Teach Pillow to read HEIC, once, when the first picture is read."""
    pi_heif.register_heif_opener()


def _as_srgb(image: Image.Image) -> Image.Image:
    """Bring a colour picture with a profile of its own (Display P3, Adobe RGB, CMYK, ...) to sRGB, as viewers do."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK"):
        return image
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode="RGB") or image
    except (ImageCms.PyCMSError, OSError):  # a damaged profile: the pixels are taken as they are
        return image


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
        still = read_image(path)
        self._unread: UInt8 | None = still.rgb
        self._note = still.note
        height, width = still.rgb.shape[:2]
        self.info = VideoInfo(
            path=path,
            width=width,
            height=height,
            rotation=still.rotation,
            n_frames_expected=1,
            kind="image",
            recorded_at=still.recording.at,
            recorded_source=still.recording.source,
        )

    def _decode(self) -> Generator[DecodedFrame, None, None]:
        self.tally.note = self._note
        yield DecodedFrame(0.0, 0.0, self._hand_over)

    def _hand_over(self) -> UInt8:
        # A large scan is not kept twice: whoever gets the pixels may write on them, and a second reader reads anew.
        rgb, self._unread = self._unread, None
        return read_image(self._path).rgb if rgb is None else rgb

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
                still = read_image(file)
            except UnreadableInputError as error:
                first_error = first_error or error
            else:
                return *still.rgb.shape[:2], still.rotation
        raise UnreadableInputError(f"none of the {len(self._paths)} images can be read; the first: {first_error}")

    def _decode(self) -> Generator[DecodedFrame, None, None]:
        for index, file in enumerate(self._paths):
            yield DecodedFrame(index / self._fps, 1 / self._fps, lambda file=file: self._read(file))

    def _read(self, file: Path) -> UInt8 | None:
        try:
            rgb = read_image(file).rgb
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
