import json
from dataclasses import replace

import pytest

from facestats._util.files import sha256_of
from facestats.errors import ModelError, UnknownNameError
from facestats.models.faceness import FacenessCard, find_faceness
from facestats.models.registry import card, find_models

CARD = FacenessCard("judge", layers=("413",), layers_of="0" * 64, wide=2.5, input_size=96)


def written(folder, name="judge"):
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(b"a network")
    hashed = replace(CARD, name=name, files={"model.onnx": sha256_of(folder / "model.onnx")})
    (folder / "card.json").write_text(hashed.to_json())
    return hashed


def test_a_card_comes_back_as_it_was_written(tmp_path):
    hashed = written(tmp_path / "mine")
    assert find_faceness([tmp_path / "mine"]) == (tmp_path / "mine" / "model.onnx", hashed)
    assert find_faceness([tmp_path])[1] == hashed  # in a folder of folders
    assert card("judge", [tmp_path]) == hashed


def test_its_folder_is_no_model_of_attributes_and_no_error(tmp_path):
    written(tmp_path / "mine")
    assert "judge" not in find_models([tmp_path / "mine"])
    (tmp_path / "nothing").mkdir()
    with pytest.raises(UnknownNameError, match="no model"):
        find_models([tmp_path / "nothing"])


def test_what_is_wrong_with_a_card_is_told(tmp_path):
    written(tmp_path / "mine")
    path = tmp_path / "mine" / "card.json"
    told = json.loads(path.read_text())
    for change, words in (({"input_size": 90}, "multiple of 32"), ({"layers": []}, "named"), ({"wide": "2"}, "wide")):
        path.write_text(json.dumps(told | change))
        with pytest.raises(ModelError, match=words):
            find_faceness([tmp_path])
    path.write_text(json.dumps(told))
    (tmp_path / "mine" / "model.onnx").write_bytes(b"another")
    with pytest.raises(ModelError, match="sha256"):
        find_faceness([tmp_path])


def test_what_changes_its_answers_changes_its_hash():
    assert replace(CARD, wide=2.6).behaviour != CARD.behaviour
    assert replace(CARD, limits="none").behaviour == CARD.behaviour
