"""``df.faces``: what users ask of a table most often, as methods of the table.

:func:`register` adds it to pandas; every :class:`facestats.VideoTables` and :class:`facestats.Store` calls it.
DataFrames with the columns of a table of :mod:`facestats.tables.schema` have it, and rows chosen from one; on others
pandas raises ``AttributeError``. A column of the name ``faces`` is read as ``df["faces"]`` then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from facestats._util import hooks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: What tells a table, in the order in which they are tried.
_SIGNS = {
    "observations": ("video_id", "track_id", "time_s", "x", "y", "w", "h"),
    "tracks": ("video_id", "track_id", "start_s", "end_s", "duration_s"),
    "people": ("video_id", "person_id", "n_tracks", "seen_s"),
    "doubtful": ("video_id", "start_s", "end_s", "face_prob", "image"),
    "thumbnails": ("video_id", "track_id", "image"),
    "frames": ("video_id", "time_s", "n_faces"),
    "videos": ("video_id", "path", "status"),
}


class Gallery:
    """Pictures of faces that show themselves in a notebook.

    Parameters
    ----------
    thumbnails : pandas.DataFrame
        Rows of the ``thumbnails`` table.
    """

    def __init__(self, thumbnails: pd.DataFrame) -> None:
        self._thumbnails = thumbnails

    def __len__(self) -> int:
        return len(self._thumbnails)

    def __repr__(self) -> str:
        return f"{len(self)} pictures of {self._thumbnails[['video_id', 'track_id']].drop_duplicates().shape[0]} faces"

    def _repr_html_(self) -> str:
        return hooks.call("gallery_html", self._thumbnails)


class FacesAccessor:
    """What may be asked of a table of faces: ``table.faces.timeline(every=1.0)`` and the like.

    Raises
    ------
    AttributeError
        On a DataFrame that has not the columns of such a table.

    Examples
    --------
    >>> from facestats.tables import schema
    >>> register()
    >>> schema.conform("tracks").faces.kind
    'tracks'
    >>> hasattr(pd.DataFrame({"a": [1]}), "faces")
    False
    """

    def __init__(self, table: pd.DataFrame) -> None:
        columns = set(table.columns)
        kinds = [kind for kind, signs in _SIGNS.items() if columns.issuperset(signs)]
        if not kinds:
            raise AttributeError(
                "this is no table of faces: .faces needs the columns of observations, tracks, people, doubtful, "
                "thumbnails, frames or videos, see facestats.tables.schema.TABLES"
            )
        self.kind = kinds[0]
        self._table = table

    def timeline(self, *, every: float = 1.0, threshold: float | None = None) -> pd.DataFrame:
        """Return the expression of each track span by span; of ``observations``. See :func:`facestats.timeline`."""
        from facestats.tables.timelines import timeline

        return timeline(self._of("observations"), every=every, threshold=threshold)

    def plot_timeline(self, *, smooth_s: float = 0.5, ax: Axes | None = None) -> Axes:
        """Draw the expression over time; of ``observations`` of one video: of one track, or the mean of several.

        See :func:`facestats.plots.expression_timeline` and :func:`facestats.plots.expression_average`.
        """
        from facestats import plots

        observations = self._of("observations")
        one = len(observations["track_id"].dropna().unique()) == 1
        draw = plots.expression_timeline if one else plots.expression_average
        return draw(observations, smooth_s=smooth_s, ax=ax)

    def plot_pose(self, *, ax: Axes | None = None) -> Axes:
        """Draw yaw, pitch and roll over time; of ``observations`` of one track.

        See :func:`facestats.plots.head_pose`.
        """
        from facestats import plots

        return plots.head_pose(self._of("observations"), ax=ax)

    def demographics(self, **options: Any) -> pd.DataFrame:
        """Return the make-up of the people seen, with intervals; of ``tracks``. See :func:`facestats.demographics`."""
        from facestats.tables.demographics import demographics

        return demographics(self._of("tracks"), **options)

    def thumbnails(self) -> Gallery:
        """Return the pictures, which show themselves in a notebook; of ``thumbnails``."""
        return Gallery(self._of("thumbnails"))

    def long(self) -> pd.DataFrame:
        """Return one row for each thing measured, as plotting libraries like it.

        Of ``observations``: ``video_id``, ``track_id``, ``time_s``, ``attribute``, ``class`` and ``probability``, a row
        for each class that was measured. Of ``tracks``: ``video_id``, ``track_id``, ``attribute``, ``verdict``,
        ``probability`` and ``share``, a row for each verdict: the expression has an expected share of the time, the
        others have a probability.
        """
        from facestats.errors import UsageError
        from facestats.models.attributes import VERDICT_COLUMNS, measure_column, measure_name
        from facestats.tables.long_form import long_form

        table = self._of("observations", "tracks")
        if self.kind == "tracks":
            parts = [
                table[["video_id", "track_id", column, measure_column(attribute)]]
                .set_axis(["video_id", "track_id", "verdict", "measure"], axis=1)
                .assign(attribute=attribute, is_share=measure_name(attribute) != "probability")
                for attribute, column in VERDICT_COLUMNS.items()
                if {column, measure_column(attribute)} <= set(table.columns)
            ]
            if not parts:
                raise UsageError(
                    "none of the verdicts' columns is in this table: gender, age_group, expression, makeup"
                )
            found = pd.concat(parts, ignore_index=True)
            found = found[found["verdict"].notna()].reset_index(drop=True)
            found["probability"] = found["measure"].mask(found["is_share"])
            found["share"] = found["measure"].where(found["is_share"])
            return found[["video_id", "track_id", "attribute", "verdict", "probability", "share"]]
        return long_form(table)[["video_id", "track_id", "time_s", "attribute", "class", "probability"]]

    def _of(self, *kinds: str) -> pd.DataFrame:
        from facestats.errors import UsageError

        if self.kind not in kinds:
            raise UsageError(f"this is asked of the table {' or '.join(kinds)}; here it is {self.kind}")
        return self._table


def register() -> None:
    """Add ``faces`` to pandas' DataFrames, once.

    Examples
    --------
    >>> register()
    """
    if getattr(pd.DataFrame, "faces", None) is not FacesAccessor:
        pd.api.extensions.register_dataframe_accessor("faces")(FacesAccessor)
