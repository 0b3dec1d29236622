"""``facestats models``: what is there, what can be fetched, and the way in for other weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facestats.cli import app

models_app = typer.Typer(
    name="models", help="List, fetch and convert models.", no_args_is_help=True, add_completion=False
)
app.add_typer(models_app)


@models_app.command("list")
def list_models(
    models_path: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="Folder of your own models; repeatable.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """Show every model that --model can name, and what can be pulled."""
    import json

    from facestats.errors import ModelError
    from facestats.models.detectors import shipped_detector
    from facestats.models.downloads import DOWNLOADS, pulled_file
    from facestats.models.embedding import find_embedding
    from facestats.models.faceness import find_faceness
    from facestats.models.registry import broken_models, find_models

    rows = [("name", "attributes", "network", "size", "where", "licence")]
    for model in find_models(tuple(models_path or ())).values():
        card = model.card
        size = f"{card.input_size}x{card.input_size} {card.input_color}"
        # What its teachers learned from stands in the card.
        licence = card.licence.split(" It learned from ")[0] or "not stated"
        rows.append((card.name, ", ".join(card.attributes), card.network, size, str(model.folder), licence))
    for name, error in broken_models(tuple(models_path or ())).items():
        rows.append((name, "(cannot be read)", "", "", str(error), ""))
    try:
        path, detector = shipped_detector()
        rows.append((detector.name, "(face detector)", detector.network, "any", str(path.parent), detector.licence))
    except ModelError as error:
        rows.append(("fast", "(face detector)", "", "any", str(error), ""))
    try:
        embedding = find_embedding(tuple(models_path or ()))
        where = "not here: use --no-people" if embedding is None else str(embedding[0].parent)
        network, licence = ("", "") if embedding is None else (embedding[1].network, embedding[1].licence)
        rows.append(("embedding", "(people)", network, "64x64 rgb", where, licence.split(" It learned from ")[0]))
    except ModelError as error:
        rows.append(("embedding", "(people)", "", "", str(error), ""))
    try:
        judge = find_faceness(tuple(models_path or ()))
        if judge is not None:
            size = f"{judge[1].input_size}x{judge[1].input_size} rgb"
            rows.append(
                (judge[1].name, "(is it a face)", judge[1].network, size, str(judge[0].parent), judge[1].licence)
            )
    except ModelError as error:
        rows.append(("faceness", "(is it a face)", "", "", str(error), ""))
    for name, download in DOWNLOADS.items():
        pulled = pulled_file(name)
        where = str(pulled) if pulled else f"not here: facestats models pull {name}"
        rows.append((name, "(face detector)", name, "any", where, download.licence))
    if as_json:
        print(json.dumps([dict(zip(rows[0], row, strict=True)) for row in rows[1:]], ensure_ascii=False))
        return
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    for row in rows:
        print("  ".join([*(f"{text:<{width}}" for text, width in zip(row, widths, strict=False)), row[-1]]))


@models_app.command()
def pull(name: Annotated[str, typer.Argument(metavar="NAME", help="yunet.")]) -> None:
    """Fetch a file that does not ship with facestats, and check its sha256."""
    from facestats.models.downloads import pull as fetch

    print(fetch(name))


@models_app.command()
def convert(
    state_dict: Annotated[
        Path, typer.Argument(metavar="STATE_DICT", help="What torch.save(network.state_dict(), ...) wrote.")
    ],
    card: Annotated[Path, typer.Option(metavar="FILE", help="The model's card.json; hashes are filled in.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The new model's folder.")],
    network: Annotated[str, typer.Option(help="mini_xception, residual, recognition or mobile.")] = "mini_xception",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model that --out already holds.")] = False,
) -> None:
    """Turn a PyTorch state dict into model.onnx, weights.safetensors and card.json; no code in it is ever run."""
    from facestats.training.export import convert as convert_state_dict

    model = convert_state_dict(state_dict, card, out, network=network, overwrite=overwrite)
    print(f"{model.name} ({', '.join(model.card.attributes)}) in {model.folder}")
