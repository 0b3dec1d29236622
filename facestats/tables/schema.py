"""The tables' columns, dtypes and units: one schema that every writer and reader shares.

Times are seconds (float64) on the video's own presentation clock. Lengths are pixels of the upright frame.
Probabilities lie in [0, 1] and sum to 1 inside an attribute. A missing value means not measured; the verdict
``"unknown"`` means measured and not sure enough. Gender is *perceived* gender, as the training data labelled it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from facestats.errors import SchemaError, UnknownNameError
from facestats.models.attributes import ATTRIBUTE_CLASSES, own_attributes
from facestats.tables.columns import (
    PERSON_ID,
    SHOT,
    TRACK_ID,
    VIDEO_ID,
    class_probabilities,
    count,
    degrees,
    pixels,
    probability,
    seconds,
    share,
    text,
    verdict,
    verdicts,
    years,
)
from facestats.tables.columns import UNKNOWN as UNKNOWN
from facestats.tables.columns import Column as Column
from facestats.tables.columns import probability_columns as probability_columns
from facestats.tables.derived import DERIVED as DERIVED
from facestats.tables.derived import FILE as FILE
from facestats.tables.derived import UTC_COLUMNS as UTC_COLUMNS
from facestats.tables.versions import READABLE_VERSIONS as READABLE_VERSIONS
from facestats.tables.versions import SCHEMA_VERSION as SCHEMA_VERSION
from facestats.tables.versions import SINCE

STATUSES = ("ok", "partial", "failed")


_TABLES: Mapping[str, tuple[Column, ...]] = {
    "videos": (
        VIDEO_ID,
        text("path", "the input as it was given"),
        text("sha256", "hash of the file; missing for cameras and streams"),
        Column("status", "str", "ok, partial or failed", classes=STATUSES),
        text("error", "why it is not ok; missing otherwise"),
        seconds("duration_s", "length up to the end of the last decoded frame"),
        Column("fps", "float64", "nominal frames a second, for information", "1/s", decimals=4),
        text("clock_note", "what is odd about its timestamps; missing where nothing is"),
        text(
            "picture_note",
            "which picture was analysed of several, which sound a clip gets of several, changes of size; else missing",
        ),
        count("width", "width of the upright frame", "px"),
        count("height", "height of the upright frame", "px"),
        count("rotation", "clockwise turn already applied", "degrees"),
        count("n_frames", "decoded frames"),
        count("n_sampled", "frames in which faces were looked for"),
        count("n_tracks", "tracked faces"),
        count("n_people", "people among the faces that can be told apart; missing where nobody asked"),
        count("n_people_low", "lower end of the 90 % interval of that number"),
        count("n_people_high", "upper end of the 90 % interval of that number"),
        Column("started_at", "datetime64[us, UTC]", "when the analysis began"),
        seconds("elapsed_s", "how long the analysis took"),
        Column("missing_since", "datetime64[us, UTC]", "when it was found to be gone; missing while it is there"),
        Column("replaced_since", "datetime64[us, UTC]", "when other content took its place; missing while it counts"),
        seconds("from_s", "moment from which on it was analysed; missing for its beginning"),
        seconds("to_s", "moment before which the analysis ended; missing for its end"),
        Column("recorded_at", "datetime64[us, UTC]", "when second 0 of its clock was recorded, if the file tells it"),
        text("recorded_source", "what tells it: a tag of the container or of EXIF, and what it says without a zone"),
    ),
    "frames": (
        VIDEO_ID,
        count("frame", "0-based index of the decoded frame"),
        seconds("time_s", "presentation timestamp"),
        SHOT,
        count("n_faces", "faces found"),
    ),
    "observations": (
        VIDEO_ID,
        count("frame", "0-based index of the decoded frame"),
        seconds("time_s", "presentation timestamp"),
        SHOT,
        Column("track_id", "Int64", "the tracked face; missing where no tracker confirmed it"),
        text("region", "the named region that the middle of the box lies in; missing where none has a name"),
        pixels("x", "left edge of the box"),
        pixels("y", "top edge of the box"),
        pixels("w", "width of the box"),
        pixels("h", "height of the box"),
        share("score", "the detector's confidence; missing where doubtful was taken for a face by hand"),
        probability("faceness", "that it is a face, as a second network says; missing where not asked, as in stills"),
        pixels("face_px", "shorter side of the box"),
        Column("sharpness", "float32", "variance of the Laplacian of the aligned face", decimals=2),
        degrees("yaw", "turn of the head, above 0 to the right of the picture"),
        degrees("pitch", "nod of the head, above 0 upwards; coarse"),
        degrees("roll", "tilt of the head, above 0 clockwise in the picture"),
        # Expression is measured in all of these, gender, age and makeup in as many as a track's verdict needs.
        Column("classified", "bool", "whether the face was large enough for any attribute model"),
        *class_probabilities("expression"),
        *class_probabilities("gender"),
        years("age_years", "expected age"),
        years("age_years_low", "5 % quantile of the age"),
        years("age_years_high", "95 % quantile of the age"),
        *class_probabilities("age"),
        *class_probabilities("makeup"),
    ),
    "tracks": (
        VIDEO_ID,
        TRACK_ID,
        SHOT,
        seconds("start_s", "first observation"),
        seconds("end_s", "last observation"),
        seconds("duration_s", "end_s - start_s"),
        seconds("seen_s", "time for which it was seen: absences of over a second count as one"),
        probability(
            "joined_prob", "probability that all parts of a track that broke show one person; 1 if it never did"
        ),
        PERSON_ID,
        probability(
            "person_prob", "probability that it shows this person and no other; missing where none could be told"
        ),
        probability(
            "face_prob",
            "probability that it is a face, from all of its detections; missing where this was said by hand",
        ),
        Column("static", "boolean", "it never moved nor changed for seconds: perhaps a picture of a face"),
        count("n_observations", "observations of the track"),
        count("n_classified", "observations large enough for any attribute model"),
        pixels("face_px", "median of the boxes' shorter sides"),
        text("region", "the named region of most of its observations; missing where none has a name"),
        *verdicts("track"),
        text("corrected", "what was corrected or accepted by hand, see corrections; missing where nothing was"),
    ),
    "people": (
        VIDEO_ID,
        PERSON_ID,
        Column(
            "comparable", "bool", "whether any face was large enough to be told from others; else it may be one of them"
        ),
        probability("person_prob", "mean probability that its tracks show this person and no other"),
        count("n_tracks", "tracks of the person"),
        count("n_shots", "shots in which it is seen"),
        seconds("first_s", "first observation"),
        seconds("last_s", "last observation"),
        seconds("seen_s", "time on screen: the sum of its tracks' seen_s"),
        share("share", "seen_s as a share of the video's duration_s"),
        count("best_track", "the track with the best picture, for its thumbnails; the largest face where none is kept"),
        count("n_observations", "observations of all tracks"),
        count("n_classified", "observations large enough for any attribute model"),
        pixels("face_px", "median of the boxes' shorter sides"),
        text("region", "the named region of most of its observations; missing where none has a name"),
        *verdicts("person"),
    ),
    "doubtful": (
        VIDEO_ID,
        SHOT,
        seconds("start_s", "first detection of what may be no face, and is counted nowhere"),
        seconds("end_s", "last detection"),
        count("n_observations", "detections"),
        pixels("face_px", "median of the boxes' shorter sides"),
        probability("face_prob", "probability that it is a face, from all of its detections"),
        seconds("time_s", "presentation timestamp of the surest detection, whose box follows"),
        pixels("x", "left edge of the box"),
        pixels("y", "top edge of the box"),
        pixels("w", "width of the box"),
        pixels("h", "height of the box"),
        Column("image", "object", "WebP file as bytes, longer side at most 96 px; missing where none are kept"),
    ),
    "thumbnails": (
        VIDEO_ID,
        TRACK_ID,
        seconds("time_s", "presentation timestamp of the picture"),
        Column("image", "object", "WebP file as bytes, longer side at most 96 px"),
    ),
}


class _WithOwn(Mapping[str, tuple[Column, ...]]):
    """The tables, with the columns of the attributes that were declared: see :mod:`facestats.models.attributes`."""

    def __getitem__(self, table: str) -> tuple[Column, ...]:
        return (*_TABLES[table], *(column for each in own_attributes() for column in own_columns(table, each)))

    def __iter__(self) -> Iterator[str]:
        return iter(_TABLES)

    def __len__(self) -> int:
        return len(_TABLES)


def own_columns(table: str, attribute: str) -> tuple[Column, ...]:
    """Return the columns that a declared attribute has in a table, which stand behind all others.

    Examples
    --------
    >>> own_columns("frames", "mask")
    ()
    """
    if table == "observations":
        return class_probabilities(attribute)
    if table not in ("tracks", "people"):
        return ()
    return (*verdict(attribute, attribute), *class_probabilities(attribute))


TABLES: Mapping[str, tuple[Column, ...]] = _WithOwn()

#: Columns that may not be missing.
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "videos": ("video_id", "path", "status", "started_at"),
    "frames": ("video_id", "frame", "time_s", "shot", "n_faces"),
    "observations": ("video_id", "frame", "time_s", "shot", "x", "y", "w", "h", "classified"),
    "tracks": ("video_id", "track_id", "shot", "start_s", "end_s", "n_observations", "n_classified"),
    "people": ("video_id", "person_id", "comparable", "n_tracks", "first_s", "last_s"),
    "doubtful": ("video_id", "shot", "start_s", "end_s", "n_observations", "face_prob", "time_s", "x", "y", "w", "h"),
    "thumbnails": ("video_id", "track_id", "time_s", "image"),
}


def stored_tables(version: int = SCHEMA_VERSION) -> tuple[str, ...]:
    """Return the tables that a video has which was written with a version of the schema.

    Examples
    --------
    >>> "people" in stored_tables(), "people" in stored_tables(4)
    (True, False)
    """
    return tuple(table for table in TABLES if SINCE.get(table, 0) <= version)


def columns(table: str) -> tuple[Column, ...]:
    """Return the columns of a table, in order.

    Raises
    ------
    UnknownNameError
        If there is no such table.

    Examples
    --------
    >>> [column.name for column in columns("frames")]
    ['video_id', 'frame', 'time_s', 'shot', 'n_faces']
    """
    if table not in TABLES:
        raise UnknownNameError(f"there is no table {table!r}; the tables are {', '.join(TABLES)}")
    return TABLES[table]


def dtypes(table: str) -> dict[str, str]:
    """Return the dtypes of a table that is made of others, by column.

    Examples
    --------
    >>> dtypes("long")["probability"]
    'float32'
    """
    return {column.name: column.dtype for column in DERIVED[table]}


def conform(table: str, data: pd.DataFrame | Mapping[str, object] | None = None) -> pd.DataFrame:
    """Return ``data`` with exactly the columns, order and dtypes of ``table``; absent columns become missing.

    Parameters
    ----------
    table : str
        Name of the table.
    data : pandas.DataFrame or mapping of columns, optional
        None gives an empty table, which has the right columns and dtypes too.

    Raises
    ------
    UnknownNameError
        If there is no such table.
    SchemaError
        If ``data`` has a column that the table lacks, or a value that does not fit its dtype.

    Examples
    --------
    >>> conform("frames", {"video_id": ["a"], "frame": [0], "time_s": [0.0], "shot": [0], "n_faces": [2]}).shape
    (1, 5)
    """
    wanted = columns(table)
    frame = pd.DataFrame(data if data is not None else {})
    unknown = set(frame.columns) - {column.name for column in wanted}
    if unknown:
        raise SchemaError(f"{table} has no column {', '.join(sorted(unknown))}; see facestats.tables.schema.TABLES")
    series: dict[str, pd.Series] = {}
    for column in wanted:
        values = frame[column.name] if column.name in frame else _missing(column, frame.index)
        try:
            series[column.name] = values.astype(column.dtype)  # type: ignore[call-overload]  # stubs know literals only
        except (TypeError, ValueError) as error:
            raise SchemaError(f"{table}.{column.name} does not hold {column.dtype}: {error}") from None
    return pd.DataFrame(series, index=frame.index).reset_index(drop=True)


def _missing(column: Column, index: pd.Index) -> pd.Series:
    absent = {"bool": False, "float64": np.nan, "float32": np.nan}.get(column.dtype)
    if column.dtype.startswith("datetime"):
        return pd.Series(pd.NaT, index, dtype=column.dtype)
    return pd.Series([absent] * len(index), index)


def validate(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Check that ``frame`` is a proper ``table`` and return it unchanged.

    Raises
    ------
    UnknownNameError
        If there is no such table.
    SchemaError
        Naming the first column that is absent, out of order, of another dtype, missing where it may not be, or
        (for probabilities) outside [0, 1] or not summing to 1 inside an attribute.

    Examples
    --------
    >>> validate("tracks", conform("tracks")).empty
    True
    """
    # A table that was made before an attribute was declared is proper without it.
    own = {column.name for each in own_attributes() for column in own_columns(table, each)} - set(frame.columns)
    wanted = [column for column in columns(table) if column.name not in own]
    names = [column.name for column in wanted]
    if list(frame.columns) != names:
        absent = [name for name in names if name not in frame.columns]
        extra = [str(name) for name in frame.columns if name not in names]
        raise SchemaError(
            f"{table}: columns do not follow the schema (absent: {absent or 'none'}, not known: {extra or 'none'}, "
            "or out of order); use facestats.tables.schema.conform"
        )
    for column in wanted:
        if frame[column.name].dtype != pd.Series([], dtype=column.dtype).dtype:
            raise SchemaError(f"{table}.{column.name} must be {column.dtype}, not {frame[column.name].dtype}")
    for name in _REQUIRED[table]:
        if frame[name].isna().any():
            raise SchemaError(f"{table}.{name} has missing values")
    for column in wanted:
        if column.is_share:
            values = frame[column.name]
            if ((values < -1e-4) | (values > 1 + 1e-4)).any():
                raise SchemaError(f"{table}.{column.name} leaves [0, 1]")
    if table == "observations":
        for attribute in ATTRIBUTE_CLASSES:
            sums = (
                frame[[name for name in probability_columns(attribute) if name in frame]]
                .sum(axis=1, min_count=1)
                .dropna()
            )
            if not np.allclose(sums, 1, atol=1e-3):
                raise SchemaError(f"observations: the probabilities of {attribute} do not sum to 1")
    return frame
