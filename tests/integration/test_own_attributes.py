"""An attribute of the user's own goes the way of the four: model, tables, verdicts, store, exports, plots, explorer."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from commands import NONE, run
from PIL import Image

import facestats as fs
from facestats.errors import UsageError
from facestats.models import attributes
from facestats.models.cards import Card, Head
from facestats.plots import verdict_counts
from facestats.reports.comparison import composition as composition_of_sides
from facestats.reports.data import load_collection
from facestats.reports.demographics import composition
from facestats.reports.sides import Comparison
from facestats.store.store import open_store
from facestats.tables import schema
from facestats.tables.labels import verdict_lines
from facestats.training.export import network_of, to_onnx
from facestats.widgets import TrackTable, Wanted, scene_of
from facestats.widgets.explorer import Explorer

CLASSES = ("worn", "none", "half")


@pytest.fixture(autouse=True)
def forgotten():
    yield
    attributes.forget_declared()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A network of random weights that takes faces for masked or not."""
    folder = tmp_path_factory.mktemp("models") / "masks"
    folder.mkdir()
    card = Card("masks", (Head("mask", "mask", CLASSES, threshold=0.0),), network="mini_xception", input_color="gray")
    (folder / "model.onnx").write_bytes(onnx := to_onnx(network_of(card).eval(), card))
    files = {"model.onnx": hashlib.sha256(onnx).hexdigest()}
    (folder / "card.json").write_text(json.dumps({**json.loads(card.to_json()), "files": files}))
    return folder


@pytest.fixture(scope="module")
def analyzed(folder, portrait, tmp_path_factory):
    inbox = tmp_path_factory.mktemp("inbox")
    Image.fromarray(portrait).save(inbox / "somebody.png")
    store = tmp_path_factory.mktemp("out") / "s"
    options = dict.fromkeys(attributes.BUILT_IN, "none")
    fs.analyze_collection([inbox], out=store, models=options, models_path=[str(folder)], workers=1, clips=False)
    attributes.forget_declared()
    return store


def test_a_process_that_never_saw_the_model_reads_its_verdicts(analyzed, tmp_path):
    store = open_store(analyzed)
    assert attributes.own_attributes() == ("mask",)
    observations, tracks = store.observations(), store.tracks()
    probabilities = observations[["mask_worn", "mask_none", "mask_half"]]
    assert len(tracks) == 1
    assert probabilities.sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-3)
    assert tracks["mask"].item() == CLASSES[int(np.argmax(probabilities.mean().to_numpy()))]
    assert store.sql("select mask, count(*) as n from tracks group by mask")["n"].tolist() == [1]
    (entry,) = store.entries().values()
    assert entry.models["mask"]["name"] == "masks"
    fs.export(store, "tracks", out=tmp_path / "t.csv", attributes=["mask"])
    exported = pd.read_csv(tmp_path / "t.csv")
    assert exported["mask"].tolist() == tracks["mask"].tolist()
    assert "gender" not in exported
    told = pd.read_csv(tmp_path / "columns.csv").set_index("column")["meaning"]
    assert told["mask_prob"] == "probability of the most likely mask"
    fs.export(store, "long", out=tmp_path / "l.csv")
    assert set(pd.read_csv(tmp_path / "l.csv")["attribute"]) == {"mask"}
    fs.export(store, "tracks", out=tmp_path / "t.sav", format="sav")


def test_it_is_drawn_told_and_chosen_like_the_four(analyzed):
    store = open_store(analyzed)
    tracks = store.tracks()
    ax = verdict_counts(tracks, "mask")
    assert ax.get_title(loc="left") == "mask"
    (line,) = verdict_lines(tracks.iloc[0])
    assert line.startswith(f"mask {tracks['mask'].item()}")
    result = store.result(tracks["video_id"].item())
    scene = scene_of(result)
    (face,) = scene.faces_at(0.0, Wanted("mask"))
    assert face.lines[1].startswith("mask ")
    explorer = Explorer(result)
    assert "mask" in explorer._controls["attribute"].options.values()
    explorer.timeline.attribute = "mask"
    assert TrackTable(scene).tracks["mask"].tolist() == tracks["mask"].tolist()
    assert "mask" in str(composition(load_collection(analyzed)).data)
    explorer.close()


def test_collections_are_compared_without_it(analyzed):
    one, other = load_collection(analyzed), load_collection(analyzed)
    sides = Comparison(one, other, "one", "other")
    assert sides.differences["mask"] is None
    assert "mask" in composition_of_sides(sides).data


def test_what_has_no_corrections_says_so(analyzed):
    with pytest.raises(UsageError, match="no shares of 'mask'"):
        fs.demographics(open_store(analyzed), attributes=["mask"])


def test_tables_of_before_and_after_live_side_by_side(analyzed, tmp_path):
    earlier = schema.conform("tracks")
    open_store(analyzed)
    assert schema.validate("tracks", earlier) is earlier
    assert list(schema.conform("tracks").columns[-5:-3]) == ["mask", "mask_prob"]


def test_the_command_line_takes_it(folder, portrait, tmp_path, capsys):
    Image.fromarray(portrait).save(tmp_path / "a.png")
    options = ("--models-path", folder, "--model", "mask=masks", *NONE, "--no-clips")
    code, _, err = run(capsys, "analyze", tmp_path / "a.png", "--out", tmp_path / "s", *options)
    assert code == 0, err
    assert run(capsys, "export", tmp_path / "s", "--attribute", "mask", "--out", tmp_path / "m.csv")[0] == 0
    assert "mask_prob" in (tmp_path / "m.csv").read_text()
    code, _, err = run(capsys, "analyze", tmp_path / "a.png", "--out", tmp_path / "s", "--model", "mood=masks", *NONE)
    assert code == 2
    assert "unknown attribute 'mood'" in err
