"""Files that are fetched only when asked for, and known by their sha256."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from facestats._util.files import cache_dir, sha256_of, written_aside
from facestats.errors import ModelError, OutputError, UnknownNameError


@dataclass(frozen=True)
class Download:
    """A file that is fetched only when asked for.

    Attributes
    ----------
    file : str
    url : str
    sha256 : str
    licence : str
    """

    file: str
    url: str
    sha256: str
    licence: str


DOWNLOADS: Mapping[str, Download] = {
    "yunet": Download(
        file="yunet_n_dynamic.onnx",
        url="https://github.com/ShiqiYu/libfacedetection.train/raw/"
        "dca340aa082c71081a68d17db8e58b33a58a914b/onnx/yunet_n_dynamic.onnx",
        sha256="104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12",
        licence="Apache-2.0",
    ),
}


def pulled_file(name: str) -> Path | None:
    """Return the path of a fetched file, or None if it was not fetched yet.

    Raises
    ------
    UnknownNameError
        If nothing of this name can be fetched.
    """
    path = cache_dir() / _download(name).file
    return path if path.is_file() else None


def _download(name: str) -> Download:
    if name not in DOWNLOADS:
        raise UnknownNameError(f"nothing called {name!r} can be pulled; there is {', '.join(DOWNLOADS)}")
    return DOWNLOADS[name]


def pull(name: str, *, timeout_s: float = 60.0) -> Path:
    """Fetch a file once, check its sha256 and return its path.

    Raises
    ------
    UnknownNameError
        If nothing of this name can be fetched.
    ModelError
        If the address cannot be reached, or answers with another file.
    OutputError
        If the cache folder is not writable.
    """
    download = _download(name)
    path = cache_dir() / download.file
    if path.is_file() and sha256_of(path) == download.sha256:
        return path
    try:
        with urllib.request.urlopen(download.url, timeout=timeout_s) as answer:
            content = answer.read()
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise ModelError(
            f"cannot fetch {download.url} ({reason}): check the network, or put the file at {path} yourself"
        ) from None
    if hashlib.sha256(content).hexdigest() != download.sha256:
        raise ModelError(f"{download.url} answered with another file (sha256 differs): nothing was kept")
    try:
        with written_aside(path) as part:
            part.write_bytes(content)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; set FACESTATS_CACHE to a writable folder") from None
    return path
