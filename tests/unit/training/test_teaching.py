import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from facestats._util.resources import bundled
from facestats.datasets.labelled import NETWORK_CLASSES
from facestats.errors import MissingInputError, ModelError, OutputError
from facestats.models.cards import Card, Head
from facestats.models.registry import DEFAULT_MODELS
from facestats.training import fitting
from facestats.training.examples import combine
from facestats.training.export import load_weights, network_of, read_safetensors, write_model
from facestats.training.fitting import network_logits, new_network
from facestats.training.recipes import Recipe
from facestats.training.run import train_model
from facestats.training.targets import teacher_loss
from facestats.training.teaching import read_teacher, taught_by

QUICK = Recipe(
    ("gender",), network="mini_xception", epochs=8, batch_size=16, learning_rate=1e-2, mixup=0, bfloat16=False
)


def untrained(folder, *, attributes=("gender",), input_color="rgb", input_size=48, seed=0):
    """A model with random weights."""
    recipe = replace(QUICK, attributes=attributes, input_color=input_color, input_size=input_size, seed=seed)
    heads = tuple(Head(name, name, NETWORK_CLASSES[name]) for name in attributes)
    card = Card(folder.name, heads, network=recipe.network, input_size=input_size, input_color=input_color)
    return write_model(folder, new_network(recipe).eval(), card)


@pytest.fixture
def teacher(tmp_path, bright_and_dark):
    """A model that tells bright from dark, of another network, size and colours than its students."""
    recipe = replace(QUICK, network="residual", input_color="gray", input_size=32)
    small = replace(bright_and_dark, crops=np.ascontiguousarray(bright_and_dark.crops[:, 8:40, 8:40]))
    network = fitting.fit(combine([[small]], recipe), recipe)
    heads = (Head("gender", "gender", ("female", "male")),)
    card = Card("teacher", heads, network="residual", input_size=32, input_color="gray")
    return write_model(tmp_path / "teacher", network, card)


def expected_logits(teacher, crops):
    """The mean of a face, what is left of it without its edge, and their mirror images."""
    network = load_weights(network_of(teacher.card), read_safetensors(teacher.folder / "weights.safetensors"), "")
    edge = round(0.04 * crops.shape[1])
    closer = [cv2.resize(face[edge:-edge, edge:-edge].astype(np.float32), crops.shape[1:3]) for face in crops]
    views = [view[:, :, ::step] for view in (crops.astype(np.float32), np.stack(closer)) for step in (1, -1)]
    planes = [torch.from_numpy(view.transpose(0, 3, 1, 2).copy()) for view in views]
    with torch.inference_mode():
        return sum(network((plane - 127.5) / 127.5)["gender"] for plane in planes).numpy() / 4


def exact(examples, *teachers):
    return taught_by(examples, teachers, bfloat16=False).taught["gender"]


def test_logits_are_the_mean_of_four_views(tmp_path, bright_and_dark):
    teacher = untrained(tmp_path / "teacher", input_color="rgb", input_size=48, seed=1)
    examples = combine([[bright_and_dark]], QUICK)
    assert exact(examples, teacher) == pytest.approx(expected_logits(teacher, bright_and_dark.crops), abs=1e-4)


def test_a_teacher_in_colour_sees_the_grey_of_its_student(tmp_path, bright_and_dark):
    """As the shipped teacher of expression: rgb, and larger than its student."""
    teacher = untrained(tmp_path / "teacher", input_color="rgb", input_size=64, seed=1)
    examples = combine([[bright_and_dark]], replace(QUICK, input_color="gray"))
    grey = np.repeat(examples.planes.transpose(0, 2, 3, 1), 3, axis=3)
    enlarged = np.stack([cv2.resize(face, (64, 64), interpolation=cv2.INTER_LINEAR) for face in grey])
    assert exact(examples, teacher) == pytest.approx(expected_logits(teacher, enlarged), abs=0.02)


def test_a_grey_teacher_sees_its_students_colours_in_grey(teacher, bright_and_dark):
    says = exact(combine([[bright_and_dark]], QUICK), teacher)
    assert ((says[:, 1] > says[:, 0]) == (bright_and_dark.labels == 1)).all()


def test_pixels_are_scaled_as_the_card_says(tmp_path, bright_and_dark):
    teacher = untrained(tmp_path / "teacher", input_color="rgb", input_size=48, seed=1)
    path = teacher.folder / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "input_mean": 0.0, "input_std": 255.0}))
    other = read_teacher(teacher.folder, ["gender"])
    examples = combine([[bright_and_dark]], QUICK)
    assert np.abs(exact(examples, teacher) - exact(examples, other)).max() > 1e-3


def test_several_teachers_are_averaged_by_attribute(tmp_path, bright_and_dark):
    examples = combine([[bright_and_dark]], QUICK)
    one = untrained(tmp_path / "one", seed=1)
    two = untrained(tmp_path / "two", attributes=("gender", "makeup"), seed=2)
    alone = exact(examples, one), exact(examples, two)
    assert np.abs(alone[0] - alone[1]).max() > 1e-3
    assert exact(examples, one, two) == pytest.approx((alone[0] + alone[1]) / 2, abs=1e-5)
    assert set(taught_by(examples, [one, two]).taught) == {"gender"}  # nobody asked for makeup


def test_faces_without_a_label_are_taught_too(teacher, bright_and_dark):
    makeup = replace(bright_and_dark, attribute="makeup", table=bright_and_dark.table.assign(makeup="none"))
    recipe = replace(QUICK, attributes=("gender", "makeup"))
    examples = combine([[bright_and_dark[np.arange(64) < 8], makeup]], recipe)
    assert (examples.weights["gender"] == 0).sum() == 56
    assert taught_by(examples, [teacher]).taught["gender"].any(axis=1).all()


def test_a_student_learns_from_the_teacher_alone(teacher, bright_and_dark):
    """The labels are all wrong, and count nothing."""
    swapped = bright_and_dark.table.assign(
        gender=bright_and_dark.table["gender"].map({"male": "female", "female": "male"})
    )
    examples = combine([[replace(bright_and_dark, table=swapped)]], QUICK)
    student = fitting.fit(taught_by(examples, [teacher]), replace(QUICK, teacher_share=1.0))
    logits = network_logits(student, bright_and_dark.crops, "rgb")["gender"]
    assert (logits.argmax(axis=1) == bright_and_dark.labels).mean() > 0.9


def test_a_teacher_that_counts_nothing_changes_nothing(teacher, bright_and_dark):
    recipe = replace(QUICK, epochs=1, teacher_share=0.0)
    examples = combine([[bright_and_dark]], recipe)
    alone, taught = (
        torch.cat([weight.detach().flatten() for weight in fitting.fit(some, recipe).parameters()])
        for some in (examples, taught_by(examples, [teacher]))
    )
    assert torch.allclose(alone, taught, atol=1e-5)


def test_blends_are_taught_by_both(teacher, bright_and_dark):
    recipe = replace(QUICK, mixup=0.4, teacher_share=1.0, epochs=16)
    examples = taught_by(combine([[bright_and_dark]], recipe), [teacher])
    logits = network_logits(fitting.fit(examples, recipe), bright_and_dark.crops, "rgb")["gender"]
    assert (logits.argmax(axis=1) == bright_and_dark.labels).mean() > 0.9


def test_loss_by_hand():
    taught, given = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 0.0]])
    wanted = np.exp([1.0, 0.0]) / np.exp([1.0, 0.0]).sum()  # at temperature 2
    expected = 4 * (wanted * (np.log(wanted) - np.log(0.5))).sum()
    assert teacher_loss(given, taught, 2.0).item() == pytest.approx(expected, rel=1e-5)
    swapped = 4 * (0.5 * (np.log(0.5) - np.log(wanted))).sum()
    assert teacher_loss(taught, given, 2.0).item() == pytest.approx(swapped, rel=1e-5)
    assert expected != pytest.approx(swapped, rel=1e-3)
    assert teacher_loss(taught + 3, taught, 2.0).item() == pytest.approx(0, abs=1e-6)


def test_labels_and_lessons_share_the_loss(teacher, bright_and_dark, monkeypatch):
    """A step by half of each is the mean of a step by the labels alone and one by the lessons alone."""
    monkeypatch.setattr(torch.optim, "AdamW", torch.optim.SGD)  # whose steps are as long as the gradient
    recipe = replace(QUICK, epochs=1, batch_size=64, weight_decay=0.0, average=0.0)
    examples = taught_by(combine([[bright_and_dark]], recipe), [teacher])
    before = torch.cat([weight.detach().flatten() for weight in new_network(recipe).parameters()])
    steps = []
    for share in (0.0, 0.5, 1.0):
        network = fitting.fit(examples, replace(recipe, teacher_share=share))
        steps.append(torch.cat([weight.detach().flatten() for weight in network.parameters()]) - before)
    assert torch.allclose(steps[1], (steps[0] + steps[2]) / 2, atol=1e-6)
    assert not torch.allclose(steps[0], steps[2], atol=1e-4)


@pytest.mark.parametrize("other", [None, 2], ids=["no teacher", "another teacher"])
def test_a_checkpoint_belongs_to_its_teachers(tmp_path, write_faces, other):
    columns = {"gender": ["male", "female"] * 20, "split": ["train"] * 20 + ["validation"] * 20}
    data, out = write_faces({**columns, "name": [f"{i}" for i in range(40)]}), tmp_path / "student"
    one = untrained(tmp_path / "one", seed=1).folder
    others = [untrained(tmp_path / "two", seed=other).folder] if other else []
    recipe = replace(QUICK, epochs=1, batch_size=8)

    class PowerCut(Exception):
        pass

    def fail(*_):
        raise PowerCut

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("facestats.training.run.add_epoch", fail)
        with pytest.raises(PowerCut):
            train_model(recipe, [data], out, teachers=[one])
    with pytest.raises(OutputError, match="belongs to another training"):
        train_model(recipe, [data], out, teachers=others)
    assert train_model(recipe, [data], out, teachers=[one]).card.metrics["teachers"][0]["name"] == "one"


def test_a_teacher_of_something_else(teacher):
    with pytest.raises(ModelError, match=r"the teacher .* knows nothing of age, makeup"):
        read_teacher(teacher.folder, ["age", "makeup"])


def test_a_teacher_of_other_crops(teacher):
    path = teacher.folder / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "framing": "loose"}))
    with pytest.raises(ModelError, match=r"was trained on 'loose' crops, not on"):
        read_teacher(teacher.folder, ["gender"])


def test_a_teacher_whose_network_nobody_has(teacher):
    path = teacher.folder / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "network": "custom"}))
    with pytest.raises(ModelError, match="unknown network 'custom'"):
        read_teacher(teacher.folder, ["gender"])


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(MissingInputError, match="--teacher needs the folder of a trained model"):
        read_teacher(tmp_path, ["gender"])


def test_tampered_weights(teacher):
    path = teacher.folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(ModelError, match="sha256"):
        read_teacher(teacher.folder, ["gender"])


def test_other_classes(teacher):
    path = teacher.folder / "card.json"
    card = json.loads(path.read_text())
    card["heads"][0]["classes"] = ["male", "female"]
    path.write_text(json.dumps(card))
    with pytest.raises(ModelError, match="has other classes of gender than facestats trains"):
        read_teacher(teacher.folder, ["gender"])


@pytest.mark.parametrize("attribute", ["expression", "gender", "age", "makeup"])
def test_shipped_models_can_teach(attribute):
    folder = bundled("models") / DEFAULT_MODELS[attribute]
    assert attribute in read_teacher(folder, [attribute]).card.attributes


def test_networks_take_over_nothing_of_their_teacher(teacher, bright_and_dark):
    """Distillation moves verdicts, not weights: another network altogether may teach."""
    examples = taught_by(combine([[bright_and_dark]], QUICK), [teacher])
    student = fitting.fit(examples, replace(QUICK, epochs=1))
    assert set(student.state_dict()) == set(new_network(QUICK).state_dict())
