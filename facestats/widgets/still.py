"""Where widgets cannot be shown: a still figure instead."""

from __future__ import annotations

import base64
import io
import sys
from typing import Any

from facestats import plots
from facestats.store.store import Store
from facestats.tables.video_tables import VideoTables

#: What stands where an explorer would.
SAID = "facestats.explore needs a notebook that runs (JupyterLab, or voila); this is a still figure instead"

_MOST_VIDEOS = 500


def still_figure(found: VideoTables | Store) -> Any:
    """Return a figure of a video's tracks over time, or of the expressions in a store's videos.

    Returns
    -------
    matplotlib.figure.Figure
    """
    if isinstance(found, Store) and found.video_id is None:
        videos = found.videos(columns=["video_id", "path"])
        labels = {row.video_id: str(row.path).rsplit("/", 1)[-1] for row in videos.itertuples()}
        return plots.expression_shares(found.tracks(), labels=labels).get_figure(root=True)
    result = found if isinstance(found, VideoTables) else found.result(str(found.video_id))
    return plots.track_overview(result).get_figure(root=True)


def still_png(found: VideoTables | Store) -> str | None:
    """Return :func:`still_figure` as a PNG, in base64 as notebooks hold pictures; None for a store of very many videos.

    All of their tracks would have to be read, each time that an explorer is shown.

    Parameters
    ----------
    found : VideoTables or Store
    """
    if isinstance(found, Store) and found.video_id is None and len(found.entries()) > _MOST_VIDEOS:
        return None
    drawn, file = still_figure(found), io.BytesIO()
    drawn.savefig(file, format="png", dpi=100, facecolor="white")
    if "matplotlib.pyplot" in sys.modules:  # or the notebook would show it a second time
        sys.modules["matplotlib.pyplot"].close(drawn)
    return base64.b64encode(file.getvalue()).decode("ascii")


def instead_of_widgets(found: VideoTables | Store) -> Any:
    """Say that there is no notebook, and return the still figure."""
    print(SAID, file=sys.stderr)  # noqa: T201
    return still_figure(found)
