"""Options that stand in a file beside the videos, or in variables of the environment, checked by their descriptions."""

from __future__ import annotations

import glob
import itertools
import logging
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from facestats._util.described import Option, refuse_unknown
from facestats._util.locations import Place, place_of, scheme_of
from facestats.errors import UsageError

#: The file of options: in a folder of videos, or beside it.
FILE = "facestats.toml"

#: What the name of a variable begins with that sets an option: ``FACESTATS_RATE``.
PREFIX = "FACESTATS_"

#: Variables of that prefix that are no options.
OTHER_VARIABLES = frozenset(f"{PREFIX}{name}" for name in ("CACHE", "DEBUG", "THREADS"))

#: Who may say what an option is, the weakest first.
Origin = Literal["default", "store", "file", "variable", "given"]

_WORDS = {**dict.fromkeys(("1", "true", "yes", "on"), True), **dict.fromkeys(("0", "false", "no", "off"), False)}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Setting:
    """The value of an option, and who says so.

    Attributes
    ----------
    value : object
    origin : str
        See :data:`Origin`.
    where : str
        The store, the file or the variable; empty where that says nothing.

    Examples
    --------
    >>> str(Setting(5.0, "variable", "FACESTATS_RATE"))
    'FACESTATS_RATE'
    """

    value: Any
    origin: Origin
    where: str = ""

    def __str__(self) -> str:
        return self.where or {"default": "default", "given": "given here"}.get(self.origin, self.origin)


def from_environment(known: Mapping[str, Option], environment: Mapping[str, str]) -> dict[str, Setting]:
    """Return the options that variables set, by name; of a variable that is no option a warning is logged.

    Numbers and texts stand as they are; ``1``, ``true``, ``yes`` and ``on`` are true; models are
    ``gender=NAME,age=none``; folders are joined as in ``PATH``.

    Raises
    ------
    UsageError
        If a value is not understood or out of range, naming the variable.

    Examples
    --------
    >>> from facestats.options import described
    >>> from_environment(described(), {"FACESTATS_RATE": "5"})["rate"].value
    5.0
    """
    found = {}
    by_variable = {f"{PREFIX}{name.upper()}": option for name, option in known.items()}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or variable in OTHER_VARIABLES or not text:
            continue
        if (option := by_variable.get(variable)) is None:
            # Not refused: Kubernetes, for one, makes variables of the name of a service.
            _log.warning("the variable %s is no option of facestats and changes nothing", variable)
            continue
        value = _from_text(option, text, variable)
        option.check(value, variable)
        found[option.name] = Setting(value, "variable", variable)
    return found


def from_file(known: Mapping[str, Option], path: Path) -> dict[str, Setting]:
    """Return the options that a TOML file sets, by name; folders and files in it are relative to it.

    Raises
    ------
    UsageError
        If the file cannot be read, or a value is wrong, naming the file and the option.
    UnknownNameError
        If there is no such option.

    Examples
    --------
    >>> from_file(described(), Path("videos/facestats.toml"))["rate"].value  # doctest: +SKIP
    5.0
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"cannot read the options in {path}: {why}") from None
    given = {name.replace("-", "_"): value for name, value in given.items()}
    refuse_unknown(given, known, where=f"{path}: ")
    found = {}
    for name, value in given.items():
        option, called = known[name], f"{path}: {name}"
        value = _from_toml(option, value, called, path.parent)
        option.check(value, called)
        found[name] = Setting(value, "file", str(path))
    return found


def surrounding(
    known: Mapping[str, Option], inputs: Iterable[str], environment: Mapping[str, str], store: str | None = None
) -> dict[str, Setting]:
    """Return what a file beside the inputs and the environment say, by option; the environment is the stronger.

    Raises
    ------
    UsageError, UnknownNameError
        See :func:`find_file`, :func:`from_file` and :func:`from_environment`.

    Examples
    --------
    >>> surrounding({}, [], {})
    {}
    """
    path = find_file(inputs, store)
    return {**({} if path is None else from_file(known, path)), **from_environment(known, environment)}


def find_file(inputs: Iterable[str], store: str | None = None) -> Path | None:
    """Return the file of options that holds for some inputs; None if there is none.

    It lies in their folder or beside it; where no input has one, it may lie beside the store.

    Parameters
    ----------
    inputs : iterable of str
        Files, folders and patterns of this machine; addresses have no such file.
    store : str, optional
        Its folder.

    Raises
    ------
    UsageError
        If several hold.

    Examples
    --------
    >>> find_file(["nowhere/at/all"]) is None
    True
    """
    folders = [_folder(each) for each in inputs if _is_here(each)]
    found = {path for folder in folders if (path := _nearest(folder, folder.parent)) is not None}
    if len(found) > 1:
        raise UsageError(f"{' and '.join(map(str, sorted(found)))} both hold: analyse these inputs one by one")
    if not found and store is not None and _is_here(store):
        return _nearest(Path(store).absolute().parent)
    return next(iter(found), None)


def _is_here(path: str) -> bool:
    return place_of(path) is Place.LOCAL and not scheme_of(path) and not path.startswith("camera:")


def _folder(path: str) -> Path:
    plain = Path(*itertools.takewhile(lambda part: not glob.has_magic(part), Path(path).absolute().parts))
    return plain.parent if plain.is_file() else plain


def _nearest(*folders: Path) -> Path | None:
    return next((folder / FILE for folder in folders if (folder / FILE).is_file()), None)


def _kinds(option: Option) -> set[Any]:
    return set(get_args(option.type)) if type(None) in get_args(option.type) else {option.type}


def _from_text(option: Option, text: str, name: str) -> Any:
    """Return what a text means for an option."""
    if option.read is not None:
        return option.read(text, name)
    kinds = _kinds(option)
    if bool in kinds:
        if text.lower() not in _WORDS:
            raise UsageError(f"{name} must be one of {', '.join(_WORDS)}, not {text!r}")
        return _WORDS[text.lower()]
    if number := kinds & {int, float}:
        try:
            return number.pop()(text)
        except ValueError:
            raise UsageError(
                f"{name} must be {'a whole number' if int in kinds else 'a number'}, not {text!r}"
            ) from None
    if Mapping[str, str] in kinds:
        pairs = [pair.partition("=") for pair in text.split(",")]
        if not all(key and separator and value for key, separator, value in pairs):
            raise UsageError(f"{name} must be like gender=people,age=none, not {text!r}")
        return {key.strip(): value.strip() for key, _, value in pairs}
    return tuple(filter(None, text.split(os.pathsep))) if tuple[str, ...] in kinds else text


def _from_toml(option: Option, value: Any, name: str, folder: Path) -> Any:
    """Return what a value of a TOML file means for an option."""
    if option.read is not None and isinstance(value, str):
        return option.read(value, name)
    kinds = _kinds(option)
    if str in kinds:
        if not isinstance(value, str):
            raise UsageError(f"{name} must be a text in quotes, not {value!r}")
        return str(folder / value) if option.by_content and (folder / value).is_file() else value
    if Mapping[str, str] in kinds:
        if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
            raise UsageError(f'{name} must be a table of texts: [{option.name}], below it gender = "people"')
        return value
    if tuple[str, ...] in kinds:
        several = value if isinstance(value, list) else [value]
        if not all(isinstance(each, str) for each in several):
            raise UsageError(f"{name} must be a list of texts, not {value!r}")
        return tuple(str(folder / each) if option.by_content else each for each in several)
    return float(value) if float in kinds and type(value) is int else value
