"""A whole training of the detector: teachers' labels, fit, figures, model folder."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from facestats.datasets.boxes import BoxedImage, read_boxes
from facestats.datasets.labelled import read_images
from facestats.datasets.sources import describe_terms
from facestats.detect.fast import PIXEL_MEAN, PIXEL_STD, FastFace
from facestats.errors import DataError, MissingInputError, ModelError
from facestats.evaluation.detection import MIN_SCORE, evaluate_detector, scorable
from facestats.models.cards import CARD_FILE, ONNX_FILE, WEIGHTS_FILE
from facestats.models.detectors import Calibration, DetectorCard
from facestats.training.cards import detector_card_markdown
from facestats.training.checkpoints import CHECKPOINT_FILE, check_checkpoint, identity_of_files
from facestats.training.detector.export import detector_to_onnx
from facestats.training.detector.fitting import fit_detector, new_detector
from facestats.training.detector.mining import hard_spots
from facestats.training.detector.network import FastDetector
from facestats.training.detector.scenes import Material
from facestats.training.detector.scores import LEAST_SCORE, fit_scores, judged_scores, rescale_scores
from facestats.training.detector.teachers import create_teacher
from facestats.training.detector.teaching import taught_crops, taught_photos
from facestats.training.export import check_out, load_weights, read_safetensors, safetensors_bytes, write_folder
from facestats.training.loop import torch_device
from facestats.training.recipes import DetectorRecipe, recipe_values

#: Pictures that are taken of each file with faces at most.
FACES_OF_A_FILE = 1_500

_MOST_OFTEN = 4  # times that a photo of a crowd stands for one of a single face

LIMITS = (
    "Other detectors labelled most of what it learned from, so that it may miss what they miss. Faces below about 8 "
    "pixels, in profile from behind, upside down, or hidden by more than half are often missed; statues, drawings and "
    "pictures of faces are found like faces. It says where faces are, never whose."
)


def gather_material(
    data: Sequence[Path],
    faces: Sequence[Path],
    teachers: Sequence[str],
    *,
    judged_by: Path | None = None,
    progress: bool = False,
) -> Material:
    """Read and label everything that training pictures are made of.

    Parameters
    ----------
    data, faces : sequence of pathlib.Path
        See :func:`train_detector`.
    teachers : sequence of str
        See :func:`train_detector`.
    judged_by : pathlib.Path, optional
        ONNX file of an earlier detector; what it judges wrongly is seen more often.
    progress : bool
        Whether to show progress bars on stderr.

    Raises
    ------
    MissingInputError, DataError
        See :func:`facestats.training.detector.teaching.taught_photos`.

    Examples
    --------
    >>> gather_material([Path("detection.parquet")], [Path("makeup.parquet")], ["centerface"])  # doctest: +SKIP
    """
    photos = [photo for path in data for photo in taught_photos(path, teachers, progress=progress)]
    return Material(
        # Crowds show more faces, and rarer ones, than portraits: they are seen more often.
        photos=[photo for photo in photos for _ in range(min(_MOST_OFTEN, round(len(photo.boxes) ** 0.5)))],
        rooms=[photo for photo in photos if not len(photo.boxes)],
        faces=taught_crops(faces, FACES_OF_A_FILE, teachers, progress=progress),
        hard=hard_spots(judged_by, photos, progress=progress) if judged_by else (),
    )


def train_detector(
    data: Sequence[Path],
    faces: Sequence[Path],
    out: Path,
    *,
    check: Path | None = None,
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
    data : sequence of pathlib.Path
        Parquet files of photos with boxed faces, and of photos without a face; see
        :func:`facestats.datasets.boxes.read_boxes`. Their training rows are learned from, the validation rows of the
        first give the figures in the card.
    faces : sequence of pathlib.Path
        Parquet files of close pictures of one face each, whose training rows are pasted into the photos.
    out : pathlib.Path
        The folder; its name becomes the detector's. While it trains, the folder holds a checkpoint.
    check : pathlib.Path, optional
        Boxed photos of which nothing is learned but what scores mean; by default the validation rows serve. The figures
        of those whose source the training has no picture of go into the card as well.
    teachers : sequence of str
        Detectors that label the pictures, by name or by the path of a YuNet file.
    recipe : DetectorRecipe, optional
        How.
    start : pathlib.Path, optional
        Folder of a detector that was trained before, whose weights the training goes on from. What it judges wrongly
        in the training photos is seen more often.
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
    >>> train_detector([Path("detection.parquet")], [Path("makeup.parquet")], Path("mine"))  # doctest: +SKIP
    """
    torch_device(device)
    for teacher in teachers:
        create_teacher(teacher)
    begun = load_detector(start) if start else None
    judge = start / ONNX_FILE if start else None
    if judge:
        DetectorCard.read(judge.with_name(CARD_FILE)).check_file(judge)
    # What is wrong with a file shows before hours of work.
    validation = scorable(read_boxes(data[0], "validation"), data[0])
    checked = scorable(read_boxes(check), check) if check else []
    sources = Counter(name for path in (*data, *faces) for name in sources_in(path))
    unseen = [photo for photo in checked if photo.source not in sources]
    if check and not unseen:
        raise DataError(f"{check}: --data or --faces has photos of all its sources, so that no figure could count")
    check_out(out, overwrite=overwrite)
    recipe = recipe or DetectorRecipe()
    checkpoint = out / CHECKPOINT_FILE
    if not resume:
        checkpoint.unlink(missing_ok=True)
    about = {"teachers": ", ".join(teachers), **identity_of_files("data", (*data, *faces))}
    check_checkpoint(checkpoint, {**recipe_values(recipe), **about})
    material = gather_material(data, faces, teachers, judged_by=judge, progress=progress)
    network = fit_detector(
        material, recipe, start=begun, about=about, checkpoint=checkpoint, device=device, progress=progress
    )

    groups = {"validation": validation} | ({"unseen": unseen} if unseen else {})
    scale, shift, metrics = _measured(network, checked or validation, groups, progress=progress)
    metrics |= {
        "score_scale": scale,
        "score_shift": shift,
        "recipe": recipe_values(recipe),
        "commands": [command],
        "sources": dict(sources),
        "parameters": sum(weight.numel() for weight in network.parameters()),
    }
    fitted_on = check.name if check else f"validation rows of {data[0].name}"
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
            f"{len(material.rooms):,} without, of {', '.join(path.name for path in data)}; {len(material.faces):,} "
            f"single faces{f' of {pasted}' if pasted else ''}. Landmarks by "
            f"{' and '.join(Path(name).stem for name in teachers)}; boxes theirs, or half-way between theirs "
            "and those of people where people boxed every face."
        ),
        licence=describe_terms(sources),
        limits=LIMITS,
        calibration=Calibration(data=f"{fitted_on}; the network's own scores hold the fit"),
        metrics=metrics,
    )
    card = write_folder(out, parts, card, detector_card_markdown(card))
    checkpoint.unlink(missing_ok=True)
    return card


def _measured(
    network: FastDetector,
    fitted: Sequence[BoxedImage],
    groups: Mapping[str, Sequence[BoxedImage]],
    *,
    progress: bool,
) -> tuple[float, float, dict[str, Any]]:
    """Turn the network's scores into probabilities; return scale and shift of that, and the figures of each group."""
    with tempfile.TemporaryDirectory() as folder:

        def detector(min_score: float = MIN_SCORE) -> FastFace:
            trial = Path(folder, ONNX_FILE)
            trial.write_bytes(detector_to_onnx(network))
            return FastFace(trial, detect_size=0, min_score=min_score)

        # Before, half of all cells say more than MIN_SCORE: to sort them out takes minutes.
        scale, shift = fit_scores(*judged_scores(detector(LEAST_SCORE), fitted))
        rescale_scores(network, scale, shift)
        metrics = {name: evaluate_detector(detector(), photos, progress=progress) for name, photos in groups.items()}
    return scale, shift, metrics


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
    card.check_file(weights)
    known, fresh = read_safetensors(weights), new_detector(0)
    # An earlier network had fewer of the parts that change nothing at first.
    known |= {name: weight for name, weight in fresh.state_dict().items() if ".change." in name and name not in known}
    network = load_weights(fresh, known, str(weights))
    scale, shift = card.metrics.get("score_scale", 1.0), card.metrics.get("score_shift", 0.0)
    if not scale > 0:
        raise ModelError(f"{folder / CARD_FILE}: score_scale must be positive, not {scale}")
    rescale_scores(network, 1 / scale, -shift / scale)
    return network
