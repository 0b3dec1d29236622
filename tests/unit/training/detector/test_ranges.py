from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from facestats.detect.base import byte_planes, network_planes
from facestats.detect.centerface import INPUT
from facestats.errors import ModelError
from facestats.models.eight_bit import Ranges, eight_bit
from facestats.training.detector.ranges import measure_ranges

N = 6  # channels, of ranges that differ by a factor of ten thousand


@pytest.fixture(scope="module")
def network():
    random = np.random.default_rng(0)
    ranges = np.logspace(-2, 2, N).astype(np.float32)
    weights = {
        "expand": random.random((N, 3, 1, 1), np.float32) * ranges[:, None, None, None],
        "depthwise": random.random((N, 1, 3, 3), np.float32) / ranges[:, None, None, None],
        "project": random.random((2, N, 1, 1), np.float32),
        "bias": random.random(N, np.float32) * ranges,
    }
    nodes = [
        helper.make_node("Conv", [INPUT, "expand", "bias"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "depthwise"], ["c"], group=N, pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["d"]),
        helper.make_node("Conv", ["d", "project"], ["answer"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, ["n", 2, "h", "w"])],
        [numpy_helper.from_array(weight, name) for name, weight in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)
    return model.SerializeToString()


@pytest.fixture(scope="module")
def pictures():
    random = np.random.default_rng(1)
    made = [random.integers(0, 256, (32, 64, 3)).astype(np.uint8) for _ in range(3)]
    made[0][0, :2] = [[0] * 3, [255] * 3]
    return made


def run(content, planes):
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(None, {INPUT: planes})[0]


def test_it_takes_bytes_and_answers_nearly_as_before_though_ranges_differ(network, pictures):
    content = eight_bit(network, measure_ranges(network, pictures), fed=INPUT)
    before, after = run(network, network_planes(pictures)), run(content, byte_planes(pictures))
    assert np.abs(after - before).max() < 0.02 * np.abs(before).max()


def test_weights_have_seven_bits_so_that_no_sum_overflows(network, pictures):
    weights = onnx.load_from_string(eight_bit(network, measure_ranges(network, pictures), fed=INPUT)).graph.initializer
    held = [numpy_helper.to_array(each) for each in weights if each.data_type == TensorProto.INT8]
    assert sum(each.ndim == 4 for each in held) == 3
    assert all(np.abs(each.astype(int)).max() <= 64 for each in held)


def test_pictures_that_are_not_as_bright_as_others_are_refused(network, pictures):
    with pytest.raises(ValueError, match="from 0 to 255"):
        measure_ranges(network, [picture // 2 for picture in pictures])


def test_ranges_outlive_their_file(network, pictures, tmp_path):
    ranges, path = measure_ranges(network, pictures), tmp_path / "ranges.json"
    ranges.write(path)
    again = Ranges.read(path)
    assert again.between == ranges.between
    for name, top in ranges.tops.items():
        np.testing.assert_allclose(again.tops[name], top, rtol=1e-3)


@pytest.mark.parametrize("field", ["tops", "between"])
def test_ranges_of_another_network_are_refused(network, pictures, field):
    ranges = measure_ranges(network, pictures)
    assert set(ranges.between) == {"a", "b", "c", "d", "answer"} - {"a", "c"}
    with pytest.raises(ModelError, match="those of another network"):
        eight_bit(network, replace(ranges, **{field: {}}), fed=INPUT)


@pytest.mark.parametrize("content", ["", "[]", '{"tops": {}}'])
def test_a_file_without_ranges_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "ranges.json"
    path.write_text(content)
    with pytest.raises(ModelError, match="does not tell the ranges") as caught:
        Ranges.read(path)
    assert "\n" not in str(caught.value)
