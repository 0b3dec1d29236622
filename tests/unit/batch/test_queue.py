"""Whatever a crew answers, and in whatever order, every input is done once."""

from collections import Counter
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.batch.jobs import Join, Look, Lost, Split, Unit
from facestats.batch.plan import Content
from facestats.batch.queue import Progress, dispatch
from facestats.errors import OutputError
from facestats.video.discovery import Input
from facestats.video.spans import Span


class FakeDesk:
    def __init__(self, n, known=()):
        self.waiting = [Input(f"{number}.mp4") for number in range(n)]
        self.known, self.over = known, Counter()

    def take(self):
        if not self.waiting:
            return None
        item = self.waiting.pop(0)
        return self.unit(item) if isinstance(item, Input) and item.path in self.known else item

    def unit(self, item):
        return Unit(SimpleNamespace(item=item, video_id=item.path), None, "store")

    def read(self, item, answer):
        if answer == Content("skip"):
            self.over[item.path] += 1
        elif isinstance(answer, Lost):
            self.give_up(self.unit(item), answer.why)
        else:
            self.waiting.insert(0, self.unit(item))

    def done(self, unit, outcome):
        self.over[unit.task.video_id] += 1

    def give_up(self, unit, why):
        self.over[unit.task.video_id, why] += 1
        self.over[unit.task.video_id] += 1


class FakeCrew:
    """Answers what a test draws, for any of the work that it has."""

    def __init__(self, size, draw):
        self.size, self.draw = size, draw
        self.working, self.given = [], []

    def free(self):
        return self.size - len(self.working)

    def give(self, work):
        assert self.free() > 0
        self.working.append(work)
        self.given.append(work)

    def next(self):
        work = self.draw(st.sampled_from(self.working))
        if self.draw(st.integers(0, 3)) == 0:
            return work, Progress("analyse", 3, 10)
        answers = [Lost("crashed")]
        if isinstance(work, Input):
            answers += [Content("skip"), Content("new")]
        elif isinstance(work, Unit):
            answers += ["outcome", Split((Span(), Span(), Span()), 30)]
        else:
            answers += [10, 10, 10] if isinstance(work, Look) else ["outcome"]
        self.working.remove(work)
        return work, self.draw(st.sampled_from(answers))


class Silent:
    def report(self, *told):
        pass


@given(st.data(), st.integers(0, 5), st.integers(1, 3), st.sets(st.sampled_from(["0.mp4", "1.mp4"])))
def test_every_input_is_done_once(data, n, size, known):
    desk, crew = FakeDesk(n, known), FakeCrew(size, data.draw)
    dispatch(crew, desk, Silent())
    assert crew.working == []
    for number in range(n):
        assert desk.over[f"{number}.mp4"] == 1
    for work in crew.given:
        if isinstance(work, Join):  # all stretches were looked at before
            looked = [each.number for each in crew.given if isinstance(each, Look) and each.unit == work.unit]
            assert sorted(looked) == [0, 1, 2]
            assert desk.over[work.unit.task.video_id, "crashed"] <= 1


def test_an_error_of_the_crew_ends_it():
    crew = SimpleNamespace(
        free=lambda: 1, give=lambda work: None, next=lambda: (_ for _ in ()).throw(OutputError("full"))
    )
    with pytest.raises(OutputError, match="full"):
        dispatch(crew, FakeDesk(2), Silent())
