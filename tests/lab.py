"""A real JupyterLab for the tests of the explorer, with a folder and a configuration of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import Page

_START_S = 60.0


@contextmanager
def jupyter_lab(folder: Path, *, theme: str = "JupyterLab Light") -> Iterator[str]:
    """Start JupyterLab in a folder; gives its address."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = folder / f".home-{theme.split()[-1]}"
    settings = home / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))
    (home / "config" / "labconfig").mkdir(parents=True)
    # Or it asks the internet for news.
    disabled = {"@jupyterlab/apputils-extension:announcements": True}
    (home / "config" / "labconfig" / "page_config.json").write_text(json.dumps({"disabledExtensions": disabled}))
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "lab" / "user-settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "lab" / "workspaces"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    command += ["--IdentityProvider.token=", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1"]
    command += ["--LabApp.expose_app_in_browser=True"]
    with (folder / ".lab.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + _START_S
        while True:
            try:
                urllib.request.urlopen(f"{address}/api", timeout=2).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > until:
                    raise AssertionError((folder / ".lab.log").read_text()) from None
                time.sleep(0.3)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def write_cells(path: Path, *sources: str) -> Path:
    """Write a notebook of code cells for the python3 kernel."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)
    return path


def open_notebook(page: Page, address: str, name: str) -> None:
    """Open a notebook, its files' side bar closed, and wait until its kernel is idle."""
    page.goto(f"{address}/lab/tree/{name}?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.evaluate("""async () => {
        const context = jupyterapp.shell.currentWidget.sessionContext;
        await context.ready;
        await context.session.kernel.info;
    }""")
    if page.locator("#filebrowser").is_visible():
        page.keyboard.press("Control+b")


def run_cell(page: Page, number: int, *, timeout_s: float = 60.0) -> str:
    """Run the cell of a number, wait until it is done, and return the text of its output."""
    page.evaluate(
        """([number, seconds]) => {
            const notebook = jupyterapp.shell.currentWidget.content;
            notebook.activeCellIndex = number;
            const late = new Promise((_, refuse) => setTimeout(() => refuse(new Error("not done")), 1000 * seconds));
            return Promise.race([jupyterapp.commands.execute("notebook:run-cell"), late]);
        }""",
        [number, timeout_s],
    )
    return page.locator(".jp-Notebook .jp-Cell").nth(number).locator(".jp-OutputArea").inner_text()


def save(page: Page) -> None:
    """Save the notebook."""
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
