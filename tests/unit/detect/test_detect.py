import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.detect import create_detector
from facestats.detect.base import box_overlaps, byte_planes, network_planes, shrink_to, suppress
from facestats.errors import ModelError, UnknownNameError
from facestats.models.detectors import Calibration, DetectorCard, shipped_card, shipped_detector

NAMES = ("centerface", "fast")

# Measured by eye on matplotlib's portrait (512 x 600): forehead to chin, cheek to cheek.
PORTRAIT_FACE = np.array([148, 73, 345, 318])


def overlap(a, b):
    x1, y1, x2, y2 = *np.maximum(a[:2], b[:2]), *np.minimum(a[2:], b[2:])
    shared = max(0, x2 - x1) * max(0, y2 - y1)
    return shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared)


def check_portrait(detector, portrait):
    found = detector.detect([portrait])[0]
    assert len(found) == 1
    assert overlap(found.boxes[0], PORTRAIT_FACE) > 0.55
    left_eye, right_eye, nose, mouth_left, mouth_right = found.landmarks[0]
    assert left_eye[0] < nose[0] < right_eye[0]
    assert mouth_left[0] < mouth_right[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(mouth_left[1], mouth_right[1])
    # The same picture shrunk: the same face at the same relative place.
    small, scale = shrink_to(portrait, 200)
    again = detector.detect([small])[0]
    assert overlap(again.boxes[0] / scale, found.boxes[0]) > 0.8


@pytest.mark.parametrize("name", NAMES)
def test_the_portrait_is_found_in_its_own_pixels(portrait, name):
    check_portrait(create_detector(name), portrait)


def test_yunet_from_a_file_finds_the_portrait(portrait, data_folder):
    check_portrait(create_detector(str(data_folder / "yunet_n.onnx")), portrait)


def test_a_small_face_needs_the_default_size_not_320(portrait):
    face, _ = shrink_to(portrait[40:360, 90:400], 22)
    scene = np.full((270, 480, 3), 110, np.uint8)
    scene[100 : 100 + face.shape[0], 200 : 200 + face.shape[1]] = face
    assert len(create_detector("centerface").detect([scene])[0]) == 1
    assert len(create_detector("centerface", detect_size=160).detect([scene])[0]) == 0


@pytest.mark.parametrize("name", NAMES)
def test_several_images_of_different_sizes_in_one_call(portrait, name):
    detector = create_detector(name)
    images = [np.zeros((40, 70, 3), np.uint8), portrait, portrait[:300], portrait[:, ::-1]]
    together = detector.detect(images)
    assert [len(found) for found in together[:2]] == [0, 1]
    for image, found in zip(images, together, strict=True):
        (alone,) = detector.detect([image])
        assert np.allclose(found.boxes, alone.boxes, atol=0.01)
        assert np.allclose(found.landmarks, alone.landmarks, atol=0.01)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 1), (3, 700), (2000, 9)])
def test_odd_sizes_do_not_crash(shape, name):
    image = np.random.default_rng(1).integers(0, 256, (*shape, 3)).astype(np.uint8)
    found = create_detector(name).detect([image])[0]
    assert (found.boxes >= 0).all()
    assert (found.boxes[:, [0, 2]] <= shape[1]).all()


def test_pictures_in_planes_are_the_same_pictures(portrait):
    planes = np.ascontiguousarray(portrait.transpose(2, 0, 1)).transpose(1, 2, 0)
    for name in NAMES:
        detector = create_detector(name, detect_size=0)
        assert np.array_equal(detector.detect([planes])[0].boxes, detector.detect([portrait])[0].boxes)


@pytest.mark.parametrize("longer", [0, 90])
def test_eight_bit_weights_find_the_same_faces(portrait, longer):
    detector = create_detector("centerface")
    small, scale = shrink_to(portrait, longer)
    (searched,), (followed,) = detector.detect([portrait]), detector.follow([small])
    assert len(followed) == len(searched) == 1
    assert overlap(followed.boxes[0] / scale, searched.boxes[0]) > 0.85
    eyes = np.linalg.norm(searched.landmarks[0, 0] - searched.landmarks[0, 1])
    apart = np.linalg.norm(followed.landmarks[0] / scale - searched.landmarks[0], axis=1)
    assert apart.mean() < 0.1 * eyes
    assert abs(float(followed.scores[0] - searched.scores[0])) < 0.05


def test_bytes_are_filled_up_like_floats():
    images = [np.random.default_rng(0).integers(0, 255, (33, 70, 3)).astype(np.uint8)] * 2
    assert np.array_equal(byte_planes(images), network_planes(images))
    assert byte_planes(images).dtype == np.uint8


def test_the_least_score_is_kept(portrait):
    found = create_detector("fast", min_score=0.001).detect([portrait])[0].scores
    least = float(np.median(found))
    kept = create_detector("fast", min_score=least).detect([portrait])[0].scores
    assert 0 < len(kept) < len(found)
    assert (kept >= least - 1e-6).all()


def test_two_calls_give_the_same(portrait):
    detector = create_detector("fast")
    first, second = detector.detect([portrait])[0], detector.detect([portrait])[0]
    assert np.array_equal(first.boxes, second.boxes)


def test_unknown_detectors_are_refused(tmp_path):
    with pytest.raises(UnknownNameError, match="centerface, fast, yunet"):
        create_detector("haar")
    with pytest.raises(UnknownNameError, match="no detector file"):
        create_detector(str(tmp_path / "absent.onnx"))


def test_yunet_that_was_never_fetched_says_how_to(tmp_path, monkeypatch):
    monkeypatch.setenv("FACESTATS_CACHE", str(tmp_path))
    with pytest.raises(UnknownNameError, match="facestats models pull yunet"):
        create_detector("yunet")


def test_a_file_that_is_no_detector_is_refused_in_one_line(tmp_path):
    from facestats.detect.centerface import weights_path
    from facestats.models.registry import find_models

    junk, empty = tmp_path / "junk.onnx", tmp_path / "empty.onnx"
    junk.write_text("not a network")
    empty.touch()
    classifier = find_models()["expression"].onnx_file()
    for path, told in (
        (junk, "not an ONNX"),
        (empty, "neither"),
        (weights_path(), "neither"),
        (classifier, "neither"),
    ):
        with pytest.raises(ModelError, match=told) as caught:
            create_detector(str(path))
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_network_with_the_right_names_and_another_layout_is_refused(tmp_path):
    from onnx import TensorProto, helper, save

    from facestats.detect.fast import INPUT, OUTPUTS

    pixels = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", 3, "h", "w"])
    cells = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, "h", "w"]) for name in OUTPUTS]
    nodes = [helper.make_node("Identity", [INPUT], [name]) for name in OUTPUTS]
    opset = helper.make_opsetid("", 17)
    save(
        helper.make_model(helper.make_graph(nodes, "other", [pixels], cells), opset_imports=[opset], ir_version=9),
        tmp_path / "other.onnx",
    )
    (tmp_path / "card.json").write_text(shipped_card("fast").to_json())
    with pytest.raises(ModelError, match="other shapes"):
        create_detector(str(tmp_path / "other.onnx"))


def test_a_changed_file_of_the_shipped_detector_is_refused(tmp_path, monkeypatch):
    from facestats.models import detectors

    folder = tmp_path / "models" / "detectors" / "fast"
    folder.mkdir(parents=True)
    path, known = detectors.shipped_detector()
    (folder / "card.json").write_text(known.to_json())
    monkeypatch.setattr(detectors, "bundled", lambda name: tmp_path / name)
    with pytest.raises(ModelError, match="is missing"):
        create_detector("fast")
    (folder / "model.onnx").write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ModelError, match="sha256 differs"):
        create_detector("fast")
    (folder / "card.json").write_text('{"name": 1}')
    with pytest.raises(ModelError, match="not the card of a detector"):
        create_detector("fast")


@given(height=st.integers(1, 900), width=st.integers(1, 900), longer=st.integers(1, 700))
def test_shrinking_never_enlarges_and_fits(height, width, longer):
    image = np.zeros((height, width, 3), np.uint8)
    small, scale = shrink_to(image, longer)
    assert 0 < scale <= 1
    assert max(small.shape[:2]) <= max(longer, 1)
    planes = network_planes([small, small], mean=9, std=3)
    assert planes.shape[2] % 32 == planes.shape[3] % 32 == 0
    assert (planes[:, :, : small.shape[0], : small.shape[1]] == -3).all()
    assert planes.sum() == -3 * 6 * small.shape[0] * small.shape[1]  # and 0 all around


def test_suppression_keeps_the_best_of_an_overlapping_pair():
    boxes = np.array([[0, 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30]])
    assert suppress(boxes, np.array([0.6, 0.9, 0.5]), 0.3).tolist() == [1, 2]
    assert suppress(np.zeros((0, 4)), np.zeros(0), 0.3).tolist() == []


@given(
    st.lists(st.tuples(*[st.floats(0, 100)] * 2, *[st.floats(1, 50)] * 2), min_size=1, max_size=5),
    st.floats(0.5, 3),
)
def test_overlaps_are_symmetric_and_do_not_depend_on_scale(sides, scale):
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in sides], np.float32)
    overlaps = box_overlaps(boxes, boxes)
    assert np.allclose(np.diag(overlaps), 1)
    assert np.allclose(overlaps, overlaps.T)
    assert np.allclose(box_overlaps(boxes * np.float32(scale), boxes * np.float32(scale)), overlaps, atol=1e-4)


@given(scale=st.floats(0.1, 5), shift=st.floats(-4, 4), probability=st.floats(0.01, 0.99))
def test_a_threshold_and_a_score_go_through_the_same_calibration(scale, shift, probability):
    calibration = Calibration(scale, shift)
    score = calibration.score(probability)
    if 1e-5 < score < 1 - 1e-5:
        assert calibration.probability(np.array([score]))[0] == pytest.approx(probability, abs=1e-3)


def test_calibration_keeps_the_order_and_says_what_is_wrong():
    scores = np.linspace(0, 1, 50, dtype=np.float32)
    assert (np.diff(Calibration(2.3, 0.4).probability(scores)) >= 0).all()
    for scale, shift in ((0.0, 0.0), (-1.0, 0.0), (1.0, float("nan"))):
        with pytest.raises(ModelError, match="not usable"):
            Calibration(scale, shift)


@pytest.mark.parametrize("name", ["centerface", "fast", "yunet"])
def test_every_detector_has_a_card_with_its_calibration(name):
    card = shipped_card(name)
    assert card.calibration.scale > 0
    assert card.calibration.data
    assert DetectorCard(**{**json.loads(card.to_json()), "calibration": card.calibration}) == card


def test_a_detector_file_without_card_or_calibration_is_refused_in_one_line(tmp_path):
    path, card = shipped_detector()
    (tmp_path / "model.onnx").write_bytes(path.read_bytes())
    with pytest.raises(ModelError, match="needs its card beside it"):
        create_detector(str(tmp_path / "model.onnx"))
    content = json.loads(card.to_json())
    del content["calibration"]
    (tmp_path / "card.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match="no calibration") as caught:
        create_detector(str(tmp_path / "model.onnx"))
    assert "\n" not in str(caught.value)
    (tmp_path / "card.json").write_text(card.to_json())
    assert create_detector(str(tmp_path / "model.onnx")).name == "fast"
