"""Where the files that travel with the package lie: models, recipes, notebook templates."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def bundled(folder: str) -> Path:
    """Return the folder of bundled ``"models"``, ``"recipes"`` or ``"notebooks"``.

    In an installed wheel they lie inside the package; in a checkout beside it.

    Raises
    ------
    FileNotFoundError
        If the installation lacks the folder.

    Examples
    --------
    >>> bundled("notebooks").name
    'notebooks'
    """
    for candidate in (_PACKAGE / "_bundled" / folder, _PACKAGE.parent / folder):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"this installation of facestats lacks its {folder!r} folder; install it again")
