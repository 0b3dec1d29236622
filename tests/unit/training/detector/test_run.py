import numpy as np
import pandas as pd
import pytest
import torch

from facestats.detect import create_detector
from facestats.detect.fast import PIXEL_MEAN, PIXEL_STD, STRIDES, FastFace
from facestats.errors import DataError, DeviceError, MissingInputError, ModelError, OutputError, UnknownNameError
from facestats.models.detectors import DetectorCard
from facestats.training.detector import run
from facestats.training.detector.export import detector_to_onnx
from facestats.training.detector.fitting import fit_detector, flatten, new_detector
from facestats.training.detector.network import FastDetector, normalized
from facestats.training.detector.run import train_detector
from facestats.training.detector.scenes import Material
from facestats.training.detector.scores import rescale_scores
from facestats.training.detector.targets import cell_grid, decode
from facestats.training.export import read_safetensors
from facestats.training.recipes import DetectorRecipe, recipe_toml

TINY = DetectorRecipe(steps=2, batch_size=2, side=64)


def test_the_network_is_small_and_takes_any_size():
    network = FastDetector().eval()
    assert sum(weight.numel() for weight in network.parameters()) < 400_000
    outputs = network(torch.zeros(2, 3, 64, 160))
    assert [tuple(score.shape) for score, _ in outputs] == [(2, 1, 64 // s, 160 // s) for s in STRIDES]
    assert [tuple(geometry.shape) for _, geometry in outputs] == [(2, 14, 64 // s, 160 // s) for s in STRIDES]


def test_training_makes_the_loss_smaller(material):
    network = new_detector(0)
    recipe = DetectorRecipe(steps=25, batch_size=4, side=96, average=0.5, learning_rate=4e-3, bfloat16=False)
    trained = fit_detector(material, recipe)
    assert not torch.equal(trained.narrow.weight, network.narrow.weight)

    from facestats.training.detector.scenes import make_scene
    from facestats.training.detector.targets import assign, detection_loss

    pictures = [make_scene(material, 96, np.random.default_rng(1000 + i)) for i in range(8)]
    pixels = normalized(torch.from_numpy(np.stack([image for image, _ in pictures]).transpose(0, 3, 1, 2).copy()))
    assignment = assign([scene for _, scene in pictures], 96, 96)
    centres, strides = (torch.from_numpy(part) for part in cell_grid(96, 96))
    with torch.no_grad():
        before, after = (
            float(sum(detection_loss(*flatten(net.train()(pixels)), assignment, centres, strides).values()))
            for net in (network, trained)
        )
    assert after < 0.8 * before


def test_an_interrupted_training_goes_on_to_the_same_weights(material, tmp_path, monkeypatch):
    from facestats.training import loop
    from facestats.training.detector import fitting

    monkeypatch.setattr(fitting, "CHECKPOINT_STEPS", 1)
    recipe = DetectorRecipe(steps=3, batch_size=2, side=64, bfloat16=False)
    whole = fit_detector(material, recipe)
    save, saved = loop.save_checkpoint, []

    def stop_after_two(path, identity, done, parts):
        save(path, identity, done, parts)
        saved.append(done)
        if len(saved) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "save_checkpoint", stop_after_two)
    with pytest.raises(KeyboardInterrupt):
        fit_detector(material, recipe, checkpoint=tmp_path / "training.pt")
    resumed = fit_detector(material, recipe, checkpoint=tmp_path / "training.pt")
    assert saved == [1, 2, 3]
    assert all(
        torch.allclose(a, b, atol=1e-6)
        for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True)
    )


def test_a_checkpoint_of_another_recipe_is_refused(material, tmp_path):
    fit_detector(material, TINY, checkpoint=tmp_path / "training.pt")
    other = DetectorRecipe(steps=2, batch_size=2, side=64, seed=9)
    with pytest.raises(OutputError, match="another training"):
        fit_detector(material, other, checkpoint=tmp_path / "training.pt")


def test_without_faces_there_is_nothing_to_learn(room):
    with pytest.raises(DataError, match="no face"):
        fit_detector(Material([], [room], []), TINY)


def test_the_backend_decodes_as_the_loss_does(tmp_path, portrait):
    network = new_detector(0).eval()
    path = tmp_path / "model.onnx"
    path.write_bytes(detector_to_onnx(network))
    image = portrait[:320, :416]
    with torch.no_grad():
        pixels = torch.from_numpy(image.transpose(2, 0, 1).copy())[None]
        assert torch.allclose(normalized(pixels), (pixels.float() - PIXEL_MEAN) / PIXEL_STD)
        scores, geometry = flatten(network(normalized(pixels)))
        centres, strides = (torch.from_numpy(part) for part in cell_grid(320, 416))
        boxes, landmarks = decode(geometry[0], centres, strides[:, None])
    best = int(scores[0].argmax())
    chance = float(scores[0, best].sigmoid())
    found = FastFace(path, detect_size=0, min_score=chance * 0.999).detect([image])[0]
    assert found.scores[0] == pytest.approx(chance, rel=1e-3)
    expected = boxes[best].numpy().clip(0, [416, 320, 416, 320])
    assert np.allclose(found.boxes[0], expected, atol=0.01)
    assert np.allclose(found.landmarks[0], landmarks[best].numpy(), atol=0.01)


def test_from_data_files_to_a_detector_that_runs(photos_file, faces_file, tmp_path, capfd):
    out = tmp_path / "models" / "mine"
    card = train_detector([photos_file], [faces_file], out, recipe=TINY, command="facestats train mine.toml")
    assert capfd.readouterr().out == ""
    names = ["card.json", "card.md", "model.onnx", "weights.safetensors"]
    assert sorted(path.name for path in out.iterdir()) == names
    assert DetectorCard.read(out / "card.json") == card
    assert card.metrics["validation"]["n"] == 3
    assert card.metrics["parameters"] < 400_000
    assert "3 photos with 3 faces and 3 without" in card.data
    assert "facestats train mine.toml" in (out / "card.md").read_text()
    assert recipe_toml(TINY) in (out / "card.md").read_text()
    assert create_detector(str(out / "model.onnx")).name == "fast"
    with pytest.raises(OutputError, match="already holds"):
        train_detector([photos_file], [faces_file], out, recipe=TINY)


def test_bad_input_is_told_before_anything_is_made(photos_file, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "gather_material", lambda *args, **options: pytest.fail("work was begun"))
    with pytest.raises(UnknownNameError, match="haar"):
        train_detector([photos_file], [], tmp_path / "out", teachers=["haar"], recipe=TINY)
    with pytest.raises(MissingInputError, match=r"absent.parquet"):
        train_detector([photos_file], [tmp_path / "absent.parquet"], tmp_path / "out", recipe=TINY)
    with pytest.raises(DeviceError, match="tpu"):
        train_detector([photos_file], [], tmp_path / "out", device="tpu", recipe=TINY)
    assert not (tmp_path / "out").exists()


def test_goes_on_from_a_trained_detector(photos_file, tmp_path, monkeypatch):
    first = tmp_path / "first"
    train_detector([photos_file], [], first, recipe=TINY)
    started = {}
    fit = run.fit_detector

    def watched(*arguments, start, **options):
        started.update({name: weight.clone() for name, weight in start.state_dict().items()})
        return fit(*arguments, start=start, **options)

    monkeypatch.setattr(run, "fit_detector", watched)
    train_detector([photos_file], [], tmp_path / "second", recipe=TINY, start=first)
    # What the first training learned, before its scores were rescaled for its card.
    learned, scale = read_safetensors(first / "weights.safetensors"), DetectorCard.read(first / "card.json").metrics
    for name, weight in started.items():
        factor = scale["score_scale"] if name.endswith("score.weight") else 1.0
        if not name.endswith("score.bias"):
            assert torch.allclose(weight * factor, learned[name].float(), rtol=1e-4, atol=1e-6), name


def test_a_smaller_network_goes_on_as_it_was(tmp_path):
    from facestats._util.resources import bundled
    from facestats.training.detector.run import load_detector

    # The shipped file is of a network without some of the parts of today's: they must change nothing yet.
    shipped = bundled("models") / "detectors" / "fast"
    path = tmp_path / "model.onnx"
    network = load_detector(shipped)
    scale, shift = (DetectorCard.read(shipped / "card.json").metrics[name] for name in ("score_scale", "score_shift"))
    rescale_scores(network, scale, shift)
    path.write_bytes(detector_to_onnx(network))
    picture = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    was, now = (FastFace(file, detect_size=0, min_score=1e-6) for file in (shipped / "model.onnx", path))
    for before, after in zip(was.detect([picture]), now.detect([picture]), strict=True):
        assert len(before) == len(after) > 0
        assert np.allclose(before.boxes, after.boxes, atol=0.05)


def test_figures_on_photos_of_other_sources(photos_file, tmp_path):
    photos = pd.read_parquet(photos_file)
    photos.assign(source="seen").to_parquet(photos_file)
    check = tmp_path / "check.parquet"
    photos.assign(source=["seen"] * 5 + ["other"] * 7).to_parquet(check)
    card = train_detector([photos_file], [], tmp_path / "mine", recipe=TINY, check=check)
    assert card.metrics["unseen"]["n"] == 7
    assert card.metrics["validation"]["n"] == 3
    assert card.calibration.data.startswith("check.parquet;")
    assert "| | validation | unseen |" in (tmp_path / "mine" / "card.md").read_text()


def test_a_start_whose_network_is_another_is_told_before_anything_is_made(photos_file, tmp_path, monkeypatch):
    from shutil import copytree

    from facestats._util.resources import bundled

    monkeypatch.setattr(run, "gather_material", lambda *args, **options: pytest.fail("work was begun"))
    start = copytree(bundled("models") / "detectors" / "fast", tmp_path / "start")
    (start / "model.onnx").write_bytes(b"another")
    with pytest.raises(ModelError, match=r"model\.onnx"):
        train_detector([photos_file], [], tmp_path / "out", recipe=TINY, start=start)


def test_photos_to_check_on_whose_sources_are_all_learned_from(photos_file, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "gather_material", lambda *args, **options: pytest.fail("work was begun"))
    pd.read_parquet(photos_file).assign(source="seen").to_parquet(photos_file)
    with pytest.raises(DataError, match=r"photos.parquet: --data or --faces has photos of all its sources"):
        train_detector([photos_file], [], tmp_path / "out", recipe=TINY, check=photos_file)


def test_a_start_that_is_none(photos_file, tmp_path):
    with pytest.raises(MissingInputError, match=r"no card\.json in .*absent: --start needs"):
        train_detector([photos_file], [], tmp_path / "out", recipe=TINY, start=tmp_path / "absent")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "card.json").write_text("{}")
    with pytest.raises(ModelError, match="is not the card of a detector"):
        train_detector([photos_file], [], tmp_path / "out", recipe=TINY, start=tmp_path / "other")
    assert not (tmp_path / "out").exists()
