"""What the widgets that show one video have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from facestats.widgets.scene import Scene, Wanted, attribute_choices

#: Where the browser's side of the widgets lies.
FRONT = Path(__file__).with_name("front")

#: The traits by which a person says which tracks to show.
CHOICES = ("attribute", "min_face_px", "min_probability", "verdicts")


class SceneWidget(anywidget.AnyWidget):
    """A widget that shows a video, and of it the tracks that are wanted.

    Parameters
    ----------
    scene : Scene, optional
        What is shown; :meth:`show` changes it.

    Attributes
    ----------
    attribute : str
        ``"all"``, ``"gender"``, ``"age"``, ``"expression"``, ``"makeup"``, or one of the user's own.
    min_face_px, min_probability, verdicts
        Which tracks are wanted, see :class:`facestats.widgets.Wanted`.
    """

    _css = FRONT / "widgets.css"

    attribute = traitlets.Unicode("all")
    min_face_px = traitlets.Float(0.0)
    min_probability = traitlets.Float(0.0)
    verdicts = traitlets.Dict()

    def __init__(self, scene: Scene | None = None, **traits: Any) -> None:
        self._scene: Scene | None = None
        super().__init__(**traits)
        self.on_msg(self._heard)
        self.observe(self._wanted_changed, list(CHOICES))
        if scene is not None:
            self.show(scene)

    @traitlets.validate("attribute")
    def _known_attribute(self, proposal: dict[str, Any]) -> str:
        if proposal["value"] not in attribute_choices():
            raise traitlets.TraitError(
                f"unknown attribute {proposal['value']!r}; there are {', '.join(attribute_choices())}"
            )
        return proposal["value"]

    @property
    def wanted(self) -> Wanted:
        """Which tracks are shown."""
        return Wanted(self.attribute, self.min_face_px, self.min_probability, self.verdicts)

    def show(self, scene: Scene) -> None:
        """Show another video.

        Parameters
        ----------
        scene : Scene
        """
        raise NotImplementedError

    def _heard(self, _: object, said: dict[str, Any], __: object) -> None:
        """Answer what the browser asks."""
        raise NotImplementedError

    def _wanted_changed(self, _: object) -> None:
        """Tell the browser that other tracks are wanted now."""
        raise NotImplementedError


class MomentWidget(SceneWidget):
    """A widget that stands at a moment of a video, and may mark one track.

    Attributes
    ----------
    time_s : float
        The moment, in seconds on the video's own clock.
    highlight : int or None
        The track that is marked.
    """

    time_s = traitlets.Float(0.0).tag(sync=True)
    highlight = traitlets.Int(None, allow_none=True).tag(sync=True)
