"""A whole training of the detector: teachers' labels, fit, figures, model folder."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from facestats.datasets.boxes import read_boxes
from facestats.datasets.labelled import read_images
from facestats.datasets.sources import describe_terms
from facestats.detect.fast import PIXEL_MEAN, PIXEL_STD, FastFace
from facestats.errors import MissingInputError, ModelError
from facestats.evaluation.detection import MIN_SCORE, evaluate_detector
from facestats.models.cards import CARD_FILE, ONNX_FILE, WEIGHTS_FILE
from facestats.models.detectors import Calibration, DetectorCard
from facestats.training.cards import detector_card_markdown
from facestats.training.checkpoints import CHECKPOINT_FILE, check_checkpoint, identity_of_files
from facestats.training.detector.export import detector_to_onnx
from facestats.training.detector.fitting import fit_detector
from facestats.training.detector.network import FastDetector
from facestats.training.detector.scenes import Material
from facestats.training.detector.scores import fit_scores, judged_scores, rescale_scores
from facestats.training.detector.teaching import create_teachers, taught_crops, taught_photos
from facestats.training.export import check_out, load_weights, read_safetensors, safetensors_bytes, write_folder
from facestats.training.loop import torch_device
from facestats.training.recipes import DetectorRecipe, recipe_values

#: Pictures that are taken of each file with faces at most.
FACES_OF_A_FILE = 20_000

LIMITS = (
    "Trained on few photos of real scenes and many pasted faces. Faces below about 8 pixels, in profile from behind, "
    "upside down, or hidden by more than half are often missed; statues, drawings and pictures of faces are found like "
    "faces. It says where faces are, never whose."
)


def gather_material(data: Path, faces: Sequence[Path], teachers: Sequence[str], *, progress: bool = False) -> Material:
    """Read and label everything that training pictures are made of.

    Raises
    ------
    MissingInputError, DataError
        See :func:`facestats.training.detector.teaching.taught_photos`.

    Examples
    --------
    >>> gather_material(Path("detection.parquet"), [Path("makeup.parquet")], ["centerface"])  # doctest: +SKIP
    """
    photos = taught_photos(data, teachers, progress=progress)
    return Material(
        # Crowds show more faces, and rarer ones, than portraits: they are seen more often.
        photos=[photo for photo in photos for _ in range(round(len(photo.boxes) ** 0.5))],
        rooms=[photo for photo in photos if not len(photo.boxes)],
        faces=taught_crops(faces, FACES_OF_A_FILE, teachers, progress=progress),
    )


def train_detector(
    data: Path,
    faces: Sequence[Path],
    out: Path,
    *,
    teachers: Sequence[str] = ("centerface",),
    recipe: DetectorRecipe | None = None,
    start: Path | None = None,
    command: str = "",
    device: str = "cpu",
    resume: bool = True,
    overwrite: bool = False,
    progress: bool = False,
) -> DetectorCard:
    """Train a face detector and write its folder: ``model.onnx``, ``weights.safetensors``, ``card.json``, ``card.md``.

    Parameters
    ----------
    data : pathlib.Path
        Parquet file of photos with boxed faces, and of photos without a face; see
        :func:`facestats.datasets.boxes.read_boxes`. Its training rows are learned from, its validation rows give
        the figures in the card.
    faces : sequence of pathlib.Path
        Parquet files of close pictures of one face each, whose training rows are pasted into the photos.
    out : pathlib.Path
        The folder; its name becomes the detector's. While it trains, the folder holds a checkpoint.
    teachers : sequence of str
        Detectors that label the pictures, by name or by the path of a YuNet file.
    recipe : DetectorRecipe, optional
        How.
    start : pathlib.Path, optional
        Folder of a detector that was trained before, whose weights the training goes on from.
    command : str
        What the card says makes the detector again.
    device, resume, overwrite, progress
        See :func:`facestats.training.run.train_model`.

    Raises
    ------
    MissingInputError, DataError, UnknownNameError, DeviceError, OutputError
        If the data, a teacher, the device or the folder are not what they should be; before anything is computed.

    Examples
    --------
    >>> train_detector(Path("detection.parquet"), [Path("makeup.parquet")], Path("mine"))  # doctest: +SKIP
    """
    torch_device(device)
    create_teachers(teachers)
    begun = load_detector(start) if start else None
    validation = read_boxes(data, "validation")
    # What is wrong with a file shows before hours of work.
    sources = Counter(name for path in (data, *faces) for name in sources_in(path))
    check_out(out, overwrite=overwrite)
    recipe = recipe or DetectorRecipe()
    checkpoint = out / CHECKPOINT_FILE
    if not resume:
        checkpoint.unlink(missing_ok=True)
    about = {"teachers": ", ".join(teachers), **identity_of_files("data", (data, *faces))}
    check_checkpoint(checkpoint, {**recipe_values(recipe), **about})
    material = gather_material(data, faces, teachers, progress=progress)
    network = fit_detector(
        material, recipe, start=begun, about=about, checkpoint=checkpoint, device=device, progress=progress
    )

    with tempfile.TemporaryDirectory() as folder:

        def detector() -> FastFace:
            trial = Path(folder, ONNX_FILE)
            trial.write_bytes(detector_to_onnx(network))
            return FastFace(trial, detect_size=0, min_score=MIN_SCORE)

        scale, shift = fit_scores(*judged_scores(detector(), validation))
        rescale_scores(network, scale, shift)
        scores = evaluate_detector(detector(), validation, progress=progress)
    parts = {ONNX_FILE: detector_to_onnx(network), WEIGHTS_FILE: safetensors_bytes(network)}
    photos = {id(photo): photo for photo in material.photos}.values()
    pasted = ", ".join(path.name for path in faces)
    card = DetectorCard(
        name=out.resolve().name,
        network="FastDetector",
        input_mean=PIXEL_MEAN,
        input_std=PIXEL_STD,
        data=(
            f"{len(photos):,} photos with {sum(len(photo.boxes) for photo in photos):,} faces and "
            f"{len(material.rooms):,} without, of {data.name}; {len(material.faces):,} single faces"
            + (f" of {pasted}" if pasted else "")
            + f". Landmarks by {' and '.join(Path(name).stem for name in teachers)}; boxes half-way between theirs and "
            "those of people, or of whoever saw the face."
        ),
        licence=describe_terms(sources),
        limits=LIMITS,
        calibration=Calibration(data=f"validation rows of {data.name}; the network's own scores hold the fit"),
        metrics={
            "validation": scores,
            "score_scale": scale,
            "score_shift": shift,
            "recipe": recipe_values(recipe),
            "commands": [command],
            "sources": dict(sources),
            "parameters": sum(weight.numel() for weight in network.parameters()),
        },
    )
    card = write_folder(out, parts, card, detector_card_markdown(card))
    checkpoint.unlink(missing_ok=True)
    return card


def sources_in(path: Path) -> list[str]:
    """Return the data set of every training picture in a file; ``"unnamed"`` where it has no such column.

    Raises
    ------
    MissingInputError, DataError
        See :func:`facestats.datasets.labelled.read_images`.

    Examples
    --------
    >>> sources_in(Path("makeup.parquet"))[0]  # doctest: +SKIP
    'celeba'
    """
    frame = read_images(path, "train")
    return frame["source"].astype(str).tolist() if "source" in frame else ["unnamed"] * len(frame)


def load_detector(folder: Path) -> FastDetector:
    """Return the network of a detector's folder as its training left it, with scores that are not rescaled.

    Raises
    ------
    MissingInputError, ModelError
        If the folder has no card of a detector or no weights that fit, or the weights are not those of the card.

    Examples
    --------
    >>> from facestats._util.resources import bundled
    >>> load_detector(bundled("models") / "detectors" / "fast").training
    False
    """
    if not (folder / CARD_FILE).is_file():
        raise MissingInputError(f"no {CARD_FILE} in {folder}: --start needs the folder of a trained detector")
    card, weights = DetectorCard.read(folder / CARD_FILE), folder / WEIGHTS_FILE
    network = load_weights(FastDetector(), read_safetensors(weights), str(weights))
    card.check_file(weights)
    scale, shift = card.metrics.get("score_scale", 1.0), card.metrics.get("score_shift", 0.0)
    if not scale > 0:
        raise ModelError(f"{folder / CARD_FILE}: score_scale must be positive, not {scale}")
    rescale_scores(network, 1 / scale, -shift / scale)
    return network
