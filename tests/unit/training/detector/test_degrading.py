import numpy as np

from facestats.training.detector.degrading import degrade


def test_degrading_keeps_shape_and_content_in_mind(photo):
    for seed in range(30):
        image = degrade(photo.image, np.random.default_rng(seed))
        assert image.shape == photo.image.shape
        assert image.dtype == np.uint8
        correlation = np.corrcoef(image.mean(axis=2).ravel(), photo.image.mean(axis=2).ravel())[0, 1]
        assert correlation > 0.6
