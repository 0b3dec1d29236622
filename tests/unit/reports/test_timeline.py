import json
import re

import pytest
from markupsafe import Markup
from stores import FACES, Face, make_result

from facestats.reports.timeline import live, timeline_item


@pytest.fixture(scope="module")
def item():
    result = make_result("v-1", FACES, path="v.mp4", cut_s=6.0)
    return timeline_item(result, smooth_s=0.0, max_tracks=3)


def test_it_holds_the_spans_of_the_longest_tracks_and_the_cut(item):
    text = json.dumps(item)
    assert re.findall(r'"face \d"', text)[:3] == ['"face 3"', '"face 2"', '"face 1"']  # from below
    assert "face 4" not in text
    assert "happiness, probability 90 %" in text
    assert "unknown, probability 35 %" in text
    assert "0:04.0 to 0:08.0" in text
    assert '"location": 5.95' in text


def test_its_data_cannot_end_the_script_element_that_holds_them(item):
    text = live({**item, "x": "</script><b>"}, Markup("<img>"), hint="<drag>")
    assert text.count("</script>") == 1
    assert "&lt;drag&gt;" in text
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', text, re.DOTALL)
    assert json.loads(data)["x"] == "</script><b>"


def test_nobody_is_drawn_where_nobody_was():
    faces = [Face(1, 0.0, 100.0), Face(2, 700.0, 900.0)]
    result = make_result("v-1", faces, path="v.mp4", duration_s=900.0)
    item = timeline_item(result)
    drawn = re.findall(r"when[^]]*?\"(\d+:\d\d\.\d)\"", json.dumps(item))
    assert drawn
    times = [60 * int(m.split(":")[0]) + float(m.split(":")[1]) for m in re.findall(r"\d+:\d\d\.\d", json.dumps(item))]
    assert not [time for time in times if 101 < time < 699]
