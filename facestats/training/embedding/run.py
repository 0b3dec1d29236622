"""A whole training of the embedding: faces, fit, the meaning of likenesses, figures, model folder."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from facestats.classify.crops import FRAMING
from facestats.classify.embedding import Embedder
from facestats.datasets.persons import is_first_half
from facestats.datasets.sources import describe_data, describe_terms
from facestats.detect import detector_identity
from facestats.errors import DataError
from facestats.evaluation.embeddings import ENOUGH_PEOPLE, N_VIDEOS, of_several
from facestats.evaluation.people import score_people
from facestats.evaluation.same_person import (
    SIZES,
    fit_same_person,
    likeness_of,
    pairs_of,
    score_meanings,
    score_pairs,
)
from facestats.evaluation.smallness import seen_small
from facestats.models.cards import ONNX_FILE
from facestats.models.embedding import EmbeddingCard, SamePerson
from facestats.options import DEFAULT_DETECTOR
from facestats.training.checkpoints import CHECKPOINT_FILE, check_checkpoint, identity_of_files
from facestats.training.curves import CURVES_FILE, add_epoch
from facestats.training.embedding.card import card_markdown
from facestats.training.embedding.export import embedding_to_onnx
from facestats.training.embedding.fitting import fit_embedding, network_embeddings, new_network
from facestats.training.embedding.gathering import TaughtFaces, gather_faces, read_faces
from facestats.training.embedding.teacher import Teacher
from facestats.training.export import check_out, round_weights, write_folder
from facestats.training.loop import torch_device
from facestats.training.networks import PIXEL_MEAN, PIXEL_STD
from facestats.training.origins import DLIB, all_commands, all_terms, check_origins
from facestats.training.recipes import EmbeddingRecipe, recipe_values
from facestats.training.transfer import read_start
from facestats.types import UInt8

LIMITS = (
    "It says how alike two faces of one video are, so that tracks of one person can be put together; it is not made, "
    "and must not be used, to find out who somebody is or to find a person among videos. Twins, masks and faces made "
    "up alike look like one person; one person with and without glasses, in profile, in other light or at another age "
    "may look like two. Its teacher was trained mostly on pictures of celebrities, and tells children, and people whom "
    "those pictures seldom show, apart less well."
)

_ENOUGH = 20  # pictures of people who have several

_NOTHING = (SamePerson(64.0, 1.0, 0.0, 0.5),)  # what a likeness means before it was measured


def train_embedding(
    recipe: EmbeddingRecipe,
    data: Sequence[Path],
    out: Path,
    *,
    teacher: Path,
    start: Path,
    command: str = "",
    detector: str = DEFAULT_DETECTOR,
    device: str = "cpu",
    resume: bool = True,
    overwrite: bool = False,
    progress: bool = False,
) -> EmbeddingCard:
    """Train the embedding and write its folder: ``model.onnx``, ``card.json``, ``card.md`` and ``curves.csv``.

    One person in five, of the data sets that name people, is never learned from. What likenesses mean is fitted on half
    of these people and checked on the other half; the sources that the recipe calls unseen are scored as well.

    Parameters
    ----------
    recipe : EmbeddingRecipe
        How.
    data : sequence of pathlib.Path
        See :func:`facestats.training.embedding.gathering.read_faces`.
    out : pathlib.Path
        The folder; its name becomes the embedding's. While it trains, the folder holds a checkpoint.
    teacher : pathlib.Path
        ``dlib_face_recognition_resnet_model_v1.dat``, see :mod:`facestats.training.dlibfile`.
    start : pathlib.Path
        Folder of a trained residual network for rgb faces, such as ``people``, whose lower half is gone on from.
    command : str
        What the card says makes the embedding again.
    detector, device, resume, overwrite, progress
        See :func:`facestats.training.run.train_model`.

    Raises
    ------
    MissingInputError, DataError, DeviceError, ModelError, OutputError
        If data, teacher, device or folder are not what they should be; before anything is computed.

    Examples
    --------
    >>> train_embedding(EmbeddingRecipe(), data, Path("mine"), teacher=dlib, start=people)  # doctest: +SKIP
    """
    torch_device(device)
    identity = detector_identity(detector)
    Teacher(teacher)
    begun = read_start(start)
    new_network(recipe, begun.weights)
    check_origins([begun.origin], recipe.unseen)
    tables = {path: read_faces(path, per_source=recipe.per_source, unseen=recipe.unseen) for path in data}
    _check_people(pd.concat([table.drop(columns="image") for table in tables.values()]))
    check_out(out, overwrite=overwrite)
    checkpoint, curves = out / CHECKPOINT_FILE, out / CURVES_FILE
    if not resume:
        checkpoint.unlink(missing_ok=True)
    about = {"detector": identity, **identity_of_files("data", data)}
    check_checkpoint(checkpoint, {**recipe_values(recipe), **about})

    faces = _concatenated(
        [
            gather_faces(tables[path], path, teacher, size=recipe.input_size, detector=detector, progress=progress)
            for path in data
        ]
    )
    held_out = faces.table["held_out"].to_numpy(bool)
    unseen = faces.table["source"].isin(recipe.unseen).to_numpy(bool)
    learned, kept_out = faces[~held_out], faces[held_out & ~unseen]
    sources = dict(Counter(learned.table["source"]).most_common())

    def after(epoch: int, network: nn.Module, losses: Any) -> None:
        scores = score_pairs(network_embeddings(network, kept_out.crops), kept_out.table["person"])
        add_epoch(curves, epoch, {"embedding": (losses["distance"], 1 - scores["auc"], scores["auc"])})

    network = fit_embedding(
        learned,
        recipe,
        start=begun.weights,
        about=about,
        on_round=after,
        checkpoint=checkpoint,
        device=device,
        progress=progress,
    )
    round_weights(network)
    content = embedding_to_onnx(network, recipe.input_size, "faces", "embeddings")
    card = EmbeddingCard(
        name=out.resolve().name,
        network="EmbeddingNet",
        input_size=recipe.input_size,
        input_mean=PIXEL_MEAN,
        input_std=PIXEL_STD,
        framing=FRAMING,
        data=describe_data(sources),
        licence=all_terms([begun.origin, DLIB], describe_terms(sources)),
        limits=LIMITS,
        **measured(content, kept_out, faces[unseen]),
    )
    card.metrics.update(
        {
            "sources": sources,
            "detector": identity,
            "recipe": recipe_values(recipe),
            "commands": all_commands([begun.origin], command),
            "start": begun.origin.to_json(),
            "teachers": [DLIB.to_json()],
            "videos": score_in_videos(content, card, kept_out),
            "parameters": sum(weight.numel() for weight in network.parameters()),
        }
    )
    card = write_folder(out, {ONNX_FILE: content}, card, card_markdown(card, recipe))
    checkpoint.unlink(missing_ok=True)
    return card


def score_in_videos(content: bytes, card: EmbeddingCard, kept_out: TaughtFaces) -> dict[str, Any]:
    """Score 60 simulated videos of people to whom nothing was fitted.

    See :func:`facestats.evaluation.people.score_people`; ``n_people`` tells how many people there are to choose from.
    Empty where fewer than eight of them have several pictures.

    Examples
    --------
    >>> score_in_videos(content, card, kept_out)["f1"]  # doctest: +SKIP
    0.88
    """
    people = kept_out.table["person"]
    several = of_several(people, ~people.map(is_first_half))
    names = set(people[several])
    if len(names) < ENOUGH_PEOPLE:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, ONNX_FILE)
        file.write_bytes(content)
        embedder = Embedder(file, card)
    found = score_people(kept_out.crops[several], people[several], embedder.embed, card, n_videos=N_VIDEOS)
    return {"n_people": len(names), **found}


def _check_people(table: pd.DataFrame) -> None:
    several = table[table["held_out"]].groupby("person").filter(lambda rows: len(rows) > 1)
    if len(several) < _ENOUGH:
        raise DataError(
            f"{len(several)} pictures of people who are not learned from and have several cannot tell what a likeness "
            "means: give data that names people, such as lfw (facestats/datasets/persons.py)"
        )


def _concatenated(parts: Sequence[TaughtFaces]) -> TaughtFaces:
    return TaughtFaces(
        np.concatenate([part.crops for part in parts]),
        np.concatenate([part.taught for part in parts]),
        pd.concat([part.table for part in parts], ignore_index=True),
    )


def measured(content: bytes, kept_out: TaughtFaces, unseen: TaughtFaces) -> dict[str, Any]:
    """Return what a card says of likenesses and their figures: ``same_person``, ``least_pixels``, ``metrics``.

    Parameters
    ----------
    content : bytes
        The ONNX file, which is what is measured.
    kept_out : TaughtFaces
        Of people that were not learned from, in data sets that were.
    unseen : TaughtFaces
        Of data sets that were not learned from.

    Examples
    --------
    >>> measured(content, kept_out, unseen)["least_pixels"]  # doctest: +SKIP
    16.0
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, ONNX_FILE)
        file.write_bytes(content)
        blank = EmbeddingCard("trial", same_person=_NOTHING, least_pixels=1, input_size=kept_out.crops.shape[1])
        embedder = Embedder(file, blank)

    def embed(crops: UInt8) -> np.ndarray:
        return np.concatenate([embedder.embed(crops[start : start + 256]) for start in range(0, len(crops), 256)])

    people = kept_out.table["person"].to_numpy()
    first = np.array([is_first_half(person) for person in people])
    meanings, least = fit_same_person(embed, kept_out.crops[first], people[first])
    card = EmbeddingCard("trial", same_person=meanings, least_pixels=least)
    pairs, side = [], kept_out.crops.shape[1]
    for pixels in (*(size for size in SIZES if size < side), side):
        made = embed(kept_out.crops if pixels == side else seen_small(kept_out.crops, pixels))
        one, other, _, _ = pairs_of(people[~first])
        likeness = likeness_of(made[~first], one, other)
        believed = score_meanings(card.log_odds(likeness, np.float64(pixels)), people[~first])
        pairs.append({"pixels": pixels, **score_pairs(made, people), **believed})
    of_sources = []
    for source, rows in unseen.table.dropna(subset="person").groupby("source").indices.items():
        some = unseen[np.isin(np.arange(len(unseen)), rows)]
        scores = score_pairs(embed(some.crops), some.table["person"])
        taught = some.taught / np.linalg.norm(some.taught, axis=1, keepdims=True)
        of_sources.append({"source": source, **scores, "teacher_auc": score_pairs(taught, some.table["person"])["auc"]})
    taught = kept_out.taught / np.linalg.norm(kept_out.taught, axis=1, keepdims=True)
    metrics = {"pairs": pairs, "unseen_pairs": of_sources, "teacher": score_pairs(taught, people)}
    return {"same_person": meanings, "least_pixels": least, "metrics": metrics}
