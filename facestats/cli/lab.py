"""``facestats lab``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from facestats.cli import app
from facestats.errors import OutputError, UsageError

_NOTEBOOK = "explore.ipynb"


@app.command()
def lab(
    store: Annotated[
        str, typer.Argument(metavar="[STORE]", help="What `facestats analyze --out` wrote.", show_default=True)
    ] = "facestats-out",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser window.")] = True,
    allow_root: Annotated[
        bool, typer.Option("--allow-root", help="Let JupyterLab run as root, as in containers.")
    ] = False,
    port: Annotated[int, typer.Option(help="Of JupyterLab on this machine; another one if it is taken.")] = 8888,
) -> None:
    """Open JupyterLab on a notebook that explores a store; it is put into the working directory as explore.ipynb."""
    from facestats.store.store import open_store

    open_store(store)  # or the notebook would say so, later
    notebook = place_notebook(store, Path.cwd())
    # JupyterLab takes over this process, so that Ctrl-C and exit codes are its own.
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.port={port}", str(notebook)]
    command += [] if browser else ["--no-browser"]
    command += ["--allow-root"] if allow_root else []
    sys.stdout.flush()
    os.execv(sys.executable, command)


def place_notebook(store: str, folder: Path) -> Path:
    """Put the explorer's notebook into a folder, set to a store; one that is there is never overwritten.

    Raises
    ------
    OutputError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place_notebook("my-store", Path(folder)).name
    'explore.ipynb'
    """
    import nbformat

    from facestats._util.resources import bundled
    from facestats.reports.parameters import read_notebook

    notebook = read_notebook(bundled("notebooks") / _NOTEBOOK)
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = f"store = {store!r}"
    wanted = nbformat.writes(notebook)
    number = 1
    while True:
        path = folder / (_NOTEBOOK if number == 1 else f"explore-{number}.ipynb")
        try:
            if not path.exists():
                path.write_text(wanted, encoding="utf-8")
                return path
            known = read_notebook(path)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}; go to another folder") from None
        except UsageError:  # whatever it is, it is somebody's own
            number += 1
            continue
        # Somebody's own work under this name stays; the same notebook, run or not, is opened again.
        if [cell.source for cell in known.cells] == [cell.source for cell in notebook.cells]:
            return path
        number += 1
