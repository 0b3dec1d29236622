"""Run a notebook with papermill, in the Python that runs facestats."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
import papermill
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellControlSignal, DeadKernelError
from papermill.exceptions import PapermillExecutionError
from traitlets import default

from facestats._util.progress import is_hidden

#: Failures of a notebook or its kernel, not of facestats; a kernel that never answers is a plain RuntimeError.
NotebookFailure = (PapermillExecutionError, CellControlSignal, RuntimeError, TimeoutError)


class ThisPython(AsyncKernelManager):
    """Starts kernels with the interpreter that is running, whatever kernels the machine has registered.

    A registered ``python3`` may belong to another environment, without facestats, or be absent.
    """

    @property
    def kernel_spec(self) -> KernelSpec:
        """The kernel of this interpreter."""
        spec = get_kernel_dict()
        # An idle kernel that is shut down may call that an error on stderr; what cells print comes another way.
        spec["argv"] = [*spec["argv"], "--IPKernelApp.log_level=CRITICAL"]
        # ipykernel loads the debugger, which otherwise warns of Python's frozen modules.
        return KernelSpec(**spec, env={"PYDEVD_DISABLE_FILE_VALIDATION": "1"})

    @default("transport_encryption")
    def _encrypt_where_possible(self) -> str:
        return "auto"


def execute(template: Path, out: Path, parameters: Mapping[str, Any], *, progress: bool | None = None) -> None:
    """Run a notebook and write it with its outputs; when it fails, as far as it came.

    Parameters
    ----------
    template : pathlib.Path
    out : pathlib.Path
        The executed notebook.
    parameters : mapping
        Already checked.
    progress : bool, optional
        Show a progress bar; by default where there is someone to see it.

    Raises
    ------
    PapermillExecutionError, RuntimeError, TimeoutError
        If a cell failed, or its kernel died or did not answer.
    OSError
        If ``out`` cannot be written.

    Examples
    --------
    >>> execute(Path("mine.ipynb"), Path("out.ipynb"), {"store": "facestats-out"})  # doctest: +SKIP
    """
    hide = is_hidden(progress)
    with tempfile.TemporaryDirectory(prefix="facestats-") as folder:
        # papermill formats the names it is given, so that braces in a user's paths would be taken for parameters.
        copy, executed = Path(folder) / "template.ipynb", Path(folder) / "executed.ipynb"
        shutil.copyfile(template, copy)
        try:
            papermill.execute_notebook(
                copy,
                executed,
                parameters=dict(parameters),
                kernel_name="python3",
                language="python",
                progress_bar={"desc": out.stem, "disable": hide, "leave": False},
                kernel_manager_class=ThisPython,
            )
        finally:
            if executed.is_file():
                notebook = nbformat.read(executed, as_version=4)
                notebook.metadata.papermill.update(input_path=template.name, output_path=out.name)
                nbformat.write(notebook, out)


@contextlib.contextmanager
def own_event_loop() -> Iterator[None]:
    """Give a thread an event loop to run notebooks in, and close it behind the block.

    Examples
    --------
    >>> with own_event_loop():
    ...     pass
    """
    loop = ensure_event_loop()
    try:
        yield
    finally:
        loop.close()


def cause(error: BaseException) -> str:
    """Return in one line why a notebook failed.

    Examples
    --------
    >>> cause(PapermillExecutionError(3, 2, "1 / 0", "ZeroDivisionError", "division by zero", []))
    'ZeroDivisionError: division by zero'
    """
    if isinstance(error, DeadKernelError):
        return "the notebook's kernel died, perhaps for want of memory"
    if isinstance(error, PapermillExecutionError):
        text = f"{error.ename}: {error.evalue}" if error.evalue else error.ename
    else:
        text = f"{type(error).__name__}: {error}"
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text).strip().splitlines()
    return lines[0] if lines else type(error).__name__
