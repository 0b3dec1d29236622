import numpy as np
import onnxruntime
import pandas as pd
import pytest

from facestats.errors import OutputError
from facestats.models.faceness import find_faceness
from facestats.training.faceness.gathering import Detected
from facestats.training.faceness.run import figures, fit_layer, kept_out_log_odds, train_faceness, write_faceness
from facestats.training.kinds import FacenessRecipe


def detections(n=400, seed=0):
    """Faces and other things that the detector's score does not tell apart, and the first feature does."""
    rng = np.random.default_rng(seed)
    is_face = rng.random(n) < 0.5
    features = rng.normal(0, 1, (n, 6)).astype(np.float32)
    features[:, 0] += 4 * is_face
    table = pd.DataFrame(
        {
            "is_face": is_face,
            "sure": True,
            "source": rng.choice(["a", "b", "c"], n, p=[0.5, 0.47, 0.03]),
            "photo": [str(i) for i in range(n)],
            "detector": "centerface",
            "score": rng.uniform(0.4, 0.9, n),
        }
    )
    return Detected(features, table)


def test_a_layer_learns_what_tells_faces_from_other_things(tmp_path):
    found = detections()
    weights, bias = fit_layer(found, 0.1)
    assert weights.argmax() == 0
    said = found.features @ weights + bias > 0
    assert (said == found.table["is_face"]).mean() > 0.95


def test_figures_are_of_layers_that_did_not_learn_from_the_source():
    found = detections(1000)
    # In one data set everything is the other way round: who had learned from it would know.
    own = (found.table["source"] == "c").to_numpy()
    found.features[own, 0] = 4 - found.features[own, 0]
    rows = {row["source"]: row for row in figures(found, kept_out_log_odds(found, 0.1))["kept_out"]}
    assert set(rows) == {"all", "a", "b", "c"}
    assert rows["a"]["none_left_log_odds"] < 0.2
    assert rows["c"]["none_left_log_odds"] > 0.5


def test_the_folder_holds_the_layer_and_says_how_it_was_made(tmp_path):
    found, out = detections(), tmp_path / "mine"
    out.mkdir()
    measured = figures(found, kept_out_log_odds(found, 0.01))
    commands = ["facestats train faceness --data x.parquet"]
    card = write_faceness(found, FacenessRecipe(), out, commands=commands, measured=measured)
    path, read = find_faceness([out])
    assert read == card
    weights, bias = fit_layer(found, FacenessRecipe().strength)
    made = onnxruntime.InferenceSession(path).run(["log_odds"], {"features": found.features})[0]
    np.testing.assert_allclose(made, found.features @ weights + bias, atol=1e-4)
    text = (out / "card.md").read_text()
    assert "--data x.parquet" in text
    assert "| all |" in text


def test_a_folder_that_holds_a_model_is_not_written_over(tmp_path):
    write_faceness(detections(), FacenessRecipe(), tmp_path)
    with pytest.raises(OutputError):
        train_faceness(FacenessRecipe(), [], tmp_path)
