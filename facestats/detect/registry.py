"""The detectors by name: a new one is one module of this package and one line in :data:`DETECTORS`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from facestats._util.files import sha256_of
from facestats.detect.base import Detector
from facestats.errors import UnknownNameError
from facestats.options import DEFAULT_DETECT_SIZE, DEFAULT_MIN_SCORE

#: Name and module of each detector. A file without a name is run by the first whose :meth:`Backend.runs` says so.
DETECTORS = {
    "centerface": "facestats.detect.centerface",
    "fast": "facestats.detect.fast",
    "yunet": "facestats.detect.yunet",
}


class Backend(Protocol):
    """What the module of a detector has."""

    def weights_path(self) -> Path:
        """Return the ONNX file that stands for the detector's name; raise UnknownNameError or ModelError if absent."""
        ...

    def runs(self, path: Path) -> bool:
        """Say whether an ONNX file of the user's own is one of this detector; ModelError if it is no ONNX file."""
        ...

    def create(self, path: Path, *, detect_size: int, min_score: float, device: str) -> Detector:
        """Return the detector with the weights of a file, and with the calibration of its card.

        Where it cannot run on a device, DeviceError says so.
        """
        ...


def _backend(name: str) -> Backend:
    return cast(Backend, import_module(DETECTORS[name]))


def create_detector(
    name: str,
    *,
    detect_size: int = DEFAULT_DETECT_SIZE,
    min_score: float = DEFAULT_MIN_SCORE,
    device: str = "cpu",
) -> Detector:
    """Return a detector by name, or by the path of an ONNX file.

    Parameters
    ----------
    name : str
        ``"centerface"``, ``"fast"``, ``"yunet"`` (after ``facestats models pull yunet``), or the path of an ``.onnx``
        file: a YuNet, or what ``facestats train detector`` wrote.
    detect_size : int
        Longer side, in pixels, of what the detector sees; 0 for the frame's own size.
    min_score : float
        Boxes that are faces with a lower probability are dropped.
    device : str
        ``"cpu"`` or ``"cuda"``.

    Raises
    ------
    DeviceError
        If the device is not here, or the detector cannot use it.
    UnknownNameError
        If there is no such detector or file.
    ModelError
        If the file is not a model that a detector here can run, or has no card with its calibration beside it.

    Examples
    --------
    >>> create_detector("centerface").name
    'centerface'
    """
    path = detector_file(name)
    able = (each for each in DETECTORS if each == name or (name not in DETECTORS and _backend(each).runs(path)))
    return _backend(next(able)).create(path, detect_size=detect_size, min_score=min_score, device=device)


def detector_identity(name: str) -> str:
    """Return a word that changes whenever a detector may find other faces: its name, and the hash of a file.

    Raises what :func:`detector_file` does.

    Examples
    --------
    >>> detector_identity("centerface")
    'centerface'
    """
    if name == "centerface":  # its package has had one file only
        return name
    path = detector_file(name)
    return f"{name if name == 'fast' else path.stem}-{sha256_of(path)[:8]}"


def detector_file(name: str) -> Path:
    """Return the path of a detector's ONNX file, by the detector's name or by that path.

    Raises
    ------
    UnknownNameError, ModelError
        See :func:`create_detector`.

    Examples
    --------
    >>> detector_file("centerface").name
    'centerface.onnx'
    """
    if name in DETECTORS:
        return _backend(name).weights_path()
    if not name.lower().endswith(".onnx"):
        raise UnknownNameError(f"unknown detector {name!r}: use {', '.join(DETECTORS)} or the path of an .onnx file")
    if not Path(name).is_file():
        raise UnknownNameError(f"no detector file at {name}: give the path of an .onnx file")
    return Path(name)
