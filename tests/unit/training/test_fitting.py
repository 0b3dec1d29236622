from dataclasses import replace

import numpy as np
import pytest
import torch

from facestats.errors import DataError, DeviceError, OutputError
from facestats.training import fitting
from facestats.training.fitting import Recipe, fit, network_logits, new_network, torch_device

QUICK = Recipe(epochs=3, batch_size=16, learning_rate=1e-2)


def weights_of(network):
    return torch.cat([weight.detach().flatten() for weight in network.state_dict().values()])


def test_learns_what_can_be_learned(bright_and_dark):
    network = fit(bright_and_dark, replace(QUICK, epochs=8))
    assert not network.training
    logits = network_logits(network, bright_and_dark.crops, "rgb")
    assert (logits.argmax(axis=1) == bright_and_dark.labels).mean() > 0.9


def test_same_seed_same_network(bright_and_dark):
    first, second = (weights_of(fit(bright_and_dark, replace(QUICK, epochs=1))) for _ in range(2))
    other = weights_of(fit(bright_and_dark, replace(QUICK, epochs=1, seed=1)))
    assert torch.allclose(first, second, atol=1e-5)
    assert not torch.allclose(first, other, atol=1e-2)


def test_global_random_state_is_left_alone(bright_and_dark):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit(bright_and_dark, replace(QUICK, epochs=1))
    assert torch.equal(torch.rand(3), expected)


def test_goes_on_after_an_interruption(bright_and_dark, tmp_path, monkeypatch):
    whole = weights_of(fit(bright_and_dark, QUICK))

    class PowerCut(Exception):
        pass

    save = fitting.save_checkpoint

    def save_then_fail(path, identity, epoch, parts):
        save(path, identity, epoch, parts)
        if epoch == 2:
            raise PowerCut

    monkeypatch.setattr(fitting, "save_checkpoint", save_then_fail)
    with pytest.raises(PowerCut):
        fit(bright_and_dark, QUICK, checkpoint=tmp_path / "training.pt")
    monkeypatch.undo()
    batches = []
    augment = fitting.augment
    monkeypatch.setattr(fitting, "augment", lambda *arguments: batches.append(1) or augment(*arguments))
    resumed = weights_of(fit(bright_and_dark, QUICK, checkpoint=tmp_path / "training.pt"))
    assert torch.allclose(whole, resumed, atol=1e-4)
    assert len(batches) == 64 / QUICK.batch_size  # the third epoch alone


def test_a_finished_checkpoint_trains_no_more(bright_and_dark, tmp_path, monkeypatch):
    path = tmp_path / "training.pt"
    finished = weights_of(fit(bright_and_dark, QUICK, checkpoint=path))
    monkeypatch.setattr(fitting, "augment", None)  # would fail if a step were made
    assert torch.equal(weights_of(fit(bright_and_dark, QUICK, checkpoint=path)), finished)


def test_checkpoint_of_another_recipe(bright_and_dark, tmp_path):
    fit(bright_and_dark, replace(QUICK, epochs=1), checkpoint=tmp_path / "training.pt")
    with pytest.raises(OutputError, match="belongs to another training: use --no-resume"):
        fit(bright_and_dark, replace(QUICK, epochs=1, seed=9), checkpoint=tmp_path / "training.pt")


def test_checkpoint_that_is_none(bright_and_dark, tmp_path):
    (tmp_path / "training.pt").write_bytes(b"something else")
    with pytest.raises(OutputError, match=r"is not a file that torch.save .* wrote.*: delete it or use --no-resume"):
        fit(bright_and_dark, QUICK, checkpoint=tmp_path / "training.pt")


def test_unwritable_checkpoint(bright_and_dark, tmp_path):
    (tmp_path / "nowhere").write_text("a file where the folder should be")
    with pytest.raises(OutputError, match="cannot write the checkpoint"):
        fit(bright_and_dark, replace(QUICK, epochs=1), checkpoint=tmp_path / "nowhere" / "training.pt")


def test_a_lone_last_row_does_not_break_it(bright_and_dark):
    rows = np.arange(len(bright_and_dark)) < 17
    fit(bright_and_dark[rows], replace(QUICK, epochs=2))


def test_one_face_is_too_few(bright_and_dark):
    with pytest.raises(DataError, match="1 faces cannot train"):
        fit(bright_and_dark[np.arange(64) == 0], QUICK)


def test_gray_networks_see_one_channel(bright_and_dark):
    network = new_network("gender", Recipe(input_color="gray"))
    assert network_logits(network, bright_and_dark.crops[:5], "gray").shape == (5, 2)


def test_progress_shows_the_validation_loss(bright_and_dark, capsys):
    fit(bright_and_dark, replace(QUICK, epochs=1), validation=bright_and_dark, progress=True)
    shown = capsys.readouterr()
    assert "validation_loss=" in shown.err
    assert shown.out == ""


def test_devices():
    assert torch_device("cpu").type == "cpu"
    with pytest.raises(DeviceError, match="unknown device 'tpu'"):
        torch_device("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="needs an NVIDIA GPU"):
            torch_device("cuda")
