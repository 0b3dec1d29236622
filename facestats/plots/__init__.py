"""Plots of the tables: tables and keyword options in, matplotlib Axes out.

Options that many of them have:

- ``ax``: the Axes to draw in; without it, those of a new figure. It is what the plot returns.
- ``cuts``: times of the shot cuts in seconds, see :attr:`facestats.VideoTables.cuts`; a dashed line marks each.
- ``legend``: whether to name the colours above the plot.
- ``smooth_s``: width in seconds of the moving average of probabilities; 0 draws them as they are.
- ``time_range``: first and last second of the time axis; without it, those of what is drawn.
- ``title``: whether to write above which attribute it is.

Colours come from :mod:`facestats.plots.palette`, which can be imported without matplotlib.

"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
