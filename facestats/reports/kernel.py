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
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop, run_sync
from nbclient.exceptions import CellControlSignal, DeadKernelError
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets import default

from facestats._util.progress import is_hidden

#: Failures of a notebook or its kernel, not of facestats; a kernel that never answers is a plain RuntimeError.
NotebookFailure = (PapermillExecutionError, CellControlSignal, RuntimeError, TimeoutError)


#: So many notebooks a kernel serves: what they leave behind in it stays little.
SERVES = 100

_ANSWERS_S = 60.0  # after a notebook that ended well

# Nothing that the next notebook could see: its names, its counts, its figures. What the first imported stays, and so
# need not be looked through for garbage after each.
_CLEAR = """
import sys
if "matplotlib.pyplot" in sys.modules:
    sys.modules["matplotlib.pyplot"].close("all")
get_ipython().reset(new_session=True)
import gc
if not gc.get_freeze_count():
    gc.freeze()
del gc
"""


class ThisPython(AsyncKernelManager):
    """Starts kernels with the interpreter that is running, whatever kernels the machine has registered.

    A registered ``python3`` may belong to another environment, without facestats, or be absent.
    """

    #: Who last spoke with the kernel.
    talker: AsyncKernelClient | None = None

    def client(self, **how: Any) -> AsyncKernelClient:
        """Return a new client of the kernel."""
        self.talker = super().client(**how)
        return self.talker

    @property
    def kernel_spec(self) -> KernelSpec:
        """The kernel of this interpreter."""
        spec = get_kernel_dict()
        # An idle kernel that is shut down may call that an error on stderr; what cells print comes another way. Nobody
        # asks for the history of a notebook that runs by itself.
        spec["argv"] = [*spec["argv"], "--IPKernelApp.log_level=CRITICAL", "--HistoryManager.enabled=False"]
        # ipykernel loads the debugger, which otherwise warns of Python's frozen modules.
        return KernelSpec(**spec, env={"PYDEVD_DISABLE_FILE_VALIDATION": "1"})

    @default("transport_encryption")
    def _encrypt_where_possible(self) -> str:
        return "auto"


class Kernel:
    """One kernel that serves notebooks one after the other, started when the first comes; for one thread.

    Each finds an empty namespace. One that fails takes the kernel along, and the next gets a new one; so does every
    hundredth.

    Parameters
    ----------
    serves : int
        How many notebooks at most.

    Examples
    --------
    >>> with Kernel() as kernel:
    ...     kernel.is_running
    False
    """

    def __init__(self, serves: int = SERVES) -> None:
        self._serves = serves
        self._served = 0
        self._manager: ThisPython | None = None

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    @property
    def is_running(self) -> bool:
        """Whether a kernel waits for the next notebook."""
        return self._manager is not None

    @contextlib.contextmanager
    def lent(self) -> Iterator[ThisPython]:
        """Give what starts the kernel, or has started it, to one notebook."""
        manager = self._manager = self._manager or ThisPython(kernel_name="python3")
        is_clean = False
        try:
            yield manager
            self._served += 1
            is_clean = self._served < self._serves and _is_cleared(manager)
        finally:
            if not is_clean:
                self._stop()

    def _stop(self) -> None:
        manager, self._manager, self._served = self._manager, None, 0
        if manager is not None:
            _stop(manager)


class _Keeping(NBClientEngine):
    """Lets its caller have the notebook, however it ends; papermill would write it before and after each cell."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, *, kept: list[nbformat.NotebookNode], **how: Any
    ) -> None:
        kept.append(nb_man.nb)
        super().execute_managed_notebook(nb_man, kernel_name, **how)


papermill_engines.register("facestats", _Keeping)


@run_sync
async def _is_cleared(manager: ThisPython) -> bool:
    """Take away what a notebook left in its kernel, and say whether that went well."""
    talker = manager.talker
    if talker is None:
        return False
    try:
        answer = await talker.execute(_CLEAR, silent=True, store_history=False, reply=True, timeout=_ANSWERS_S)
    except (RuntimeError, TimeoutError):
        return False
    finally:
        talker.stop_channels()
    return bool(answer["content"]["status"] == "ok")


@run_sync
async def _stop(manager: ThisPython) -> None:
    if manager.talker is not None:
        manager.talker.stop_channels()
    try:
        if manager.has_kernel:
            await manager.shutdown_kernel(now=not await manager.is_alive())
    finally:
        await manager.cleanup_resources()


def execute(
    template: Path,
    out: Path,
    parameters: Mapping[str, Any],
    *,
    progress: bool | None = None,
    kernel: Kernel | None = None,
) -> None:
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
    kernel : Kernel, optional
        What runs it; by default a kernel of its own.

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
    kept: list[nbformat.NotebookNode] = []
    with tempfile.TemporaryDirectory(prefix="facestats-") as folder:
        # papermill formats the names it is given, so that braces in a user's paths would be taken for parameters.
        copy = Path(folder) / "template.ipynb"
        shutil.copyfile(template, copy)
        try:
            with (kernel or Kernel(serves=1)).lent() as manager:
                papermill.execute_notebook(
                    copy,
                    None,
                    parameters=dict(parameters),
                    engine_name="facestats",
                    kernel_name="python3",
                    language="python",
                    progress_bar={"desc": out.stem, "disable": is_hidden(progress), "leave": False},
                    km=manager,
                    kept=kept,
                )
        finally:
            for notebook in kept:
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
