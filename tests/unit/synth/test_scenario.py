from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.errors import UsageError
from facestats.synth.faces import people
from facestats.synth.scenario import SUITE, Scenario, scenes
from facestats.synth.scene import render

PORTRAITS = people(None, 8)


@st.composite
def scenarios(draw):
    low = draw(st.floats(12, 60))
    return Scenario(
        "any",
        people=draw(st.integers(1, 8)),
        seconds=draw(st.floats(2, 12)),
        fps=draw(st.sampled_from([10, 25, 30])),
        face_px=(low, draw(st.floats(low, 120))),
        speed=draw(st.floats(0.2, 8)),
        crossings=draw(st.booleans()),
        occluders=draw(st.integers(0, 4)),
        leaving=draw(st.booleans()),
        shots=draw(st.integers(1, 3)),
        seed=draw(st.integers(0, 1000)),
    )


@given(scenarios())
def test_everybody_is_there_all_the_time_in_the_wanted_size(scenario):
    made = scenes(scenario, PORTRAITS[: scenario.people])
    assert len(made) == scenario.shots
    assert sum(scene.n_frames for scene in made) == round(scenario.seconds * scenario.fps)
    low, high = scenario.face_px
    for scene in made:
        assert len({actor.portrait.name for actor in scene.actors}) == scenario.people
        assert (scene.foreground is None) == (scenario.occluders == 0)
        for actor in scene.actors:
            assert actor.motion.times_s[0] == 0
            assert actor.motion.times_s[-1] == pytest.approx(scene.duration_s)
            x1, y1, x2, y2 = actor.portrait.face
            sides = np.array(actor.motion.heights) * min(1.0, (x2 - x1) / (y2 - y1))
            assert sides.min() >= low - 1e-6
            assert sides.max() <= high + 1e-6


def test_the_same_scenario_gives_the_same_pixels():
    scenario = Scenario("again", people=2, seconds=0.5, fps=4, width=160, height=120, face_px=(20, 30), noise=5)
    one, two = ([frame.rgb for scene in scenes(scenario, PORTRAITS[:2]) for frame, _ in render(scene)] for _ in "ab")
    assert np.array_equal(one, two)
    (other,) = scenes(replace(scenario, seed=1), PORTRAITS[:2])
    assert not np.array_equal(one[0], next(render(other))[0].rgb)


def truth_of(scenario):
    return [
        [{row.person: row for row in rows} for _, rows in render(scene)]
        for scene in scenes(scenario, PORTRAITS[: scenario.people])
    ]


SMALL = Scenario("small", people=2, seconds=6.0, fps=10, width=320, height=180, face_px=(24.0, 30.0), noise=0.0, seed=3)


def test_strollers_do_not_meet():
    (frames,) = truth_of(SMALL)
    assert all(row.visible > 0.99 for rows in frames for row in rows.values())


def test_crossing_people_change_places_and_hide_each_other():
    (frames,) = truth_of(replace(SMALL, crossings=True))
    gaps = [rows["Grace Hopper"].x - rows["Eileen Collins"].x for rows in frames]
    assert len({np.sign(gap) for gap in gaps if abs(gap) > 30}) == 2
    assert min(row.visible for rows in frames for row in rows.values()) < 0.5


def test_pillars_hide_people_for_a_while():
    (frames,) = truth_of(replace(SMALL, occluders=2))
    for name in frames[0]:
        visible = np.array([rows[name].visible for rows in frames])
        assert visible.min() < 0.05
        assert visible[0] > 0.9
        assert (visible > 0.9).mean() > 0.5


def test_who_leaves_comes_back():
    (frames,) = truth_of(replace(SMALL, leaving=True))
    gone = {name: np.array([rows[name].visible == 0 for rows in frames]) for name in frames[0]}
    leaver = max(gone, key=lambda name: gone[name].sum())
    assert 10 <= gone[leaver].sum() <= 30  # 1 to 2.5 seconds, and the way in and out
    assert not gone[leaver][0]
    assert not gone[leaver][-1]
    assert sum(hidden.any() for hidden in gone.values()) == 1


def test_people_walk_past_one_after_the_other():
    (frames,) = truth_of(replace(SMALL, people=4, passing=True, face_px=(16.0, 60.0)))
    gone = [max(i for i, rows in enumerate(frames) if rows[name].visible > 0.1) for name in frames[0]]
    assert sorted(gone) == gone
    assert len({frame // 8 for frame in gone}) == 4
    for name in frames[0]:
        widths = [rows[name].w for rows in frames]
        assert widths == sorted(widths)
        assert min(rows[name].visible for rows in frames) == 0
    # Some wait behind others.
    assert min(row.visible for rows in frames[:20] for row in rows.values()) < 0.5


def test_shots_differ():
    shots = scenes(replace(SMALL, shots=3), PORTRAITS[:4])
    assert len({scene.background.tobytes() for scene in shots}) == 3
    assert len({tuple(actor.portrait.name for actor in scene.actors) for scene in shots}) > 1


def test_the_suite_is_what_it_says():
    assert len(SUITE) >= 12
    assert len({scenario.name for scenario in SUITE}) == len({scenario.seed for scenario in SUITE}) == len(SUITE)
    assert {scenario.people for scenario in SUITE} >= {2, 3, 4, 8}
    assert sum(scenario.occluders > 0 for scenario in SUITE) >= 4
    assert all("pillars" in scenario.name for scenario in SUITE if scenario.occluders)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"people": 0}, "people must be 1 to 8"),
        ({"seconds": 0.2}, "a shot must last"),
        ({"shots": 20}, "a shot must last"),
        ({"face_px": (50, 40)}, "the smallest first"),
        ({"width": 32}, "64 to 4096 pixels"),
        ({"exposure": 1.5}, "exposure must be 0 to 1"),
        ({"speed": float("nan")}, "speed must be above 0"),
        ({"passing": True, "crossings": True}, "neither crosses nor leaves"),
        ({"transition": "wipe"}, "one of cut, flash, fade"),
    ],
)
def test_numbers_that_make_no_sense(change, told):
    with pytest.raises(UsageError, match=told):
        replace(SMALL, **change)


def test_too_few_people():
    with pytest.raises(ValueError, match="needs 2 people"):
        scenes(SMALL, PORTRAITS[:1])
    with pytest.raises(ValueError, match="different names"):
        scenes(SMALL, [PORTRAITS[0], PORTRAITS[0]])
