"""Checkpoints: where a training stands, in one file from which the same training goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from facestats._util.files import sha256_of, written_aside
from facestats.errors import ModelError, OutputError
from facestats.training.torchfile import read_torch_file

#: The checkpoint in the folder of a training that has not finished.
CHECKPOINT_FILE = "training.pt"

#: Counts up when a checkpoint of earlier code cannot be gone on from.
CHECKPOINT_FORMAT = 2

_ANEW = "use --no-resume to start anew, or another --out"


def identity_of_files(kind: str, paths: Iterable[Path]) -> dict[str, str]:
    """Return the hashes of files that a training depends on, for its identity, by what to call them in an error.

    Parameters
    ----------
    kind : str
        What they are to the training.
    paths : iterable of pathlib.Path

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "faces.parquet")
    >>> path.write_bytes(b"")
    0
    >>> list(identity_of_files("data", [path]))
    ['data faces.parquet']
    """
    hashes: dict[str, str] = {}
    for path in paths:
        name = f"{kind} {path.name}"
        hashes[name] = hashes.get(name, "") + sha256_of(path)
    return hashes


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
        Steps that are behind it.
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
    state = {
        "format": CHECKPOINT_FORMAT,
        "identity": dict(identity),
        "done": done,
        "parts": {name: part.state_dict() for name, part in parts.items()},
    }
    try:
        with written_aside(path) as unfinished:
            torch.save(state, unfinished)
    except (OSError, RuntimeError) as error:  # torch.save raises RuntimeError for a folder that is not there
        raise OutputError(f"cannot write the checkpoint {path}: {error}") from None


def load_checkpoint(path: Path, identity: Mapping[str, Any], parts: Mapping[str, Stateful]) -> int:
    """Bring ``parts`` to where a checkpoint left them and return how many steps are done: 0 without a file.

    Raises
    ------
    OutputError
        If the file is no checkpoint, is damaged, is of another version, or belongs to another training.

    Examples
    --------
    >>> load_checkpoint(Path("none.pt"), {"seed": 0}, {})
    0
    """
    if not path.is_file():
        return 0
    state = _read(path)
    _compare(path, state["identity"], identity, {*identity, *state["identity"]})
    for name, part in parts.items():
        part.load_state_dict(state["parts"][name])
    return state["done"]


def check_checkpoint(path: Path, identity: Mapping[str, Any]) -> None:
    """Raise the OutputError of :func:`load_checkpoint`, by what is known of a training before its data is prepared.

    Parameters
    ----------
    path : pathlib.Path
    identity : mapping
        A part of the training's identity.

    Examples
    --------
    >>> check_checkpoint(Path("none.pt"), {"seed": 0})
    """
    if path.is_file():
        _compare(path, _read(path)["identity"], identity, identity)


def _read(path: Path) -> dict[str, Any]:
    try:
        state = read_torch_file(path)
    except ModelError as error:
        raise OutputError(f"{error}: delete it or use --no-resume") from None
    if not isinstance(state, dict) or state.get("format") != CHECKPOINT_FORMAT:
        raise OutputError(f"{path} is no checkpoint of this version of facestats: {_ANEW}")
    return state


def _compare(path: Path, theirs: Mapping[str, Any], ours: Mapping[str, Any], names: Iterable[str]) -> None:
    changed = [name for name in sorted(names) if theirs.get(name) != ours.get(name)]
    if changed:
        raise OutputError(f"{path} belongs to another training ({', '.join(changed)} changed since): {_ANEW}")
