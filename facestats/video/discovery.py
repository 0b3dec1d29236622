"""From what the user names (files, folders, globs, cameras, streams) to the list of inputs to analyse."""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from facestats._util.configured import FILE
from facestats._util.locations import Place, is_remote, location, place_of, scheme_of
from facestats._util.naming import named
from facestats.errors import EmptyInputError, MissingInputError
from facestats.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES, is_live, natural_key, shown

#: Files that mark a folder as written by facestats: a store, and clips, which are results and not inputs.
STORE_MARKER = "store.json"
CLIPS_MARKER = ".facestats-clips"
OURS = frozenset({STORE_MARKER, CLIPS_MARKER})


@dataclass(frozen=True)
class Input:
    """One thing to analyse.

    Attributes
    ----------
    path : str
        A file, a folder of images that is one sequence, ``camera:0`` or a URL.
    is_sequence : bool
        Whether the path is such a folder.
    """

    path: str
    is_sequence: bool = False

    @property
    def is_live(self) -> bool:
        """Whether it is a camera or a stream."""
        return is_live(self.path)

    @property
    def shown(self) -> str:
        """The path as it may be shown and stored, see :func:`facestats.video.shown`."""
        return shown(self.path)


@dataclass(frozen=True)
class Discovery:
    """What was found, and what was not.

    Attributes
    ----------
    inputs : tuple of Input
        In the order given; inside folders in natural order (``clip2`` before ``clip10``); each once.
    missing : tuple of MissingInputError
        One for each argument that leads to nothing.
    passed_over : tuple of str
        The other files of the folders, whose names are those of neither videos nor images; hidden ones left out.
    """

    inputs: tuple[Input, ...]
    missing: tuple[MissingInputError, ...]
    passed_over: tuple[str, ...] = ()


def discover(arguments: Sequence[str | Path], *, sequence: bool = False) -> Discovery:
    """Find the inputs that the arguments name.

    Parameters
    ----------
    arguments : sequence of str or pathlib.Path
        Files, folders (searched recursively; stores inside them and hidden files are passed over), globs (``**``
        allowed), ``camera:0``, addresses of streams, and of files and folders elsewhere. A file that is named outright
        is taken whatever its name.
    sequence : bool
        Treat every folder that holds images as one video.

    Examples
    --------
    >>> discover(["camera:0"]).inputs
    (Input(path='camera:0', is_sequence=False),)
    """
    inputs: dict[str, Input] = {}
    missing: list[MissingInputError] = []
    passed_over: list[str] = []
    for argument in map(str, arguments):
        if scheme_of(argument) and place_of(argument) is Place.LOCAL:
            argument = str(location(argument))
        try:
            for item in _expand(argument, sequence, passed_over):
                inputs.setdefault(_identity(item), item)
        except MissingInputError as error:
            missing.append(error)
    named = {item.path for item in inputs.values()}
    others = tuple(shown(path) for path in dict.fromkeys(passed_over) if path not in named and Path(path).name != FILE)
    return Discovery(tuple(inputs.values()), tuple(missing), others)


def _identity(item: Input) -> str:
    if item.is_live or is_remote(item.path):
        return item.path
    try:
        return str(Path(item.path).resolve())
    except (OSError, RuntimeError):  # a loop of links; opening it will say so
        return item.path


def _expand(argument: str, sequence: bool, passed_over: list[str]) -> Iterator[Input]:
    if is_remote(argument):
        yield from _expand_remote(argument, passed_over)
        return
    path = Path(argument)
    try:
        exists = not is_live(argument) and path.exists()
    except OSError as error:  # a name too long for any file, a folder that may not be entered
        raise MissingInputError(f"{shown(argument)[:200]} cannot be reached: {error.strerror}") from None
    if is_live(argument):
        yield Input(argument)
    elif path.is_dir():
        refuse_store(argument, path)
        found = list(_walk(path, sequence, passed_over))
        if not found:
            raise EmptyInputError(
                f"no videos or images in {argument}: give a folder that holds some "
                f"({', '.join(sorted(VIDEO_SUFFIXES)[:4])}, ...), or name the file itself"
            )
        yield from found
    elif exists:
        yield Input(argument)
    elif glob.has_magic(argument):
        matches = sorted(glob.glob(argument, recursive=True), key=_by_part)  # noqa: PTH207  (patterns may be absolute)
        if not matches:
            kind = EmptyInputError if plain_part(argument).is_dir() else MissingInputError
            raise kind(f"nothing matches {argument}: check the pattern")
        for match in matches:
            if Path(match).is_dir():
                yield from _walk(Path(match), sequence, passed_over)
            else:
                yield Input(match)
    else:
        raise MissingInputError(f"{shown(argument)} does not exist: check the path")


def _expand_remote(argument: str, passed_over: list[str]) -> Iterator[Input]:
    far = location(argument)
    try:
        if glob.has_magic(argument):
            found = sorted(far.fs.glob(far.path), key=_by_part)
        elif far.is_file():
            yield Input(argument)
            return
        else:
            refuse_store(argument, far)
            found = sorted(far.fs.find(far.path), key=_by_part) if far.exists() else []
    except OSError as error:
        raise MissingInputError(f"{argument} cannot be reached: {error}") from None
    stores = {str(Path(path).parent) for path in found if Path(path).name in OURS}
    found = [path for path in found if stores.isdisjoint(map(str, Path(path).parents))]
    wanted = [path for path in found if Path(path).suffix.lower() in VIDEO_SUFFIXES | IMAGE_SUFFIXES]
    taken = set(wanted)
    others = (path for path in found if path not in taken and not Path(path).name.startswith("."))
    passed_over += [str(far.fs.unstrip_protocol(path)) for path in others]
    if not wanted:
        raise EmptyInputError(f"no videos or images at {argument}: check the address")
    for path in wanted:
        yield Input(str(far.fs.unstrip_protocol(path)))


def refuse_store(argument: str, folder: Path, instead: str = "") -> None:
    """Refuse the folder of a store where videos are wanted.

    Parameters
    ----------
    argument : str
        As the user named it.
    folder : pathlib.Path
        Or what is like one, elsewhere.
    instead : str
        What to do, in words; by default to name the store elsewhere.

    Raises
    ------
    MissingInputError

    Examples
    --------
    >>> refuse_store("videos", Path("videos"))
    """
    if (folder / STORE_MARKER).is_file():
        instead = instead or f"name the videos, and the store by {named('out')}"
        raise MissingInputError(f"{shown(argument)} is a store, which holds results: {instead}")


def plain_part(pattern: str) -> Path:
    """Return the folder that a pattern searches: what stands before its first part with wildcards.

    Examples
    --------
    >>> plain_part("videos/*/a.mp4").as_posix()
    'videos'
    """
    return Path(*itertools.takewhile(lambda part: not glob.has_magic(part), Path(pattern).parts))


def _by_part(path: str) -> list[object]:
    return [natural_key(Path(part)) for part in Path(path).parts]


def _walk(folder: Path, sequence: bool, passed_over: list[str]) -> Iterator[Input]:
    for where, folders, names in os.walk(folder):  # does not follow links to folders, so loops end
        if not OURS.isdisjoint(names):
            folders.clear()
            continue
        folders[:] = sorted((name for name in folders if not name.startswith(".")), key=_by_part)
        visible = sorted((name for name in names if not name.startswith(".")), key=_by_part)
        images = [name for name in visible if Path(name).suffix.lower() in IMAGE_SUFFIXES]
        if sequence and images:
            yield Input(where, is_sequence=True)
        for name in visible:
            suffix = Path(name).suffix.lower()
            if suffix in VIDEO_SUFFIXES or (suffix in IMAGE_SUFFIXES and not sequence):
                yield Input(str(Path(where) / name))
            elif not (suffix in IMAGE_SUFFIXES and sequence):
                passed_over.append(str(Path(where) / name))
