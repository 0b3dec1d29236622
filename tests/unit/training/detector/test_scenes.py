import numpy as np
import pytest

from facestats.training.detector import disguise, pasting, things
from facestats.training.detector.degrading import degrade
from facestats.training.detector.layers import Canvas
from facestats.training.detector.scenes import Material, Spot, make_scene


def test_scenes_are_whole_and_their_faces_lie_inside(material):
    seen = []
    for seed in range(60):
        image, scene = make_scene(material, 128, np.random.default_rng(seed))
        assert image.shape == (128, 128, 3)
        assert image.dtype == np.uint8
        sides = scene.boxes[:, 2:] - scene.boxes[:, :2]
        assert (sides > 0).all()
        assert (scene.boxes >= 0).all()
        assert (scene.boxes <= 128).all()
        assert scene.landmarks.shape == (len(scene.boxes), 5, 2)
        assert np.isfinite(scene.ignored).all()
        seen += sides.min(axis=1).tolist()
    assert len(seen) > 60
    assert min(seen) < 12
    assert max(seen) > 60


def test_the_same_seed_gives_the_same_scene(material):
    (first, scene), (again, same) = (make_scene(material, 96, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, again)
    assert np.array_equal(scene.boxes, same.boxes)


@pytest.mark.parametrize("missing", ["photos", "rooms", "faces"])
def test_any_one_kind_of_material_may_be_missing(material, missing):
    parts = {name: getattr(material, name) for name in ("photos", "rooms", "faces")} | {missing: []}
    for seed in range(25):
        image, _ = make_scene(Material(**parts), 96, np.random.default_rng(seed))
        assert image.shape == (96, 96, 3)


def test_hard_places_are_shown(material, photo):
    spot = Spot(photo, np.array([120, 72, 172, 140], np.float32))
    only = Material([], [], [], [spot])
    shown = [make_scene(only, 128, np.random.default_rng(seed))[1] for seed in range(30)]
    assert sum(len(scene.boxes) for scene in shown) > 20  # the spot is the photo's face


@pytest.mark.parametrize("paint", [things.letter, things.dial, things.display])
def test_painted_things_differ(paint):
    painted = {paint(np.random.default_rng(seed)).tobytes() for seed in range(20)}
    assert len(painted) == 20
    assert paint(np.random.default_rng(1)).shape == (64, 64, 3)


def test_captions_stay_in_their_region():
    blank = np.full((100, 120, 3), 127, np.uint8)
    for seed in range(20):
        written = things.write_caption(blank, np.random.default_rng(seed), (10, 40, 110, 90), 20)
        changed = (written != blank).any(axis=2)
        assert not changed[:40].any()
        assert not changed[90:].any()
        assert not changed[:, :10].any()
    assert (blank == 127).all()


def test_a_pasted_face_is_found_where_the_canvas_says(portrait, face):
    from facestats.detect import create_detector

    big = pasting.Taught(portrait, np.array([[150, 75, 345, 318]], np.float32), face.landmarks, face.ignored)
    detector = create_detector("centerface", detect_size=0, min_score=0.5)
    for seed in range(6):
        canvas = Canvas.blank(320, 120)
        assert pasting.paste_face(canvas, big, big.image, 90, (150, 170), np.random.default_rng(seed))
        (box,) = canvas.boxes
        found = detector.detect([canvas.image])[0]
        assert len(found) == 1
        assert np.abs((found.boxes[0, :2] + found.boxes[0, 2:]) / 2 - [150, 170]).max() < 16
        assert np.sqrt((box[2:] - box[:2]).prod()) == pytest.approx(90, rel=1e-3)


def test_faces_do_not_hide_each_other(face):
    canvas, rng = Canvas.blank(200), np.random.default_rng(0)
    assert pasting.paste_face(canvas, face, face.image, 60, (100, 100), rng)
    assert not pasting.paste_face(canvas, face, face.image, 60, (105, 100), rng)
    before = canvas.image.copy()
    pasting.paste_thing(canvas, face.image, 60, (100, 100), rng)
    pasting.paint_body(canvas, 60, (100, 60), face.image, rng)
    assert np.array_equal(canvas.image, before)
    assert len(canvas.boxes) == 1


def test_disguises_change_the_part_that_they_hide_and_nothing_else(face):
    for seed in range(8):
        rng = np.random.default_rng(seed)
        masked = np.nonzero((disguise.wear_mask(rng, face) != face.image).any(axis=2))[0]
        assert masked.min() > 35  # below the eyes
        glasses = np.nonzero((disguise.wear_glasses(rng, face) != face.image).any(axis=2))[0]
        assert 20 < glasses.min() < glasses.max() < 56
        before = disguise.hold_before(rng, face, np.full((9, 9, 3), 7, np.uint8))
        x1, y1, x2, y2 = face.boxes[0].astype(int)
        hidden = (before[y1:y2, x1:x2] != face.image[y1:y2, x1:x2]).any(axis=2).mean()
        assert 0.15 < hidden < 0.55


def test_a_scrambled_face_has_the_same_pixels_in_another_order(face):
    mixed = disguise.scrambled(np.random.default_rng(0), face.image)
    assert mixed.shape == face.image.shape
    assert not np.array_equal(mixed, face.image)
    assert np.array_equal(np.sort(mixed.reshape(-1)), np.sort(face.image.reshape(-1)))


def test_degrading_keeps_shape_and_content_in_mind(photo):
    for seed in range(30):
        image = degrade(photo.image, np.random.default_rng(seed))
        assert image.shape == photo.image.shape
        assert image.dtype == np.uint8
        correlation = np.corrcoef(image.mean(axis=2).ravel(), photo.image.mean(axis=2).ravel())[0, 1]
        assert correlation > 0.6


def test_an_emblem_is_mirrored_and_has_few_colours():
    for seed in range(20):
        image = disguise.emblem(np.random.default_rng(seed))
        assert (image == image[:, ::-1]).all()
        assert 1 <= len(np.unique((image // 16).reshape(-1, 3), axis=0)) < 120
    assert len({disguise.emblem(np.random.default_rng(seed)).tobytes() for seed in range(20)}) == 20
