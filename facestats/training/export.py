"""From a PyTorch network to a model folder, and from a state dict or safetensors back to a network."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import onnxruntime
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from facestats._util.files import make_folder, written_aside
from facestats._util.resources import bundled
from facestats.errors import MissingInputError, ModelError, OutputError
from facestats.models.cards import CARD_FILE, ONNX_FILE, WEIGHTS_FILE, Card, ModelCard
from facestats.models.registry import Model
from facestats.training.networks import create_network
from facestats.training.onnxfile import halve_weights
from facestats.training.torchfile import read_torch_file

#: ONNX and PyTorch must agree to this in every logit, or nothing is written.
TOLERANCE = 1e-4

_OPSET = 17

_AnyCard = TypeVar("_AnyCard", bound=ModelCard)


class _InOrder(nn.Module):
    """Gives a network's outputs as a tuple, which is what ONNX wants."""

    def __init__(self, network: nn.Module, names: tuple[str, ...]) -> None:
        super().__init__()
        self.network = network
        self.names = names

    def forward(self, faces: torch.Tensor) -> tuple[torch.Tensor, ...]:
        outputs = self.network(faces)
        return tuple(outputs[name] for name in self.names)


def network_of(card: Card) -> nn.Module:
    """Return a fresh network of the kind, colours and outputs that a card names.

    Raises
    ------
    ModelError
        See :func:`facestats.training.networks.create_network`.

    Examples
    --------
    >>> from facestats.models.cards import Head
    >>> card = Card("mine", (Head("gender", "gender", ("female", "male")),), network="mini_xception")
    >>> sorted(network_of(card).heads)
    ['gender']
    """
    channels = 1 if card.input_color == "gray" else 3
    return create_network(card.network, channels, card.outputs)


def load_weights(network: nn.Module, state: Mapping[str, torch.Tensor], where: str) -> nn.Module:
    """Fill a network with weights, every one and no other, and return it in evaluation mode.

    Parameters
    ----------
    network : torch.nn.Module
        Changed in place.
    state : mapping of str to torch.Tensor
        A state dict.
    where : str
        What to call it in an error.

    Raises
    ------
    ModelError
        Naming the first weights that are missing, unknown or of another shape.

    Examples
    --------
    >>> load_weights(nn.Linear(2, 1), nn.Linear(2, 1).state_dict(), "example").training
    False
    """
    expected = network.state_dict()
    missing = [name for name in expected if name not in state]
    unknown = [str(name) for name in state if name not in expected]
    reshaped = [
        f"{name} {tuple(state[name].shape)} instead of {tuple(weight.shape)}"
        for name, weight in expected.items()
        if name in state and state[name].shape != weight.shape
    ]
    problems = [
        f"{len(names)} {kind} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
        for kind, names in (("missing", missing), ("unknown", unknown), ("of another shape", reshaped))
        if names
    ]
    if problems:
        raise ModelError(
            f"{where} does not fit the network {type(network).__name__}: weights {', '.join(problems)}; "
            "check the card's network, classes and input_color"
        )
    network.load_state_dict(state)
    return network.eval()


def read_state_dict(path: Path) -> dict[str, torch.Tensor]:
    """Read a state dict that ``torch.save`` wrote, without ever running code that it may carry.

    Raises
    ------
    MissingInputError
        If there is no such file.
    ModelError
        If it holds anything but named tensors.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save(nn.Linear(2, 1).state_dict(), Path(folder, "net.pt"))
    ...     sorted(read_state_dict(Path(folder, "net.pt")))
    ['bias', 'weight']
    """
    if not path.is_file():
        raise MissingInputError(f"no state dict at {path}")
    state = read_torch_file(path)
    if not isinstance(state, Mapping) or not state or not all(torch.is_tensor(weight) for weight in state.values()):
        raise ModelError(f"{path} is not a state dict (names and tensors): save network.state_dict() alone")
    return dict(state)


def read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    """Read weights from a safetensors file; those in half precision become float32.

    Raises
    ------
    ModelError
        If it is absent or damaged.

    Examples
    --------
    >>> read_safetensors(Path("weights.safetensors"))  # doctest: +SKIP
    """
    try:
        state = safetensors.torch.load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} cannot be read as safetensors: {str(error).splitlines()[0]}") from None
    return {name: weight.float() if weight.dtype == torch.float16 else weight for name, weight in state.items()}


def to_onnx(network: nn.Module, card: Card) -> bytes:
    """Return a network as an ONNX file: dynamic batch, raw logits, one named output per head.

    Raises
    ------
    ModelError
        If onnxruntime does not give what PyTorch gives, to :data:`TOLERANCE`.

    Examples
    --------
    >>> from facestats.models.cards import Head
    >>> card = Card("mine", (Head("gender", "gender", ("female", "male")),), network="mini_xception")
    >>> len(to_onnx(network_of(card).eval(), card)) > 100_000
    True
    """
    names = tuple(card.outputs)
    wrapped = _InOrder(network, names).eval().cpu()
    channels = 1 if card.input_color == "gray" else 3
    generator = torch.Generator().manual_seed(0)
    faces = torch.randn(3, channels, card.input_size, card.input_size, generator=generator)
    content = io.BytesIO()
    with warnings.catch_warnings():
        # The TorchScript exporter is marked as legacy; the newer one needs onnxscript, and does no better here.
        warnings.simplefilter("ignore", DeprecationWarning)
        # Sizes become constants: what a network takes is one size.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        # What padding is made of is not folded, which it need not be.
        warnings.filterwarnings("ignore", "Constant folding - Only steps=1", UserWarning)
        torch.onnx.export(
            wrapped,
            (faces[:2],),
            content,
            input_names=[card.input_name],
            output_names=list(names),
            dynamic_axes={name: {0: "faces"} for name in (card.input_name, *names)},
            opset_version=_OPSET,
            # As they are, or normalisation would be folded into the filters, which half precision no longer holds:
            # onnxruntime folds them when it loads the file.
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            dynamo=False,
        )
    halved = halve_weights(content.getvalue())
    session = onnxruntime.InferenceSession(halved, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        expected = wrapped(faces)
    for name, ours, theirs in zip(names, expected, session.run(names, {card.input_name: faces.numpy()}), strict=True):
        if not np.allclose(ours.numpy(), theirs, rtol=0, atol=TOLERANCE):
            raise ModelError(f"model {card.name!r}: onnxruntime and PyTorch disagree on {name!r}; nothing was written")
    return halved


def check_out(folder: Path, *, overwrite: bool = False) -> None:
    """Raise unless a model may be written to a folder; make the folder.

    Raises
    ------
    OutputError
        If the folder holds a model and ``overwrite`` is not set, is one of those that ship with facestats, or cannot
        be made.

    Examples
    --------
    >>> import tempfile
    >>> check_out(Path(tempfile.mkdtemp()))
    """
    if not overwrite and any((folder / name).exists() for name in (ONNX_FILE, WEIGHTS_FILE, CARD_FILE)):
        raise OutputError(f"{folder} already holds a model: give another --out, or --overwrite to replace it")
    if (folder / CARD_FILE).exists() and bundled("models").resolve() in folder.resolve().parents:
        raise OutputError(f"{folder} is a model that ships with facestats, which is never replaced: give another --out")
    try:
        make_folder(folder)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from None


def write_model(
    folder: Path, network: nn.Module, card: Card, *, card_markdown: str | None = None, overwrite: bool = False
) -> Model:
    """Write a model folder: ``model.onnx``, ``weights.safetensors``, ``card.json`` with their hashes, ``card.md``.

    Parameters
    ----------
    folder : pathlib.Path
        Made if absent.
    network : torch.nn.Module
        Its outputs are named as the card's heads.
    card : Card
        ``files`` is filled in here.
    card_markdown : str, optional
        Text of ``card.md``.
    overwrite : bool
        Whether a model that the folder already holds may be replaced.

    Raises
    ------
    OutputError
        If the folder holds a model already, or cannot be written.
    ModelError
        If ONNX and PyTorch disagree.

    Examples
    --------
    >>> write_model(Path("mine"), network, card)  # doctest: +SKIP
    """
    check_out(folder, overwrite=overwrite)
    network = network.eval().cpu()
    parts = {ONNX_FILE: to_onnx(network, card), WEIGHTS_FILE: safetensors_bytes(network)}
    return Model(folder, write_folder(folder, parts, card, card_markdown))


def safetensors_bytes(network: nn.Module) -> bytes:
    """Return a network's weights as a safetensors file, in half precision where that loses nothing.

    Examples
    --------
    >>> layer = nn.Linear(300, 100)
    >>> exact = len(safetensors_bytes(layer))
    >>> round_weights(layer)
    >>> len(safetensors_bytes(layer)) < 0.6 * exact
    True
    """
    state = {name: weight.contiguous() for name, weight in network.state_dict().items()}
    halves = {name: weight.half() for name, weight in state.items() if weight.dtype == torch.float32}
    return safetensors.torch.save(
        {**state, **{name: half for name, half in halves.items() if torch.equal(half.float(), state[name])}}
    )


def round_weights(network: nn.Module) -> None:
    """Round a network's matrices and filters, in place, to what half precision holds, so that files are half as large.

    Biases and batch normalisation, which are few, stay as they are.

    Examples
    --------
    >>> layer = nn.Linear(2, 1)
    >>> round_weights(layer)
    >>> torch.equal(layer.weight, layer.weight.half().float())
    True
    """
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim > 1:
                weight.copy_(weight.half())


def write_folder(folder: Path, parts: Mapping[str, bytes], card: _AnyCard, card_markdown: str | None) -> _AnyCard:
    """Write a model's files and its card, which gets their hashes; each file appears whole.

    Parameters
    ----------
    folder : pathlib.Path
        It exists.
    parts : mapping of str to bytes
        Files by name.
    card : ModelCard
        ``files`` is filled in here.
    card_markdown : str or None
        Text of ``card.md``.

    Raises
    ------
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> write_folder(Path("mine"), {"model.onnx": onnx}, card, None)  # doctest: +SKIP
    """
    card = replace(card, files={name: hashlib.sha256(content).hexdigest() for name, content in parts.items()})
    texts = {CARD_FILE: card.to_json()} | ({} if card_markdown is None else {"card.md": card_markdown})
    files = {**parts, **{name: text.encode() for name, text in texts.items()}}
    try:
        for name, content in files.items():
            (folder / (name + ".part")).write_bytes(content)
        for name in files:
            (folder / (name + ".part")).replace(folder / name)
    except OSError as error:
        raise OutputError(f"cannot write the model {folder}: {error.strerror}") from None
    return card


def convert(state_path: Path, card_path: Path, out: Path, *, network: str, overwrite: bool = False) -> Model:
    """Turn a PyTorch state dict of a known network into a model folder.

    Parameters
    ----------
    state_path : pathlib.Path
        What ``torch.save(network.state_dict(), ...)`` wrote; read with ``weights_only=True``.
    card_path : pathlib.Path
        Its ``card.json``; hashes are filled in.
    out : pathlib.Path
        The new folder.
    network : str
        A key of :data:`facestats.training.networks.NETWORKS`.
    overwrite : bool
        Whether a model that the folder already holds may be replaced.

    Raises
    ------
    MissingInputError
        If a file does not exist.
    ModelError
        If the state dict carries code or does not fit, or the card or the network's name is wrong.
    OutputError
        See :func:`write_model`.

    Examples
    --------
    >>> convert(Path("net.pt"), Path("card.json"), Path("mine"), network="mini_xception")  # doctest: +SKIP
    """
    if not card_path.is_file():
        raise MissingInputError(f"no card at {card_path}")
    check_out(out, overwrite=overwrite)
    card = replace(Card.read(card_path), network=network)
    filled = load_weights(network_of(card), read_state_dict(state_path), str(state_path))
    return write_model(out, filled, card, overwrite=overwrite)


def build_onnx(model: Model, target: Path) -> None:
    """Write the ONNX file of a model that has safetensors weights and a known network alone.

    Raises
    ------
    ModelError
        If the network is not known, or the weights do not fit it.
    OutputError
        If ``target`` cannot be written.

    Examples
    --------
    >>> build_onnx(model, Path("model.onnx"))  # doctest: +SKIP
    """
    path = model.folder / WEIGHTS_FILE
    content = to_onnx(load_weights(network_of(model.card), read_safetensors(path), str(path)), model.card)
    try:
        with written_aside(target) as part:
            part.write_bytes(content)
    except OSError as error:
        raise OutputError(
            f"cannot write {target}: {error.strerror}; set FACESTATS_CACHE to a writable folder"
        ) from None
