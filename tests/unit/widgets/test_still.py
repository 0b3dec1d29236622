import pytest
from stores import PEOPLE

import facestats
from facestats.errors import StoreError
from facestats.widgets import Explorer


def test_where_widgets_cannot_be_shown_there_is_a_still_figure(store, result, capsys):
    for found in (store, store.path, store.video(PEOPLE), result):
        figure = facestats.explore(found)
        assert figure.axes
        assert "needs a notebook" in capsys.readouterr().err
    bundle = Explorer(store)._repr_mimebundle_()
    assert "still figure" in bundle["text/plain"]
    assert bundle["image/png"].startswith("iVBOR")
    with pytest.raises(StoreError):
        facestats.explore(store.path / "nowhere")
