"""What a widget and its browser say to each other, without a browser."""

from __future__ import annotations

import pytest
from anywidget import AnyWidget


def listen(widget: AnyWidget, monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, list]]:
    """Collect what a widget sends."""
    sent: list[tuple[dict, list]] = []
    monkeypatch.setattr(widget, "send", lambda content, buffers=None: sent.append((content, buffers or [])))
    return sent


def ask(widget: AnyWidget, **said: object) -> None:
    """Send a widget what its browser would."""
    widget._handle_custom_msg(said, [])
