"""How well an embedding tells the people of a data file apart: pairs of pictures, and simulated videos of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from facestats.classify.embedding import Embedder
from facestats.datasets.named import NamedFaces
from facestats.datasets.persons import is_first_half
from facestats.errors import DataError
from facestats.evaluation.people import score_people
from facestats.evaluation.same_person import score_pairs
from facestats.evaluation.smallness import seen_small
from facestats.models.embedding import EmbeddingCard
from facestats.types import Float32, UInt8

#: Pixels across the crop at which pairs are scored, besides its full side.
SMALL = 24

#: Of people with several pictures, in one simulated video at most.
ENOUGH_PEOPLE = 8

#: Simulated videos of a source.
N_VIDEOS = 60

_BATCH = 256


def evaluate_people(
    file: Path, card: EmbeddingCard, faces: NamedFaces, *, n_videos: int = N_VIDEOS, device: str = "cpu"
) -> dict[str, Any]:
    """Score an embedding on faces of people whom it never learned from, source by source.

    Parameters
    ----------
    file, card
        See :func:`facestats.models.embedding.find_embedding`.
    faces : NamedFaces
        From :func:`facestats.datasets.named.load_named`, cut at the card's input size.
    n_videos : int
        Simulated videos of each source, at least 1.
    device : str
        ``"cpu"`` or ``"cuda"``.

    Returns
    -------
    dict
        ``sources``: by source a dict of ``n`` pictures, ``n_people``, ``auc`` and ``auc_small`` of every pair of them
        at the full side and at 24 pixels across the crop, None where no pair is of one person, or every one is; and
        ``videos``, see :func:`facestats.evaluation.people.score_people`, with ``n_cast``: how many people take part in
        them; None where fewer than eight have several pictures. ``n_missed`` pictures without a face that was found.

    Raises
    ------
    DataError
        If ``n_videos`` is below 1.
    ModelError, DeviceError
        See :class:`facestats.classify.embedding.Embedder`.

    Examples
    --------
    >>> evaluate_people(*find_embedding(), faces)["sources"]["lfw"]["auc"]  # doctest: +SKIP
    0.973
    """
    if n_videos < 1:
        raise DataError(f"{n_videos} videos tell nothing: simulate at least 1")
    embedder = Embedder(file, card, device=device)
    sources = {
        str(source): _source_scores(embedder.embed, card, faces[np.isin(np.arange(len(faces)), rows)], n_videos)
        for source, rows in faces.table.groupby("source").indices.items()
    }
    return {"sources": sources, "n_missed": faces.n_missed}


def _source_scores(
    embed: Callable[[UInt8], Float32], card: EmbeddingCard, faces: NamedFaces, n_videos: int
) -> dict[str, Any]:
    people = faces.table["person"]
    scores: dict[str, Any] = {"n": len(faces), "n_people": people.nunique(), "auc": None, "auc_small": None}
    if len(people) > scores["n_people"] > 1:
        small = faces.crops if faces.crops.shape[1] <= SMALL else seen_small(faces.crops, SMALL)
        for name, crops in (("auc", faces.crops), ("auc_small", small)):
            parts = [embed(crops[start : start + _BATCH]) for start in range(0, len(crops), _BATCH)]
            scores[name] = score_pairs(np.concatenate(parts), people)["auc"]
    # What likenesses mean was fitted to the first half of those who were held out.
    fitted = faces.table["is_learned"] & people.map(is_first_half)
    cast = faces[of_several(people, ~fitted)]
    n_cast = cast.table["person"].nunique()
    scores["videos"] = None
    if n_cast >= ENOUGH_PEOPLE:
        found = score_people(cast.crops, cast.table["person"], embed, card, n_videos=n_videos)
        scores["videos"] = {"n_cast": n_cast, **found}
    return scores


def of_several(people: pd.Series, wanted: pd.Series) -> np.ndarray:
    """Return the wanted rows of people who have several of them, bool (N,).

    Examples
    --------
    >>> of_several(pd.Series(["a", "a", "b", "a"]), pd.Series([True, True, True, False])).tolist()
    [True, True, False, False]
    """
    n_pictures = people[wanted].value_counts()
    return (wanted & (people.map(n_pictures).fillna(0) > 1)).to_numpy(bool)
