"""Names of inputs as they may be shown and stored."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

URL = re.compile(r"(rtsps?|https?)://", re.IGNORECASE)


def shown(path: str) -> str:
    r"""Return an input's name fit to be shown and stored.

    What may be a secret in a URL (user, password, the values of its query) becomes ``***``; bytes of a file name that
    are not UTF-8 become ``\xNN``.

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
    if not URL.match(path):
        return os.fsencode(path).decode("utf-8", "backslashreplace")
    # urlsplit ends the host at the first slash, which a password may hold: everything up to the last @ is a secret.
    start, _, rest = path.partition("://")
    _, at, place = rest.rpartition("@")
    if at:
        rest = f"***@{place}"
    query = urlsplit(f"{start}://{rest}").query
    if query:
        rest = rest.replace(query, re.sub(r"=[^&;]*", "=***", query))
    return f"{start}://{rest}"
