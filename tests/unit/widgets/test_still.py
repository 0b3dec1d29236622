import base64
import re
import xml.etree.ElementTree as ET

import pytest
from stores import EMPTY, FACES, PEOPLE, Face, make_result, make_store

import facestats
from facestats.errors import StoreError
from facestats.widgets import Explorer, still

SVG = "{http://www.w3.org/2000/svg}"


def drawn(html):
    """The elements of the picture in a piece of HTML."""
    (address,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    return list(ET.fromstring(base64.b64decode(address)).iter())


def test_where_widgets_cannot_be_shown_there_is_a_still_figure(store, result, capsys):
    for found in (store, store.path, store.video(PEOPLE), result):
        figure = facestats.explore(found)
        assert figure.axes
        assert "needs a notebook" in capsys.readouterr().err
    with pytest.raises(StoreError):
        facestats.explore(store.path / "nowhere")


def test_a_notebook_gets_a_still_picture_beside_the_explorer(store, monkeypatch):
    shown = []
    monkeypatch.setattr("facestats.widgets.explorer.display", lambda bundle, raw: shown.append(bundle))
    Explorer(store)._ipython_display_()
    picture, widget = shown
    assert "application/vnd.jupyter.widget-view+json" in widget
    assert widget["text/html"] == ""  # a page made of the notebook shows the picture alone
    assert 'class="fsx-still"' in picture["text/html"]
    assert "still figure" in picture["text/plain"]


def test_the_picture_of_a_video_has_its_faces_in_their_colours_and_no_face(store):
    html = Explorer(store.video(PEOPLE))._still()
    assert 'alt="people.mp4, from 0:00.0 to 0:12.0: four faces"' in html
    texts = [each.text for each in drawn(html) if each.tag == f"{SVG}text"]
    assert texts[0] == "people.mp4 – a still picture: run the cell to explore"
    assert {"face 1", "face 4", "happiness", "surprise", "unknown"} <= set(texts)
    assert "disgust" not in texts
    assert {each.tag for each in drawn(html)} <= {f"{SVG}{name}" for name in ("svg", "rect", "text", "path")}


def test_many_faces_are_counted_and_names_are_escaped():
    many = [Face(number, 0.0, 2.0) for number in range(still.MOST_ROWS + 3)]
    explorer = Explorer(make_result(PEOPLE, many, path="a<b>.mp4", duration_s=3.0))
    html = explorer._still()
    assert "<b>" not in html
    texts = [each.text for each in drawn(html) if each.tag == f"{SVG}text"]
    assert "and three faces more" in texts
    assert texts[0].startswith("a<b>.mp4")
    assert sum(text.startswith("face ") for text in texts) == still.MOST_ROWS
    none = Explorer(make_result(EMPTY, [], path="empty.mp4", duration_s=3.0))._still()
    assert "no face" in none


def test_the_picture_of_a_store_lists_its_videos_also_damaged_ones(tmp_path):
    store = make_store(tmp_path / "store", PEOPLE, EMPTY)
    texts = [each.text for each in drawn(Explorer(store)._still()) if each.tag == f"{SVG}text"]
    assert texts[0].startswith("two videos")
    assert any(text.startswith("people.mp4: 12 seconds, four faces") for text in texts)
    assert "happiness" in texts
    explorer = Explorer(store)
    (store.path / "entries" / f"{PEOPLE}.json").write_text("damaged")
    assert "the store cannot be read" in explorer._still()


def test_a_result_that_was_blurred_is_drawn_without_faces():
    html = Explorer(make_result(PEOPLE, FACES, path="people.mp4"))._still()
    assert "UklGR" not in html  # how WebP begins in base64
