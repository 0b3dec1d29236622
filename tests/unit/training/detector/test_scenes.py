import numpy as np
import pytest

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
