"""What every use of onnxruntime shares."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnxruntime
from google.protobuf.message import DecodeError
from onnxruntime.capi import onnxruntime_pybind11_state as runtime_errors

from facestats.errors import DeviceError, ModelError
from facestats.models.devices import NO_CUDA, PROVIDERS, check_device

#: onnxruntime's own exceptions share no base but RuntimeError and Exception; these are what a bad file or input gives.
RUNTIME_ERRORS = (
    runtime_errors.Fail,
    runtime_errors.InvalidArgument,
    runtime_errors.InvalidGraph,
    runtime_errors.InvalidProtobuf,
    runtime_errors.NoSuchFile,
    runtime_errors.NotImplemented,
    runtime_errors.RuntimeException,
    RuntimeError,
    ValueError,  # an input that the file does not have
)


def open_session(file: Path | bytes, *, threads: int = 1, device: str = "cpu") -> onnxruntime.InferenceSession:
    """Return a session that keeps its warnings to itself.

    Parameters
    ----------
    file : pathlib.Path or bytes
        An ONNX file or its content.
    threads : int
        Of the session; 0 leaves the choice to onnxruntime. Work is done side by side here, not by several threads each.
    device : str
        ``"cpu"`` or ``"cuda"``.

    Raises
    ------
    DeviceError
        If the device is unknown, or not here.
    RUNTIME_ERRORS
        If it is not an ONNX file that can be run.
    """
    check_device(device)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.log_severity_level = 3
    source = file if isinstance(file, bytes) else str(file)
    # What a card cannot run, and it is little, the processor does.
    providers = [PROVIDERS[device]] if device == "cpu" else [PROVIDERS[device], PROVIDERS["cpu"]]
    session = onnxruntime.InferenceSession(source, settings, providers=providers)
    if PROVIDERS[device] not in session.get_providers():  # onnxruntime falls back without a word
        raise DeviceError(NO_CUDA)
    return session


def ends_of(path: Path) -> tuple[list[str], list[str]]:
    """Return the names of an ONNX file's inputs and outputs, without building anything.

    Raises
    ------
    ModelError
        If it is not an ONNX file.
    """
    try:
        graph = onnx.load(path, load_external_data=False).graph
    except DecodeError:
        raise ModelError(f"{path} is not an ONNX file") from None
    return [value.name for value in graph.input], [value.name for value in graph.output]
