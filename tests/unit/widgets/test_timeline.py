import math

from messages import ask, listen
from stores import with_persons

from facestats.widgets import Timeline, scene_of


def test_the_timeline_has_a_row_for_each_wanted_track(result, monkeypatch):
    timeline = Timeline(scene_of(result, threshold=0.5))
    sent = listen(timeline, monkeypatch)
    ask(timeline, kind="hello")
    (said, _) = sent.pop()
    assert [row["id"] for row in said["rows"]] == [1, 2, 4, 3]  # as they appear
    names = [color["name"] for color in said["colors"]]
    assert names[-2:] == ["unknown", "not measured"]
    assert [names[span[2]] for span in said["rows"][0]["spans"]] == ["neutral", "happiness", "surprise"]
    spans = [span for row in said["rows"] for span in row["spans"]]
    assert not any(math.isnan(value) for *numbers, _ in spans for value in numbers)
    assert {span[3].replace("\N{NO-BREAK SPACE}", " ") for span in spans} >= {"35 %", ""}  # nothing where not measured
    timeline.verdicts = {"gender": "male"}
    assert [row["id"] for row in sent.pop()[0]["rows"]] == [2]
    timeline.attribute = "gender"
    (said, _) = sent.pop()
    assert {said["colors"][span[2]]["name"] for span in said["rows"][0]["spans"]} == {"male"}


def test_faces_of_a_person_stand_together_in_its_colour(result, monkeypatch):
    known = with_persons(result, {1: (0, 0.9), 2: (1, 0.9), 3: (1, 0.9), 4: (2, math.nan)})
    timeline = Timeline(scene_of(known, threshold=0.5))
    sent = listen(timeline, monkeypatch)
    ask(timeline, kind="hello")
    rows = sent.pop()[0]["rows"]
    assert [row["label"] for row in rows] == ["person 0 · 1", "person 1 · 2", "person 1 · 3", "face 4"]
    assert rows[1]["mark"] == rows[2]["mark"] != rows[0]["mark"]
