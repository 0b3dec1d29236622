"""Which notebook runs on what: the tasks that make up the reports of a store."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from facestats._util.files import sha256_of
from facestats._util.locations import location
from facestats._util.resources import bundled
from facestats.errors import UsageError
from facestats.reports.index import PAGE, Listed
from facestats.reports.parameters import notebook_parameters
from facestats.reports.sides import check_sides, choices
from facestats.store.corrections import corrections_written
from facestats.store.drawn import drawn_with
from facestats.store.manifest import Entry
from facestats.store.store import Store, open_store

#: What a report runs by default: on each video, then on all of them.
VIDEO_TEMPLATE, COLLECTION_TEMPLATE = "video_report", "collection_report"

#: What compares two stores, or two parts of one.
COMPARISON_TEMPLATE = "compare_report"

#: What reports set themselves, and how to say it instead.
RESERVED: Mapping[str, str] = {
    "store": "the STORE argument",
    "video": "--video",
    "page_folder": "nothing, it follows --out",
    "page_name": "nothing, it follows the template and the video",
    "linked": "nothing, it follows what is written",
}


@dataclass(frozen=True)
class Task:
    """One notebook to be run.

    Attributes
    ----------
    template : pathlib.Path
    name : str
        Of what it makes, without suffix.
    title : str
        Of the page, unless the parameters say otherwise.
    parameters : mapping
        Checked, with those that facestats sets.
    entries : tuple of Entry
        The videos that it is about.
    made_of : mapping of str to list of str
        The same by store: ids of videos, see :class:`facestats.reports.index.Listed`.
    corrected : mapping of str to mapping
        By store and video, what was corrected by hand when the task was planned.
    drawn : mapping of str to mapping
        By store and video, with which corrections its clip was drawn, see :mod:`facestats.store.drawn`.
    shown : mapping of str to str
        Of each video without a clip, the file that shows it beside the page, or why none does.
    """

    template: Path
    name: str
    title: str
    parameters: Mapping[str, Any]
    entries: tuple[Entry, ...]
    made_of: Mapping[str, list[str]]
    corrected: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    drawn: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)

    @property
    def page_title(self) -> str:
        """The title of the page."""
        return str(self.parameters.get("title") or self.title)

    @property
    def video_status(self) -> str:
        """What became of the one video that it is about; of several, ``"failed"`` if all failed, else ``"ok"``."""
        if len(self.entries) == 1:
            return self.entries[0].status
        return "failed" if self.entries and all(entry.status == "failed" for entry in self.entries) else "ok"

    @property
    def made_from(self) -> str:
        """Hash of all that the report depends on."""
        known = {
            # Not the sizes and times of files, nor who knows of a failure: no page shows them.
            "entries": [asdict(replace(entry, files={}, acknowledged=None)) for entry in self.entries],
            "corrections": self.corrected,
            "drawn": self.drawn,
            "shown": {entry.video_id: self.shown.get(entry.video_id) for entry in self.entries},
            "template": sha256_of(self.template),
            "parameters": dict(self.parameters),
            "facestats": version("facestats"),
        }
        return hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode()).hexdigest()

    def is_current(self, folder: Path, listed: Mapping[str, Listed], *, pdf: bool = False) -> bool:
        """Whether the report in ``folder`` was made from the same, and printed if it is to be."""
        known = listed.get(self.name)
        if pdf and not (folder / f"{self.name}.pdf").is_file():
            return False
        return known is not None and known.made_from == self.made_from and (folder / f"{self.name}.ipynb").is_file()


def templates(template: str | os.PathLike[str] | None = None) -> list[Path]:
    """Return the notebooks that a report runs: the given one, or the two that a report has by default.

    Those that come with facestats may be given by their bare names.

    Examples
    --------
    >>> [path.name for path in templates()]
    ['video_report.ipynb', 'collection_report.ipynb']
    >>> [path.name for path in templates("compare_report")]
    ['compare_report.ipynb']
    """
    ours = bundled("notebooks")
    if template is None:
        return [ours / f"{name}.ipynb" for name in (VIDEO_TEMPLATE, COLLECTION_TEMPLATE)]
    path = Path(template)
    if path.parent == Path() and not path.suffix and not path.exists():
        known = sorted(found.stem for found in ours.glob("*_report.ipynb"))
        if path.name not in known:
            raise UsageError(f"no template {path.name!r}: give a notebook (.ipynb), or one of {', '.join(known)}")
        return [ours / f"{path.name}.ipynb"]
    return [path]


def reserved_names(template: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """Return the parameters that facestats sets itself, and what to use instead.

    Examples
    --------
    >>> reserved_names()["video"]
    '--video'
    """
    return dict(RESERVED) if template is not None else {**RESERVED, "out": "nothing, the store is there already"}


def tasks_of(
    template: Path, store: Store, folder: Path, given: Mapping[str, Any], *, together: bool = False
) -> list[Task]:
    """Return what to run a template on, with the parameters that facestats sets as far as the template has them.

    Pages refer to each other if they are made ``together``, or where the others are there already.

    Raises
    ------
    UsageError
        If the template would overwrite the list of all reports, or compares what cannot be compared.

    Examples
    --------
    >>> tasks_of(templates()[0], open_store("facestats-out"), Path("reports"), {})  # doctest: +SKIP
    """
    known = notebook_parameters(template) or {}
    own = template.parent != bundled("notebooks")
    collection = template.stem == COLLECTION_TEMPLATE and not own
    if own and template.stem == Path(PAGE).stem:
        raise UsageError(f"{template} would overwrite the list of all reports, {PAGE}: give it another name")
    if template.stem == COMPARISON_TEMPLATE and not own:
        check_sides(str(store.path), given.get("other", ""), *choices(given))
    entries = store.entries()
    needed = entries if collection else ["collection"]
    linked = not own and (together or all((folder / f"{name}.html").is_file() for name in needed))
    settings: dict[str, Any] = {
        "store": str(store.path.resolve()),
        "page_folder": str(folder.resolve()),
        "linked": linked,
    }

    def task(name: str, title: str, *about: Entry, **more: Any) -> Task:
        set_here = {**settings, "page_name": name, **more}
        values = {key: value for key, value in set_here.items() if key in known}
        of_other = _others(given)
        made_of = {settings["store"]: [entry.video_id for entry in about], **{k: list(v) for k, v in of_other.items()}}
        others = [entry for entries in of_other.values() for entry in entries.values()]
        corrected = {place: corrections_written(location(place), ids) for place, ids in made_of.items()}
        drawn = {place: drawn_with(location(place), ids) for place, ids in made_of.items()}
        return Task(template, name, title, {**values, **given}, (*about, *others), made_of, corrected, drawn)

    if store.video_id is not None and "video" not in known:
        raise UsageError(f"{template.name} is about all videos: leave --video out, or give it a parameter 'video'")
    if collection or "video" not in known:
        title = f"Faces in {store.path.resolve().name}" if collection else template.stem.replace("_", " ")
        return [task("collection" if collection else template.stem, title, *entries.values())]
    return [
        task(
            f"{template.stem}-{video_id}" if own else video_id,
            (f"{template.stem}: " if own else "") + (Path(entry.paths[0]).name if entry.paths else video_id),
            entry,
            video=video_id,
        )
        for video_id, entry in entries.items()
    ]


def _others(given: Mapping[str, Any]) -> dict[str, dict[str, Entry]]:
    """Return the entries of another store that a report compares with, so that it is made anew when that changes."""
    other = given.get("other")
    if not isinstance(other, str) or not other:
        return {}
    store = open_store(other)
    return {str(store.path.resolve()): store.entries()}
