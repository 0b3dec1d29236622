"""Fitting anew what a model's probabilities mean, and measuring it, without changing a weight of its verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from facestats.detect import detector_identity
from facestats.errors import MissingInputError
from facestats.models.cards import CARD_FILE, WEIGHTS_FILE, Card
from facestats.models.quick import RANGES_FILE
from facestats.models.registry import Model
from facestats.options import DEFAULT_DETECTOR
from facestats.training.cards import card_markdown
from facestats.training.export import check_out, load_weights, network_of, read_safetensors, write_model
from facestats.training.familiarity import gather_strangers, learn_familiarity
from facestats.training.finishing import finish, most_told
from facestats.training.gathering import check_labels, gather
from facestats.training.origins import check_origins, origin_of, recipe_of
from facestats.training.ranges import with_ranges


def calibrate(
    folder: Path,
    data: Sequence[Path],
    out: Path,
    *,
    unseen: Sequence[str] = (),
    strange: Sequence[Path] = (),
    command: str = "",
    detector: str = DEFAULT_DETECTOR,
    overwrite: bool = False,
    progress: bool = False,
) -> Model:
    """Fit a trained model's temperatures and thresholds to other faces, and write it to a folder with a new card.

    A model that runs with eight-bit weights goes on doing so: its ranges are kept, and judged on the new faces.

    Parameters
    ----------
    folder : pathlib.Path
        Of a model that facestats trained.
    data : sequence of pathlib.Path
        Files with validation faces of the sources that it was trained on, and with faces of unseen ones.
    out : pathlib.Path
        The new folder; its name becomes the model's.
    unseen : sequence of str
        Data sets, as the column ``source`` names them, that the model was never trained on: see
        :mod:`facestats.training.finishing`.
    strange : sequence of pathlib.Path
        Files with photos in which nothing is a face: from what the detector takes for faces there, the model learns to
        notice what is unlike a face, see :func:`facestats.training.familiarity.gather_strangers`. Without, it notices
        as it did.
    command : str
        What the card says makes the model again, after what trained it.
    detector : str
        Whose landmarks the crops follow.
    overwrite : bool
        Whether a model that ``out`` already holds may be replaced.
    progress : bool
        Whether to show progress bars on stderr.

    Raises
    ------
    MissingInputError
        If the folder holds no model that facestats trained.
    ModelError
        If its weights are not those that the card vouches for, or it was trained on a source that is named as unseen.
    DataError, OutputError
        See :func:`facestats.training.run.train_model` and :func:`facestats.training.familiarity.gather_strangers`.

    Examples
    --------
    >>> calibrate(Path("mine"), [Path("own.parquet")], Path("better"), unseen=["own"])  # doctest: +SKIP
    """
    for name in (CARD_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise MissingInputError(
                f"no {name} in {folder}: calibrate needs the folder of a model that facestats trained"
            )
    card = Card.read(folder / CARD_FILE)
    Model(folder, card).verify()
    recipe = recipe_of(card, str(folder))
    check_origins([origin_of(card)], unseen)
    recipe = replace(recipe, unseen=tuple(unseen))
    served = check_labels(data, replace(recipe, sources=()))
    check_out(out, overwrite=overwrite)
    network = load_weights(network_of(card), read_safetensors(folder / WEIGHTS_FILE), str(folder))
    strangers = gather_strangers(strange, recipe.input_size, detector, progress=progress) if strange else None
    faces = gather(served, recipe, detector=detector, to_train=False, progress=progress)
    noticed = dict(card.metrics.get("unfamiliar", {}))
    if strangers is not None:
        known = most_told(faces.validation)
        own = known.crops[known.first_half]
        noticed = learn_familiarity(network, recipe.input_color, own, strangers, progress=progress)
    heads, familiarity, metrics = finish(network, recipe.input_color, faces.validation, faces.unseen)
    commands = [line for line in (*card.metrics.get("commands", ()), command) if line]
    measured = {
        "calibrated_with": detector_identity(detector),
        "commands": commands,
        "unfamiliar": noticed,
        "parameters": sum(weight.numel() for weight in network.parameters()),
    }
    card = replace(
        card,
        name=out.resolve().name,
        heads=heads,
        familiarity=familiarity,
        metrics={**card.metrics, **metrics, **measured},
    )
    ranges = (folder / RANGES_FILE).read_bytes() if RANGES_FILE in card.files else None  # out may be folder
    made = write_model(
        out, network, replace(card, files={}), card_markdown=card_markdown(replace(card, files={})), overwrite=overwrite
    )
    # The layers that ranges are of have not changed.
    return made if ranges is None else with_ranges(made, ranges, faces)
