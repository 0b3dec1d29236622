"""Whether this Python runs behind a notebook."""

from __future__ import annotations

import sys


def is_notebook() -> bool:
    """Say whether this Python runs in a kernel, whose front end may show widgets.

    Examples
    --------
    >>> is_notebook()
    False
    """
    if "IPython" not in sys.modules:
        return False
    shell = sys.modules["IPython"].get_ipython()
    return shell is not None and hasattr(shell, "kernel")
