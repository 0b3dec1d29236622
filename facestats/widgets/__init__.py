"""Widgets for notebooks: a video pane, a timeline, a table of tracks, each of use alone, and the explorer of them all.

They share traits (``time_s``, ``highlight``, ``span``, ``selected``, ``attribute``, ...), so that a dashboard of one's
own links them with ``traitlets.link`` or ``ipywidgets.jslink``; they run under voila too.

Examples
--------
>>> import facestats as fs, ipywidgets
>>> scene = fs.widgets.scene_of(result)  # doctest: +SKIP
>>> pane, timeline = fs.widgets.FramePane(scene), fs.widgets.Timeline(scene)  # doctest: +SKIP
>>> link = ipywidgets.jslink((pane, "time_s"), (timeline, "time_s"))  # doctest: +SKIP
>>> ipywidgets.VBox([pane, timeline])  # doctest: +SKIP
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
