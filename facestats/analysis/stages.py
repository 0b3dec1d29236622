"""What is loaded once and used for every video: detectors, attribute models, thresholds."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from facestats._util.files import sha256_of
from facestats._util.threads import MOST_WORKERS, usable_cores
from facestats.classify import Classifier, create_classifiers
from facestats.classify.embedding import Embedder
from facestats.classify.faceness import FaceJudge
from facestats.detect import Detector, create_detector, detector_file
from facestats.errors import ModelError
from facestats.models.devices import check_device
from facestats.models.embedding import find_embedding
from facestats.models.faceness import find_faceness
from facestats.models.quick import behaviour_of
from facestats.models.registry import choose_models, thresholds
from facestats.options import AnalyzeOptions
from facestats.track import create_tracker

# Imported where they are used, so that readers of tables do without; an analysis uses them in several threads.
_SCIPY = ("scipy.special", "scipy.spatial.transform", "scipy.cluster.hierarchy")

#: On a card: frames whose faces are classified together, and detectors, of which one computes while another is fed.
_FRAMES_ON_CARD, _DETECTORS_ON_CARD = 12, 2


@dataclass(frozen=True)
class Stages:
    """What is loaded once and used for every video.

    Attributes
    ----------
    options : AnalyzeOptions
        What they were loaded for.
    detectors : tuple of Detector
        Of one kind, one for each thread that detects.
    classifiers : tuple of Classifier
    thresholds : mapping of str to float
        Probability below which an attribute's verdict is "unknown".
    embedder : Embedder or None
        Tells people apart; None if nobody asks, or this copy comes without the model.
    judge : FaceJudge or None
        Says of detections whether they are faces; None without tracks, or if this copy comes without the model.
    models : mapping of str to mapping
        By attribute, the ``name`` and ``sha256`` of its model, and the hash of what its card says of its answers; name
        and hash of the detector as ``"detector"``, with that of its quicker weights as ``card`` if it has some, of what
        tells people apart as ``"embedding"``, and of what tells faces from other things as ``"faceness"``.
    """

    options: AnalyzeOptions
    detectors: tuple[Detector, ...]
    classifiers: tuple[Classifier, ...]
    thresholds: Mapping[str, float]
    models: Mapping[str, Mapping[str, str]]
    embedder: Embedder | None = None
    judge: FaceJudge | None = None

    @property
    def batch(self) -> int:
        """Of so many frames the faces are classified together: a card likes many, a processor gains nothing by it."""
        return 1 if self.options.device == "cpu" else _FRAMES_ON_CARD


def load_stages(options: AnalyzeOptions) -> Stages:
    """Load the detector and the attribute models that ``options`` name.

    Raises
    ------
    UsageError
        If a name or a device is unknown or absent.
    ModelError
        If a model is damaged or does not fit its card.

    Examples
    --------
    >>> load_stages(AnalyzeOptions()).detectors[0].name
    'centerface'
    """
    # While there is one thread: several that import parts of scipy at once get in each other's way.
    for part in _SCIPY:
        importlib.import_module(part)
    check_device(options.device)
    create_tracker(options.tracker, rate=1.0)  # refuses an unknown name before anything is read
    chosen = choose_models(options.models, [Path(folder) for folder in options.models_path])
    classifiers = create_classifiers(chosen, device=options.device)
    hashes = {classifier.model.name: classifier.sha256 for classifier in classifiers}
    detectors = tuple(
        create_detector(
            options.detector, detect_size=options.detect_size, min_score=options.min_score, device=options.device
        )
        for _ in range(min(usable_cores(), MOST_WORKERS if options.device == "cpu" else _DETECTORS_ON_CARD))
    )
    detector = {"name": detectors[0].name, "sha256": sha256_of(detector_file(options.detector))}
    if (quicker := getattr(detectors[0], "follow_sha256", None)) is not None:
        detector["card"] = quicker
    attributes = {
        name: {"name": model.name, "sha256": hashes[model.name], "card": behaviour_of(model)}
        for name, model in chosen.items()
    }
    models = {"detector": detector, **attributes}
    embedder, embedding = None, None
    if options.people:
        embedding = find_embedding([Path(folder) for folder in options.models_path])
        if embedding is None:
            raise ModelError(
                "telling people apart needs the embedding model, which this copy lacks (facestats models list): name a "
                "folder that has one with --models-path, or leave people out with --no-people"
            )
    if embedding is not None:
        file, card = embedding
        embedder = Embedder(file, card, device=options.device)
        models["embedding"] = {"name": card.name, "sha256": sha256_of(file), "card": card.behaviour}
    judge, faceness = None, find_faceness([Path(folder) for folder in options.models_path])
    if faceness is not None and options.tracker != "none":  # what it says is said of tracks
        judge = FaceJudge(*faceness, device=options.device)
        models["faceness"] = {
            "name": faceness[1].name,
            "sha256": sha256_of(faceness[0]),
            "card": faceness[1].behaviour,
        }
    return Stages(
        options=options,
        detectors=detectors,
        classifiers=tuple(classifiers),
        thresholds=thresholds(chosen),
        models=models,
        embedder=embedder,
        judge=judge,
    )
