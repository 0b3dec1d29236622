import numpy as np
import pytest

from facestats.errors import ModelError
from facestats.models.registry import choose_models
from facestats.models.runtime import RUNTIME_ERRORS, ends_of, open_session


@pytest.fixture(scope="module")
def network():
    return choose_models({})["gender"].folder / "model.onnx"


def test_a_session_runs_with_the_ends_that_the_file_names(network):
    inputs, outputs = ends_of(network)
    session = open_session(network)
    assert [end.name for end in session.get_inputs()] == inputs
    (end,) = session.get_inputs()
    shape = [size if isinstance(size, int) else 1 for size in end.shape]
    answers = session.run(outputs, {end.name: np.zeros(shape, np.float32)})
    assert len(answers) == len(outputs)
    assert all(np.isfinite(answer).all() for answer in answers)


def test_content_is_as_good_as_a_file(network):
    assert open_session(network.read_bytes()).get_inputs()[0].name in ends_of(network)[0]


def test_what_is_no_network_is_refused(tmp_path):
    path = tmp_path / "text.onnx"
    path.write_bytes(b"no network at all")
    with pytest.raises(RUNTIME_ERRORS):
        open_session(path)
    with pytest.raises(ModelError, match="is not an ONNX file"):
        ends_of(path)
