"""How far a run is."""

from __future__ import annotations

import pytest
from tqdm.notebook import tqdm as notebook_bar

from facestats.analysis.progress import Act, Bars, Progress


@pytest.fixture
def made(monkeypatch):
    """The bars that a notebook would show."""
    bars = []

    def make(progress, **how):
        bars.append(notebook_bar(disable=progress is False, display=False, **how))
        return bars[-1]

    monkeypatch.setattr("facestats._util.progress.bar", make)
    return bars


def style(bar) -> str:
    return bar.container.children[1].bar_style


def test_an_act_that_ends_before_its_announced_number_of_frames_ends_well(made):
    with Bars(1, progress=True) as bars:
        bars.report("clip.mp4", Progress(Act.ANALYZE, 463, 464))
        bars.report("clip.mp4", Progress(Act.DRAW, 400, 464))
        bars.finish("clip.mp4")
    assert [style(bar) for bar in made[1:]] == ["", ""]


def test_an_act_that_was_broken_off_is_red(made):
    with Bars(1, progress=True) as bars:  # left while the video was not finished
        bars.report("clip.mp4", Progress(Act.ANALYZE, 3, 464))
    assert style(made[1]) == "danger"
