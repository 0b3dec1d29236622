"""The modules that docs/extending.md tells contributors to write do what it says."""

import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from faces import make_detections
from stores import FACES, make_result

import facestats
from facestats.detect import create_detector
from facestats.detect import registry as detectors
from facestats.tables import schema
from facestats.track import create_tracker
from facestats.track import registry as trackers

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "extending.md").read_text(encoding="utf-8")
MODULES = dict(re.findall(r"```python\n# facestats/(\S+)\.py\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def module(monkeypatch):
    def load(path):
        name = "facestats." + path.replace("/", ".")
        made = ModuleType(name)
        exec(compile(MODULES[path], name, "exec"), made.__dict__)
        monkeypatch.setitem(sys.modules, name, made)
        return made

    return load


def test_the_detector_finds_a_face_where_it_is(module, monkeypatch, portrait):
    module("detect/mirrored")
    monkeypatch.setitem(detectors.DETECTORS, "mirrored", "facestats.detect.mirrored")
    mirrored, plain = (create_detector(name).detect([portrait]) for name in ("mirrored", "centerface"))
    assert len(mirrored[0]) == len(plain[0]) == 1
    assert np.allclose(mirrored[0].boxes, plain[0].boxes, atol=10)
    assert np.allclose(mirrored[0].landmarks, plain[0].landmarks, atol=10)
    turned = create_detector("mirrored").detect([portrait[:, ::-1]])[0]
    assert np.allclose(portrait.shape[1] - turned.boxes[0, [2, 0]], mirrored[0].boxes[0, [0, 2]], atol=1)


def test_the_tracker_keeps_ids_until_a_cut(module, monkeypatch):
    module("track/overlap")
    monkeypatch.setitem(trackers.TRACKERS, "overlap", "facestats.track.overlap")
    tracker = create_tracker("overlap", rate=10)
    faces = [make_detections((10 + 5 * i, 50, 50 + 5 * i, 90), (300, 50, 340, 90)) for i in range(3)]
    assert [tracker.update(found, i / 10).tolist() for i, found in enumerate(faces)] == [[0, 1]] * 3
    assert tracker.update(faces[2][::-1], 0.3).tolist() == [1, 0]
    assert tracker.update(faces[2][:0], 0.4).tolist() == []
    tracker.cut()
    assert tracker.update(faces[2], 0.5).tolist() == [2, 3]


def test_the_plot_draws_every_track_and_says_when_there_is_none(module):
    face_sizes = module("plots/sizes").face_sizes
    ax = face_sizes(make_result("people-00000001", FACES, path="people.mp4").tracks, bins=5)
    assert sum(bar.get_height() for bar in ax.patches) == 4
    assert [text.get_text() for text in face_sizes(schema.conform("tracks")).texts] == ["no face was tracked"]


def test_the_lines_beside_which_a_column_is_added_are_there():
    package = Path(facestats.__file__).parent / "tables"
    lines = re.findall(r"```diff\n (.*)\n", PAGE)
    for name, line in zip(("schema.py", "building.py"), lines, strict=True):
        assert f"{line}\n" in (package / name).read_text(encoding="utf-8")
