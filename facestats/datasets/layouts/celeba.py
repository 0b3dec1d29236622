"""CelebA: forty attributes a picture; two of them stand for how much makeup there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from facestats.datasets.layouts.base import Contents, Face, Label, Layout, Skipped
from facestats.datasets.layouts.reading import choose, find_file, find_folder, read_rows
from facestats.errors import DataError

_ATTRIBUTES = ("Male", "Heavy_Makeup", "Wearing_Lipstick", "Young", "Smiling")
_SPLITS = {"0": "train", "1": "validation", "2": "test"}
_COLUMNS = ("gender", "makeup", "heavy_makeup", "lipstick", "young", "smiling")


def _read_celeba(source: Path) -> Contents:
    """Read CelebA as its authors give it (``.txt``) or as Kaggle does (``.csv``).

    The official splits are taken where ``list_eval_partition`` is there.
    """
    attributes = find_file(source, "list_attr_celeba.txt", "Anno/list_attr_celeba.txt", "list_attr_celeba.csv")
    pictures = find_folder(source, "img_align_celeba", "Img/img_align_celeba")
    partition = [source / f"{folder}list_eval_partition.{kind}" for folder in ("", "Eval/") for kind in ("txt", "csv")]
    splits = next((_read_splits(path) for path in partition if path.is_file()), None)
    columns = _COLUMNS if splits is None else ("split", *_COLUMNS)
    return Contents(columns, _faces(attributes, pictures, splits))


def _faces(attributes: Path, pictures: Path, splits: dict[str, str] | None) -> Iterator[Face | Skipped]:
    for line, file, values in _read_attributes(attributes):
        has = {name: _is_there(values[name], name, f"{attributes}, line {line}") for name in _ATTRIBUTES}
        labels: dict[str, Label] = {
            "gender": "male" if has["Male"] else "female",
            "makeup": makeup_of(heavy=has["Heavy_Makeup"], lipstick=has["Wearing_Lipstick"]),
            "heavy_makeup": has["Heavy_Makeup"],
            "lipstick": has["Wearing_Lipstick"],
            "young": has["Young"],
            "smiling": has["Smiling"],
        }
        if splits is not None:
            if file not in splits:
                yield Skipped("no split in list_eval_partition")
                continue
            labels["split"] = splits[file]
        yield Face(file, pictures / file, labels)


def makeup_of(*, heavy: bool, lipstick: bool) -> str:
    """Return the class of makeup that two of CelebA's attributes stand for.

    Parameters
    ----------
    heavy : bool
        Heavy_Makeup.
    lipstick : bool
        Wearing_Lipstick.

    Examples
    --------
    >>> makeup_of(heavy=False, lipstick=True)
    'partial'
    """
    if heavy:
        return "over"
    return "partial" if lipstick else "none"


def _is_there(value: str, name: str, where: str) -> bool:
    if value not in ("1", "-1"):
        raise DataError(f"{where}: {name} {value!r} is not 1 or -1")
    return value == "1"


def _read_attributes(path: Path) -> Iterator[tuple[int, str, dict[str, str]]]:
    if path.suffix == ".csv":
        for line, row in read_rows(path, ("image_id", *_ATTRIBUTES)):
            yield line, row["image_id"], row
        return
    lines = _words(path)
    count = next(lines, (1, []))[1]
    if len(count) != 1 or not count[0].isdecimal():
        raise DataError(f"{path}, line 1: not the number of pictures")
    names = next(lines, (2, []))[1]
    for name in _ATTRIBUTES:
        if name not in names:
            raise DataError(f"{path}, line 2: no attribute {name!r}; {', '.join(_ATTRIBUTES)} are needed")
    for line, (file, *values) in lines:
        if len(values) != len(names):
            raise DataError(f"{path}, line {line}: {len(values)} values for {len(names)} attributes")
        yield line, file, dict(zip(names, values, strict=True))


def _read_splits(path: Path) -> dict[str, str]:
    if path.suffix == ".csv":
        rows = read_rows(path, ("image_id", "partition"))
        return {
            row["image_id"]: choose(_SPLITS, row["partition"], "partition", f"{path}, line {line}")
            for line, row in rows
        }
    splits = {}
    for line, words in _words(path):
        if len(words) != 2:
            raise DataError(f"{path}, line {line}: not a file name and a number")
        splits[words[0]] = choose(_SPLITS, words[1], "partition", f"{path}, line {line}")
    return splits


def _words(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for line, text in enumerate(file, 1):
                if text.strip():
                    yield line, text.split()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not text: {error}") from None


CELEBA = Layout(
    "celeba",
    "a folder with list_attr_celeba.txt (or .csv), img_align_celeba/ and, for the official splits, "
    "list_eval_partition.txt (or .csv)",
    "Liu, Luo, Wang and Tang, Deep Learning Face Attributes in the Wild, ICCV 2015; for non-commercial research",
    _read_celeba,
)
