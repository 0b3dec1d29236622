"""Explore a video, or the videos of a store, in JupyterLab."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any

import ipywidgets
import traitlets
from IPython.display import display
from markupsafe import Markup

from facestats._util.notebook import is_notebook
from facestats._util.spoken import path_given
from facestats.errors import FacestatsError, UsageError
from facestats.store.store import Store, open_store
from facestats.tables.video_tables import VideoTables
from facestats.widgets import still
from facestats.widgets.base import CHOICES
from facestats.widgets.correctable import CorrectableFaces
from facestats.widgets.correcting import CorrectingRow
from facestats.widgets.face_grid import FaceGrid
from facestats.widgets.frame_pane import FramePane
from facestats.widgets.scene import Scene, scene_of
from facestats.widgets.selection import Selection, selected
from facestats.widgets.stage import button, controls, row, stage
from facestats.widgets.timeline import Timeline
from facestats.widgets.track_table import TrackTable
from facestats.widgets.video_list import VideoList


class Explorer(CorrectableFaces, ipywidgets.VBox):
    """A video pane, a timeline on the same clock, the tracks as a table, and controls; for a store, first its videos.

    Made by :func:`facestats.explore`.

    Parameters
    ----------
    found : VideoTables or Store
    threshold : float, optional
        Probability below which the expression of a moment is "unknown".

    Attributes
    ----------
    pane : FramePane
    timeline : Timeline
    table : TrackTable
    correcting : CorrectingRow
        Corrects the chosen faces by hand; of a store.
    videos : VideoList or None
        Of a store.
    grid : FaceGrid or None
        The faces as a grid, while it is open, see :meth:`show_faces`.
    video_id : str or None
        The video that is open; None while the list of a store is shown. A trait: set it to open another one.

    Examples
    --------
    >>> import facestats as fs
    >>> explorer = fs.explore(result)  # doctest: +SKIP
    >>> explorer.selection.tracks  # doctest: +SKIP
    """

    video_id = traitlets.Unicode(None, allow_none=True)

    def __init__(self, found: VideoTables | Store, *, threshold: float | None = None) -> None:
        self._found, self._threshold = found, threshold
        self._scene: Scene | None = None
        self.grid: FaceGrid | None = None
        self._is_stale = False  # corrected since the tables were read
        self._is_whole = False  # whether the parts are there that wait for the first frame
        self.pane, self.timeline, self.table = FramePane(), Timeline(), TrackTable()
        self.videos: VideoList | None = None
        self._title, self._trouble = ipywidgets.HTML(), ipywidgets.HTML()
        self._wire()
        self._top, self._stage = row(self._title), stage(self.pane, self.table, self.timeline)
        super().__init__(layout={"width": "100%"})
        self.add_class("fsx-room")
        self.observe(self._open_chosen, "video_id")
        if isinstance(found, Store) and found.video_id is None:
            self.videos = VideoList(found)
            self.videos.observe(self._chosen, "chosen")
            self.children = self._listed()
        else:
            self.video_id = found.video_id

    @cached_property
    def correcting(self) -> CorrectingRow:
        """The row that corrects the chosen faces by hand; hidden where there is no store."""
        made = CorrectingRow(lambda: self.table.selected, lambda: float(self.pane.time_s), lambda: self._show_again())
        made.show(self._found if isinstance(self._found, Store) else None, str(self.video_id))
        return made

    @cached_property
    def _controls(self) -> dict[str, ipywidgets.Widget]:
        made = controls()
        for trait, control in made.items():
            control.value = getattr(self.table, trait)
            traitlets.link((control, "value"), (self.table, trait))
        return made

    @cached_property
    def _faces(self) -> ipywidgets.Button:
        return button("faces as a grid", "th", lambda: self.show_faces())

    @cached_property
    def _back(self) -> ipywidgets.Button:
        return button("all videos", "arrow-left", lambda: self._close_video())

    @cached_property
    def _close_grid(self) -> ipywidgets.Button:
        return button("close the grid", "arrow-left", lambda: self.close_faces())

    def _wire(self) -> None:
        for trait in CHOICES:
            for widget in (self.pane, self.timeline):
                traitlets.link((self.table, trait), (widget, trait))
        # In the browser, so that the cursor follows without the kernel.
        self._links = [ipywidgets.jslink((self.pane, "time_s"), (self.timeline, "time_s"))]
        self._links.append(ipywidgets.jslink((self.pane, "highlight"), (self.timeline, "highlight")))
        self.table.observe(self._go_to_selected, "selected")
        self.pane.observe(self._select_highlighted, "highlight")
        self.table.observe(self._drop_hidden, list(CHOICES))

    def _chosen(self, change: dict[str, Any]) -> None:
        if change["new"] is None:
            return
        try:
            self.video_id = change["new"]
        except FacestatsError as error:
            self._close_video()
            self._trouble.value = Markup("{} cannot be opened: {}").format(change["new"], error)

    def _close_video(self, _: object = None) -> None:
        self.video_id = None

    def _open_chosen(self, change: dict[str, Any]) -> None:
        video_id = change["new"]
        if video_id is None:
            if self.videos is None:
                raise UsageError("this explorer shows one video: there is no list to go back to")
            self.pane.close_video()
            self._scene = None
            self.videos.chosen = None
            self.children = self._listed()
            return
        self._trouble.value = ""
        self._show(video_id)
        if "correcting" in vars(self):
            self.correcting.show(self._found if isinstance(self._found, Store) else None, video_id)
        if not self._is_whole:
            self.pane.once_shown(self._make_whole)
        self.children = self._opened_parts()

    def _make_whole(self) -> None:
        """Add whatever the first frame need not wait for."""
        self._is_whole = True
        self._top.children = [*([self._back] if self.videos else []), self._faces, self._title]
        if self._scene is not None and self.grid is None:
            self.children = self._opened_parts()

    def _opened_parts(self) -> list[ipywidgets.Widget]:
        """Return what is seen of the open video."""
        rest = [row(*self._controls.values()), self.correcting] if self._is_whole else []
        return [self._top, self._stage, *rest]

    def _show(self, video_id: str) -> None:
        one = self._found if isinstance(self._found, VideoTables) else self._found.video(video_id)
        self._scene = scene_of(one, threshold=self._threshold)
        self._is_stale = False
        tables = self._scene.tables
        trouble = "" if tables.status == "ok" else Markup(" <span>({}: {})</span>").format(tables.status, tables.error)
        self._title.value = Markup("<b>{}</b>{}").format(tables.name, trouble)
        for part in (self.pane, self.timeline, self.table):
            part.show(self._scene)

    def _listed(self) -> list[ipywidgets.Widget]:
        """Return what is seen of a store while no video is open."""
        return [self._trouble, self._faces, self.videos]

    def show_faces(self) -> FaceGrid:
        """Show the faces of the open video as a grid, or those of the whole store; keys accept, reject and merge them.

        Raises
        ------
        StoreError
            If the store is damaged.
        """
        self._drop_grid()
        whole = self._found if self.video_id is None or isinstance(self._found, VideoTables) else None
        self.grid = FaceGrid(whole or self._found.video(self.video_id), changed=self._corrected)
        self.grid.observe(self._open_face, "opened")
        self.children = [self._close_grid, self.grid]
        return self.grid

    def close_faces(self) -> None:
        """Go back from the grid to the video, or to the list of videos."""
        self._drop_grid()
        if self.video_id is None:
            self.children = self._listed()
            return
        if self._is_stale:
            self._show_again()
        self.children = self._opened_parts()

    def _drop_grid(self) -> None:
        if self.grid is not None:
            self.grid.close()
            self.grid = None

    def _open_face(self, change: dict[str, Any]) -> None:
        """Show a face of the grid in its video."""
        if not change["new"]:
            return
        video_id, number = change["new"]
        self.close_faces()
        if self.video_id != video_id:
            self._chosen({"new": video_id})
        if self.video_id == video_id:
            self.table.selected = [number]

    def _corrected(self, video_id: str) -> None:
        """Forget what was read of a video before its faces were corrected."""
        self._is_stale = self._is_stale or video_id == self.video_id
        if self.videos is not None:
            self.videos.forget(video_id)

    def _show_again(self) -> None:
        """Read the video anew after a correction, and stay at the moment."""
        self._corrected(str(self.video_id))
        moment, chosen = self.pane.time_s, list(self.table.selected)
        self._show(str(self.video_id))
        there = set(self._opened().tracks["track_id"])
        self.table.selected = [number for number in chosen if number in there]
        self.pane.time_s = moment

    def _correct(self, track: int, **change: Any) -> None:
        self._opened()
        if not isinstance(self._found, Store):
            raise UsageError("a result has no place for corrections: write it to a store, and explore that")
        self._found.correct(str(self.video_id), track, **change)
        self._show_again()

    def _drop_hidden(self, _: object) -> None:
        """Let go of chosen tracks that do not fit the filter any more: what is not seen is not chosen."""
        if self._scene is not None and self.table.selected:
            fitting = set(self.table.tracks["track_id"])
            self.table.selected = [number for number in self.table.selected if number in fitting]

    def _go_to_selected(self, change: dict[str, Any]) -> None:
        if len(change["new"]) != 1:  # of several none is more than the others
            self.pane.highlight = None
            return
        (number,) = change["new"]
        found = [] if self._scene is None else self._scene.tracks.query("track_id == @number").to_dict("records")
        if self.pane.highlight == number or not found:
            return
        (track,) = found
        if not track["start_s"] <= self.pane.time_s <= track["end_s"]:
            self.pane.time_s = float(track["start_s"])
        self.pane.highlight = number

    def _select_highlighted(self, change: dict[str, Any]) -> None:
        number = change["new"]
        if number is None:
            if len(self.table.selected) == 1:
                self.table.selected = []
        elif self.table.selected != [number]:
            self.table.selected = [number]

    @property
    def selection(self) -> Selection:
        """What is chosen: rows of the table (all that fit, if none), within the span (the whole video, if none).

        Raises
        ------
        UsageError
            If no video is open.
        """
        scene = self._opened()
        chosen = scene.tracks["track_id"].isin(self.table.selected)
        tracks = scene.tracks[chosen] if self.table.selected else self.table.tracks
        return selected(scene, tracks, self.timeline.span or scene.tables.time_range)

    def save_clip(self, path: str | os.PathLike[str]) -> Path:
        """Write the chosen span as a clip (MP4, with sound): of the annotated clip if there is one, else of the video.

        Returns
        -------
        pathlib.Path
            ``path``, with the suffix ``.mp4``.

        Raises
        ------
        UsageError
            If no video is open, no span is chosen, or there are no moving pictures.
        OutputError
            If it cannot be written.
        """
        scene = self._opened()
        if not self.timeline.span:
            raise UsageError("no span is chosen: drag over the timeline, or set explorer.timeline.span = [1.0, 4.0]")
        source = scene.tables.clip or scene.pictures
        if source is None or source.is_dir() or scene.tables.is_still:
            raise UsageError(f"there is no video to cut from: {scene.note or 'it is no video file'}")
        from facestats.clips.cut import cut_clip  # not before: whoever only looks needs nothing that draws clips

        start_s, end_s = self.timeline.span
        out = Path(path)
        out = out if out.suffix.lower() == ".mp4" else out.with_name(f"{out.name}.mp4")
        return cut_clip(source, out, start_s=start_s, end_s=end_s)

    def _opened(self) -> Scene:
        if self._scene is None:
            raise UsageError("no video is open: click one, or set explorer.video_id")
        return self._scene

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any] | None:
        bundle = super()._repr_mimebundle_(**options)
        # A page made of the notebook shows the picture beside it, and nothing here.
        return bundle if bundle is None else bundle | {"text/plain": still.SAID, "text/html": ""}

    def _ipython_display_(self, **options: Any) -> None:
        # Whoever shows a notebook without its kernel (a page, a viewer, JupyterLab itself when it is opened again)
        # shows a still picture; while the explorer lives, that is hidden.
        display({"text/html": self._still(), "text/plain": still.SAID}, raw=True)
        display(self._repr_mimebundle_(**options), raw=True)

    def _still(self) -> str:
        if self._scene is None and self.videos is not None:
            return still.of_videos(self._videos_found())
        return still.of_video(self._opened().tables.name, self.timeline.rows(still.MOST_ROWS))

    def _videos_found(self) -> dict[str, Any]:
        try:
            return self.videos.page("", "name", 0)[0]
        except FacestatsError as error:  # the list says so too, and a run may mend it
            return {"items": [], "said": f"the store cannot be read: {error}"}

    def close(self) -> None:
        """Take all of it away and let go of the file."""
        for part in (self.pane, self.timeline, self.table, self.videos, self.grid):
            if part is not None:
                part.close()
        super().close()


def explore(found: VideoTables | Store | str | os.PathLike[str], *, threshold: float | None = None) -> Any:
    """Look at a video, or at those of a store, in JupyterLab: drag to any moment, see boxes and verdicts, choose, keep.

    A video pane (play, pause, speed, steps, jumps to cuts and faces), below it a timeline on the same clock (click to
    go there, drag to choose a span), the tracks as a table (sort, filter, click to go there), and controls for what is
    shown. For a store, first the list of its videos. "Faces as a grid" looks through all faces by keys, the most
    doubtful first. What is chosen is ``explorer.selection``; ``explorer.save_clip(path)`` cuts the span. Where there is
    no notebook, a still figure is returned instead, and a line says so.

    Parameters
    ----------
    found : VideoTables, Store, or the path of a store
        What :func:`facestats.analyze` or :func:`facestats.open_store` returned, or a store's folder.
    threshold : float, optional
        Probability below which the expression of a moment is "unknown"; by default that stored with the results.

    Returns
    -------
    Explorer, or matplotlib.figure.Figure where there is no notebook

    Raises
    ------
    StoreError
        If it is not a store, or its tables are damaged.

    Examples
    --------
    >>> import facestats as fs
    >>> explorer = fs.explore(fs.analyze("clip.mp4"))  # doctest: +SKIP
    >>> explorer.selection.observations  # doctest: +SKIP
    """
    if not isinstance(found, VideoTables | Store):
        found = open_store(path_given(found, "what is explored", also=", a store or a result of fs.analyze"))
    if not is_notebook():
        return still.instead_of_widgets(found)
    return Explorer(found, threshold=threshold)
