import numpy as np
import pytest

from facestats.video.shots import CueReader, ShotCounter, ShotCue


def scene(seed, shift=0, brightness=1.0):
    """A smooth random picture, moved sideways."""
    import cv2

    image = np.random.default_rng(seed).integers(0, 256, (9, 16, 3)).astype(np.float32)
    image = cv2.resize(image, (320, 180), interpolation=cv2.INTER_CUBIC).clip(0, 255)
    return (np.roll(image, shift, axis=1) * brightness).astype(np.uint8)


def shots_of(images, rate=10, **options):
    reader, counter = CueReader(), ShotCounter(**options)
    decided = [shot for i, image in enumerate(images) for shot in counter.update(reader.read(image), i / rate)]
    return decided + counter.finish()


def mixed(one, other, share):
    return ((1 - share) * one.astype(float) + share * other).astype(np.uint8)


def test_cuts_are_counted_at_the_first_frame_of_the_new_shot():
    images = [scene(1, i) for i in range(5)] + [scene(2, i) for i in range(5)] + [scene(3, i) for i in range(2)]
    assert shots_of(images) == [0] * 5 + [1] * 5 + [2] * 2


def test_movement_and_slow_light_are_no_cuts():
    assert set(shots_of([scene(1, 6 * i, 1 - i / 60) for i in range(30)])) == {0}


def test_a_still_or_a_tiny_picture_is_one_shot():
    assert shots_of([np.zeros((1, 1, 3), np.uint8)]) == [0]
    assert shots_of([np.zeros((3000, 1, 3), np.uint8)] * 2) == [0, 0]


@pytest.mark.parametrize("rate", [10, 25])
@pytest.mark.parametrize("seconds", [0.6, 1.0, 2.0, 3.5])
def test_a_dissolve_is_one_cut_before_it_is_over(seconds, rate):
    n = round(seconds * rate)
    still = round(4 * rate)
    images = [mixed(scene(1, i // 12), scene(2, i // 12), np.clip((i - still) / n, 0, 1)) for i in range(2 * still + n)]
    shots = shots_of(images, rate)
    assert shots[still - 1] == 0
    assert shots[-1] == 1
    assert still + 0.3 * n <= shots.index(1) <= still + 1.7 * n


@pytest.mark.parametrize("dark", [1, 10])
def test_a_fade_through_black_is_one_cut_if_something_else_comes_after(dark):
    levels = [*np.linspace(1, 0, 12), *[0.0] * dark, *np.linspace(0, 1, 12)]
    half = 12 + dark // 2

    def faded(after):
        before = [scene(1, i // 4) for i in range(10)]
        fade = [scene(1 if i < half else after, 3, level) for i, level in enumerate(levels)]
        return shots_of([*before, *fade, *[scene(after, 3 + i // 4) for i in range(10)]])

    shots = faded(2)
    assert shots[0] == 0
    assert shots[-1] == 1
    assert shots[10 + 11] == 0  # going dark is part of what was before
    assert set(faded(1)) == {0}  # a light that goes off and on again


@pytest.mark.parametrize("level", [0.1, 0.14, 0.3])
def test_cuts_between_dim_pictures_are_cuts(level):
    images = [scene(1, i, level) for i in range(5)] + [scene(2, i, level) for i in range(5)]
    assert shots_of([*images, *[scene(3, i) for i in range(3)]]) == [0] * 5 + [1] * 5 + [2] * 3


def test_what_begins_in_the_dark_is_one_shot():
    assert set(shots_of([scene(1, i // 8, level) for i, level in enumerate(np.linspace(0, 1, 40))])) == {0}


def test_a_moving_camera_and_one_who_walks_past_are_no_dissolve():
    assert set(shots_of([scene(1, 5 * i) for i in range(80)])) == {0}
    images = []
    for i in range(60):
        image = scene(4).copy()
        image[40:, 6 * i : 6 * i + 60] = scene(5)[40:, :60][:, : max(0, min(60, 320 - 6 * i))]
        images.append(image)
    assert set(shots_of(images)) == {0}


def test_a_clock_that_runs_backwards():
    reader, counter = CueReader(), ShotCounter()
    decided = [counter.update(reader.read(scene(1, i)), time_s) for i, time_s in enumerate((0.0, 0.1, 0.05, 0.05, 0.2))]
    assert [*decided, counter.finish()] == [[], [0], [0], [0], [0], [0]]


def test_bodies_that_move_fast_are_no_cuts_and_a_cut_among_them_is():
    # Something as large as half the picture rushes to and fro.
    def rush(i, background):
        left = abs((30 * i) % 320 - 160)
        image = scene(background).copy()
        image[:, left : left + 160] = scene(6)[:, :160]
        return image

    moving = [rush(i, 1) for i in range(30)]
    assert len(set(shots_of(moving, looks_ahead=False))) > 3
    assert set(shots_of(moving)) == {0}
    assert shots_of([*moving, *[scene(7)] * 10]) == [0] * 30 + [1] * 10


def test_without_look_ahead_every_frame_is_decided_at_once():
    images = [scene(1)] * 3 + [scene(2)] * 3
    reader, counter = CueReader(), ShotCounter(looks_ahead=False)
    assert [counter.update(reader.read(image), i / 10) for i, image in enumerate(images)] == [[0]] * 3 + [[1]] * 3
    assert counter.finish() == []


def test_much_motion_from_the_first_frame_to_the_last_is_no_cut():
    # Found with large faces that walk through a small picture: the first and the last change stood beside nothing.
    bright = np.full((36, 64), 120, np.uint8)
    counter = ShotCounter(gradual=False)
    changes = (0.0, 31.0, 26.0, 25.0, 27.0, 25.0, 30.0)
    shots = [shot for i, change in enumerate(changes) for shot in counter.update(ShotCue(change, bright), i / 10)]
    assert [*shots, *counter.finish()] == [0] * 7


def test_a_cut_right_after_the_first_frame_or_before_the_last_is_one():
    bright = np.full((36, 64), 120, np.uint8)
    counter = ShotCounter(gradual=False)
    changes = (0.0, 60.0, 3.0, 2.0, 4.0, 60.0)
    shots = [shot for i, change in enumerate(changes) for shot in counter.update(ShotCue(change, bright), i / 10)]
    assert [*shots, *counter.finish()] == [0, 1, 1, 1, 1, 2]


@pytest.mark.parametrize("rate", [10, 25])
@pytest.mark.parametrize("length_s", [0.2, 0.4, 0.8])
def test_a_white_flash_is_a_cut_if_something_else_comes_after(rate, length_s):
    half = max(1, round(length_s * rate / 2))
    light = [*np.linspace(0, 1, half + 1)[1:], *np.linspace(1, 0, half + 1)[1:]]
    white, still = np.full((180, 320, 3), 255, np.uint8), 3 * rate // 4

    def flashed(after):
        before = [scene(1, i // 4, 0.5) for i in range(3 * rate)]
        flash = [mixed(scene(1 if i < half else after, still, 0.5), white, share) for i, share in enumerate(light)]
        return shots_of([*before, *flash, *[scene(after, still + i // 4, 0.5) for i in range(3 * rate)]], rate)

    shots = flashed(after=2)
    assert shots[: 3 * rate] == [0] * (3 * rate)
    assert shots[-1] > 0
    assert len(set(shots[3 * rate + half :])) == 1
    assert len(shots) == 6 * rate + 2 * half
    assert set(flashed(after=1)) == {0}


def test_light_that_comes_up_is_no_cut_and_a_cut_to_something_light_is_one():
    brightening = [scene(1, i // 4, min(1.0, 0.3 + 0.03 * i)) for i in range(60)]
    assert set(shots_of(brightening)) == {0}
    light = mixed(scene(2), np.full((180, 320, 3), 255, np.uint8), 0.6)
    assert shots_of([scene(1, 0, 0.4)] * 20 + [light] * 20) == [0] * 20 + [1] * 20


@pytest.mark.parametrize("rate", [10, 25])
def test_what_is_seen_while_a_fade_comes_up_is_of_the_new_shot(rate):
    n = round(0.5 * rate)
    levels = [*np.linspace(1, 0, n), 0.0, *np.linspace(0, 1, n)]
    fade = [scene(1 if i <= n else 2, 0, level) for i, level in enumerate(levels)]
    shots = shots_of([scene(1)] * (2 * rate) + fade + [scene(2)] * (2 * rate), rate)
    assert len(shots) == 4 * rate + len(fade)
    first = shots.index(1)
    assert set(shots[first:]) == {1}
    came_up = 2 * rate + n + 1  # the second black picture
    assert came_up < first <= came_up + max(1, round(0.1 * rate))


def test_a_dim_picture_after_the_dark_is_not_waited_for_forever():
    reader, counter = CueReader(), ShotCounter()
    images = [scene(1)] * 10 + [scene(1, 0, 0.0)] * 3 + [np.full((180, 320, 3), 60, np.uint8)] * 60
    waiting = most = 0
    for i, image in enumerate(images):
        waiting += 1 - len(counter.update(reader.read(image), i / 10))
        most = max(most, waiting)
    assert most <= 17
    assert waiting == len(counter.finish())
