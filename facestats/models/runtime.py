"""What every use of onnxruntime shares."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnxruntime
from google.protobuf.message import DecodeError
from onnxruntime.capi import onnxruntime_pybind11_state as runtime_errors

from facestats.errors import ModelError

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


def open_session(
    file: Path | bytes, *, threads: int = 1, provider: str = "CPUExecutionProvider"
) -> onnxruntime.InferenceSession:
    """Return a session that keeps its warnings to itself.

    Parameters
    ----------
    file : pathlib.Path or bytes
        An ONNX file or its content.
    threads : int
        Of the session; 0 leaves the choice to onnxruntime. Work is done side by side here, not by several threads each.
    provider : str
        Where it runs.

    Raises
    ------
    RUNTIME_ERRORS
        If it is not an ONNX file that can be run.
    """
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.log_severity_level = 3
    source = file if isinstance(file, bytes) else str(file)
    return onnxruntime.InferenceSession(source, settings, providers=[provider])


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
