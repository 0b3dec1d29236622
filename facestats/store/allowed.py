"""What may be corrected by hand: the one place that says of a correction why it cannot be."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from facestats._util import words
from facestats._util.described import refuse_other_type
from facestats._util.naming import either, named
from facestats._util.spoken import moment_of
from facestats.errors import UnknownNameError, UsageError
from facestats.models.attributes import ATTRIBUTE_CLASSES, VERDICT_COLUMNS
from facestats.tables import schema
from facestats.tables.correction import ACCEPT, FACE, REJECT, Correction
from facestats.tables.corrections import Corrected
from facestats.tables.doubts import is_accepted
from facestats.tables.people import NO_PEOPLE
from facestats.tables.whose import Whose, met_s

#: The verdicts that can be set: columns of ``tracks``.
VERDICTS = ("gender", "age_group", "expression", "makeup")

#: What else can be done to a track, and the type of what is given for it; the moment of a split may be a text.
CHANGES = {"merge": int, "split": None, "reject": bool, "accept": bool, "same_person": int, "own_person": bool}

_OPTIONS = {"age_group": "--age"}  # of the command line, where they are called otherwise


def verdict_name(column: str) -> str:
    """Return what the user calls a verdict that is set by hand, by its column of ``tracks``.

    Examples
    --------
    >>> verdict_name("age_group")
    'age_group'
    """
    return named(column, _OPTIONS.get(column, ""))


def check_verdicts(verdicts: Mapping[str, str]) -> None:
    """Refuse what is no class of its attribute, by column of ``tracks``, nor ``"unknown"``.

    Raises
    ------
    UnknownNameError
        Of the first one.

    Examples
    --------
    >>> check_verdicts({"gender": "female", "age_group": "unknown"})
    """
    classes = {known: (*ATTRIBUTE_CLASSES[name], schema.UNKNOWN) for name, known in VERDICT_COLUMNS.items()}
    for column, value in verdicts.items():
        if value not in classes[column]:
            raise UnknownNameError(f"{verdict_name(column)} {value!r} is unknown: use {', '.join(classes[column])}")


def check_change(track: int, verdicts: Mapping[str, str], changes: Mapping[str, object]) -> None:
    """Refuse a correction that is none, that is more than one thing, or whose values are of another type.

    Parameters
    ----------
    track : int
    verdicts : mapping of str to str
        By column of ``tracks``.
    changes : mapping of str to object
        By name of :data:`CHANGES`; None and False are no change.

    Raises
    ------
    UsageError, UnknownNameError

    Examples
    --------
    >>> check_change(3, {}, {"reject": True, "merge": None})
    """
    refuse_other_type(named("track", "TRACK"), track, int)
    given = [name for name in CHANGES if changes.get(name) is not None and changes[name] is not False]
    for name in given:
        if (kind := CHANGES[name]) is not None:
            refuse_other_type(named(name), changes[name], kind)
    n_changes = bool(verdicts) + len(given)
    if n_changes != 1:
        much = "too much at once" if n_changes else "nothing to correct"
        *others, last = map(named, CHANGES)
        wanted = f"verdicts ({', '.join(map(verdict_name, VERDICTS))}), or {', '.join(others)} or {last}"
        raise UsageError(f"{much}: give {wanted}")
    check_verdicts(verdicts)


def check_there(found: Corrected, store: Path, video_id: str, track: int) -> None:
    """Refuse a track that is not there, and say what became of it by hand, and how to undo that.

    Parameters
    ----------
    found : Corrected
        The video as it is corrected.
    store : pathlib.Path
    video_id : str
    track : int

    Raises
    ------
    UnknownNameError

    Examples
    --------
    >>> check_there(found, store.path, "clip-1234abcd", 3)  # doctest: +SKIP
    """
    there = sorted(found.tables["observations"]["track_id"].dropna().unique())
    if track in there:
        return
    by = found.gone.get(track)
    if by is None:
        known = ", ".join(str(each) for each in there[:10]) + (", ..." if len(there) > 10 else "")
        raise UnknownNameError(f"{video_id} has no face {track}: there is {known or 'none'}")
    undo = how_to_undo(store, video_id, by.number)
    if by.what == REJECT:
        raise UnknownNameError(f"face {track} of {video_id} was rejected by hand: to undo that first, {undo}")
    whole = found.track_ids[by.number]
    while (later := found.gone.get(whole)) is not None:  # what it became part of may have gone since
        if later.what == REJECT:
            undo = how_to_undo(store, video_id, later.number)
            raise UnknownNameError(
                f"face {track} of {video_id} is part of face {whole}, which was rejected by hand: to undo that first, "
                f"{undo}"
            )
        whole = found.track_ids[later.number]
    raise UnknownNameError(
        f"face {track} of {video_id} is part of face {whole} by hand: correct face {whole}, or to undo that first, "
        f"{undo}"
    )


def check_change_fits(
    found: Corrected, store: Path, video_id: str, track: int, changes: Mapping[str, Any], before: Sequence[Correction]
) -> None:
    """Refuse what does not fit the faces and people of a video: of two that meet, of one alone, or done before.

    Parameters
    ----------
    found, store, video_id, track
        See :func:`check_there`.
    changes : mapping of str to object
        See :func:`check_change`.
    before : sequence of Correction
        The corrections that ``found`` has.

    Raises
    ------
    UnknownNameError, UsageError

    Examples
    --------
    >>> check_change_fits(found, store.path, "clip-1234abcd", 3, {"merge": 7}, [])  # doctest: +SKIP
    """
    merge, same_person = changes.get("merge"), changes.get("same_person")
    for each in (track, *(one for one in (merge, same_person) if one is not None)):
        check_there(found, store, video_id, each)
    if changes.get("accept"):
        _check_not_accepted(found, store, video_id, track, before)
    if merge is not None:
        if track == merge:
            raise UsageError(f"face {track} cannot be merged with itself")
        _check_not_met(found.tables["observations"], [track], [merge])
    if same_person is not None or changes.get("own_person"):
        _check_people(found.tables, track, same_person)


def split_moment(observations: pd.DataFrame, track: int, split: float | str) -> float:
    """Return the second at which a track is split, or refuse one at which it cannot be.

    Raises
    ------
    UsageError

    Examples
    --------
    >>> rows = pd.DataFrame({"track_id": [3, 3], "time_s": [0.0, 9.0]})
    >>> split_moment(rows, 3, "0:08")
    8.0
    """
    moment_s = moment_of(split, named("split"))
    times = observations.loc[observations["track_id"].eq(track).fillna(False), "time_s"]
    if not times.min() < moment_s <= times.max():
        span = words.span(float(times.min()), float(times.max()))
        raise UsageError(f"face {track} cannot be split at {words.moment(moment_s)}: it is seen from {span}")
    return moment_s


def how_to_undo(store: Path, video_id: str, number: int) -> str:
    """Return in words how a correction is undone.

    Examples
    --------
    >>> how_to_undo(Path("store"), "clip-1234abcd", 2)
    "use store.uncorrect('clip-1234abcd', 2)"
    """
    command = f"facestats correct {shlex.quote(str(store))} {video_id} --undo {number}"
    return f"use {either(f'store.uncorrect({video_id!r}, {number})', command)}"


def _check_not_accepted(found: Corrected, store: Path, video_id: str, track: int, before: Sequence[Correction]) -> None:
    tracks = found.tables["tracks"]
    if not is_accepted(tracks[tracks["track_id"] == track].iloc[0].to_dict()):
        return
    of_track = [each for each in before if found.track_ids.get(each.number) == track]
    by = next((each.number for each in reversed(of_track) if each.what in (ACCEPT, FACE)), None)
    undo = "" if by is None else f"; to undo that, {how_to_undo(store, video_id, by)}"
    raise UsageError(f"face {track} of {video_id} was accepted before{undo}")


def _check_not_met(observations: pd.DataFrame, one: list[int], other: list[int]) -> None:
    times, ids = observations["time_s"].to_numpy(), observations["track_id"].fillna(-1).to_numpy()
    moment = met_s(times, ids, one, other)
    if moment is not None:
        there = set(ids[times == moment].tolist())
        first, second = (next(track for track in tracks if track in there) for tracks in (one, other))
        raise UsageError(f"faces {first} and {second} are seen together at {words.moment(moment)}: they are two")


def _check_people(tables: Mapping[str, pd.DataFrame], track: int, other: int | None) -> None:
    """Refuse what cannot be said of the people of tracks."""
    whose = Whose(tables["tracks"])
    if track not in whose.people:
        raise UsageError(f"whose face {track} is cannot be corrected: {NO_PEOPLE}")
    if other is None:
        if len(whose.tracks_of(track)) == 1:
            raise UsageError(f"face {track} is of a person of its own already")
        return
    if other in whose.tracks_of(track):
        raise UsageError(f"faces {track} and {other} are of one person already")
    _check_not_met(tables["observations"], whose.tracks_of(track), whose.tracks_of(other))
