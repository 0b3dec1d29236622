"""A JSON object against the dataclass that it stands for, field by field, so that errors name the field."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, get_args, get_origin, get_type_hints

_WORDS: Mapping[type, tuple[tuple[type, ...], str]] = {
    str: ((str,), "text"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    bool: ((bool,), "true or false"),
    dict: ((dict,), "an object"),
    list: ((list, tuple), "a list"),
}


def check_fields(kind: type, raw: object, where: str = "") -> None:
    """Raise unless a JSON object has the fields of a dataclass, and values of their types.

    Parameters
    ----------
    kind : type
        A dataclass.
    raw : object
        What was read from JSON.
    where : str
        What stands before the names of fields in messages: ``"heads[0]."``.

    Raises
    ------
    TypeError
        Naming the field that is unknown, missing or of another type.

    Examples
    --------
    >>> from facestats.models.cards import Head
    >>> check_fields(Head, {"attribute": "gender", "output": "x", "classes": ["a", 3]}, "heads[0].")
    Traceback (most recent call last):
    TypeError: heads[0].classes[1] must be text, not 3
    """
    if not isinstance(raw, dict):
        raise TypeError(f"{where.rstrip('.') or 'it'} must be an object with fields, not {raw!r}")
    hints, known = get_type_hints(kind), {each.name: each for each in fields(kind)}
    for name in raw:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, 1)
            raise TypeError(f"{where}{name} is no field" + (f": did you mean {near[0]}?" if near else ""))
    for name, each in known.items():
        if name in raw:
            _check_value(hints[name], raw[name], f"{where}{name}")
        elif each.default is MISSING and each.default_factory is MISSING:
            raise TypeError(f"{where}{name} is missing")


def _check_value(hint: Any, value: object, where: str) -> None:
    origin = get_origin(hint) or hint
    expected = list if origin is tuple else dict if origin in (Mapping, dict) else origin
    types, word = _WORDS.get(expected, ((object,), ""))
    if not isinstance(value, types) or (isinstance(value, bool) and expected is not bool):
        raise TypeError(f"{where} must be {word}, not {value!r}")
    arguments = get_args(hint)
    if origin is tuple and isinstance(value, list | tuple) and arguments:
        inner = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
        if len(inner) != len(value):
            raise TypeError(f"{where} must have {len(inner)} values, not {len(value)}")
        for place, (one, item) in enumerate(zip(inner, value, strict=True)):
            if one in _WORDS or get_origin(one) is not None:  # nested objects are checked by whoever reads them
                _check_value(one, item, f"{where}[{place}]")
