from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from facestats.errors import DataError, DeviceError, ModelError, OutputError
from facestats.training import fitting, loop
from facestats.training.examples import combine
from facestats.training.fitting import network_logits, new_network
from facestats.training.loop import torch_device
from facestats.training.recipes import Recipe

QUICK = Recipe(
    ("gender",), network="mini_xception", epochs=3, batch_size=16, learning_rate=1e-2, mixup=0, bfloat16=False
)


def fit(faces, recipe, **options):
    return fitting.fit(combine([[faces]], recipe), recipe, **options)


def weights_of(network):
    return torch.cat([weight.detach().flatten() for weight in network.state_dict().values()])


def test_learns_what_can_be_learned(bright_and_dark):
    network = fit(bright_and_dark, replace(QUICK, epochs=8))
    assert not network.training
    logits = network_logits(network, bright_and_dark.crops, "rgb")["gender"]
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

    save = loop.save_checkpoint

    def save_then_fail(path, identity, done, parts):
        save(path, identity, done, parts)
        if done == 2 * 64 / QUICK.batch_size:
            raise PowerCut

    monkeypatch.setattr(loop, "save_checkpoint", save_then_fail)
    with pytest.raises(PowerCut):
        fit(bright_and_dark, QUICK, checkpoint=tmp_path / "training.pt")
    monkeypatch.undo()
    batches = []
    augment = fitting.augment
    monkeypatch.setattr(fitting, "augment", lambda *arguments, **kind: batches.append(1) or augment(*arguments, **kind))
    resumed = weights_of(fit(bright_and_dark, QUICK, checkpoint=tmp_path / "training.pt"))
    assert torch.allclose(whole, resumed, atol=1e-4)
    assert len(batches) == 64 / QUICK.batch_size  # the third epoch alone


def test_goes_on_exactly_with_all_that_is_random(bright_and_dark, tmp_path, monkeypatch):
    recipe = replace(QUICK, network="residual", mixup=0.4, bfloat16=True, epochs=2, learning_rate=1e-3)
    whole = weights_of(fit(bright_and_dark, recipe))
    save = loop.save_checkpoint

    def save_then_stop(*arguments):
        save(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "save_checkpoint", save_then_stop)
    with pytest.raises(KeyboardInterrupt):
        fit(bright_and_dark, recipe, checkpoint=tmp_path / "training.pt")
    monkeypatch.undo()
    assert torch.allclose(
        whole, weights_of(fit(bright_and_dark, recipe, checkpoint=tmp_path / "training.pt")), atol=1e-4
    )


@pytest.mark.parametrize(("epochs", "batch_size"), [(5, 16), (10, 32)])
def test_trains_twenty_steps(bright_and_dark, epochs, batch_size):
    """Of 20 steps a twentieth is one: schedules have divided by nothing there."""
    fit(bright_and_dark, replace(QUICK, epochs=epochs, batch_size=batch_size))


def test_a_loss_that_is_not_finite_is_told(bright_and_dark):
    with pytest.raises(ModelError, match=r"the loss of epoch . is not finite: train with a lower learning rate"):
        fit(bright_and_dark, replace(QUICK, learning_rate=1.0, weight_decay=10, epochs=40))


def test_losses_are_those_of_the_faces_with_a_label(bright_and_dark):
    """One face of 64 has a makeup label: batches without it must not make the mean smaller."""
    recipe, told = replace(QUICK, attributes=("gender", "makeup"), epochs=1, learning_rate=1e-6), []
    few = bright_and_dark[np.arange(64) < 2]
    makeup = replace(few, attribute="makeup", table=few.table.assign(makeup="none"))
    fitting.fit(
        combine([[bright_and_dark, makeup]], recipe), recipe, on_round=lambda *arguments: told.append(arguments)
    )
    assert told[0][2]["makeup"] == pytest.approx(np.log(3), rel=0.5)


def test_a_finished_checkpoint_trains_no_more(bright_and_dark, tmp_path, monkeypatch):
    path = tmp_path / "training.pt"
    finished = weights_of(fit(bright_and_dark, QUICK, checkpoint=path))
    monkeypatch.setattr(fitting, "augment", None)  # would fail if a step were made
    assert torch.equal(weights_of(fit(bright_and_dark, QUICK, checkpoint=path)), finished)


def test_checkpoint_of_another_recipe(bright_and_dark, tmp_path):
    fit(bright_and_dark, replace(QUICK, epochs=1), checkpoint=tmp_path / "training.pt")
    with pytest.raises(OutputError, match=r"belongs to another training \(seed changed since\): use --no-resume"):
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
    with pytest.raises(DataError, match="1 faces with a label cannot train a network for gender"):
        fit(bright_and_dark[np.arange(64) == 0], QUICK)


def test_gray_networks_see_one_channel(bright_and_dark):
    network = new_network(replace(QUICK, input_color="gray"))
    assert network_logits(network, bright_and_dark.crops[:5], "gray")["gender"].shape == (5, 2)


def test_progress_shows_the_loss(bright_and_dark, capsys):
    fit(bright_and_dark, replace(QUICK, epochs=1), progress=True)
    shown = capsys.readouterr()
    assert "gender=" in shown.err
    assert shown.out == ""


def test_each_epoch_is_told(bright_and_dark):
    told = []
    fit(bright_and_dark, QUICK, on_round=lambda epoch, network, losses: told.append((epoch, network.training, losses)))
    assert [epoch for epoch, _, _ in told] == [1, 2, 3]
    assert not any(training for _, training, _ in told)
    assert told[2][2]["gender"] < told[0][2]["gender"]


def test_the_average_of_a_short_training_has_left_the_start(bright_and_dark):
    start, recipe = weights_of(new_network(QUICK)), replace(QUICK, average=0.9999)
    moved = (weights_of(fit(bright_and_dark, recipe)) - start).norm()
    last = (weights_of(fit(bright_and_dark, replace(recipe, average=0))) - start).norm()
    assert moved > 0.3 * last


@pytest.mark.parametrize("changes", [{"mixup": 0.4}, {"bfloat16": True}, {"network": "residual", "input_size": 48}])
def test_learns_with_other_settings(bright_and_dark, changes):
    network = fit(bright_and_dark, replace(QUICK, epochs=10, learning_rate=4e-3, **changes))
    logits = network_logits(network, bright_and_dark.crops, "rgb")["gender"]
    assert (logits.argmax(axis=1) == bright_and_dark.labels).mean() > 0.9


def test_an_attribute_learns_from_its_own_rows_alone(bright_and_dark):
    """The other attribute's faces have no label of this one: their loss must not reach its output."""
    recipe = replace(QUICK, attributes=("gender", "makeup"), epochs=8)
    half = np.arange(64) < 32
    makeup = replace(bright_and_dark[~half], attribute="makeup")
    makeup = replace(
        makeup, table=makeup.table.assign(makeup=makeup.table["gender"].map({"female": "none", "male": "over"}))
    )
    network = fitting.fit(combine([[bright_and_dark[half]], [makeup]], recipe), recipe)
    logits = network_logits(network, bright_and_dark.crops, "rgb")
    assert (logits["gender"].argmax(axis=1) == bright_and_dark.labels).mean() > 0.9
    assert (logits["makeup"][~half].argmax(axis=1) == makeup.labels).mean() > 0.9


def test_devices():
    assert torch_device("cpu").type == "cpu"
    with pytest.raises(DeviceError, match="unknown device 'tpu'"):
        torch_device("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="needs an NVIDIA GPU"):
            torch_device("cuda")


def test_further_properties_train_and_are_dropped(bright_and_dark):
    table = bright_and_dark.table.assign(name=[f"face {i}" for i in range(64)])
    bright = pd.DataFrame({"bright": table["gender"].eq("male").to_numpy()}, index=table["name"])
    data = replace(bright_and_dark, table=table)
    seen = []
    network = fitting.fit(
        combine([[data]], QUICK, bright),
        replace(QUICK, epochs=8, further=5.0, emphasis={"gender": 1e-9}, mixup=0.2),
        on_round=lambda epoch, network, losses: seen.append(
            network_logits(network, data.crops, "rgb")[fitting.FURTHER][:, 0]
        ),
    )
    assert sorted(network.heads) == ["gender"]
    assert ((seen[-1] > 0) == bright["bright"].to_numpy()).mean() > 0.9
