"""facestats: from collections of videos to tidy tables of tracked faces.

The public names stand in ``__init__.pyi``. Each is loaded when it is first used, so that ``import facestats`` is quick
and loads neither pandas nor OpenCV nor torch.

Examples
--------
>>> import facestats as fs
>>> result = fs.analyze("clip.mp4")  # doctest: +SKIP
>>> result.tracks  # doctest: +SKIP
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
