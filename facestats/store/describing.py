"""What the columns of exported files mean, in two files beside them: ``columns.csv`` and ``datapackage.json``.

The first is for people. The second is a Data Package (https://specs.frictionlessdata.io), which R, Python and data
portals read. Both speak of all files that were exported into the folder.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from facestats._util.files import written_aside
from facestats.errors import OutputError
from facestats.tables.schema import Column

COLUMNS_FILE, PACKAGE_FILE = "columns.csv", "datapackage.json"

_HEADER = ("file", "table", "column", "type", "unit", "meaning")
_TYPES = {
    "str": "string",
    "Int64": "integer",
    "float64": "number",
    "float32": "number",
    "bool": "boolean",
    "boolean": "boolean",
}


def describe(out: Path, table: str, columns: Sequence[Column], *, format: str) -> None:
    """Write, or bring up to date, the two files that say what the columns of an exported file mean.

    Parameters
    ----------
    out : pathlib.Path
        The exported file.
    table : str
    columns : sequence of Column
        Its columns, in order.
    format : str
        ``"csv"``, ``"tsv"`` or ``"json"``.

    Raises
    ------
    OutputError
        If they cannot be written, or other files have their names.

    Examples
    --------
    >>> import tempfile
    >>> from facestats.tables import schema
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     describe(Path(folder, "frames.csv"), "frames", schema.columns("frames"), format="csv")
    ...     print(Path(folder, "columns.csv").read_text().splitlines()[3])
    frames.csv,frames,time_s,number,s,presentation timestamp
    """
    known, package = _known_columns(out.parent), _known_package(out.parent)
    rows = [row for row in known if row[0] != out.name]
    rows += [(out.name, table, column.name, _type(column), column.unit or "", column.meaning) for column in columns]
    resource = _resource(out, table, columns, format)
    others = [each for each in package.get("resources", []) if each.get("path") != out.name]
    package = {"profile": "tabular-data-package", "name": "facestats", **package, "resources": [*others, resource]}
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_HEADER, *rows])
    _write(out.parent / COLUMNS_FILE, text.getvalue())
    _write(out.parent / PACKAGE_FILE, json.dumps(package, indent=2, ensure_ascii=False) + "\n")


def check_describable(out: Path) -> None:
    """Raise :class:`OutputError` if another file has the name of a description beside ``out``.

    Examples
    --------
    >>> check_describable(Path("nowhere/frames.csv"))
    """
    _known_columns(out.parent)
    _known_package(out.parent)


def _known_columns(folder: Path) -> list[tuple[str, ...]]:
    path = folder / COLUMNS_FILE
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = [tuple(row) for row in csv.reader(file)] or [()]
    except (FileNotFoundError, NotADirectoryError):  # which the export itself will say
        return []
    except (OSError, UnicodeDecodeError, csv.Error):
        header, rows = (), []
    if header != _HEADER:
        raise OutputError(f"{path} is another file: export into another folder, or without a description")
    return rows


def _known_package(folder: Path) -> dict[str, Any]:
    path = folder / PACKAGE_FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, dict) and all(isinstance(each, Mapping) for each in found.get("resources", [])):
            return found
    except (FileNotFoundError, NotADirectoryError):  # which the export itself will say
        return {}
    except (OSError, ValueError, TypeError):
        pass
    raise OutputError(f"{path} is no data package: export into another folder, or without a description")


def _type(column: Column) -> str:
    return "datetime" if column.dtype.startswith("datetime") else _TYPES.get(column.dtype, "string")


def _resource(out: Path, table: str, columns: Sequence[Column], format: str) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "name": re.sub(r"[^a-z0-9._-]+", "-", out.name.lower()),
        "path": out.name,
        "profile": "tabular-data-resource",
        "title": f"facestats: {table}",
        "format": format,
        "mediatype": {"csv": "text/csv", "tsv": "text/tab-separated-values", "json": "application/json"}[format],
        "encoding": "utf-8",
        "schema": {"fields": [_field(column) for column in columns], "missingValues": [""]},
    }
    if format == "tsv":
        resource["dialect"] = {"delimiter": "\t"}
    return resource


def _field(column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {"name": column.name, "type": _type(column), "description": column.meaning}
    if column.unit is not None:
        field["unit"] = column.unit
    if column.classes:
        field["constraints"] = {"enum": list(column.classes)}
    if column.is_share:
        field["constraints"] = {"minimum": 0, "maximum": 1}
    if field["type"] == "boolean":
        field |= {"trueValues": ["True", "true"], "falseValues": ["False", "false"]}
    if field["type"] == "datetime":
        field["format"] = "%Y-%m-%d %H:%M:%S" if column.decimals is None else "default"
    if column.dtype == "object":
        field["format"] = "binary"
    return field


def _write(path: Path, text: str) -> None:
    try:
        with written_aside(path) as part:
            part.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from None
