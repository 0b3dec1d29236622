import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.color import deltaE_ciede2000, rgb2lab

from facestats.models.attributes import ATTRIBUTE_CLASSES
from facestats.plots import palette
from facestats.tables.schema import UNKNOWN

# Machado, Oliveira and Fernandes (2009), severity 1: what eyes without one kind of cone see, in linear RGB.
_EYES = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def _seen(color: palette.Color, eye: str) -> np.ndarray:
    rgb = np.array(color) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.asarray(_EYES[eye]) @ linear, 0, 1)
    return rgb2lab(np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)[None, None])[0, 0]


@pytest.mark.parametrize("eye", _EYES)
@pytest.mark.parametrize("attribute", ATTRIBUTE_CLASSES)
def test_colours_stay_apart_for_every_eye(attribute, eye):
    colors = [*palette.ATTRIBUTE_COLORS[attribute].values(), palette.UNKNOWN_COLOR, palette.NOT_MEASURED_COLOR]
    for one, other in combinations(colors, 2):
        assert deltaE_ciede2000(_seen(one, eye), _seen(other, eye)) > 9, (one, other)


@pytest.mark.parametrize("eye", _EYES)
def test_expressions_stay_well_apart(eye):
    for one, other in combinations(palette.EXPRESSION_COLORS.values(), 2):
        assert deltaE_ciede2000(_seen(one, eye), _seen(other, eye)) > 17, (one, other)


def test_every_class_has_a_colour_in_the_order_of_the_schema():
    for attribute, classes in ATTRIBUTE_CLASSES.items():
        assert tuple(palette.ATTRIBUTE_COLORS[attribute]) == classes


def test_missing_and_unknown_differ():
    assert palette.color_of("gender", UNKNOWN) == palette.UNKNOWN_COLOR
    for missing in (None, float("nan")):
        assert palette.color_of("gender", missing) == palette.NOT_MEASURED_COLOR


def test_an_unknown_class_is_an_error():
    with pytest.raises(KeyError):
        palette.color_of("gender", "femal")


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_text_is_legible_on_every_background(color):
    def luminance(rgb):
        linear = [v / 255 / 12.92 if v <= 10 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in rgb]
        return np.dot([0.2126, 0.7152, 0.0722], linear)

    dark, light = sorted([luminance(color), luminance(palette.text_color(color))])
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_the_palette_loads_no_plotting_library():
    code = "import sys, facestats.plots.palette; print('matplotlib' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code]).strip() == b"False"
