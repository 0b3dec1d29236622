"""The options of an analysis and of a run, as the commands take them: made from their one description."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any

import typer

from facestats._util.described import Option
from facestats.errors import UsageError
from facestats.options import described


def parse_models(pairs: list[str]) -> dict[str, str]:
    """Turn ``["gender=my-model"]`` into ``{"gender": "my-model"}``.

    Raises
    ------
    UsageError
        If a pair has no equals sign.

    Examples
    --------
    >>> parse_models(["gender=none"])
    {'gender': 'none'}
    """
    chosen = {}
    for pair in pairs:
        attribute, separator, name = pair.partition("=")
        if not separator or not attribute or not name:
            raise UsageError(f"--model {pair!r} must be attribute=name, for example gender=people")
        chosen[attribute] = name
    return chosen


#: Types of options that the command line takes as a list of words, and how such a list becomes the option's value.
_LISTS: Mapping[Any, Callable[[list[str]], Any]] = {Mapping[str, str]: parse_models, tuple[str, ...]: tuple}


def parameter(option: Option) -> inspect.Parameter:
    """Return an option as a parameter that typer understands; what is on or off has ``--no-`` too.

    Examples
    --------
    >>> parameter(described()["models"]).default is None
    True
    """
    is_switch = isinstance(option.default, bool)
    flags = [f"{option.flag}/--no-{option.flag.removeprefix('--')}" if is_switch else option.flag]
    several = option.type in _LISTS
    reader = None if option.read is None else partial(_read, option)
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None if several else option.default,
        annotation=Annotated[
            list[str] | None if several else option.type,
            typer.Option(*flags, help=option.help, metavar=option.metavar, parser=reader),
        ],
    )


def is_given(context: typer.Context, name: str) -> bool:
    """Say whether a parameter was given on the command line.

    Examples
    --------
    >>> is_given(context, "rate")  # doctest: +SKIP
    False
    """
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _read(option: Option, text: Any) -> Any:
    return option.read(text, option.flag) if option.read is not None and isinstance(text, str) else text


def run_options(given: dict[str, Any], context: typer.Context | None = None) -> dict[str, Any]:
    """Take the options of a run out of what a command was given, and return those that the command line has.

    Examples
    --------
    >>> given = {"inputs": ["a.mp4"], "rate": 5.0, "models": ["gender=none"]}
    >>> run_options(given), given
    ({'rate': 5.0, 'models': {'gender': 'none'}}, {'inputs': ['a.mp4']})
    """
    shared = described()
    how = {name: given.pop(name) for name in shared if name in given}
    if context is not None:
        how = {name: value for name, value in how.items() if is_given(context, name)}
    return how | {name: _LISTS[shared[name].type](how[name] or []) for name in how if shared[name].type in _LISTS}


def with_run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command, as its argument ``how``, those options of :func:`facestats.analyze_collection` that are given.

    What is not given is for the store, a file or a variable to say, see :func:`facestats.batch.settings.settings`.

    Examples
    --------
    >>> @with_run_options
    ... def show(where: str, how: dict) -> None:
    ...     print(where, how["rate"])
    >>> show(where="here", rate=5.0)
    here 5.0
    """
    own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "how"]
    shared = described()

    def wrapper(**given: Any) -> None:
        how = run_options(given, given.pop("context", None))
        command(**given, how=how)

    wrapper.__doc__, wrapper.__name__ = command.__doc__, command.__name__
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    keyword = [
        context,
        *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own),
        *map(parameter, shared.values()),
    ]
    wrapper.__signature__ = inspect.Signature(keyword)  # type: ignore[attr-defined]  # typeshed knows none of functions
    wrapper.__annotations__ = {p.name: p.annotation for p in keyword}
    return wrapper
