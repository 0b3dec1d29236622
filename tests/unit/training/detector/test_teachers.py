import numpy as np
import pytest

from facestats.detect import DETECTORS, create_detector, detector_file
from facestats.models.detectors import shipped_card
from facestats.training.detector.teachers import create_teacher, teacher_name


@pytest.mark.parametrize(("name", "fit_in_network"), [("centerface", False), ("fast", True)])
def test_teachers_tell_their_own_scores(name, fit_in_network, portrait):
    (score,) = create_teacher(name).detect([portrait])[0].scores[:1]
    (probability,) = create_detector(name, detect_size=0, min_score=0.01).detect([portrait])[0].scores[:1]
    assert shipped_card(name).calibration.probability(np.array([score]))[0] == pytest.approx(probability, abs=1e-4)
    assert (score == pytest.approx(probability, abs=1e-4)) == fit_in_network


def test_a_file_has_the_name_of_what_runs_it():
    assert teacher_name(str(detector_file("fast"))) == "fast"
    assert [teacher_name(name) for name in DETECTORS] == list(DETECTORS)
    assert create_teacher(str(detector_file("fast"))).name == "fast"
