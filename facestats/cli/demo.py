"""``facestats demo``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facestats.cli import app
from facestats.cli.console import say, with_manners

if TYPE_CHECKING:
    import pandas as pd


@app.command()
@with_manners
def demo(
    out: Annotated[Path, typer.Option(help="Folder for everything the demo makes.")] = Path("facestats-demo"),
) -> None:
    """Render a sample video and do the whole job on it: tables, clip, CSV, report."""
    from facestats.synth.demo import run_demo

    say(f"Rendering two public-domain portraits as a video and analysing it, into {out}/ ...")
    run = run_demo(out)
    say(f"\nTracked faces (the whole table is in {run.csv}):\n")
    say(short_table(run.tracks))
    say(
        "\nBoth people are known, so the verdicts can be judged:\n\n"
        + "".join(f"  {sentence}\n" for sentence in run.judged)
        + "\nA high probability is no certainty; each report tells how often the models were right.\n"
        'Gender is perceived gender. A verdict whose probability is too low is "unknown".\n\n'
        f"  sample video    {run.video.path}\n"
        f"  its exact truth {run.video.truth_path}\n"
        f"  annotated clip  {run.clip}\n"
        f"  spreadsheet     {run.csv}\n"
        + "".join(f"  report          {page}\n" for page in run.pages)
        + "\nNext, with your own videos:\n\n"
        "  facestats analyze VIDEO_OR_FOLDER --out my-store\n"
        "  facestats report my-store        (then open reports/index.html)\n"
        "  facestats lab my-store           (look around in it, in JupyterLab)\n"
        "  facestats export my-store --table observations --format csv\n\n"
        "(`make demo` installed the program as .venv/bin/facestats; `source .venv/bin/activate` puts it on the path.)"
    )


def short_table(tracks: pd.DataFrame) -> str:
    """Return the columns of ``tracks`` that a person reads first, as text.

    Examples
    --------
    >>> from facestats import schema
    >>> short_table(schema.conform("tracks"))
    'no face was tracked'
    """
    import pandas as pd

    from facestats.models.attributes import VERDICT_COLUMNS, measure_column

    if tracks.empty:
        return "no face was tracked"
    shown = pd.DataFrame({"track": tracks["track_id"]})
    shown["seconds"] = [f"{a:.1f}-{b:.1f}" for a, b in zip(tracks["start_s"], tracks["end_s"], strict=True)]
    shown["seen"] = tracks["n_observations"]
    for attribute in ("gender", "age", "expression", "makeup"):
        column, measure = VERDICT_COLUMNS[attribute], measure_column(attribute)
        shown[column] = [
            "not measured" if pd.isna(verdict) else f"{verdict} {100 * measured:.0f}%"
            for verdict, measured in zip(tracks[column], tracks[measure], strict=True)
        ]
    shown["years (90%)"] = [
        "" if pd.isna(mean) else f"{mean:.0f} ({low:.0f}-{high:.0f})"
        for mean, low, high in tracks[["age_years", "age_years_low", "age_years_high"]].to_numpy()
    ]
    return shown.to_string(index=False)
