import sys
from types import ModuleType

import pytest

from facestats.errors import UnknownNameError
from facestats.track import TRACKERS, create_tracker


@pytest.mark.parametrize("name", TRACKERS)
def test_every_tracker_has_its_own_name_and_is_a_new_one_each_time(name):
    first, second = (create_tracker(name, rate=10.0) for _ in range(2))
    assert first.name == name
    assert first is not second


def test_a_new_tracker_is_one_module_and_one_line(monkeypatch):
    module = ModuleType("mine")
    module.create = lambda name, *, rate, lost_for_s, sure_score: (name, rate, lost_for_s, sure_score)
    monkeypatch.setitem(sys.modules, "mine", module)
    monkeypatch.setitem(TRACKERS, "mine", "mine")
    assert create_tracker("mine", rate=0.2, sure_score=0.6) == ("mine", 0.2, 12.5, 0.6)


def test_an_unknown_name_names_all_trackers():
    with pytest.raises(UnknownNameError, match=r"use bytetrack, .*, none"):
        create_tracker("kalman", rate=10.0)
