"""What ``torch.save`` wrote, read without ever running code that it may carry."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from facestats.errors import ModelError

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
