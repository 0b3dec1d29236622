"""How the card of every model begins and ends: what it is, its data and terms; its limits, and how it was made."""

from __future__ import annotations

from collections.abc import Sequence


def beginning(name: str, purpose: str, data: str, terms: str, *, more: Sequence[str] = ()) -> list[str]:
    """Return the lines of a card up to its figures; ``more`` are lines about its data.

    Examples
    --------
    >>> beginning("mine", "It guesses.", "Ten photos.", "MIT")[-4:]
    ['## Terms', '', 'MIT', '']
    """
    return [f"# {name}", "", purpose, "", "## Data", "", data, "", *more, "## Terms", "", terms, ""]


def ending(limits: str, commands: Sequence[str], recipe: str, *, note: str = "") -> list[str]:
    """Return the last lines of a card: limits, and what makes the model again, with the text of its recipe.

    Examples
    --------
    >>> ending("None known.", ["facestats train mine.toml"], "steps = 3")[4:9]
    ['## Made with', '', '```sh', 'facestats train mine.toml', '```']
    """
    noted = [note, ""] if note else []
    recipes = ["with the recipe", "", "```toml", recipe.rstrip(), "```", ""]
    return ["## Limits", "", limits, "", "## Made with", "", "```sh", *commands, "```", "", *noted, *recipes]
