"""Checkpoints of trainings, and reading what ``torch.save`` wrote without ever running code that it may carry."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from facestats._util.files import written_aside
from facestats.errors import ModelError, OutputError

# What torch.load raises for content that is damaged or not its own, besides UnpicklingError for code.
_DAMAGED = (RuntimeError, EOFError, LookupError, ValueError, TypeError, AttributeError)


def read_torch_file(path: Path) -> Any:
    """Return the tensors, numbers and texts of a file that ``torch.save`` wrote (PyTorch 1.6 or later).

    Raises
    ------
    ModelError
        If the file is not one, is damaged, or holds anything else, such as code: that is not run.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save({"epoch": 3}, Path(folder, "training.pt"))
    ...     read_torch_file(Path(folder, "training.pt"))
    {'epoch': 3}
    """
    if not zipfile.is_zipfile(path):
        raise ModelError(f"{path} is not a file that torch.save of PyTorch 1.6 or later wrote; nothing in it was run")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise ModelError(f"{path} holds objects or code besides tensors; nothing in it was run") from None
    except _DAMAGED as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"{path} is damaged or no PyTorch file: {reason}") from None


class Stateful(Protocol):
    """What PyTorch's networks, optimizers and schedules have in common."""

    def state_dict(self) -> dict[str, Any]:
        """Return its tensors and numbers."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any:
        """Take over what :meth:`state_dict` returned."""


def save_checkpoint(path: Path, identity: Mapping[str, Any], done: int, parts: Mapping[str, Stateful]) -> None:
    """Write where a training stands, so that :func:`load_checkpoint` can go on; the file is whole or not there.

    Parameters
    ----------
    path : pathlib.Path
    identity : mapping
        Numbers and texts that differ between two trainings that must not be mixed up.
    done : int
        Steps, or epochs, that are behind it.
    parts : mapping of str to Stateful
        Network, optimizer and the like, by name.

    Raises
    ------
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "training.pt")
    ...     save_checkpoint(path, {"seed": 0}, 250, {"network": torch.nn.Linear(2, 1)})
    ...     load_checkpoint(path, {"seed": 0}, {"network": torch.nn.Linear(2, 1)})
    250
    """
    state = {"identity": dict(identity), "done": done, "parts": {k: part.state_dict() for k, part in parts.items()}}
    try:
        with written_aside(path) as unfinished:
            torch.save(state, unfinished)
    except (OSError, RuntimeError) as error:  # torch.save raises RuntimeError for a folder that is not there
        raise OutputError(f"cannot write the checkpoint {path}: {error}") from None


def load_checkpoint(path: Path, identity: Mapping[str, Any], parts: Mapping[str, Stateful]) -> int:
    """Bring ``parts`` to where a checkpoint left them and return how many steps, or epochs, are done: 0 without a file.

    Raises
    ------
    OutputError
        If the file is no checkpoint, is damaged, or belongs to another training.

    Examples
    --------
    >>> load_checkpoint(Path("none.pt"), {"seed": 0}, {})
    0
    """
    if not path.is_file():
        return 0
    try:
        state = read_torch_file(path)
    except ModelError as error:
        raise OutputError(f"{error}: delete it or use --no-resume") from None
    if not isinstance(state, dict) or state.get("identity") != dict(identity) or not {"done", "parts"} <= state.keys():
        raise OutputError(f"{path} belongs to another training: use --no-resume, or another --out")
    for name, part in parts.items():
        part.load_state_dict(state["parts"][name])
    return state["done"]
