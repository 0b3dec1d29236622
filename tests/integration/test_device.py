"""``--device cuda``, with a stand-in for the card: every network runs there, and finds what a processor finds."""

import pandas as pd
import pytest
from cards import a_card

import facestats as fs
from facestats.analysis.stages import load_stages
from facestats.errors import DeviceError
from facestats.models.faceness import find_faceness
from facestats.options import AnalyzeOptions

#: What looks twice at detections gets pictures of this size, and its last layer none.
LOOKED = (find_faceness()[1].input_size,) * 2
#: Sides of the faces that attribute models and the embedding see.
FACES = ((48, 48), (64, 64), (80, 80))


def tables(found):
    return {name: getattr(found, name) for name in ("frames", "observations", "tracks", "people")}


@pytest.mark.parametrize("follow_face", [32.0, 0.0])
def test_all_networks_run_on_the_card_in_batches_and_find_the_same(demo_video, follow_face):
    options = {"detector": "fast", "people": True, "to_s": 4, "follow_face": follow_face, "progress": False}
    expected = tables(fs.analyze(demo_video.path, **options))
    with a_card() as card:
        found = tables(fs.analyze(demo_video.path, device="cuda", **options))
    assert len(expected["observations"]) > 20
    for name, table in expected.items():
        # A processor tells expressions with eight-bit weights, a card with floats.
        about = [column for column in table.columns if column.startswith("expression")]
        pd.testing.assert_frame_equal(found[name].drop(columns=about), table.drop(columns=about), rtol=1e-3, atol=1e-3)
        numbers = table[about].select_dtypes("number").columns
        pd.testing.assert_frame_equal(found[name][numbers], table[numbers], rtol=0, atol=0.05)
    # Two detectors at most, two attribute models, what tells people apart, and what looks twice, in two parts.
    assert card.sessions == 7
    assert any(shape[2:] == LOOKED for shape in card.batches)
    pictures = [shape for shape in card.batches if shape[2:] not in (*FACES, LOOKED, ())]
    assert max(shape[0] for shape in pictures) > 4
    faces = [shape for shape in card.batches if shape[2:] == (48, 48)]
    assert max(shape[0] for shape in faces) > 8


def test_centerface_computes_with_floats_on_a_card(demo_video):
    options = {"models": {"expression": "none", "gender": "none", "age": "none", "makeup": "none"}, "to_s": 3}
    expected = fs.analyze(demo_video.path, progress=False, **options)
    with a_card() as card:
        found = fs.analyze(demo_video.path, device="cuda", progress=False, **options)
        assert load_stages(AnalyzeOptions(device="cuda")).models == load_stages(AnalyzeOptions()).models
    assert max(shape[0] for shape in card.batches) > 4
    # Of two faces in a frame either may be the surer one.
    boxes = [tables.observations.set_index(["frame", "track_id"])[["x", "y", "w", "h"]] for tables in (found, expected)]
    assert set(boxes[0].index) == set(boxes[1].index)
    assert (boxes[0] - boxes[1]).abs().max().max() < 6


def test_a_small_card_gets_few_pictures_at_once(demo_video):
    with a_card(memory=2**30) as card:
        fs.analyze(demo_video.path, device="cuda", detector="fast", to_s=2, follow_face=0, progress=False)
    pictures = [shape for shape in card.batches if shape[2:] not in (*FACES, (32, 32), LOOKED, ())]
    assert {shape[0] for shape in pictures} == {1}


def test_a_card_that_onnxruntime_cannot_use_is_refused(demo_video):
    with (
        a_card(works=False),
        pytest.raises(DeviceError, match="--device cuda needs an NVIDIA GPU"),
    ):
        fs.analyze(demo_video.path, device="cuda", progress=False)


def test_a_detector_that_knows_no_card_says_so(demo_video, data_folder):
    with (
        a_card(),
        pytest.raises(DeviceError, match="YuNet runs in OpenCV, on the processor alone"),
    ):
        fs.analyze(demo_video.path, device="cuda", detector=str(data_folder / "yunet_n.onnx"), progress=False)
