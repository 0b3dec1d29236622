"""The colours: one for each class of each attribute, the same in every plot, page and clip.

They stay apart for readers with any of the common colour-vision deficiencies (tested against simulations of them).
Expressions are unordered, so they differ in hue; age groups and makeup are ordered, so they run from light to dark.
``"unknown"`` is one grey everywhere, and "not measured" is white with an outline. Needs no plotting library.
"""

from __future__ import annotations

from collections.abc import Mapping

from facestats.models.attributes import ATTRIBUTE_CLASSES, CLASS_GROUPS
from facestats.tables.schema import UNKNOWN

#: Red, green, blue, 0 to 255 each.
Color = tuple[int, int, int]

#: How "measured, and not sure enough" is drawn; plots add hatching.
UNKNOWN_COLOR: Color = (85, 85, 85)

#: How a missing verdict is written and drawn.
NOT_MEASURED = "not measured"
NOT_MEASURED_COLOR: Color = (255, 255, 255)

#: Text, thin lines, and lines that should not be noticed first.
INK: Color = (34, 34, 34)
MUTED: Color = (96, 96, 96)
FAINT: Color = (216, 216, 216)

EXPRESSION_COLORS: Mapping[str, Color] = {
    "anger": (217, 54, 22),
    "disgust": (12, 144, 103),
    "fear": (160, 110, 165),
    "happiness": (245, 200, 60),
    "sadness": (27, 63, 149),
    "surprise": (102, 194, 255),
    "neutral": (212, 212, 212),
}
GENDER_COLORS: Mapping[str, Color] = {"female": (126, 87, 194), "male": (230, 145, 30)}
AGE_COLORS: Mapping[str, Color] = {
    "child": (253, 225, 130),
    "young": (85, 170, 125),
    "middle": (35, 105, 165),
    "old": (45, 25, 85),
}
MAKEUP_COLORS: Mapping[str, Color] = {"none": (222, 203, 228), "partial": (200, 110, 170), "over": (122, 1, 90)}

#: The colours of each attribute's classes, in the order of :data:`facestats.models.attributes.ATTRIBUTE_CLASSES`.
ATTRIBUTE_COLORS: Mapping[str, Mapping[str, Color]] = {
    "expression": EXPRESSION_COLORS,
    "gender": GENDER_COLORS,
    "age": AGE_COLORS,
    "makeup": MAKEUP_COLORS,
}


#: The colours of the classes of an attribute of the user's own, in their order: those of Okabe and Ito (2008), whose
#: grey and black stand for other things here; more classes than colours repeat them.
OWN_COLORS: tuple[Color, ...] = (
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (213, 94, 0),
    (240, 228, 66),
)


def color_of(attribute: str, name: str | None) -> Color:
    """Return the colour of a class of an attribute, of ``"unknown"``, or of a missing verdict.

    Parameters
    ----------
    attribute : str
        ``"expression"``, ``"gender"``, ``"age"``, ``"makeup"``, or one of the user's own.
    name : str or None
        A class, a group of classes (which has the colour of the first of them), ``"unknown"``, or None or any other
        missing value for "not measured".

    Returns
    -------
    tuple of int
        Red, green, blue, 0 to 255 each.

    Examples
    --------
    >>> color_of("gender", "male")
    (230, 145, 30)
    >>> color_of("gender", None)
    (255, 255, 255)
    """
    if not isinstance(name, str):
        return NOT_MEASURED_COLOR
    group = CLASS_GROUPS.get(attribute, {}).get(name)
    if name == UNKNOWN:
        return UNKNOWN_COLOR
    if attribute not in ATTRIBUTE_COLORS:
        return OWN_COLORS[ATTRIBUTE_CLASSES[attribute].index(name) % len(OWN_COLORS)]
    return ATTRIBUTE_COLORS[attribute][group[0] if group else name]


def hex_color(color: Color) -> str:
    """Return a colour as matplotlib and HTML write it.

    Examples
    --------
    >>> hex_color((255, 0, 16))
    '#ff0010'
    """
    return "#{:02x}{:02x}{:02x}".format(*color)


def text_color(background: Color) -> Color:
    """Return black or white, whichever reads better on ``background`` (contrast ratio of WCAG 2.1).

    Examples
    --------
    >>> text_color((255, 255, 255)), text_color((27, 63, 149))
    ((0, 0, 0), (255, 255, 255))
    """
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in background)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return (0, 0, 0) if (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) else (255, 255, 255)
