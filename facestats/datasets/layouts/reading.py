"""What the readers of several layouts need: files that may lie in one of a few places, tables, folders of pictures."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from facestats.errors import DataError, MissingInputError


def find_file(source: Path, *places: str) -> Path:
    """Return the first of a few files that exists.

    Parameters
    ----------
    source : pathlib.Path
        The folder to look in.
    places : str
        Paths inside the folder, the usual one first.

    Raises
    ------
    MissingInputError
        If there is none of them.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "wiki.mat").write_bytes(b"")
    ...     find_file(Path(folder), "imdb.mat", "wiki.mat").name
    'wiki.mat'
    """
    for place in places:
        if (source / place).is_file():
            return source / place
    raise MissingInputError(f"{source} has no {' or '.join(places)}")


def find_folder(source: Path, *places: str) -> Path:
    """Return the first of a few folders that exists, or else the first: its pictures will be missing.

    Some archives hold the folder once more inside itself; then it is the inner one.

    Parameters
    ----------
    source, *places
        See :func:`find_file`.

    Examples
    --------
    >>> find_folder(Path("adience"), "faces", "aligned").name
    'faces'
    """
    folders = [source / place for place in places]
    found = next((folder for folder in folders if folder.is_dir()), folders[0])
    inner = found / found.name
    return inner if inner.is_dir() else found


def pictures_under(source: Path, suffixes: Collection[str]) -> list[Path]:
    """Return the pictures in a folder and all folders in it, sorted by path.

    Parameters
    ----------
    source : pathlib.Path
        The folder.
    suffixes : collection of str
        In lower case, such as ``{".jpg"}``; any case counts.

    Raises
    ------
    MissingInputError
        If there is no such picture.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.JPG").write_bytes(b"")
    ...     [picture.name for picture in pictures_under(Path(folder), {".jpg"})]
    ['a.JPG']
    """
    found = sorted(path for path in source.rglob("*") if path.suffix.lower() in suffixes and is_visible(path))
    if not found:
        raise MissingInputError(f"{source} has no picture that ends in {' or '.join(sorted(suffixes))}")
    return found


def is_visible(path: Path) -> bool:
    """Return whether a file is one of the data set's: macOS leaves others, whose names begin with a dot.

    Examples
    --------
    >>> is_visible(Path("._a.jpg"))
    False
    """
    return not path.name.startswith(".")


def read_rows(path: Path, columns: Collection[str], delimiter: str = ",") -> Iterator[tuple[int, dict[str, str]]]:
    r"""Read a table with a header; fields and column names lose the spaces around them.

    Parameters
    ----------
    path : pathlib.Path
        The file, in UTF-8.
    columns : collection of str
        The columns that are needed; others are left.
    delimiter : str
        What stands between two fields.

    Yields
    ------
    tuple of int and dict
        The row's line in the file, counted from 1, and its fields by column.

    Raises
    ------
    DataError
        If the file is no such table, lacks a column, or has a row that is too short.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.csv")
    ...     _ = path.write_text("emotion, pixels\n3,0 0 0\n")
    ...     list(read_rows(path, ["emotion"]))
    [(2, {'emotion': '3'})]
    """
    lines = _fields(path, delimiter)
    header = [name.strip() for name in next(lines, (0, []))[1]]
    for column in columns:
        if column not in header:
            raise DataError(f"{path} has no column {column!r}; it needs {', '.join(columns)}")
    places = {column: header.index(column) for column in columns}
    needed = max(places.values()) + 1
    for line, fields in lines:
        if len(fields) < needed:
            raise DataError(f"{path}, line {line}: {len(fields)} fields, where at least {needed} are needed")
        yield line, {column: fields[place].strip() for column, place in places.items()}


def _fields(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    # utf-8-sig: some spreadsheets put a byte order mark before the header.
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file, delimiter=delimiter)
        try:
            for fields in reader:
                if fields:
                    yield reader.line_num, fields
        except (csv.Error, UnicodeDecodeError) as error:
            raise DataError(f"{path}, after line {reader.line_num}: not a table of text: {error}") from None


def choose(choices: Mapping[str, str], value: str, what: str, where: str) -> str:
    """Return what a data set's own word for a label means here.

    Parameters
    ----------
    choices : mapping of str to str
        From the data set's words.
    value : str
        One of them.
    what, where : str
        What the word says and where it stands, for the error.

    Raises
    ------
    DataError
        If there is no such word.

    Examples
    --------
    >>> choose({"m": "male", "f": "female"}, "f", "gender", "fold_0_data.txt, line 2")
    'female'
    """
    if value not in choices:
        raise DataError(f"{where}: {what} {value!r} is not one of {', '.join(choices)}")
    return choices[value]
