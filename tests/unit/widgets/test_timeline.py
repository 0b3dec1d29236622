import math

from messages import ask, listen

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
