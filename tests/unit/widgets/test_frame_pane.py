import cv2
import numpy as np
import pytest
from messages import ask, listen
from stores import FACES, PEOPLE, make_result

from facestats.video.seeking import Shown
from facestats.widgets import FramePane, scene_of


def test_the_pane_answers_with_a_picture_and_the_faces_in_it(result, monkeypatch):
    pane = FramePane(scene_of(result, threshold=0.5))
    sent = listen(pane, monkeypatch)
    ask(pane, kind="hello")
    (facts, _) = sent.pop()
    assert (facts["kind"], facts["start"], facts["end"], facts["cuts"]) == ("facts", 0.0, 12.0, [pytest.approx(5.95)])
    assert (facts["width"], facts["height"], facts["note"]) == (640, 360, "")
    while True:
        ask(pane, kind="frame", view="v", n=7, time=4.52, step=0, width=320)
        (said, (jpeg,)) = sent.pop()
        if said["exact"]:
            break
    assert (said["view"], said["n"]) == ("v", 7)
    assert said["time"] == pytest.approx(4.52, abs=0.001)
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (180, 320, 3)
    assert {face["track"] for face in said["faces"]} == {1, 2}
    ask(pane, kind="frame", view="v", n=8, time=4.52, step=1, width=320)
    assert sent.pop()[0]["time"] == pytest.approx(4.56, abs=0.001)
    pane.attribute = "expression"
    assert sent.pop() == ({"kind": "again"}, [])
    pane.close()


def test_without_a_picture_the_pane_says_why_and_shows_the_faces(monkeypatch):
    pane = FramePane(scene_of(make_result(PEOPLE, FACES, path="gone.mp4")))
    sent = listen(pane, monkeypatch)
    ask(pane, kind="hello")
    assert "not there any more (gone.mp4)" in sent.pop()[0]["note"]
    ask(pane, kind="frame", view="v", n=1, time=1.0, step=0, width=320)
    said, pictures = sent.pop()
    assert pictures == []
    assert said["exact"]
    assert len(said["faces"]) == 2


def test_a_file_that_is_no_video_is_told(tmp_path, monkeypatch):
    (tmp_path / "text.mp4").write_bytes(b"text")
    pane = FramePane(scene_of(make_result(PEOPLE, FACES, path=str(tmp_path / "text.mp4"))))
    sent = listen(pane, monkeypatch)
    ask(pane, kind="hello")
    assert "There is no picture to show: cannot read" in sent.pop()[0]["note"]


def test_a_first_picture_comes_soon_and_further_ones_on_the_way_to_it_are_few(result, monkeypatch):
    pane = FramePane(scene_of(result, threshold=0.5))
    sent, budgets = listen(pane, monkeypatch), []

    class Slow:
        """A video that reaches a moment at the third attempt."""

        def at(self, time_s, *, budget_s):
            budgets.append(budget_s)
            return Shown(time_s - 0.1, time_s, np.zeros((9, 16, 3), np.uint8), exact=len(budgets) % 3 == 0)

        def close(self):
            pass

    pane._video.close()
    pane._video = Slow()
    for time_s in (4.0, 4.0, 4.0, 5.0, 6.0, 6.0):
        ask(pane, kind="frame", view="v", n=1, time=time_s, step=0, width=320)
        sent.pop()
    first, again = budgets[:2]
    assert first <= 0.05 < again  # in seconds
    assert budgets == [first, again, again, first, first, again]
    pane.close()
