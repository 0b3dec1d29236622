"""``facestats correct``: correct tracks by hand, list what was corrected, and undo it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facestats.cli import app
from facestats.cli.console import one_line

if TYPE_CHECKING:
    from facestats.store.store import Store
    from facestats.tables.correction import Correction


@app.command()
def correct(
    store: Annotated[str, typer.Argument(metavar="STORE", help="What `facestats analyze --out` wrote.")],
    video: Annotated[
        str | None, typer.Argument(metavar="VIDEO", help="Its id, path or file name; with --list all by default.")
    ] = None,
    track: Annotated[int | None, typer.Argument(metavar="TRACK", help="The number of the face.")] = None,
    gender: Annotated[str | None, typer.Option(help="Set the verdict: female, male or unknown.")] = None,
    age: Annotated[str | None, typer.Option(help="Set it: child, young, middle, old or unknown.")] = None,
    expression: Annotated[str | None, typer.Option(help="Set it: anger, ..., neutral or unknown.")] = None,
    makeup: Annotated[str | None, typer.Option(help="Set it: none, partial, over or unknown.")] = None,
    merge: Annotated[
        int | None, typer.Option(metavar="OTHER", help="Make another track of the same face part of this one.")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="From this moment of the video on it is another face: seconds, or as 1:30 or 1:02:30.",
        ),
    ] = None,
    reject: Annotated[bool, typer.Option("--reject", help="It is no face.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="You looked at it and let it be: it is doubtful no more.")
    ] = False,
    same_person: Annotated[
        int | None, typer.Option(metavar="OTHER", help="Make one person of the people whom both faces show.")
    ] = None,
    own_person: Annotated[
        bool, typer.Option("--own-person", help="It shows another person than the faces that it was put together with.")
    ] = False,
    face_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="What may be no face then, in the table doubtful, is one; without TRACK, perhaps with verdicts.",
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; kept with the correction.")] = "",
    undo: Annotated[int | None, typer.Option(metavar="NUMBER", help="Undo this correction of the video.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="List what was corrected.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as one JSON object.")] = False,
) -> None:
    """Correct a face by hand: its verdicts, two tracks that are one face, one that is two or none, and whose it is.

    The analysis stays as it is; everything is read with the corrections. They are kept through later analyses.
    """
    from facestats.errors import UsageError
    from facestats.store.store import open_store
    from facestats.tables.correction import told

    verdicts: dict[str, Any] = {"gender": gender, "age_group": age, "expression": expression, "makeup": makeup}
    changes: dict[str, Any] = {"merge": merge, "split": split, "same_person": same_person}
    flags: dict[str, Any] = {"reject": reject, "accept": accept, "own_person": own_person}
    of_track = [*_given({**changes, **flags}), *_given({**verdicts, "TRACK": track})]
    opened = open_store(store)
    if listed or as_json:
        _goes_alone("--list" if listed else "--json", [*of_track, *_given({"face_at": face_at, "undo": undo})])
        _list(opened if video is None else opened.video(video), as_json=as_json)
        return
    if video is None:
        raise UsageError("name the video and the face to correct, or use --list")
    if undo is not None:
        _goes_alone("--undo", [*of_track, *_given({"face_at": face_at})])
        gone = opened.uncorrect(video, undo)
        print(one_line(f"undone: {told(gone.track_id, gone.what, gone.value, gone.time_s)}"))
        print(one_line(_next(opened.video(video))))
        return
    if face_at is not None:
        if track is not None:
            raise UsageError("--face-at is for what has no number yet: leave the face's number out")
        _goes_alone("--face-at", _given({**changes, **flags}))
        made = opened.take_for_face(video, face_at, **verdicts, reason=reason)
    elif track is None:
        raise UsageError("name the face to correct, by its number (face 3 is 3; of a person, reports list the faces)")
    else:
        made = opened.correct(video, track, **verdicts, **changes, **flags, reason=reason)
    one = opened.video(video)
    for each in made:
        does = told(each.track_id, each.what, each.value, each.time_s)
        print(one_line(f"{each.number}: {does}{_which(one, each)}"))
    for line in _not_measured(one, [int(each.value or 0) for each in made if each.what == "split"]):
        print(one_line(line))
    print(one_line(_next(one)))


def _which(store: Store, made: Correction) -> str:
    """Return which face a correction of a store's one video has just made, where it made one."""
    from facestats._util import words
    from facestats.tables.correction import FACE, SPLIT
    from facestats.tables.labels import face_name

    if made.what == SPLIT:
        return f": {face_name(int(made.value or 0))}"
    if made.what == FACE:
        seen = store.tracks(columns=["start_s", "end_s"], where=[("track_id", "==", made.track_id)]).iloc[0]
        return f": it is there from {words.span(*seen.tolist())}, and its picture is of {words.moment(made.time_s)}"
    return ""


def _given(values: Mapping[str, object]) -> list[str]:
    """Return the options that were given, as they were typed, by name of their argument in Python."""
    from facestats.store.allowed import verdict_name

    given = [name for name, value in values.items() if value is not None and value is not False]
    return [name if name.isupper() else verdict_name(name) for name in given]


def _goes_alone(option: str, others: Sequence[str]) -> None:
    """Refuse other options that would be passed over in silence."""
    from facestats.errors import UsageError

    if others:
        raise UsageError(f"{option} does not go with {', '.join(others)}: give them one after the other")


def _not_measured(store: Store, new: list[int]) -> Iterator[str]:
    """Yield of faces behind a split what no model was asked in any of their moments, and what to do about it."""
    from facestats._util import words
    from facestats.models.attributes import VERDICT_COLUMNS
    from facestats.tables.labels import ATTRIBUTE_TITLES, face_name

    (entry,) = store.entries().values()
    file, place = shlex.quote(entry.shown), shlex.quote(str(store.path))
    for number in new:
        missing = store.tracks(where=[("track_id", "==", number)]).iloc[0].isna()
        asked = [name for name in VERDICT_COLUMNS if name in entry.models and missing[VERDICT_COLUMNS[name]]]
        if asked:
            titles = words.listing([ATTRIBUTE_TITLES[name] for name in asked])
            yield (
                f"no moment of {face_name(number)} was measured for {titles}: say them by hand, or measure every "
                f"sample with facestats analyze {file} --out {place} --every-sample"
            )


def _next(store: Store) -> str:
    """Return what brings the clip and the reports of a store's one video in line with its corrections."""
    from facestats.store.drawn import is_outdated
    from facestats.store.published import report_folders
    from facestats.video import is_live
    from facestats.video.identity import is_there

    (entry,) = store.entries().values()
    place, folders = shlex.quote(str(store.path)), report_folders(store.path)
    report = f"facestats report {place}"
    if len(folders) == 1:
        here, folder = Path.cwd(), folders[0]
        report += f" --out {shlex.quote(str(folder.relative_to(here) if folder.is_relative_to(here) else folder))}"
    if not is_outdated(store.path, entry.video_id):
        return f"next: {report}"
    file = next((path for path in entry.paths if not is_live(path) and is_there(path)), None)
    if file is None:
        return f"its clip shows the faces as they were, and {entry.shown} is not there to draw it anew; next: {report}"
    return (
        f"its clip shows the faces as they were; next: facestats analyze {shlex.quote(file)} --out {place} && {report}"
    )


def _list(store: Store, *, as_json: bool) -> None:
    from facestats.tables.correction import told

    rows = store.corrections()
    if as_json:
        print(json.dumps({"corrections": json.loads(rows.to_json(orient="records", date_format="iso"))}))
        return
    for row in rows.to_dict("records"):
        what = told(row["track_id"], row["what"], row["value"], row["time_s"])
        reason = f" ({row['reason']})" if row["reason"] else ""
        gone = "" if row["applies"] else "; this face is found no more, so that it does not apply"
        print(one_line(f"{row['video_id']} {row['number']}: {what}{reason}{gone}"))
    print(f"{len(rows)} {'correction' if len(rows) == 1 else 'corrections'}")
