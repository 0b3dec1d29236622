"""``facestats forget`` and ``facestats prune``: take videos out of a store, and out of its reports."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facestats.cli import app
from facestats.cli.console import one_line

if TYPE_CHECKING:
    from facestats.store.forget import Forgotten

_Store = Annotated[str, typer.Argument(metavar="STORE", help="What `facestats analyze --out` wrote.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object with everything.")]


@app.command()
def forget(
    store: _Store,
    videos: Annotated[list[str], typer.Argument(metavar="VIDEO...", help="Ids, paths or file names.")],
    keep_out: Annotated[
        bool,
        typer.Option(help="Note the hash of the content, so that no later run analyses it again; nothing else stays."),
    ] = True,
    let_in: Annotated[
        bool, typer.Option("--let-in", help="Let files in again that were forgotten, instead; VIDEO is a file.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Remove videos with all that is known of them, reports, clips and cuts included.

    The video files themselves are not touched.
    """
    from facestats.store.published import report_folders
    from facestats.store.store import open_store
    from facestats.video.identity import is_there

    opened = open_store(store)
    if let_in:
        for file in videos:
            print(one_line(_let_in(opened.path, file)))
        return
    folders = report_folders(opened.path)
    found = opened.forget(*videos, keep_out=keep_out)
    _print(found, folders, as_json=as_json)
    then = "no run analyses it again" if keep_out else "the next run analyses it again"
    for path in [] if as_json else [path for each in found for path in each.paths if is_there(path)]:
        print(one_line(f"{path} is still there: {then}"))


@app.command()
def prune(
    store: _Store,
    gone: Annotated[
        bool, typer.Option("--gone", help="Videos whose files the last run over their folder did not find.")
    ] = False,
    replaced: Annotated[bool, typer.Option("--replaced", help="Videos whose files have other content now.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="Videos that could not be read.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; remove nothing.")] = False,
    as_json: _Json = False,
) -> None:
    """Remove videos that have gone, that other content has replaced, or that failed."""
    from facestats.store.published import report_folders
    from facestats.store.store import open_store

    opened = open_store(store)
    folders = report_folders(opened.path)
    found = opened.prune(gone=gone, replaced=replaced, failed=failed, dry_run=dry_run)
    _print(found, folders, as_json=as_json, verb="would go" if dry_run else "removed")


def _print(found: Sequence[Forgotten], folders: Sequence[Path], *, as_json: bool, verb: str = "removed") -> None:
    if as_json:
        print(json.dumps({"removed": [asdict(each) for each in found], "dry_run": verb != "removed"}))
        return
    for each in found:
        went = f": {', '.join(_gathered(each.went, folders))}" if each.went else ""
        print(one_line(f"{verb} {each.paths[0] if each.paths else each.video_id} ({each.video_id}){went}"))
    print(f"{len(found)} {'video' if len(found) == 1 else 'videos'} {verb}")


def _gathered(went: Sequence[str], folders: Sequence[Path]) -> list[str]:
    """Return what went, with what lay in a folder of reports counted: there are many files of one video."""
    places = [next((folder for folder in folders if Path(each).is_relative_to(folder)), None) for each in went]
    kinds = [each for each, place in zip(went, places, strict=True) if place is None]
    counts = Counter(place for place in places if place is not None)
    return [*kinds, *(f"{n} {'file' if n == 1 else 'files'} of reports in {folder}" for folder, n in counts.items())]


def _let_in(store: Path, file: str) -> str:
    from facestats.errors import MissingInputError
    from facestats.store.keptout import let_in
    from facestats.store.locking import locked
    from facestats.video.discovery import discover
    from facestats.video.identity import content_of

    found = discover([file])
    sha256 = content_of(found.inputs[0]).sha256 if len(found.inputs) == 1 else None
    if sha256 is None:
        raise MissingInputError(f"{file} cannot be read: give the file that was forgotten")
    with locked(store):
        known = let_in(store, sha256)
    return f"{file}: the next run takes it again" if known else f"{file} was not kept out"
