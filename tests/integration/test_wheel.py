"""A wheel that is installed elsewhere carries the models and the notebooks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CODE = """
import facestats, json
from facestats.detect import create_detector
from facestats.models.registry import DEFAULT_MODELS, choose_models
from facestats._util.resources import bundled
models = choose_models({})
for model in models.values():
    model.verify()
print(json.dumps({
    "package": facestats.__file__,
    "models": sorted(model.name for model in models.values()),
    "notebooks": sorted(path.name for path in bundled("notebooks").glob("*.ipynb")),
    "folder": str(bundled("models")),
}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder into which a freshly built wheel was installed, without its dependencies (this environment has them)."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"]
    subprocess.run([*pip, "--target", str(folder / "site"), str(wheel)], check=True)
    return folder / "site"


def run(installed, *command):
    # -P and another working folder: the checkout must not be found by accident; PYTHONPATH comes before its link.
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, "-P", *command], cwd=installed, env=environment, check=True, capture_output=True, text=True
    ).stdout


def test_models_and_notebooks_travel_with_the_wheel(installed):
    import json

    from facestats.models.registry import DEFAULT_MODELS

    said = json.loads(run(installed, "-c", CODE))
    assert said["package"].startswith(str(installed))
    assert said["folder"].startswith(str(installed))
    assert said["models"] == sorted(DEFAULT_MODELS.values())
    assert {"video_report.ipynb", "collection_report.ipynb", "quickstart.ipynb"} <= set(said["notebooks"])


def test_the_console_script_is_declared(installed):
    entry_points = next(installed.glob("facestats-*.dist-info")) / "entry_points.txt"
    assert "facestats = facestats.cli:main" in entry_points.read_text()
