import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from facestats.models.eight_bit import eight_bit_layers
from facestats.models.runtime import open_session
from facestats.training.ranges import layer_ranges


@pytest.fixture(scope="module")
def network():
    random = np.random.default_rng(0)
    weights = {
        "first": random.normal(size=(4, 1, 3, 3)).astype(np.float32),
        "second": random.normal(size=(4, 4, 3, 3)).astype(np.float32),
        "last": random.normal(size=(4, 2)).astype(np.float32),
        "bias": np.zeros(2, np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["faces", "first"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "second"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("ReduceMean", ["c"], ["d"], axes=[2, 3], keepdims=0),
        helper.make_node("Gemm", ["d", "last", "bias"], ["answer"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["n", 1, 8, 8])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(weight, name) for name, weight in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8).SerializeToString()


def test_convolutions_compute_with_bytes_and_answers_stay_nearly_the_same(network, capsys):
    planes = np.random.default_rng(1).normal(size=(40, 1, 8, 8)).astype(np.float32)
    ranges = layer_ranges(network, planes, fed="faces")
    assert capsys.readouterr().out == ""
    made = eight_bit_layers(network, ranges, fed="faces", shape=(1, 8, 8))
    held = {
        numpy_helper.to_array(each).ndim
        for each in onnx.load_from_string(made).graph.initializer
        if each.data_type == TensorProto.INT8
    }
    assert 4 in held
    assert 2 not in held  # the last layer is as it was
    before, after = (open_session(each).run(None, {"faces": planes})[0] for each in (network, made))
    assert np.abs(after - before).max() < 0.05 * np.abs(before).max()
    assert not np.array_equal(before, after)


def test_ranges_leave_out_the_rarest_values(network):
    planes = np.random.default_rng(1).normal(size=(2000, 1, 8, 8)).astype(np.float32)
    alone = layer_ranges(network, planes, fed="faces").between["b"][1]
    planes[0, 0, 0, 0] = 10 * planes.max()
    assert layer_ranges(network, planes, fed="faces").between["b"][1] < 2 * alone
