import pytest
import torch

from facestats.training.augmentation import _moved, _side_light, augment, blend


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_shape_range_and_input_kept():
    faces = torch.rand(16, 3, 48, 48) * 255
    before = faces.clone()
    changed = augment(faces, generator())
    assert changed.shape == faces.shape
    assert changed.min() >= 0
    assert changed.max() <= 255
    assert torch.equal(faces, before)


def test_seeded():
    faces = torch.rand(8, 1, 48, 48) * 255
    assert torch.equal(augment(faces, generator(1)), augment(faces, generator(1)))
    assert not torch.equal(augment(faces, generator(1)), augment(faces, generator(2)))


def test_half_of_the_faces_are_mirrored():
    faces = torch.zeros(400, 1, 48, 48)
    faces[..., :24] = 255  # bright left half
    changed = augment(faces, generator())
    mirrored = changed[..., :24].mean(dim=(1, 2, 3)) < changed[..., 24:].mean(dim=(1, 2, 3))
    assert 0.4 < mirrored.float().mean() < 0.6


def test_a_dot_in_the_middle_stays_near_the_middle():
    faces = torch.zeros(200, 1, 48, 48)
    faces[..., 23:25, 23:25] = 255
    changed = augment(faces, generator())
    flat = changed.flatten(1).argmax(dim=1)
    rows, cols = flat // 48, flat % 48
    away = torch.maximum((rows - 23.5).abs(), (cols - 23.5).abs())
    assert (away < 9).float().mean() > 0.85  # but where a hole hides it
    assert away.float().std() > 0.5  # they do move


def test_some_faces_lose_detail():
    faces = torch.randint(0, 2, (200, 1, 48, 48), generator=generator()).float() * 255
    detail = augment(faces, generator()).std(dim=(1, 2, 3))
    assert (detail < 0.6 * detail.median()).float().mean() > 0.05


def test_some_faces_get_a_hole():
    changed = augment(torch.zeros(200, 1, 48, 48), generator())
    has_hole = (changed == 127.5).any(dim=(1, 2, 3))
    assert 0.08 < has_hole.float().mean() < 0.25


def test_colours_stay_together():
    """Grey faces become tinted at most a little."""
    changed = augment(torch.full((100, 3, 48, 48), 120.0), generator())
    spread = changed.mean(dim=(2, 3)).amax(dim=1) - changed.mean(dim=(2, 3)).amin(dim=1)
    assert spread.max() < 40
    assert (spread > 1).float().mean() > 0.5


def test_blending_keeps_more_of_the_first():
    faces = torch.rand(6, 3, 8, 8)
    blended, others, share = blend(faces, generator(), 0.4)
    assert 0.5 <= share <= 1
    assert torch.allclose(blended, share * faces + (1 - share) * faces[others])
    assert sorted(others.tolist()) == list(range(6))


def test_faces_as_video_shows_them():
    faces = torch.randint(0, 2, (200, 1, 48, 48), generator=generator()).float() * 255
    changed = augment(faces, generator(), kind="video")
    assert changed.shape == faces.shape
    assert 0 <= changed.min() <= changed.max() <= 255
    mild, video = (
        augment(faces, generator(), kind=kind).diff(dim=3).abs().mean(dim=(1, 2, 3)) for kind in ("mild", "video")
    )
    assert (video < 20).float().mean() > (mild < 20).float().mean() + 0.05  # more of them lose their detail


def test_light_from_a_side_keeps_the_mean():
    light = _side_light(48, torch.tensor([0.0, 1.0]), torch.tensor([0.4, 0.6]))
    assert light.shape == (2, 1, 48, 48)
    assert light.mean(dim=(1, 2, 3)).tolist() == pytest.approx([1, 1], abs=0.05)
    assert light[0, 0, 20, -1] == pytest.approx(1.4)
    assert light[0, 0, 20, 0] == pytest.approx(0.6)


def test_motion_blurs_along_its_line_alone():
    face = torch.zeros(1, 48, 48)
    face[0, 24, 24] = 255
    moved = _moved(face, 0.0, 6.0)
    assert (moved[0] > 1).any(dim=0).sum() >= 5
    assert (moved[0] > 1).any(dim=1).sum() == 1
    assert moved.sum() == pytest.approx(255, rel=0.01)
