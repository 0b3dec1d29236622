import numpy as np

from facestats.shots import ShotCounter


def scene(seed, shift=0, brightness=1.0):
    """A smooth random picture, moved sideways."""
    import cv2

    image = np.random.default_rng(seed).integers(0, 256, (9, 16, 3)).astype(np.float32)
    image = cv2.resize(image, (320, 180), interpolation=cv2.INTER_CUBIC).clip(0, 255)
    return (np.roll(image, shift, axis=1) * brightness).astype(np.uint8)


def shots_of(images):
    counter = ShotCounter()
    return [counter.update(image) for image in images]


def test_cuts_are_counted_at_the_first_frame_of_the_new_shot():
    images = [scene(1, i) for i in range(5)] + [scene(2, i) for i in range(5)] + [scene(3, i) for i in range(2)]
    assert shots_of(images) == [0] * 5 + [1] * 5 + [2] * 2


def test_movement_and_slow_light_are_no_cuts():
    assert set(shots_of([scene(1, 6 * i, 1 - i / 60) for i in range(30)])) == {0}


def test_a_still_or_a_tiny_picture_is_one_shot():
    assert shots_of([np.zeros((1, 1, 3), np.uint8)]) == [0]
    assert shots_of([np.zeros((3000, 1, 3), np.uint8)] * 2) == [0, 0]
