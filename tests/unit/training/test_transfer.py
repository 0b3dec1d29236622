from dataclasses import replace

import pytest
import torch

from facestats._util.resources import bundled
from facestats.errors import MissingInputError, ModelError
from facestats.training.examples import combine
from facestats.training.fitting import fit, new_network
from facestats.training.networks import create_network
from facestats.training.recipes import Recipe
from facestats.training.transfer import measure_statistics, read_start, take_over

QUICK = Recipe(
    ("gender",), network="residual", input_color="gray", epochs=1, batch_size=16, learning_rate=1e-6, mixup=0
)


def test_all_but_the_heads_is_taken_over():
    first, second = (
        create_network("residual", 3, {"gender": 2}),
        create_network("residual", 3, {"gender": 2, "age": 101}),
    )
    heads = {name: weight.clone() for name, weight in second.state_dict().items() if name.startswith("heads.")}
    take_over(second, first.state_dict())
    after = second.state_dict()
    for name, weight in first.state_dict().items():
        if not name.startswith("heads."):
            assert torch.equal(after[name], weight), name
    assert all(torch.equal(after[name], weight) for name, weight in heads.items())


def test_a_grey_face_looks_the_same_to_both():
    grey = create_network("mini_xception", 1, {"gender": 2}).eval()
    colour = create_network("mini_xception", 3, {"gender": 2}).eval()
    take_over(colour, grey.state_dict())
    face = torch.rand(2, 1, 48, 48)
    ours, theirs = grey.blocks(grey.stem(face)), colour.blocks(colour.stem(face.expand(-1, 3, -1, -1)))
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_a_training_begins_there(bright_and_dark):
    start = read_start(bundled("models") / "expression").weights
    trained = fit(combine([[bright_and_dark]], QUICK), QUICK, start=start)
    fresh = new_network(QUICK).stem[0].weight
    assert torch.allclose(trained.stem[0].weight, start["stem.0.weight"], atol=1e-4)
    assert not torch.allclose(trained.stem[0].weight, fresh, atol=1e-2)


def test_what_does_not_fit(bright_and_dark, tmp_path):
    start = read_start(bundled("models") / "expression").weights
    with pytest.raises(ModelError, match="the model to start from is no MiniXception"):
        fit(combine([[bright_and_dark]], QUICK), replace(QUICK, network="mini_xception"), start=start)
    with pytest.raises(MissingInputError, match=r"no card\.json in .*: --start needs the folder of a trained model"):
        read_start(tmp_path)
    with pytest.raises(MissingInputError, match=r"or a file to start from"):
        read_start(tmp_path / "dlib_face_recognition_resnet_model_v1.dat")


def test_weights_of_another_card(tmp_path):
    for path in (bundled("models") / "expression").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + bytes([weights.read_bytes()[-1] ^ 1]))
    with pytest.raises(ModelError, match="sha256 differs"):
        read_start(tmp_path)


def test_statistics_are_measured_once_and_change_nothing():
    network = create_network("mobile", 3, {"gender": 2}).eval()
    faces = torch.rand(4, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    before = network(faces)["gender"]
    measure_statistics(network, faces)
    assert torch.allclose(network(faces)["gender"], before, atol=1e-4)
    layer = network.blocks[2][1][1]
    assert layer.running_var.std() > 0  # they were all 1
    # A batch of the same faces is now normalised as in evaluation, but for its dropout.
    network.dropout.p = 0.0
    assert torch.allclose(network.train()(faces)["gender"], before, atol=2e-2)
    measured = layer.running_mean.clone()
    measure_statistics(network.eval(), faces * 3)
    assert torch.equal(layer.running_mean, measured)
