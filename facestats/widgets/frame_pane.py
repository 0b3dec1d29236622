"""The frame at a moment, with the faces in it, and what moves through the video."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import pandas as pd

from facestats.errors import FacestatsError
from facestats.plots.palette import hex_color
from facestats.types import UInt8
from facestats.video.seeking import SeekableVideo, Shown
from facestats.widgets.base import FRONT, MomentWidget
from facestats.widgets.scene import Scene

#: The kernel decodes for no longer than this before it sends a picture, in seconds: one on the way, if the moment is
#: not reached by then; and for no longer than that before each further one on the way to the same moment.
_FIRST_S, _AGAIN_S = 0.05, 0.25

_LARGEST = 1280  # longer side of the pictures sent, in pixels
_QUALITY = 80


class FramePane(MomentWidget):
    """A video pane: the frame at a moment with boxes, ids and verdicts; play, pause, speed, steps, jumps.

    Pictures go to the browser as messages: nothing of them is saved with a notebook.

    Attributes
    ----------
    time_s : float
        The moment, in seconds on the video's own clock; a trait, to be observed, set and linked like those below.
    highlight : int or None
        The track that is marked.
    attribute : str
        What is written beside a face: ``"all"``, ``"gender"``, ``"age"``, ``"expression"`` or ``"makeup"``.
    min_face_px, min_probability, verdicts
        Faces of other tracks are not marked, see :class:`facestats.widgets.Wanted`.

    Examples
    --------
    >>> from facestats.widgets import FramePane, scene_of
    >>> FramePane(scene_of(result))  # doctest: +SKIP
    """

    _esm = FRONT / "frame_pane.js"

    def __init__(self, scene: Scene | None = None, **traits: Any) -> None:
        self._video: SeekableVideo | None = None
        self._trouble = ""
        self._on_the_way_to: float | None = None
        self._once_shown: Callable[[], None] | None = None
        super().__init__(scene, **traits)

    def show(self, scene: Scene) -> None:
        """Show another video.

        Parameters
        ----------
        scene : Scene
        """
        self.close_video()
        self._scene = scene
        self._trouble = scene.note
        if scene.pictures is not None:
            try:
                self._video = SeekableVideo(
                    scene.pictures,
                    longer_side=_LARGEST,
                    sequence_fps=scene.sequence_fps,
                    n_kept=24,
                    size=scene.tables.frame_size,
                )
            except FacestatsError as error:
                self._trouble = f"There is no picture to show: {error}"
        with self.hold_trait_notifications():
            self.highlight = None
            self.time_s = scene.tables.time_range[0]
        self._say_facts()

    def once_shown(self, then: Callable[[], None]) -> None:
        """Call something as soon as the first frame is on its way to the browser: whatever can wait for it."""
        self._once_shown = then

    def close_video(self) -> None:
        """Let go of the video's file."""
        if self._video is not None:
            self._video.close()
            self._video = None

    def close(self) -> None:
        """Take the widget away."""
        self.close_video()
        super().close()

    def _wanted_changed(self, _: object) -> None:
        self.send({"kind": "again"})

    def _say_facts(self, *, follows: bool = False) -> None:
        """Tell what there is to move through; ``follows`` says that a frame comes without being asked for."""
        scene = self._scene
        if scene is None:
            return
        start_s, end_s = scene.tables.time_range
        width, height = (scene.tables.videos[side].iloc[0] for side in ("width", "height"))
        known = pd.notna(width) and pd.notna(height)
        self.send(
            {
                "kind": "facts",
                "start": start_s,
                "end": end_s,
                "cuts": scene.tables.cuts,
                "starts": sorted(float(start) for start in scene.tracks["start_s"]),
                "width": int(width) if known else 16,
                "height": int(height) if known else 9,
                "note": self._trouble,
                "drawn": scene.is_drawn,
                "follows": follows,
            }
        )

    def _heard(self, _: object, said: dict[str, Any], __: object) -> None:
        if said.get("kind") == "hello":
            # The first frame goes before anything else is done.
            self._say_facts(follows=True)
            if self._scene is not None:
                self._answer({**said, "time": self.time_s, "step": 0})
            if self._once_shown is not None:
                then, self._once_shown = self._once_shown, None
                then()
        elif said.get("kind") == "frame" and self._scene is not None:
            self._answer(said)

    def _answer(self, said: dict[str, Any]) -> None:
        picture, trouble = None, ""
        try:
            picture = self._picture_at(float(said["time"]), int(said["step"]))
        except FacestatsError as error:  # the file went away, or is damaged here
            trouble = f"This moment cannot be shown: {error}"
        time_s = float(said["time"]) if picture is None else picture.time_s
        faces = [
            {
                "track": face.track_id,
                "box": face.box,
                "lines": face.lines,
                "color": hex_color(self._scene.color_at(face)),
            }
            for face in self._scene.faces_at(time_s, self.wanted)
        ]
        reply = {"kind": "frame", "view": said["view"], "n": said["n"], "step": said["step"], "faces": faces}
        reply |= {"time": time_s, "exact": picture is None or picture.exact, "trouble": trouble}
        pictures = [] if picture is None else [_jpeg(picture.rgb, int(said["width"]))]
        self.send(reply, pictures)

    def _picture_at(self, time_s: float, step: int) -> Shown | None:
        if self._video is None:
            return None
        if step:
            return self._video.after(time_s) if step > 0 else self._video.before(time_s)
        shown = self._video.at(time_s, budget_s=_AGAIN_S if time_s == self._on_the_way_to else _FIRST_S)
        self._on_the_way_to = None if shown is None or shown.exact else time_s
        return shown


def _jpeg(rgb: UInt8, width: int) -> bytes:
    width = max(160, min(width, _LARGEST))
    if rgb.shape[1] > width:
        size = width, max(1, round(rgb.shape[0] * width / rgb.shape[1]))
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
