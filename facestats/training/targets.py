"""What a network is asked for: targets, sample weights and the loss of each attribute."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from facestats.datasets.faces import FaceData
from facestats.datasets.labelled import NETWORK_CLASSES
from facestats.types import Float32

#: An image that at least so many of the ten FER+ taggers call "not a face" is left out of training (Barsoum et al.,
#: 2016, arXiv 1608.01041).
NOT_A_FACE_VOTES = 5

# Standard deviation, in years, of what an "exact" age is taken to be off by.
_AGE_ERROR = 1.5


def allowed_classes(faces: FaceData) -> NDArray[np.bool_]:
    """Return which of the network's classes agree with each row's label, bool (N, K).

    One class per row, but for age: every year from ``age_min`` to ``age_max``, where more than 100 counts as 100.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"age_min": [30, 70], "age_max": [30, 116]})
    >>> faces = FaceData("age", np.zeros((2, 48, 48, 3), np.uint8), np.ones(2, bool), table, (1, 2))
    >>> allowed_classes(faces).sum(axis=1).tolist()
    [1, 31]
    """
    n_classes = len(NETWORK_CLASSES[faces.attribute])
    if faces.attribute != "age":
        return faces.labels[:, None] == np.arange(n_classes)
    years = np.arange(n_classes)
    bounds = faces.table[["age_min", "age_max"]].to_numpy(np.float64).clip(0, years[-1])
    return (np.floor(bounds[:, :1]) <= years) & (years <= np.floor(bounds[:, 1:]))


def training_targets(faces: FaceData, *, tagger_share: float = 0.0) -> Float32:
    """Return the target of each row, float32 (N, K).

    For expression, gender and makeup a distribution over the classes: 1 for the label. For age the likelihood of the
    label given each year: 1 inside the label's bin, and a Gaussian about an exact age.

    Parameters
    ----------
    faces : FaceData
    tagger_share : float
        How much FER+'s taggers count beside the label, in [0, 1]: so much where all voted for the seven classes, less
        where some saw something else, nothing where none voted. With 1 the label counts nothing where anyone voted for
        one of the seven: what the others saw is for :func:`sample_weights`.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"gender": ["male"]})
    >>> faces = FaceData("gender", np.zeros((1, 48, 48, 3), np.uint8), np.ones(1, bool), table, (1,))
    >>> training_targets(faces).tolist()
    [[0.0, 1.0]]
    """
    targets = allowed_classes(faces).astype(np.float32)
    if faces.attribute == "age":
        exact = (faces.table["age_min"] == faces.table["age_max"]).to_numpy()
        off = np.arange(targets.shape[1]) - faces.table.loc[exact, ["age_min"]].to_numpy(np.float64).clip(0, 100)
        targets[exact] = np.exp(-0.5 * (off / _AGE_ERROR) ** 2)
    elif tagger_share and faces.attribute == "expression" and "votes_neutral" in faces.table:
        votes, elsewhere = _votes(faces)
        cast, elsewhere = votes.sum(axis=1, keepdims=True), elsewhere[:, None]
        # Taggers who saw none of the seven leave the target to the label, unless nothing but taggers counts.
        share = (cast > 0) if tagger_share == 1 else tagger_share * cast / (cast + elsewhere).clip(1)
        targets = (1 - share) * targets + share * votes / cast.clip(1)
    return targets.astype(np.float32)


def sample_weights(faces: FaceData, *, tagger_share: float = 0.0) -> Float32:
    """Return how much each row counts in training, float32 (N,), 1 on average.

    Makeup's classes count alike, however rare; images that FER+'s taggers call no face count nothing.

    Parameters
    ----------
    faces : FaceData
    tagger_share : float
        See :func:`training_targets`. With 1 a face counts as much as the share of its taggers who saw one of the seven
        expressions, not contempt, something unknown or no face; one of which nobody saw any counts nothing.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"makeup": ["none", "none", "over"]})
    >>> faces = FaceData("makeup", np.zeros((3, 48, 48, 3), np.uint8), np.ones(3, bool), table, (1, 2, 3))
    >>> sample_weights(faces).tolist()
    [0.75, 0.75, 1.5]
    """
    weights = np.ones(len(faces), np.float64)
    if faces.attribute == "makeup":
        weights /= np.bincount(faces.labels, minlength=len(NETWORK_CLASSES["makeup"]))[faces.labels]
    if "votes_nf" in faces.table:
        weights[faces.table["votes_nf"].to_numpy(np.float64, na_value=0.0) >= NOT_A_FACE_VOTES] = 0
        if tagger_share == 1:
            seven, elsewhere = _votes(faces)
            cast, every = seven.sum(axis=1), seven.sum(axis=1) + elsewhere
            weights *= np.where(every > 0, cast / every.clip(1), 1)
    return (weights / max(weights.mean(), 1e-12)).astype(np.float32)


def _votes(faces: FaceData) -> tuple[np.ndarray, np.ndarray]:
    """Return FER+'s votes for the seven expressions, float (N, 7), and how many went elsewhere, float (N,)."""
    columns = [f"votes_{name}" for name in NETWORK_CLASSES["expression"]]
    votes = faces.table[columns].to_numpy(np.float64, na_value=0.0)
    others = [name for name in faces.table if name.startswith("votes_") and name not in columns]
    elsewhere = faces.table[others].to_numpy(np.float64, na_value=0.0).sum(axis=1)
    votes[votes < 2] = 0  # one of ten taggers alone is a slip, as in the paper
    return votes, elsewhere


def teacher_loss(logits: torch.Tensor, taught: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return how far verdicts are from a teacher's, float32 (N,): the divergence of the two softened distributions.

    Multiplied by the squared temperature, so that its gradient is of one size at every temperature (Hinton et al.,
    2015, arXiv 1503.02531).

    Parameters
    ----------
    logits, taught : torch.Tensor
        float32 (N, K), of the network and of its teacher.
    temperature : float
        By which both are divided.

    Examples
    --------
    >>> logits = torch.tensor([[2.0, 0.0]])
    >>> float(teacher_loss(logits, logits, 2.0))
    0.0
    """
    wanted = torch.log_softmax(taught / temperature, dim=1)
    given = torch.log_softmax(logits / temperature, dim=1)
    return temperature**2 * (wanted.exp() * (wanted - given)).sum(dim=1)


def further_loss(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return the loss of each row's further properties, float32 (N,): mean binary cross-entropy of the known ones.

    Parameters
    ----------
    logits, truth : torch.Tensor
        float32 (N, M), of the network, and 1, 0 or NaN.

    Examples
    --------
    >>> truth = torch.tensor([[1.0, float("nan")], [float("nan"), float("nan")]])
    >>> further_loss(torch.zeros(2, 2), truth)  # log 2
    tensor([0.6931, 0.0000])
    """
    known = truth.isfinite()
    losses = functional.binary_cross_entropy_with_logits(logits, truth.nan_to_num(), reduction="none")
    return (losses * known).sum(dim=1) / known.sum(dim=1).clamp_min(1)


def target_loss(attribute: str, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the loss of each row, float32 (N,).

    Cross-entropy against the target distribution; for age minus the log of the summed probability of the years that
    the label allows, so that bins and exact ages train alike.

    Examples
    --------
    >>> logits = torch.zeros(1, 4)
    >>> round(float(target_loss("age", logits, torch.tensor([[1.0, 1.0, 0.0, 0.0]]))), 4)  # log 2
    0.6931
    """
    log_probabilities = torch.log_softmax(logits, dim=1)
    if attribute == "age":
        return -torch.logsumexp(log_probabilities + targets.clamp_min(1e-12).log(), dim=1)
    return -(targets * log_probabilities).sum(dim=1)
