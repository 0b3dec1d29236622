"""The notebooks, run as a user would run them; they need the shipped models."""

import subprocess
import sys

import nbformat
import pandas as pd
import papermill
import pytest

from facestats.synth.demo import render_demo
from facestats.reports.kernel import ThisPython
from facestats._util.resources import bundled

pytestmark = pytest.mark.slow


def test_quickstart_runs_to_its_end(tmp_path):
    papermill.execute_notebook(
        bundled("notebooks") / "quickstart.ipynb",
        tmp_path / "out.ipynb",
        cwd=tmp_path,
        kernel_name="python3",
        kernel_manager_class=ThisPython,
        progress_bar=False,
    )
    outputs = [
        output
        for cell in nbformat.read(tmp_path / "out.ipynb", as_version=4).cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]
    shown = [output.data for output in outputs if output.output_type in ("display_data", "execute_result")]
    folder = tmp_path / "facestats-demo"
    faces = len(pd.read_csv(folder / "tracks.csv"))
    assert faces >= 2
    assert sum("image/png" in data for data in shown) == 3 + faces  # three plots, each once, and the faces
    assert any("<video" in data.get("text/html", "") for data in shown)
    assert (folder / "reports" / "collection.html").is_file()


def test_plain_papermill_on_a_video_does_the_whole_job(demo_video, tmp_path):
    template = bundled("notebooks") / "video_report.ipynb"
    command = [sys.executable, "-m", "papermill", template, "out.ipynb", "-p", "video", demo_video.path, "--no-progress-bar"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    text = (tmp_path / "out.ipynb").read_text(encoding="utf-8")
    assert "Two people were seen in this video of 12 seconds" in text
    (clip,) = (tmp_path / "facestats-out" / "clips").glob("demo-*.mp4")
    assert f"facestats-out/clips/{clip.name}" in text
