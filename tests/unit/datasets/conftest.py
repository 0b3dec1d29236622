"""What the tests of labelled data share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Keep crops out of the user's cache."""
    monkeypatch.setenv("FACESTATS_CACHE", str(tmp_path / "cache"))
