import sys
from types import ModuleType

import numpy as np
import pytest

from facestats import detect
from facestats.detect import registry
from facestats.detect.yunet import YuNet
from facestats.errors import UnknownNameError
from facestats.types import Detections


class Nothing:
    name = "nothing"

    def detect(self, images):
        return [Detections.empty() for _ in images]


def test_a_new_detector_is_one_module_and_one_line(monkeypatch, tmp_path):
    module = ModuleType("nothing")
    module.weights_path = lambda: tmp_path / "nothing.onnx"
    module.runs = lambda path: path.name == "mine.onnx"
    module.create = lambda path, *, detect_size, min_score, device: Nothing()
    monkeypatch.setitem(sys.modules, "nothing", module)
    monkeypatch.setattr(registry, "DETECTORS", {"nothing": "nothing", **registry.DETECTORS})
    (tmp_path / "mine.onnx").write_bytes(b"network")
    for name in ("nothing", str(tmp_path / "mine.onnx")):
        assert detect.create_detector(name).detect([np.zeros((8, 8, 3), np.uint8)])[0].scores.size == 0
    assert detect.detector_file("nothing") == tmp_path / "nothing.onnx"


def test_a_file_that_no_other_detector_runs_is_left_to_yunet(monkeypatch, tmp_path):
    asked = []
    path = tmp_path / "own.onnx"
    path.write_bytes(b"network")
    for name in ("centerface", "fast"):
        monkeypatch.setattr(f"facestats.detect.{name}.runs", lambda path, name=name: asked.append(name))
    monkeypatch.setattr(YuNet, "__init__", lambda self, path, **options: asked.append(path))
    detect.create_detector(str(path))
    assert asked == ["centerface", "fast", path]


def test_an_unknown_name_names_all_detectors():
    with pytest.raises(UnknownNameError, match="use centerface, fast, yunet or the path of an"):
        detect.create_detector("haar")
