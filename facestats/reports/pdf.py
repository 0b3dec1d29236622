"""Print a page as PDF, by a Chromium that the machine has."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from facestats._util.files import written_aside
from facestats.errors import OutputError, UsageError

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_TIMEOUT_S = 120.0


def find_browser() -> str:
    """Return the path of a browser that can print.

    Raises
    ------
    UsageError
        If there is none, saying what to install.

    Examples
    --------
    >>> find_browser()  # doctest: +SKIP
    '/usr/bin/chromium'
    """
    for name in _BROWSERS:
        path = shutil.which(name)
        if path is not None:
            return path
    raise UsageError("a PDF is printed by Chromium or Chrome, and neither is installed: apt-get install chromium")


def print_page(html: Path, browser: str) -> Path:
    """Print a page on A4.

    Parameters
    ----------
    html : pathlib.Path
        The page.
    browser : str
        What :func:`find_browser` returned.

    Returns
    -------
    pathlib.Path
        The PDF, beside the page.

    Raises
    ------
    OutputError
        If the browser fails.

    Examples
    --------
    >>> print_page(Path("reports/collection.html"), find_browser())  # doctest: +SKIP
    """
    pdf = html.with_suffix(".pdf")
    try:
        with tempfile.TemporaryDirectory(prefix="facestats-") as profile, written_aside(pdf) as part:
            # Without a sandbox, which root and containers do not have: it opens no page but ours, and no network.
            command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
            command += [f"--user-data-dir={profile}", "--no-pdf-header-footer", "--virtual-time-budget=10000"]
            command += [f"--print-to-pdf={part.absolute()}", html.absolute().as_uri()]
            ran = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False)
            if not part.is_file():
                lines = ran.stderr.decode(errors="replace").strip().splitlines()
                raise OutputError(f"{browser} did not print {html}: {lines[-1] if lines else f'exit {ran.returncode}'}")
    except subprocess.TimeoutExpired:
        raise OutputError(f"{browser} did not print {html} within {_TIMEOUT_S:.0f} s") from None
    except OSError as error:
        raise OutputError(f"cannot write {pdf}: {error.strerror or error}") from None
    return pdf
