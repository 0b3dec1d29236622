"""The columns of tables that are made of the stored ones, and those that every export adds.

:mod:`facestats.tables.schema` has them beside the stored tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from facestats.tables.columns import (
    SHOT,
    TRACK_ID,
    VIDEO_ID,
    Column,
    class_probabilities,
    count,
    probability,
    seconds,
    text,
    verdict,
)

#: Tables that are made of the stored ones when they are asked for.
DERIVED: Mapping[str, tuple[Column, ...]] = {
    "timeline": (
        VIDEO_ID,
        TRACK_ID,
        seconds("time_s", "beginning of the span of time"),
        count("n_observations", "observations in the span"),
        *verdict("expression", "most probable expression of the span"),
        *(replace(column, meaning=f"mean {column.meaning}") for column in class_probabilities("expression")),
    ),
    "long": (
        VIDEO_ID,
        count("frame", "0-based index of the decoded frame"),
        seconds("time_s", "presentation timestamp"),
        SHOT,
        Column("track_id", "Int64", "the tracked face; missing where no tracker confirmed it"),
        text("attribute", "what was measured"),
        text("class", "one of the attribute's classes"),
        probability("probability", "probability of the class in this frame"),
    ),
    "corrections": (
        VIDEO_ID,
        count("number", "of the video's corrections, in the order in which they are applied"),
        Column("track_id", "Int64", "the corrected track, as it is numbered now"),
        text(
            "what",
            "what was corrected: a verdict's column, reject, merge, split, same_person or own_person; accept, where "
            "somebody let it be; or is_face, where it stood in doubtful",
        ),
        text("value", "the verdict, or the number of the track that was merged into this one, or that a split gave"),
        seconds("time_s", "moment of a split; else the first observation when it was corrected"),
        text("reason", "why, as it was given"),
        Column("corrected_at", "datetime64[us, UTC]", "when it was corrected"),
        Column("applies", "bool", "whether its track is still there: a later analysis may not have it"),
    ),
}

#: Columns that every export adds, see :mod:`facestats.store.export`.
FILE = text("file", "name of the video's file, with folders where several have it; the address of what lies elsewhere")
UTC_COLUMNS: Mapping[str, Column] = {
    time: Column(name, "datetime64[us, UTC]", f"{time} as a moment in UTC; missing where recorded_at is", decimals=3)
    for time, name in (("time_s", "time_utc"), ("start_s", "start_utc"), ("end_s", "end_utc"))
}
