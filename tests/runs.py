"""Folders of synthetic videos, and stores that should hold the same."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from commands import NO_MODELS

from facestats.batch.collection import CollectionResult, analyze_collection
from facestats.store.store import open_store
from facestats.synth.faces import people
from facestats.synth.scenario import Scenario
from facestats.synth.video import write_video
from facestats.tables import schema

#: What is different in every run.
VARYING = ["started_at", "elapsed_s", "missing_since"]


def make_videos(folder: Path, n: int, *, seconds: float = 1.0) -> Path:
    """Write ``n`` short videos of two people each, and nothing else, into a folder."""
    folder.mkdir(exist_ok=True)
    cast = people(None, 2)
    for number in range(n):
        scenario = Scenario(
            f"v{number:02d}", people=2, seconds=seconds, fps=12, width=240, height=160, face_px=(30, 50), seed=number
        )
        write_video(scenario, cast, folder)
    for path in [*folder.glob("*.txt"), *folder.glob("*.csv")]:
        path.unlink()
    return folder


def run(inputs: object, out: Path | str, **how: object) -> CollectionResult:
    """Analyse with neither models of attributes nor clips, unless told otherwise."""
    return analyze_collection(inputs, out=out, progress=False, models=NO_MODELS, **{"clips": False, **how})


def tables(store: Path | str) -> dict[str, pd.DataFrame]:
    """All tables of a store, but for what is different each time."""
    found = {name: open_store(store).read(name) for name in schema.TABLES}
    return {name: table.drop(columns=VARYING, errors="ignore") for name, table in found.items()}


def check_same(one: Path | str, other: Path | str) -> None:
    """Compare all tables of two stores, row for row."""
    others = tables(other)
    for name, table in tables(one).items():
        pd.testing.assert_frame_equal(table, others[name])
