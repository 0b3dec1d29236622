import numpy as np
from embedding import stand_in
from faces import make_detections

from facestats.analysis.portraits import PortraitChooser, Portrayed, cut_portraits
from facestats.classify.crops import pixels_across


def test_only_faces_that_are_large_enough_and_of_a_track_are_chosen(tmp_path):
    detections = make_detections((0, 0, 60, 60), (80, 0, 90, 10), (100, 0, 160, 60))
    across = pixels_across(detections.landmarks)
    embedder = stand_in(tmp_path, least_pixels=float(across.mean()))
    chooser = PortraitChooser(embedder)
    assert chooser.choose(detections, np.array([0, 1, -1]), 0.0) == [0]
    assert chooser.choose(detections, np.array([0, 1, -1]), 0.1) == []  # no better, and too near
    assert chooser.choose(detections, np.array([0, 1, -1]), 1.0) == [0]
    cut = cut_portraits(np.zeros((99, 199, 3), np.uint8), detections, [0], embedder)
    assert cut[0].shape == (64, 64, 3)


def test_without_an_embedding_nobody_is_compared():
    assert PortraitChooser(None).choose(make_detections((0, 0, 60, 60)), np.array([0]), 0.0) == []


def test_faces_are_told_by_frame_and_number_with_their_embeddings(tmp_path):
    embedder = stand_in(tmp_path)
    faces = np.random.default_rng(0).integers(0, 255, (3, 64, 64, 3)).astype(np.uint8)
    portrayed = Portrayed(embedder)
    portrayed.add(0, {})
    portrayed.add(4, {2: faces[0]})
    portrayed.add(7, {0: faces[1], 3: faces[2]})
    assert portrayed.chosen.tolist() == [[4, 2], [7, 0], [7, 3]]
    np.testing.assert_allclose(portrayed.embeddings, embedder.embed(faces), atol=1e-6)
    assert Portrayed(None).embeddings is None
