import numpy as np

from facestats.training.detector import disguise


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


def test_an_emblem_is_mirrored_and_has_few_colours():
    for seed in range(20):
        image = disguise.emblem(np.random.default_rng(seed))
        assert (image == image[:, ::-1]).all()
        assert 1 <= len(np.unique((image // 16).reshape(-1, 3), axis=0)) < 120
    assert len({disguise.emblem(np.random.default_rng(seed)).tobytes() for seed in range(20)}) == 20
