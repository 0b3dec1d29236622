"""The first sentence of a report: what was seen, in plain words."""

from __future__ import annotations

import pandas as pd

from facestats._util import words
from facestats.models.attributes import GENDERS
from facestats.reports.data import ReportData
from facestats.reports.people import asked, people_words, totals, units
from facestats.reports.verdicts import is_set_by_hand
from facestats.tables.correction import FACE
from facestats.tables.expressions import mean_shares
from facestats.tables.schema import UNKNOWN


def video_headline(data: ReportData) -> str:
    """Return what was seen in one video, in plain words (not escaped).

    Examples
    --------
    >>> video_headline(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    'One face was followed in this video. The most common expression is happiness (expected share of the time: 53 %).'
    """
    video = data.video
    if video["status"] == "failed":
        return f"This video could not be analysed: {words.stop(str(video['error']))}"
    length = words.duration(float(video["duration_s"]))
    where = "this picture" if data.one.is_still else f"this video of {length}"
    if not video[["from_s", "to_s"]].isna().all():
        start = 0.0 if pd.isna(video["from_s"]) else float(video["from_s"])
        where = f"this part of a video, {words.span(start, start + float(video['duration_s']))}"
    elif video["status"] == "partial" and not data.one.is_still:
        where = f"the first {length} of this video"
    faces = int(data.frames["n_faces"].sum())
    if faces == 0:
        return f"No face was found in {where}."
    if data.tracks.empty:
        entry = data.entries.get(data.video_id)
        if entry is not None and entry.options.get("tracker") == "none":
            return words.sentence(f"A face was found {words.times(faces)} in {where}; none was followed, as asked")
        glimpses = f"{words.count(faces, 'glimpse')} of a face"
        return words.sentence(f"{glimpses} in {where}, none long enough to be followed")
    followed = "found" if data.one.is_still else "followed"
    followed = "found by hand, and not measured," if taken_by_hand(data.tracks).all() else followed
    faces_followed = f"{words.count(len(data.tracks), 'face')} {_were(len(data.tracks))} {followed}"
    said = "" if data.one.is_still else people_sentence(video, data.tracks, where)
    if said and data.people is not None and len(data.people):
        n_told = int(data.people["comparable"].sum())
        text = f"{said} {words.sentence(faces_followed)}" if len(data.tracks) != n_told else said
    else:
        text = words.sentence(f"{faces_followed} in {where}")
        if not data.one.is_still and pd.notna(video["n_people"]) and len(data.tracks) > 1:
            if taken_by_hand(data.tracks).any():
                text += " How many people they are of cannot be told."
            else:
                text += " They are too small to tell how many people they are of."
    # Of the same as the charts below, so with the faces that cannot be told from others.
    return " ".join(
        [text, *_gender_sentences(units(data)), *_expression_sentences(data.tracks, still=data.one.is_still)]
    )


def collection_headline(data: ReportData) -> str:
    """Return what was seen in all videos of a store, in plain words (not escaped).

    Examples
    --------
    >>> collection_headline(load_collection("facestats-out"))  # doctest: +SKIP
    """
    failed = int((data.videos["status"] == "failed").sum())
    read = data.videos[data.videos["status"] != "failed"]
    if data.videos.empty:
        return "This store holds no videos."
    if read.empty:
        which = "The one video" if failed == 1 else f"None of the {words.count(failed, 'video')}"
        return f"{which} could {'not ' if failed == 1 else ''}be analysed."
    length = float(read["duration_s"].sum())
    lasting = f", {words.duration(length)} in all," if length > 0 else ""
    if len(read) == 1 and length > 0:
        lasting = f" of {words.duration(length)}"
    seen = f"{words.count(len(data.tracks), 'face')} {_were(len(data.tracks))} followed"
    if (found := totals(data)) is not None:
        n_asked, n_read = asked(data)
        some = "" if n_asked == n_read else f", in the {words.count(n_asked, 'video')} where people were looked for"
        rest, n_rest = _untold(data.tracks)
        seen = f"{people_words(*found)}{rest} {_were(found[0] + n_rest)} seen{some}; {seen}"
    comma = "," if len(read) == 1 and length > 0 else ""
    text = f"In {words.count(len(read), 'video')}{lasting}{comma} {seen}."
    lost = [words.sentence(f"{words.count(failed, 'more video')} could not be read")] if failed else []
    return " ".join([text, *_gender_sentences(units(data)), *_expression_sentences(data.tracks, still=False), *lost])


def people_sentence(video: pd.Series, tracks: pd.DataFrame, where: str) -> str:
    """Return how many people were seen; nothing where nobody asked, or none of them can be told from others.

    Parameters
    ----------
    video : pandas.Series
        Its row of ``videos``.
    tracks : pandas.DataFrame
        Its tracks.
    where : str
        ``"this video of 12 seconds"``.

    Examples
    --------
    >>> video = pd.Series({"n_people": 2, "n_people_low": 2, "n_people_high": 3})
    >>> tracks = pd.DataFrame({"person_id": [0, 1, 0, 2], "person_prob": [0.9, 0.9, 0.8, None]})
    >>> people_sentence(video, tracks, "this clip")
    'Two people (2 to 3), and one face too small to tell, were seen in this clip.'
    """
    if pd.isna(video["n_people"]) or not video["n_people"]:
        return ""
    n, low, high = (int(video[name]) for name in ("n_people", "n_people_low", "n_people_high"))
    rest, n_rest = _untold(tracks)
    return words.sentence(f"{people_words(n, low, high)}{rest} {_were(n + n_rest)} seen in {where}")


def _untold(tracks: pd.DataFrame) -> tuple[str, int]:
    """Return in words which faces cannot be told from others, between commas, and how many these are."""
    untold = tracks["person_id"].notna() & tracks["person_prob"].isna()
    by_hand = untold & taken_by_hand(tracks)
    kinds = (
        (int((untold & ~by_hand).sum()), "too small to tell"),
        (int(by_hand.sum()), "found by hand and not measured"),
    )
    rest = "".join(f", and {words.count(number, 'face')} {what}" for number, what in kinds if number)
    return f"{rest}," if rest else "", int(untold.sum())


def taken_by_hand(tracks: pd.DataFrame) -> pd.Series:
    """Say of each track whether it was taken for a face by hand, and nothing of it was measured.

    Examples
    --------
    >>> tracks = pd.DataFrame({"corrected": ["is_face, gender", "is_face, merge"], "n_classified": [0, 9]})
    >>> taken_by_hand(tracks).tolist()
    [True, False]
    """
    if "corrected" not in tracks:
        return pd.Series(False, index=tracks.index)
    said_by_hand = tracks["corrected"].fillna("").str.split(", ").map(lambda said: FACE in said).astype(bool)
    return said_by_hand & (tracks["n_classified"].fillna(0) == 0)


def _were(n: int) -> str:
    return "was" if n == 1 else "were"


def _gender_sentences(tracks: pd.DataFrame) -> list[str]:
    verdicts = tracks["gender"]
    if verdicts.isna().all():
        return []
    if len(tracks) == 1:
        return [f"Perceived gender: {verdicts.iloc[0]}."]
    parts = [f"{number:,} {name}" for name in GENDERS if (number := int((verdicts == name).sum()))]
    if not parts:
        return ["None could be told female or male."]
    counts = ((int((verdicts == UNKNOWN).sum()), "unknown"), (int(verdicts.isna().sum()), "not measured"))
    rest = [f"{number:,} {name}" for number, name in counts if number]
    return [f"Perceived gender: {'; '.join([words.listing(parts), *rest])}."]


def _expression_sentences(tracks: pd.DataFrame, *, still: bool) -> list[str]:
    shares = mean_shares(tracks)
    if shares is None:
        return []
    verdicts = tracks["expression"].dropna()
    if (verdicts == UNKNOWN).all():
        return [
            "No expression was clear enough to name." if still else "No face shows one expression clearly throughout."
        ]
    by_hand = _expressions_by_hand(tracks)
    if by_hand and len(tracks) == 1:
        return [f"Expression, set by hand: {verdicts.iloc[0]}."]
    share = "" if still else f" (expected share of the time: {words.percent(float(shares.max()))})"
    if by_hand:
        measured = f"as measured; {words.count(by_hand, 'verdict')} {_were(by_hand)} set by hand"
        share = f"{share[:-1]}, {measured})" if share else f" ({measured})"
    return [f"The most common expression is {shares.idxmax()}{share}."]


def _expressions_by_hand(tracks: pd.DataFrame) -> int:
    return sum(is_set_by_hand(value, "expression") for value in tracks.get("corrected", ()))


def set_by_hand_sentence(tracks: pd.DataFrame) -> str:
    """Return that shares and timelines show other expressions than those set by hand; nothing if none was.

    Examples
    --------
    >>> set_by_hand_sentence(pd.DataFrame({"corrected": ["expression", None]}))
    'The expression of one face was set by hand; shares and timelines show what was measured.'
    """
    n = _expressions_by_hand(tracks)
    if not n:
        return ""
    return f"The expression of {words.count(n, 'face')} was set by hand; shares and timelines show what was measured."


def doubtful_sentence(n: int) -> str:
    """Return how many tracked things may be no faces, in a sentence; nothing if there are none.

    Examples
    --------
    >>> doubtful_sentence(1), doubtful_sentence(0)
    ('One more thing may be no face, and is counted nowhere.', '')
    """
    if not n:
        return ""
    nothing, are = ("no face", "is") if n == 1 else ("no faces", "are")
    return words.sentence(f"{words.count(n, 'more thing')} may be {nothing}, and {are} counted nowhere")
