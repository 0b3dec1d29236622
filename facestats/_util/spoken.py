"""What people write for moments and for places in a picture: ``1:02:03``, ``left=0,0,50%,100%``."""

from __future__ import annotations

import itertools
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeVar, cast

from facestats.errors import UsageError

_T = TypeVar("_T")

_MOMENT = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?|\.\d+)")
_LENGTH = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(%?)")


def seconds_of(text: str, name: str = "a time") -> float:
    """Return the seconds of a text, given as seconds, ``m:s`` or ``h:m:s``.

    Parameters
    ----------
    text : str
    name : str
        What the message calls it.

    Raises
    ------
    UsageError
        If it is neither.

    Examples
    --------
    >>> seconds_of("90"), seconds_of("1:30"), seconds_of("1:02:03.5")
    (90.0, 90.0, 3723.5)
    """
    found = _MOMENT.fullmatch(text.strip())
    if found is None or (found[2] is not None and float(found[3]) >= 60) or (found[1] and int(found[2]) >= 60):
        raise UsageError(f"{name} must be seconds, m:s or h:m:s, as 90, 1:30 or 0:01:30, not {text!r}")
    return 3600.0 * int(found[1] or 0) + 60.0 * int(found[2] or 0) + float(found[3])


def moment_of(given: Any, name: str) -> float:
    """Return the seconds of a moment, given as a number, or as a text that :func:`seconds_of` understands.

    Raises
    ------
    UsageError
        If it is neither; the message calls it ``name``.

    Examples
    --------
    >>> moment_of(90, "from_s"), moment_of("1:30", "from_s")
    (90.0, 90.0)
    """
    if isinstance(given, str):
        return seconds_of(given, name)
    if not isinstance(given, Real) or isinstance(given, bool) or not math.isfinite(given):
        raise UsageError(f"{name} must be seconds, or a text as '1:30', not {given!r}")
    return float(given)


def path_given(given: Any, name: str, *, also: str = "") -> str:
    """Return a path as a text.

    Parameters
    ----------
    given : object
    name : str
        What the message calls it.
    also : str
        What else it may be, in words.

    Raises
    ------
    UsageError
        If it is none.

    Examples
    --------
    >>> path_given("videos", "out")
    'videos'
    """
    if isinstance(given, str | os.PathLike):
        return os.fspath(given)
    if hasattr(given, "joinpath"):  # of what lies elsewhere, which no file system of this machine has
        return str(given)
    raise UsageError(f"{name} must be a path{also}, not {_kind(given)}")


def _kind(given: Any) -> str:
    return repr(given) if given is None or isinstance(given, Real) else f"a {type(given).__name__}"


def several(given: str | os.PathLike[str] | Iterable[_T], name: str = "names") -> tuple[_T, ...]:
    """Return what was given as a tuple; a text or a path is one thing, not its letters.

    Raises
    ------
    UsageError
        If it is neither one nor several; the message calls them ``name``.

    Examples
    --------
    >>> several("gender"), several(["gender", "makeup"])
    (('gender',), ('gender', 'makeup'))
    """
    if isinstance(given, str | os.PathLike):
        return (cast("_T", given),)
    if not isinstance(given, Iterable):
        raise UsageError(f"{name} must be one text or several, not {_kind(given)}")
    return tuple(given)


@dataclass(frozen=True)
class Region:
    """A part of a picture.

    Attributes
    ----------
    name : str
        Empty for the only one.
    edges : tuple of float
        Left, top, width and height.
    in_percent : tuple of bool
        Which of them are per cent of the picture's width or height; the others are pixels.
    """

    name: str
    edges: tuple[float, float, float, float]
    in_percent: tuple[bool, bool, bool, bool]

    def box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom in pixels of a picture, cut at its edges.

        Examples
        --------
        >>> read_regions(["0,0,50%,100%"])[0].box(640, 360)
        (0.0, 0.0, 320.0, 360.0)
        """
        sides = (width, height, width, height)
        x, y, w, h = (
            edge * side / 100 if percent else edge
            for edge, side, percent in zip(self.edges, sides, self.in_percent, strict=True)
        )
        return x, y, min(x + w, float(width)), min(y + h, float(height))


def read_regions(texts: Sequence[str], name: str = "--region") -> tuple[Region, ...]:
    """Return the regions that texts name: ``x,y,w,h`` in pixels or per cent; several need names, ``left=0,0,50%,100%``.

    Raises
    ------
    UsageError
        If a text is no region, or several lack names.

    Examples
    --------
    >>> [region.name for region in read_regions(["left=0,0,320,360", "right=50%,0,50%,100%"])]
    ['left', 'right']
    """
    found = tuple(_read_region(text, name) for text in texts)
    if len(found) > 1 and not all(region.name for region in found):
        raise UsageError(f"several regions need names: {name} left=0,0,50%,100% {name} right=50%,0,50%,100%")
    if len({region.name for region in found}) < len(found):
        raise UsageError(f"two regions have one name: give each {name} its own")
    return found


def _read_region(text: str, name: str) -> Region:
    called, _, numbers = text.rpartition("=")
    parts = [_LENGTH.fullmatch(part.strip()) for part in numbers.split(",")]
    if len(parts) != 4 or None in parts:
        raise UsageError(f"{name} must be x,y,w,h in pixels or per cent, as 10%,0,50%,360, not {text!r}")
    edges = [float(part[1]) for part in parts if part is not None]
    in_percent = [bool(part[2]) for part in parts if part is not None]
    region = Region(called.strip(), tuple(edges), tuple(in_percent))  # type: ignore[arg-type]  # these are four
    if edges[2] <= 0 or edges[3] <= 0:
        raise UsageError(f"{name} {text!r} is empty: width and height must be more than 0")
    if any(percent and edge > 100 for edge, percent in zip(edges, in_percent, strict=True)):
        raise UsageError(f"{name} {text!r} reaches beyond 100 %")
    return region


def region_texts(given: Any) -> tuple[str, ...]:
    """Return regions as texts, however they are given in Python: texts, four numbers, or a mapping of names to those.

    Examples
    --------
    >>> region_texts((0, 0, 320, 360))
    ('0,0,320,360',)
    >>> region_texts({"left": "0,0,50%,100%", "right": (320, 0, 320, 360)})
    ('left=0,0,50%,100%', 'right=320,0,320,360')
    """
    if isinstance(given, Mapping):
        return tuple(f"{name}={text}" for name, each in given.items() for text in region_texts(each))
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, Iterable):
        raise UsageError(f"region must be texts, four numbers or a mapping of names to those, not {given!r}")
    parts = list(given)
    if parts and all(isinstance(part, Real) for part in parts):
        return (",".join(f"{float(part):g}" if math.isfinite(part) else str(part) for part in parts),)
    return tuple(itertools.chain.from_iterable(region_texts(part) for part in parts))
