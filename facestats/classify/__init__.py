"""Classification of aligned faces: one small protocol, a registry, one file a backend."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
