"""The parameters of a notebook: what it has, and whether what it is given fits, before anything runs."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import nbformat
import yaml

from facestats.errors import MissingInputError, UnknownNameError, UsageError

_TAG = "parameters"

# "[0, inf)" in the comment behind a parameter; papermill understands no second "=" in a line.
_NUMBER = r"\s*(-?(?:inf|\d+(?:\.\d+)?))\s*"
_RANGE = re.compile(rf"([\[(]){_NUMBER},{_NUMBER}([\])])")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook.

    Attributes
    ----------
    name : str
    default : object
        Its value in the notebook: a number, a text, True, False or None; a list or dict in notebooks of others.
    checked : bool
        Whether the default could be read without running anything; if not, any type is accepted.
    meaning : str
        The comment behind it, if there is one. A range may stand in it: ``[0, inf)``, ``(0, 1]``.
    """

    name: str
    default: Any
    checked: bool = True
    meaning: str = ""

    @property
    def range(self) -> str:
        """Which numbers it takes, as its comment has it; empty if any."""
        found = _RANGE.search(self.meaning)
        return found[0] if found else ""

    @property
    def kind(self) -> str:
        """What it takes, in words."""
        names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
        return names.get(type(self.default), "any value") if self.checked else "any value"

    def accepts(self, value: Any) -> bool:
        """Whether a value has the default's type; a whole number is a number too, and None takes anything."""
        if not self.checked or self.default is None:
            return True
        if isinstance(self.default, float):
            return isinstance(value, int | float) and not isinstance(value, bool)
        return type(value) is type(self.default)

    def allows(self, value: Any) -> bool:
        """Whether a value lies within the range; a number that is none, or has no end, lies within none.

        Examples
        --------
        >>> smooth = Parameter("smooth_s", 0.5, meaning="width, [0, inf)")
        >>> smooth.allows(0), smooth.allows(-1), smooth.allows(float("nan"))
        (True, False, False)
        """
        found = _RANGE.search(self.meaning)
        if found is None or not isinstance(value, int | float):
            return True
        begins, least, most, ends = found.groups()
        above = value >= float(least) if begins == "[" else value > float(least)
        below = value <= float(most) if ends == "]" else value < float(most)
        return math.isfinite(value) and above and below

    def parse(self, text: str) -> Any:
        """Read a value from the command line, as a YAML scalar; what the notebook wants as text stays text."""
        if self.checked and isinstance(self.default, str):
            return text
        if self.checked and isinstance(self.default, float):
            try:
                return float(text)  # YAML 1.1 takes 1e-3 for text
            except ValueError:
                return text
        try:
            return yaml.safe_load(text)
        except yaml.YAMLError:
            return text


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """Read a notebook.

    Raises
    ------
    MissingInputError
        If there is no such file.
    UsageError
        If it is not a notebook.

    Examples
    --------
    >>> read_notebook(Path("mine.ipynb")).cells  # doctest: +SKIP
    """
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise MissingInputError(f"{path} does not exist: --template needs a notebook (.ipynb)") from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder: --template needs a notebook (.ipynb)") from None
    # What nbformat raises on a file that is JSON, but not a notebook, depends on what is in it.
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, ValueError, AttributeError, KeyError, TypeError):
        raise UsageError(f"{path} is not a Jupyter notebook: --template needs an .ipynb file") from None


def notebook_parameters(path: Path) -> dict[str, Parameter] | None:
    """Return the parameters of a notebook by name, or None if it has no cell tagged ``parameters``.

    Nothing is run: names and defaults are read from the cell's source.

    Raises
    ------
    UsageError
        If the file is absent, not a notebook, or its cell is not Python.

    Examples
    --------
    >>> from facestats._util.resources import bundled
    >>> "store" in notebook_parameters(bundled("notebooks") / "video_report.ipynb")
    True
    """
    cells = [cell for cell in read_notebook(path).cells if _TAG in cell.metadata.get("tags", [])]
    if not cells:
        return None
    source = cells[0].source
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise UsageError(f"{path}: its cell tagged {_TAG!r} is not Python ({error.msg}, line {error.lineno})") from None
    lines = source.splitlines()
    found: dict[str, Parameter] = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if _is_annotated(node) else []
        for target in targets:
            if isinstance(target, ast.Name):
                default, checked = _literal(node.value)
                _, _, comment = lines[node.end_lineno - 1][node.end_col_offset :].partition("#")
                found[target.id] = Parameter(target.id, default, checked, comment.strip())
    return found


def _is_annotated(node: ast.stmt) -> bool:
    return isinstance(node, ast.AnnAssign) and node.value is not None


def _literal(node: ast.expr) -> tuple[Any, bool]:
    try:
        return ast.literal_eval(node), True
    except ValueError:
        return None, False


def check_parameters(
    values: Mapping[str, Any], templates: Sequence[Path], *, reserved: Mapping[str, str]
) -> dict[Path, dict[str, Any]]:
    """Refuse what the templates do not take, and say which of them takes what.

    Parameters
    ----------
    values : mapping
        Parameters by name.
    templates : sequence of pathlib.Path
        The notebooks that will run.
    reserved : mapping of str to str
        Names that the caller sets itself, and what to use instead.

    Returns
    -------
    dict of pathlib.Path to dict
        The values that each template gets.

    Raises
    ------
    UnknownNameError
        If a name is unknown to all templates, naming those that exist; or if no template has parameters.
    UsageError
        If a value has another type than the default, or the name is reserved.

    Examples
    --------
    >>> check_parameters({}, [], reserved={})
    {}
    """
    known = {template: notebook_parameters(template) for template in templates}
    if values and all(parameters is None for parameters in known.values()):
        raise UnknownNameError(
            f"{', '.join(template.name for template in templates)} takes no parameters: "
            f"tag the cell that sets its defaults {_TAG!r}"
        )
    given: dict[Path, dict[str, Any]] = {template: {} for template in templates}
    for name, value in values.items():
        if name in reserved:
            raise UsageError(f"parameter {name!r} is set by facestats: use {reserved[name]}")
        takers = {template: parameters[name] for template, parameters in known.items() if name in (parameters or {})}
        if not takers:
            names = sorted(_names(known.values()) - set(reserved))
            raise UnknownNameError(f"unknown parameter {name!r}; there are {', '.join(names) or 'none'}")
        for template, parameter in takers.items():
            if not parameter.accepts(value):
                raise UsageError(
                    f"parameter {name!r} of {template.name} takes {parameter.kind}, like {parameter.default!r}, "
                    f"not {value!r}"
                )
            if not parameter.allows(value):
                raise UsageError(f"parameter {name!r} of {template.name} must be in {parameter.range}, not {value!r}")
            given[template][name] = value
    return given


def read_file(path: Path, templates: Sequence[Path]) -> dict[str, Any]:
    """Read values from a YAML file: names and values, as ``-p`` takes them.

    Parameters
    ----------
    path : pathlib.Path
    templates : sequence of pathlib.Path
        The notebooks that will run, whose defaults say what numbers and texts are.

    Raises
    ------
    MissingInputError
        If there is no such file.
    UsageError
        If it is not YAML, or holds something else than names and values.

    Examples
    --------
    >>> read_file(Path("params.yaml"), [])  # doctest: +SKIP
    {'smooth_s': 2.0}
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingInputError(f"{path} does not exist: -f needs a YAML file of parameters") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{path} cannot be read as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict | None) or not all(isinstance(name, str) for name in values or {}):
        raise UsageError(f"{path} must hold names and values, a line each: smooth_s: 2")
    # YAML knows dates, notebooks have them as text; 1e-3 is text in YAML.
    texts = {name: value for name, value in (values or {}).items() if isinstance(value, str)}
    days = {name: value.isoformat() for name, value in (values or {}).items() if isinstance(value, date)}
    return {**(values or {}), **read_values(texts, templates), **days}


def read_values(texts: Mapping[str, str], templates: Sequence[Path]) -> dict[str, Any]:
    """Read values from the command line as the notebooks' defaults suggest; of unknown names as they are.

    Raises
    ------
    UsageError
        If a template cannot be read.

    Examples
    --------
    >>> from facestats._util.resources import bundled
    >>> read_values({"smooth_s": "2", "title": "2"}, [bundled("notebooks") / "video_report.ipynb"])
    {'smooth_s': 2.0, 'title': '2'}
    """
    known = [notebook_parameters(template) or {} for template in templates]
    return {
        name: next((parameters[name].parse(text) for parameters in known if name in parameters), text)
        for name, text in texts.items()
    }


def _names(known: Iterable[Mapping[str, Parameter] | None]) -> set[str]:
    return {name for parameters in known for name in parameters or {}}
