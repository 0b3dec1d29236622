"""How a dataclass describes its options: a field each with help, limits, and what a change of it affects."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache, wraps
from numbers import Integral, Real
from textwrap import TextWrapper, indent
from typing import Any, Literal, ParamSpec, Self, TypeVar, get_args, get_origin, get_type_hints

from facestats._util.naming import named
from facestats.errors import UnknownNameError, UsageError

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

#: What a change of an option asks for. ``"found"``: the video is analysed again. ``"drawn"``: its clip or its
#: thumbnails are made again or deleted, from the tables that there are; nothing is detected or classified.
#: ``"run"``: nothing, because the results of a file stay the same.
Affects = Literal["found", "drawn", "run"]


@dataclass(frozen=True)
class Option:
    """The description of one option.

    Attributes
    ----------
    name : str
        The keyword in Python, and the key in a store's manifest.
    flag : str
        The option of the command line, with its dashes.
    type : type or typing form
    default : object
    help : str
        What it is, in one or two sentences.
    affects : str
        ``"found"``, ``"drawn"`` or ``"run"``, see :data:`Affects`.
    by_content : bool
        The option names models; these are compared by the hashes of their files, never by the words of the option.
    metavar : str or None
        Its value on the command line, where the type does not say enough.
    need : str
        Which values are valid, in words; empty where all are.
    valid : callable or None
        Says of a value whether it is one of those.
    read : callable or None
        Turns a text, such as ``1:30``, and what the message calls the option, into a value.

    Examples
    --------
    >>> from facestats.options import AnalyzeOptions
    >>> describe(AnalyzeOptions)["min_face"].flag
    '--min-face'
    """

    name: str
    flag: str
    type: Any
    default: Any
    help: str
    affects: Affects
    by_content: bool
    metavar: str | None
    need: str
    valid: Callable[[Any], bool] | None = None
    read: Callable[[str, str], Any] | None = None

    def check(self, value: Any, name: str = "") -> None:
        """Refuse a value of another type, or out of range.

        Parameters
        ----------
        value : object
        name : str
            What the message calls the option; as the user does by default.

        Raises
        ------
        UsageError

        Examples
        --------
        >>> from facestats.options import AnalyzeOptions
        >>> describe(AnalyzeOptions)["rate"].check(5.0)
        """
        name = name or named(self.name, self.flag)
        refuse_other_type(name, value, self.type)
        if self.valid is not None and not self.valid(value):
            raise UsageError(f"{name} must be {self.need}, not {value}")


def option(
    default: Any = MISSING,
    *,
    help: str,
    affects: Affects,
    factory: Any = MISSING,
    flag: str = "",
    metavar: str | None = None,
    valid: Callable[[Any], bool] | None = None,
    need: str = "",
    by_content: bool = False,
    read: Callable[[str, str], Any] | None = None,
) -> Any:
    """Return a dataclass field with the description of an option; see :class:`Option`.

    ``valid`` says of a value whether it is in range, and ``need`` says the same in words: "must be ``need``".
    ``read`` turns a text into a value.
    """
    description = {"help": help, "affects": affects, "flag": flag, "metavar": metavar, "need": need}
    metadata = {**description, "by_content": by_content, "valid": valid, "read": read}
    return field(default=default, default_factory=factory, metadata=metadata)


class Options:
    """Base of a dataclass whose fields are options: checks of the values, and construction from keywords."""

    def __post_init__(self) -> None:
        for name, item in describe(type(self)).items():  # type: ignore[arg-type]  # a class is hashable
            item.check(getattr(self, name))

    @classmethod
    def from_keywords(cls, **options: Any) -> Self:
        """Build options from keywords, refusing unknown ones by name.

        Raises
        ------
        UnknownNameError
            Naming the unknown option and the nearest that exists.
        UsageError
            If a value is out of range.
        """
        known = describe(cls)  # type: ignore[arg-type]  # a class is hashable, mypy knows no Self is
        refuse_unknown(options, known)
        reads = {name: read for name, item in known.items() if (read := item.read) is not None}
        return cls(
            **{
                name: reads[name](value, named(name, known[name].flag))
                if name in reads and isinstance(value, str)
                else value
                for name, value in options.items()
            }
        )


#: What a value of a type is, in words; other types are not checked.
_KINDS: Mapping[type, tuple[type, str]] = {
    bool: (bool, "True or False"),
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
}


def refuse_other_type(name: str, value: Any, hint: Any) -> None:
    """Refuse a value that is no number, or no truth value, where one is wanted: the text "no" would count as true.

    Raises
    ------
    UsageError

    Examples
    --------
    >>> refuse_other_type("--rate", 10, float)
    """
    kinds = get_args(hint) or (hint,)
    if any(kind not in _KINDS and kind is not type(None) for kind in kinds) or (value is None and type(None) in kinds):
        return
    wanted = [_KINDS[kind] for kind in kinds if kind in _KINDS]
    if not any(isinstance(value, kind) and (kind is bool or not isinstance(value, bool)) for kind, _ in wanted):
        raise UsageError(f"{name} must be {' or '.join(words for _, words in wanted)}, not {value!r}")


def _flag(item: Any) -> str:
    return item.metadata["flag"] or f"--{item.name.replace('_', '-')}"


@cache
def describe(*groups: type) -> Mapping[str, Option]:
    """Return the options of dataclasses by name, in order.

    Examples
    --------
    >>> from facestats.options import RunOptions
    >>> list(describe(RunOptions))
    ['workers', 'scheduler', 'timeout', 'force', 'retry_failed', 'settle']
    """
    found = {}
    for group in groups:
        types = get_type_hints(group)
        for item in fields(group):
            default = item.default if item.default_factory is MISSING else item.default_factory()
            words = {
                name: item.metadata[name]
                for name in ("help", "affects", "by_content", "metavar", "need", "valid", "read")
            }
            found[item.name] = Option(item.name, _flag(item), types[item.name], default, **words)
    return found


def refuse_unknown(names: Iterable[str], known: Iterable[str], *, where: str = "") -> None:
    """Raise unless all names are known, naming the nearest that is; the message begins with ``where``.

    Raises
    ------
    UnknownNameError

    Examples
    --------
    >>> refuse_unknown(["traker"], ["rate", "tracker"])
    Traceback (most recent call last):
    facestats.errors.UnknownNameError: unknown option 'traker': did you mean 'tracker'?
    """
    known = list(known)
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            instead = f": did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
            raise UnknownNameError(f"{where}unknown option {name!r}{instead}")


def documented(group: type[T]) -> type[T]:
    """Put the options of a dataclass where its docstring has ``{options}``, as entries of numpydoc."""
    group.__doc__ = (group.__doc__ or "").replace("{options}", indent(_entries(group), " " * 4).strip())
    return group


def takes(*groups: type) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Show the options of dataclasses as keywords of a function that takes them as ``**options``.

    ``inspect.signature``, and so Jupyter's Shift-Tab, has them one by one with type and default; the entry
    ``**options`` of the docstring becomes one entry for each. A keyword that does not exist is refused by
    :func:`refuse_unknown`.

    Examples
    --------
    >>> from facestats.options import RunOptions
    >>> @takes(RunOptions)
    ... def work(where, **options):
    ...     return where, options
    >>> inspect.signature(work).parameters["timeout"].default
    300.0
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        plain = inspect.signature(function, eval_str=True)
        own = [each for each in plain.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
        given = [
            inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default, annotation=each.type)
            for each in describe(*groups).values()
        ]
        signature = plain.replace(parameters=[*own, *given])

        @wraps(function)
        def wrapper(*arguments: P.args, **keywords: P.kwargs) -> R:
            refuse_unknown(keywords, signature.parameters)
            return function(*arguments, **keywords)

        entries = indent(_entries(*groups), " " * 4)
        wrapper.__doc__ = _OPTIONS_ENTRY.sub(lambda match: entries + "\n", function.__doc__ or "")
        wrapper.__signature__ = signature  # type: ignore[attr-defined]  # functions may have one, typeshed knows none
        return wrapper

    return decorate


_OPTIONS_ENTRY = re.compile(r"^    \*\*options.*\n(?:        .*\n)+", re.MULTILINE)


def _entries(*groups: type) -> str:
    wrapped = TextWrapper(width=108, initial_indent=" " * 4, subsequent_indent=" " * 4)
    return "\n".join(
        f"{item.name} : {type_name(item.type)}, default {item.default!r}\n{wrapped.fill(item.help)}"
        for item in describe(*groups).values()
    )


_TYPE_NAMES = {"collections.abc.Mapping[str, str]": "mapping of str to str", "tuple[str, ...]": "tuple of str"}


def type_name(annotation: Any) -> str:
    """Return a type as documents write it.

    Examples
    --------
    >>> type_name(float | None)
    'float or None'
    """
    plain = getattr(annotation, "__name__", "") if get_origin(annotation) is None else ""
    return _TYPE_NAMES.get(str(annotation), plain or str(annotation).replace(" | ", " or "))
