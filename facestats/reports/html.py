"""The one place where HTML is made: Jinja2 templates of ``template/``, which escape whatever they are given."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from IPython.display import HTML
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from facestats._util import words
from facestats.models.attributes import EXPRESSIONS, measure_name
from facestats.plots.palette import NOT_MEASURED, color_of, hex_color
from facestats.tables.schema import UNKNOWN

#: A part of a bar: its name, its share in [0, 1] and its CSS colour.
Share = tuple[str, float, str]


@cache
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("template")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for verb in (words.count, words.duration, words.listing, words.moment, words.percent, words.sentence):
        found.filters[verb.__name__] = verb
    found.filters["number"] = "{:,}".format
    found.policies["json.dumps_kwargs"] = {}  # in the order in which they come
    found.globals.update(
        state_of=_state_of, class_color=_class_color, measure_name=measure_name, NOT_MEASURED=NOT_MEASURED
    )
    return found


def _state_of(name: object) -> str:
    """Return how a class is drawn: ``"known"``, ``"unknown"`` or ``"missing"``."""
    return "unknown" if name == UNKNOWN else "known" if isinstance(name, str) else "missing"


def _class_color(attribute: str, name: str | None) -> str:
    return hex_color(color_of(attribute, name))


def render(macro: str, *values: Any, **named: Any) -> Markup:
    """Return what a macro makes of values: HTML in which everything that is not HTML already is escaped.

    Parameters
    ----------
    macro : str
        Template and macro, ``"pieces.badge"`` for ``badge`` in ``template/pieces.j2``.
    *values, **named
        What the macro takes.

    Examples
    --------
    >>> render("pieces.badge", "ok")
    Markup('<span class="fs-badge fs-ok">ok</span>')
    >>> render("pieces.callout", "1 < 2")
    Markup('<p class="fs-callout">1 &lt; 2</p>')
    """
    template, _, name = macro.partition(".")
    return getattr(_environment().get_template(f"{template}.j2").module, name)(*values, **named)


def section(macro: str, *values: Any, **named: Any) -> HTML:
    """Return what a macro makes of values, as the output of a notebook's cell.

    Examples
    --------
    >>> section("pieces.badge", "ok").data
    '<div class="fs"><span class="fs-badge fs-ok">ok</span></div>'
    """
    return block(render(macro, *values, **named))


def block(*parts: Markup) -> HTML:
    """Return pieces of HTML as one output of a notebook's cell.

    Examples
    --------
    >>> block(Markup("<p>a</p>"), Markup("<p>b</p>")).data
    '<div class="fs"><p>a</p><p>b</p></div>'
    """
    return HTML(str(render("pieces.block", Markup().join(parts))))


def expression_parts(shares: pd.Series | None) -> list[Share] | None:
    """Return the shares of the expressions as the parts of a bar; None if they were not measured.

    Examples
    --------
    >>> expression_parts(pd.Series({"anger": 1.0}))
    [('anger', 1.0, '#d93616')]
    """
    if shares is None:
        return None
    return [(str(name), float(share), _class_color("expression", str(name))) for name, share in shares.items()]


def expression_legend(*, unknown: bool = True, missing: bool = True) -> Markup:
    """Return the names of the expressions' colours, in a line that wraps where the page is narrow.

    Examples
    --------
    >>> expression_legend().count("<li>")
    9
    """
    names: list[str | None] = [*EXPRESSIONS, *[UNKNOWN] * unknown, *[None] * missing]
    return class_legend("expression", ((name, name or NOT_MEASURED) for name in names))


def class_legend(attribute: str, names: Iterable[tuple[str | None, str]]) -> Markup:
    """Return classes of an attribute, each with the square of its colour and what is written behind it.

    Examples
    --------
    >>> class_legend("gender", [("male", "1 male")]).count("1 male")
    1
    """
    return render("pieces.class_legend", attribute, list(names))
