import numpy as np
from cards import a_card
from faces import make_detections
from hypothesis import given, settings
from hypothesis import strategies as st

from facestats.analysis.faces import FoundFaces, classify_faces, is_lasting
from facestats.classify import create_classifiers
from facestats.models.registry import choose_models
from facestats.types import Frame

CLASSIFIERS = create_classifiers(choose_models({}))


def frame(seed, n):
    random = np.random.default_rng(seed)
    rgb = random.integers(0, 256, (60, 120, 3)).astype(np.uint8)
    boxes = [(x, 5.0, x + size, 5.0 + size) for x, size in zip(range(0, 30 * n, 30), (40, 12, 25), strict=False)]
    counts = random.random(n) < 0.8
    return FoundFaces(Frame(seed, seed / 10, rgb), make_detections(*boxes), counts, counts & (random.random(n) < 0.6))


@settings(max_examples=10)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=4))
def test_faces_of_several_frames_together_give_what_each_frame_gives_alone(numbers):
    found = [frame(seed, n) for seed, n in enumerate(numbers)]
    together = classify_faces(found, CLASSIFIERS)
    for each, known in zip(found, together, strict=True):
        (alone,) = classify_faces([each], CLASSIFIERS)
        assert len(known.sharpness) == len(known.appearances) == len(each.detections)
        assert np.array_equal(known.sharpness, alone.sharpness)
        assert known.rows.keys() == alone.rows.keys() == known.predictions.keys()
        for name, rows in known.rows.items():
            assert np.array_equal(rows, alone.rows[name])
            one, other = known.predictions[name].probabilities, alone.predictions[name].probabilities
            np.testing.assert_allclose(one, other, atol=1e-5)


def test_lasting_attributes_are_measured_of_close_faces_alone():
    found = frame(3, 3)
    (known,) = classify_faces([found], CLASSIFIERS)
    for classifier in CLASSIFIERS:
        due = found.close if is_lasting(classifier) else found.counts
        for name in classifier.attributes:
            rows = known.rows.get(name, np.zeros(0, int))
            assert np.array_equal(rows, np.flatnonzero(due & (found.detections.sizes >= classifier.smallest_face)))


def test_no_more_faces_go_to_a_card_than_its_memory_takes():
    found = [frame(seed, 3) for seed in range(6)]
    with a_card(memory=2**30) as card:  # 33 faces
        classifiers = create_classifiers(choose_models({}), device="cuda")
        card.batches.clear()
        on_card = classify_faces(found * 6, classifiers)
    assert card.batches
    assert max(shape[0] for shape in card.batches) == 33
    for known, alone in zip(on_card, classify_faces(found * 6, CLASSIFIERS), strict=True):
        for name, predictions in known.predictions.items():
            # A card computes expressions with all bits.
            near = 0.1 if name == "expression" else 1e-5
            np.testing.assert_allclose(predictions.probabilities, alone.predictions[name].probabilities, atol=near)
