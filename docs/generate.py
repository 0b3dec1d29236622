"""The pages that are made of the package itself: copied, or written from what the code says. None is committed.

Into ``_generated/`` go the tutorials, the model cards, the reference of the modules named in :data:`REFERENCE`, the
benchmarks and the recipes; into ``_generated/parts/`` what the pages written by hand include.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import io
import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from facestats.evaluation.groups import LEAST_COMPARED
from facestats.models.embedding import EMBEDDING

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
GENERATED = DOCS / "_generated"

#: The reference: each page with its modules. Of a module that has `__all__`, these names are shown, without
#: modules; of another its public functions and classes. A new module needs one line here, and nothing else.
REFERENCE: dict[str, tuple[str, ...]] = {
    "facestats": ("facestats",),
    "Plots": ("facestats.plots", "facestats.plots.palette"),
    "Sections of reports": (
        "facestats.reports",
        "facestats.reports.analysis",
        "facestats.reports.data",
        "facestats.reports.video",
        "facestats.reports.collection",
        "facestats.reports.comparison",
        "facestats.reports.sides",
        "facestats.reports.demographics",
        "facestats.reports.evidence",
        "facestats.reports.provenance",
        "facestats.reports.figures",
    ),
    "Widgets": ("facestats.widgets", "facestats.plots.accessor"),
    "Tables and exports": (
        "facestats.tables.schema",
        "facestats.store.export",
        "facestats.store.annotation.files",
        "facestats.tables.agreement",
    ),
    "Clips": ("facestats.clips", "facestats.clips.cut"),
    "Video": ("facestats.video",),
    "Models": ("facestats.models.registry", "facestats.models.cards", "facestats.classify.crops", "facestats.types"),
    "Evaluation": (
        "facestats.evaluation.accuracy",
        "facestats.evaluation.calibration",
        "facestats.evaluation.groups",
        "facestats.evaluation.detection",
        "facestats.evaluation.tracking",
        "facestats.datasets.truth",
    ),
    "Training": (
        "facestats.training.run",
        "facestats.training.recipes",
        "facestats.datasets.labelled",
        "facestats.datasets.layouts.writing",
    ),
    "Demonstration": ("facestats.synth.demo",),
    "Errors": ("facestats.errors",),
}


def write_all() -> None:
    """Bring ``_generated/`` up to date; a file that says the same already is left alone."""
    pages = {
        **_copies(),
        **_reference(),
        "parts/schema.md": _schema(),
        "parts/models.md": _models(),
        "parts/groups.md": _groups(),
        "parts/commands.md": _commands(),
        "parts/options.md": _options(),
    }
    for path in [*GENERATED.rglob("*")]:
        if path.is_file() and path.relative_to(GENERATED).as_posix() not in pages:
            path.unlink()
    for name, text in pages.items():
        path = GENERATED / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def digest_of_package() -> str:
    """Hash of all that decides what a notebook shows, besides itself."""
    digest = hashlib.sha256()
    for path in sorted([*(ROOT / "facestats").rglob("*.py"), *(ROOT / "models").rglob("card.json")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def _copies() -> dict[str, str]:
    notebooks = {path.stem: path for path in sorted((ROOT / "notebooks" / "tutorials").glob("*.ipynb"))}
    quickstart = ROOT / "notebooks" / "quickstart.ipynb"
    if quickstart.is_file():
        notebooks = {"quickstart": quickstart, **notebooks}
    cards = [path.parent for path in sorted((ROOT / "models").rglob("card.json"))]
    copies = {
        **{f"tutorials/{name}.ipynb": path for name, path in notebooks.items()},
        "benchmarks.md": ROOT / "benchmarks" / "README.md",
        "recipes.md": ROOT / "recipes" / "README.md",
    }
    return {
        "parts/tutorials.md": _toctree(f"/_generated/tutorials/{name}" for name in notebooks),
        "parts/cards.md": _toctree(f"/_generated/models/{card.name}" for card in cards),
        **{f"models/{card.name}.md": _card(card) for card in cards},
        **{name: path.read_text(encoding="utf-8") for name, path in copies.items()},
    }


def _toctree(pages: Iterator[str]) -> str:
    return "```{toctree}\n:maxdepth: 1\n\n" + "\n".join(pages) + "\n```\n"


# The reference


def _reference() -> dict[str, str]:
    pages = {f"api/{_slug(title)}.rst": _reference_page(title, names) for title, names in REFERENCE.items()}
    return {**pages, "parts/api.md": _toctree(f"/_generated/api/{_slug(title)}" for title in REFERENCE)}


def _slug(title: str) -> str:
    return title.lower().replace(" ", "-")


def _reference_page(title: str, names: tuple[str, ...]) -> str:
    lines = [title, "=" * len(title), ""]
    for name in names:
        module = import_module(name)
        members = public_names(module)
        if len(names) > 1:
            lines += [name, "-" * len(name), ""]
        lines += [f".. automodule:: {name}", "   :no-members:", ""]
        lines += [".. autosummary::", "   :nosignatures:", ""]
        lines += [f"   {member}" for member in members] + [""]
        for member in members:
            lines += _described(name, member, getattr(module, member))
    return "\n".join(lines)


def public_names(module: ModuleType) -> list[str]:
    """Return what the reference shows of a module."""
    if hasattr(module, "__all__"):
        return [name for name in module.__all__ if not inspect.ismodule(getattr(module, name))]
    return [
        name
        for name, member in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(member) or inspect.isclass(member))
        and member.__module__ == module.__name__
    ]


def _described(module: str, name: str, member: Any) -> list[str]:
    if not callable(member):
        return [f".. autodata:: {module}.{name}", "   :no-value:", ""]
    if inspect.isclass(member):
        if issubclass(member, Exception):
            return [f".. autoexception:: {module}.{name}", "   :members:", "   :show-inheritance:", ""]
        return [f".. autoclass:: {module}.{name}", "   :members:", ""]
    return [f".. autofunction:: {module}.{name}", ""]


def public_reference(app: Any, env: Any, node: Any, content: Any) -> Any:
    """Lead a docstring's reference to where a thing is written to the place where the reference shows it."""
    if node.get("refdomain") != "py":
        return None
    target = node.get("reftarget", "")
    home, _, name = target.rpartition(".")
    for pages in REFERENCE.values():
        for public in pages:
            module = import_module(public)
            shown = name if home else target
            if shown in public_names(module) and (
                not home or getattr(getattr(module, shown), "__module__", None) == home
            ):
                found = env.get_domain("py").resolve_xref(
                    env, node["refdoc"], app.builder, "obj", f"{public}.{shown}", node, content
                )
                if found is not None:
                    return found
    return None


# The tables


_TABLES = {
    "videos": "One row a video.",
    "frames": 'One row a sampled frame, with or without faces: so "no face" differs from "not looked at".',
    "observations": "One row a face in a sampled frame.",
    "tracks": "One row a tracked face.",
    "people": "One row a person of a video: all tracks that show one. None where nobody asked who is who.",
    "doubtful": "One row for whatever was tracked and may be no face; it is in no other table.",
    "thumbnails": "Up to three small pictures a track; none with `--blur`.",
}


_DERIVED = {
    "timeline": "Made of `observations` by `fs.timeline` and `facestats export --table timeline`.",
    "corrections": "What was corrected by hand: `store.corrections()` and `facestats export --table corrections`.",
    "long": "Made of `observations` by `facestats export --table long`: one row a face, sample and class.",
}


def _schema() -> str:
    from facestats.models import attributes
    from facestats.tables import schema

    lines = [f"Version {schema.SCHEMA_VERSION}. Columns in **bold** are never missing.", ""]
    for table, columns in schema.TABLES.items():
        required = schema._REQUIRED[table]
        lines += [f"## {table}", "", _TABLES.get(table, ""), "", "| column | dtype | meaning |", "|---|---|---|"]
        for column in columns:
            name = f"**`{column.name}`**" if column.name in required else f"`{column.name}`"
            lines.append(f"| {name} | `{column.dtype}` | {_plain(column.described)} |")
        lines.append("")
    for table, text in _DERIVED.items():
        lines += [f"## {table}", "", text, "", "| column | dtype | meaning |", "|---|---|---|"]
        lines += [f"| `{each.name}` | `{each.dtype}` | {_plain(each.described)} |" for each in schema.DERIVED[table]]
        lines.append("")
    lines += ["## Classes", "", "| attribute | column in `tracks` | classes |", "|---|---|---|"]
    for attribute, classes in attributes.ATTRIBUTE_CLASSES.items():
        verdict = attributes.VERDICT_COLUMNS[attribute]
        lines.append(f"| {attribute} | `{verdict}` | {', '.join(classes)}, or {schema.UNKNOWN} |")
    last = list(attributes.AGE_GROUP_YEARS)[-1]
    spans = [
        f"{group} {low} and more" if group == last else f"{group} {low} to {high}"
        for group, (low, high) in attributes.AGE_GROUP_YEARS.items()
    ]
    lines += ["", f"Age groups, in years: {', '.join(spans)}.", ""]
    return "\n".join(lines)


# The models


def _models() -> str:
    lines = ["| model | for | network | input | data |", "|---|---|---|---|---|"]
    for path in sorted((ROOT / "models").rglob("card.json")):
        card = json.loads(path.read_text(encoding="utf-8"))
        name = path.parent.name
        heads = [head["attribute"] for head in card.get("heads", ())]
        is_embedding = card.get("kind") == EMBEDDING
        color = "rgb" if is_embedding else card.get("input_color")
        size = f"{card['input_size']} x {card['input_size']} {color}" if heads or is_embedding else "any picture"
        data = re.sub(r"^Trained on | Use these weights.*", "", card.get("licence", "").split(" It learned from ")[0])
        kind = "people" if is_embedding else ", ".join(heads) if heads else "face detection"
        lines.append(
            f"| [{name}](/_generated/models/{name}.md) | {kind} | {card['network']} | {size} | {data.rstrip('.')} |"
        )
    return "\n".join([*lines, ""])


def _card(folder: Path) -> str:
    """Return a model's card as Markdown: the file beside the weights, or what a detector's card.json says."""
    written = folder / "card.md"
    if written.is_file():
        return written.read_text(encoding="utf-8")
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    reliability = card["metrics"]["reliability"]
    rows = [f"| {row['said']:.2f} | {row['right']:.2f} | {row['n']} |" for row in reliability["table"]]
    parts = [("Data", card["data"]), ("Terms", card["licence"]), ("Limits", card["limits"])]
    lines = [f"# {card['name']}", "", f"A face detector: {card['network']}.", ""]
    for title, text in parts:
        lines += [f"## {title}", "", _plain(text), ""]
    lines += [
        "## Scores",
        "",
        f"Scores are probabilities by a scale and a shift fitted on {_plain(card['calibration']['data'])}.",
    ]
    lines += [f"The calibration error is {reliability['ece']} ({_plain(reliability['data'])}).", ""]
    return "\n".join([*lines, "| probability | share of faces | detections |", "|---|---|---|", *rows, ""])


def _groups() -> str:
    """Write, for each attribute, in which group of people the validation figures are best and worst."""
    lines = ["| what | compared by | best | worst |", "|---|---|---|---|"]
    for path in sorted((ROOT / "models").rglob("card.json")):
        scores = json.loads(path.read_text(encoding="utf-8"))["metrics"].get("validation", {})
        for attribute, score in scores.items():
            for by, found in score.get("groups", {}).items() if isinstance(score, dict) else ():
                large = {name: group for name, group in found["groups"].items() if group["n"] >= LEAST_COMPARED}
                if by == "source" or len(large) < 2:
                    continue
                best, *_, worst = sorted(large, key=lambda name: -large[name]["accuracy"])
                told = [f"{name}: {large[name]['accuracy']:.3f}" for name in (best, worst)]
                lines.append(f"| {attribute} | {by.replace('_', ' ')} | {told[0]} | {told[1]} |")
    return "\n".join([*lines, ""])


# The options and the command line

_AFFECTS = {
    "found": "the video is analysed again",
    "drawn": "its clip or thumbnails are made again",
    "run": "nothing",
}


def _options() -> str:
    """Write every option of an analysis and of a run, and what a change of it does to a video that is in the store."""
    from facestats.options import described

    lines = ["| Python | command line | default | what | when it changes |", "|---|---|---|---|---|"]
    for option in described().values():
        default = "" if option.default in (None, (), {}) else f"`{option.default!r}`"
        again = _AFFECTS[option.affects]
        lines.append(f"| `{option.name}` | `{option.flag}` | {default} | {_plain(option.help)} | {again} |")
    return "\n".join([*lines, ""])


def _commands() -> str:
    import typer

    from facestats import cli

    cli.register_commands()
    app = typer.main.get_command(cli.app)
    lines: list[str] = []
    for path, command, context in _walk(app, "facestats", None):
        lines += _command(path, command, context)
    return "\n".join(lines)


def _walk(command: Any, path: str, parent: Any) -> Iterator[tuple[str, Any, Any]]:
    context = command.context_class(command, info_name=path.split()[-1], parent=parent)
    yield path, command, context
    for name, child in getattr(command, "commands", {}).items():
        yield from _walk(child, f"{path} {name}", context)


def _command(path: str, command: Any, context: Any) -> list[str]:
    with contextlib.redirect_stdout(io.StringIO()):
        command.get_help(context)  # some add to their epilog only then
    parameters = [parameter for parameter in command.get_params(context) if parameter.name != "help"]
    arguments = [_metavar(one) for one in parameters if one.param_type_name == "argument"]
    children = list(getattr(command, "commands", {}))
    usage = " ".join([path, "[OPTIONS]", *arguments, *["COMMAND ..."] * bool(children)])
    lines = [f"## {path}", "", _plain(inspect.cleandoc(command.help or "")), "", "```sh", usage, "```", ""]
    lines += [f"- [`{path} {child}`](#{path.replace(' ', '-')}-{child})" for child in children]
    if parameters:
        lines += ["", "| option | default | what |", "|---|---|---|", *map(_parameter, parameters)]
    if command.epilog:
        lines += ["", _listed(inspect.cleandoc(command.epilog))]
    return [*lines, ""]


def _metavar(argument: Any) -> str:
    return argument.metavar or argument.name.upper()


def _listed(text: str) -> str:
    """Make a list of the paragraphs that begin with a word and a colon."""
    paragraphs = [_plain(paragraph.strip("\b\n ")) for paragraph in re.split(r"\n\s*\n", text)]
    return "\n\n".join(re.sub(r"^(\w+): ", r"- `\1`: ", paragraph) for paragraph in paragraphs if paragraph)


def _parameter(parameter: Any) -> str:
    what = _plain(getattr(parameter, "help", None) or "")
    if parameter.param_type_name == "argument":
        return f"| `{_metavar(parameter)}` | | {what} |"
    names = ", ".join(f"`{name}`" for name in parameter.opts)
    if parameter.secondary_opts:
        names += ", " + ", ".join(f"`{name}`" for name in parameter.secondary_opts)
    elif not parameter.is_flag and parameter.metavar:
        names += " `" + parameter.metavar.replace("|", r"\|") + "`"
    return f"| {names} | {_default(parameter)} | {what} |"


def _default(parameter: Any) -> str:
    default = parameter.default
    if parameter.required:
        return "must be given"
    if parameter.is_flag:
        if not parameter.secondary_opts:
            return "off"
        return f"`{(parameter.opts if default else parameter.secondary_opts)[0]}`"
    if default is None or default == [] or default == () or "UNSET" in repr(default).upper():
        return ""
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def _plain(text: str) -> str:
    """Keep Markdown from reading more into a text than its `code`."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        parts = [text.replace("`", r"\`")]
    escaped = [re.sub(r"([\\*_<>\[\]|])", r"\\\1", part) if n % 2 == 0 else part for n, part in enumerate(parts)]
    return "`".join(escaped).replace("\n\n", "\0").replace("\n", " ").replace("\0", "\n\n")
