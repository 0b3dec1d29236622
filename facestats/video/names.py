"""Names of inputs as they may be shown and stored, and of what is made from them."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from urllib.parse import urlsplit

from facestats._util.locations import Place, place_of, scheme_of

#: What annotated clips and stills are called behind their video's id.
CLIP_SUFFIXES = (".mp4", ".png")

#: Subtitles that somebody had written beside a clip; they go when it goes.
SUBTITLE_SUFFIXES = (".vtt", ".ass")


def shown(path: str) -> str:
    r"""Return an input's name fit to be shown and stored.

    What may be a secret in an address (user and password; of a stream, the values of its query too) becomes ``***``;
    bytes of a file name that are not UTF-8 become ``\xNN``.

    Parameters
    ----------
    path : str
        A path or a URL.

    Examples
    --------
    >>> shown("rtsp://guest:se@cret@camera.example/live?pwd=1234")
    'rtsp://***@camera.example/live?pwd=***'
    >>> shown("clip.mp4")
    'clip.mp4'
    """
    if not scheme_of(path):
        return os.fsencode(path).decode("utf-8", "backslashreplace")
    start, _, rest = path.partition("://")
    if place_of(path) is not Place.LIVE:  # an @ behind the host belongs to the name of a file
        host, slash, file = rest.partition("/")
        return f"{start}://{'***@' if '@' in host else ''}{host.rpartition('@')[2]}{slash}{file}"
    # urlsplit ends the host at the first slash, which a password may hold: everything up to the last @ is a secret.
    _, at, place = rest.rpartition("@")
    if at:
        rest = f"***@{place}"
    query = urlsplit(f"{start}://{rest}").query
    if query:
        rest = rest.replace(query, re.sub(r"=[^&;]*", "=***", query))
    return f"{start}://{rest}"


def composed(name: str) -> str:
    """Return a name in the one Unicode form (NFC) in which names are compared.

    Examples
    --------
    >>> composed("u\N{COMBINING DIAERESIS}") == "\N{LATIN SMALL LETTER U WITH DIAERESIS}"
    True
    """
    return unicodedata.normalize("NFC", name)


def safe_stem(name: str) -> str:
    """Return a file's stem with everything but letters, digits, dots, dashes and underscores made a dash.

    Examples
    --------
    >>> safe_stem("my clip (1).mp4")
    'my-clip-1'
    """
    # Composed first: a letter and its accent may be two characters, of which the second is no letter.
    stem = composed(Path(name.rstrip("/")).stem or name)
    stem = re.sub(r"[^\w.-]+", "-", stem).strip("-.")
    # File systems count bytes, 255 at most; the hash and a suffix come behind.
    return stem.encode("utf-8", "ignore")[:120].decode("utf-8", "ignore") or "video"
