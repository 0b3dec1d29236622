"""How soon the explorer shows something to a reader: ``python -m benchmarks.explorer_in_lab [STORE [VIDEO]]``.

Opens a notebook in a real JupyterLab, in headless Chromium, and measures in the browser: from running the cell to the
first frame of the video drawn, in a kernel that has imported nothing yet (``cold``) and in cells after it (``warm``);
then the slider goes to random moments, until any picture of each has come and until it is the very frame. In
milliseconds of wall time, and of the processor time that kernel, server and browser spent together, which a busy
machine changes less. Without a store it makes one of the rendered demonstration. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import Page

from benchmarks.explorer import demonstration

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from browser import chromium
from lab import jupyter_lab, open_notebook, write_cells

_WARM = 3  # cells

_RUN = """async number => {
    const notebook = jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = number;
    const cell = document.querySelectorAll(".jp-Notebook .jp-Cell")[number];
    const began = performance.now();
    jupyterapp.commands.execute("notebook:run-cell");
    while (!cell.querySelector(".fsx-pane[data-shown]")) await new Promise(requestAnimationFrame);
    return performance.now() - began;
}"""

_SEEK = """async share => {
    const panes = document.querySelectorAll(".fsx-pane"), pane = panes[panes.length - 1];
    const slider = pane.querySelector("input[type=range]"), answers = Number(pane.dataset.answers || 0);
    delete pane.dataset.shown;
    const began = performance.now();
    slider.value = Number(slider.min) + share * (Number(slider.max) - Number(slider.min));
    slider.dispatchEvent(new Event("input"));
    while (Number(pane.dataset.answers || 0) === answers) await new Promise(requestAnimationFrame);
    const first = performance.now() - began;
    while (!pane.dataset.shown) await new Promise(requestAnimationFrame);
    return [first, performance.now() - began];
}"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", nargs="?")
    parser.add_argument("video", nargs="?")
    parser.add_argument("--moments", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(arguments.store or demonstration(Path(folder))).resolve()
        result = measure(Path(folder), store, arguments.video, arguments.moments)
    for name, value in result.items():
        print(f"{name:<28}{value}")
    print(json.dumps(result))


def measure(folder: Path, store: Path, video: str | None, n: int) -> dict[str, float]:
    """Return the figures of one video of a store, the first one by default."""
    chosen = repr(video) if video else f"next(iter(fs.open_store({str(store)!r}).entries()))"
    cell = f"fs.explore(fs.open_store({str(store)!r}, video={chosen}))"
    write_cells(folder / "one.ipynb", f"import facestats as fs\n{cell}", *[cell] * _WARM)
    with jupyter_lab(folder) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        open_notebook(page, address, "one.ipynb")
        told = _first_frame(page, 0, "cold")
        warm = [_first_frame(page, 1 + number, "warm") for number in range(_WARM)]
        told |= {name: round(float(np.median([each[name] for each in warm])), 1) for name in warm[0]}
        return told | _seeks(page, n)


def _first_frame(page: Page, number: int, name: str) -> dict[str, float]:
    with _spent() as cpu_ms:
        wall_ms = page.evaluate(_RUN, number)
        kernel_ms, all_ms = cpu_ms()
    return {f"first_{name}{what}": value for what, value in _named(wall_ms, kernel_ms, all_ms)}


def _named(wall_ms: float, kernel_ms: float, all_ms: float) -> list[tuple[str, float]]:
    return [("_ms", round(wall_ms, 1)), ("_kernel_cpu_ms", round(kernel_ms, 1)), ("_cpu_ms", round(all_ms, 1))]


def _seeks(page: Page, n: int) -> dict[str, float]:
    choose, taken = random.Random(0), []
    with _spent() as cpu_ms:
        for _ in range(n):
            taken.append(page.evaluate(_SEEK, choose.random()))
            time.sleep(0.2)  # a reader looks at the frame
        kernel_ms, all_ms = cpu_ms()
    figures = {f"seek{what}": value for what, value in _named(0.0, kernel_ms / n, all_ms / n)[1:]}
    for name, values in zip(("first", "exact"), np.array(taken).T, strict=True):
        figures |= {f"seek_{name}{what}_ms": round(float(np.quantile(values, q)), 1) for what, q in _QUANTILES}
    return figures


_QUANTILES = (("", 0.5), ("_p90", 0.9))


@contextmanager
def _spent() -> Iterator[Callable[[], tuple[float, float]]]:
    """Give what says how much processor time the kernel, and all processes below this one, spent meanwhile, in ms."""

    def all_s() -> dict[tuple[int, bool], float]:
        found = {}
        for each in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                is_kernel = "ipykernel_launcher" in each.cmdline()
                found[each.pid, is_kernel] = sum(each.cpu_times()[:2])
        return found

    def spent() -> tuple[float, float]:
        passed = {key: now - before.get(key, 0.0) for key, now in all_s().items()}
        kernel = sum(value for (_, is_kernel), value in passed.items() if is_kernel)
        return round(1000 * kernel, 1), round(1000 * sum(passed.values()), 1)

    before = all_s()
    yield spent


if __name__ == "__main__":
    main()
