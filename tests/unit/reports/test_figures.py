import base64
import io
import re

import numpy as np
from PIL import Image
from stores import FACES, PEOPLE, make_result

from facestats import plots
from facestats.reports.figures import HALF, NARROW, WIDE, figure
from facestats.reports.grounds import DARK_GROUND


def pictures(markup):
    found = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", markup)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(each))).convert("RGB"), int) for each in found]


def test_a_figure_is_drawn_for_both_widths_on_both_grounds_and_nothing_moves():
    result = make_result(PEOPLE, FACES, path="a.mp4")
    drawn = figure(plots.track_overview, result, aligned=True, legend=False, alt="rows")
    dark_narrow, dark, narrow, light = pictures(drawn)
    assert [picture.shape[1] for picture in (dark_narrow, dark, narrow, light)] == [
        int(width * 192) for width in (NARROW, WIDE, NARROW, WIDE)
    ]
    assert dark.shape == light.shape
    assert dark_narrow.shape == narrow.shape
    ground = np.array([int(DARK_GROUND[i : i + 2], 16) for i in (1, 3, 5)])
    assert (dark[0, 0] == ground).all()
    assert (light[0, 0] == 255).all()
    for on_dark, on_light in ((dark, light), (dark_narrow, narrow)):
        inked, same = np.abs(on_light - 255).max(axis=2) > 90, np.abs(on_dark - ground).max(axis=2) > 40
        assert inked.any()
        assert same[inked].mean() > 0.99


def test_pictures_have_few_colours():
    tracks = make_result(PEOPLE, FACES, path="a.mp4").tracks
    found = pictures(figure(plots.verdict_counts, tracks, "gender", half=True, alt="verdicts"))
    assert [picture.shape[1] for picture in found] == [int(HALF * 192)] * 2
    assert all(len(np.unique(picture.reshape(-1, 3), axis=0)) <= 256 for picture in found)
