"""How soon the explorer shows something: ``python -m benchmarks.explorer [STORE [VIDEO]]``.

Runs cells in a Jupyter kernel and speaks to it as a browser does: from running the cell to the first frame of the
video, in a kernel that has imported nothing yet (``cold``) and in a cell after it (``warm``); then goes to random
moments, until the first picture of each has come and until it is the very frame of that moment. What JupyterLab and the
browser take beside that is not in it. Without a store it makes one of the rendered demonstration. The last line is one
JSON object: in milliseconds of wall time, and of the kernel's processor time, which a busy machine changes less.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

_VIEW = "application/vnd.jupyter.widget-view+json"
_PATIENCE_S = 120


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", nargs="?")
    parser.add_argument("video", nargs="?")
    parser.add_argument("--moments", type=int, default=30)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store, video = arguments.store or demonstration(Path(folder)), arguments.video
        result = measure(store, video, arguments.moments)
    for name, value in result.items():
        print(f"{name:<28}{value}")
    print(json.dumps(result))


def measure(store: str, video: str | None, n: int) -> dict[str, float]:
    """Return the figures of one video of a store, the first one by default."""
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        browser = _Browser(client, psutil.Process(manager.provisioner.pid))
        chosen = repr(video) if video else f"next(iter(fs.open_store({store!r}).entries()))"
        cell = f"fs.explore(fs.open_store({store!r}, video={chosen}))"
        told = browser.first_frame(f"import facestats as fs\n{cell}", "cold")
        warm = [browser.first_frame(cell, "warm") for _ in range(3)]
        told |= {name: round(float(np.median([each[name] for each in warm])), 1) for name in warm[0]}
        return told | browser.seeks(n)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


class _Browser:
    """What a browser does with a kernel, as far as the frame of a video is concerned."""

    def __init__(self, client: BlockingKernelClient, kernel: psutil.Process) -> None:
        self._client, self._kernel = client, kernel
        self._pane, self._n = "", 0
        self._facts: dict[str, Any] = {}

    def first_frame(self, cell: str, name: str) -> dict[str, float]:
        """Run a cell, ask the pane that it shows, and return how long its first frame took."""
        self._pane = ""
        clock = self._clock()
        self._client.execute(cell)
        self._wait(lambda kind, said, _: kind == "display_data" and _VIEW in said["data"])
        self._say(kind="hello", view="v", n=1, width=640)
        self._wait(self._is_frame)
        return clock(f"first_{name}")

    def seeks(self, n: int) -> dict[str, float]:
        """Go to random moments, and return how long pictures took."""
        choose, first, exact = random.Random(0), [], []
        for _ in range(n):
            moment = choose.uniform(self._facts["start"], self._facts["end"])
            clock, came = self._clock(), None
            while came is None or not came["exact"]:
                self._n += 1
                self._say(kind="frame", view="v", n=self._n, time=moment, step=0, width=640)
                was, came = came, self._wait(self._is_frame)
                if was is None:
                    first.append(clock("seek_first"))
            exact.append(clock("seek_exact"))
        quantiles = {"": 0.5, "_p90": 0.9}
        return {
            f"{name}{what}": round(float(np.quantile([each[name] for each in taken], share)), 1)
            for taken in (first, exact)
            for name in taken[0]
            for what, share in quantiles.items()
        }

    def _clock(self) -> Callable[[str], dict[str, float]]:
        began, spent = time.perf_counter(), sum(self._kernel.cpu_times()[:2])

        def taken(name: str) -> dict[str, float]:
            cpu_s = sum(self._kernel.cpu_times()[:2]) - spent
            wall_s = time.perf_counter() - began
            return {f"{name}_ms": round(1000 * wall_s, 1), f"{name}_cpu_ms": round(1000 * cpu_s, 1)}

        return taken

    def _say(self, **said: Any) -> None:
        content = {"comm_id": self._pane, "data": {"method": "custom", "content": said}}
        self._client.shell_channel.send(self._client.session.msg("comm_msg", content))

    def _is_frame(self, kind: str, said: dict[str, Any], buffers: list[bytes]) -> bool:
        content = said.get("data", {}).get("content", {}) if kind == "comm_msg" else {}
        if content.get("kind") == "facts":
            self._facts = content
        return content.get("kind") == "frame" and bool(buffers)

    def _wait(self, is_it: Callable[[str, dict[str, Any], list[bytes]], bool]) -> dict[str, Any]:
        """Read messages until one is meant; returns what it says."""
        while True:
            message = self._client.get_iopub_msg(timeout=_PATIENCE_S)
            kind, said = message["msg_type"], message["content"]
            if kind == "error":
                raise SystemExit("\n".join(said["traceback"]))
            if kind == "comm_open" and "fsx-pane" in said["data"].get("state", {}).get("_esm", ""):
                self._pane = said["comm_id"]
            if is_it(kind, said, message["buffers"]):
                return said.get("data", {}).get("content", {})


def demonstration(folder: Path) -> str:
    """Analyse the rendered demonstration into a store."""
    import facestats as fs
    from facestats.synth.demo import render_demo

    made = render_demo(folder / "videos")
    fs.analyze_collection([made.path], out=folder / "store", clips=False, progress=False)
    return str(folder / "store")


if __name__ == "__main__":
    main()
