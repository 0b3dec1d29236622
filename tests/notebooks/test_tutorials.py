"""The tutorials, run as a reader would run them; they need the shipped models."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import nbformat
import pandas as pd
import papermill
import pytest

import facestats as fs
from facestats.datasets.truth import read_truth
from facestats.models.registry import find_models
from facestats.reports.kernel import ThisPython
from facestats._util.resources import bundled

pytestmark = pytest.mark.slow


class Executed:
    """What a tutorial showed and wrote."""

    def __init__(self, folder: Path, notebook: nbformat.NotebookNode) -> None:
        self.folder = folder
        self.code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        self.outputs = [output for cell in self.code for output in cell.outputs]
        kinds = ("display_data", "execute_result")
        self.shown = [output.data for output in self.outputs if output.output_type in kinds]

    @property
    def n_figures(self) -> int:
        return sum("image/png" in data for data in self.shown)

    def data_after(self, text: str) -> list:
        """What the one cell that holds the text showed."""
        (cell,) = [cell for cell in self.code if text in cell.source]
        return [output.data for output in cell.outputs]

    def table_after(self, text: str) -> pd.DataFrame:
        """The table that the one cell that holds the text showed."""
        (html,) = [data["text/html"] for data in self.data_after(text) if "text/html" in data]
        reader = _Rows()
        reader.feed(html)
        head, *rows = reader.rows
        return pd.read_csv(StringIO("\n".join(map("\t".join, [head, *rows]))), sep="\t", index_col=False)


class _Rows(HTMLParser):
    """The text of each row's cells; of a head with several lines the first."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, _: object) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip()


@pytest.fixture
def run(tmp_path, monkeypatch) -> Callable[[str], Executed]:
    # What was cut before must not help, and what Python is told to keep quiet about must show.
    monkeypatch.setenv("FACESTATS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONWARNINGS", "default")

    def executed(name: str) -> Executed:
        out = tmp_path / "out.ipynb"
        papermill.execute_notebook(
            bundled("notebooks") / "tutorials" / f"{name}.ipynb",
            out,
            cwd=tmp_path,
            kernel_name="python3",
            kernel_manager_class=ThisPython,
            progress_bar=False,
        )
        found = Executed(tmp_path, nbformat.read(out, as_version=4))
        # It ended, and no cell raised, warned, printed bars or logged.
        assert all(cell.execution_count for cell in found.code)
        assert [output.text for output in found.outputs if output.output_type == "stream"] == []
        assert {path.name for path in tmp_path.iterdir()} <= {"cache", "facestats-demo", "out.ipynb"}
        return found

    return executed


def test_first_video(run):
    tutorial = run("1_first_video")
    folder = tutorial.folder / "facestats-demo" / "first-video"
    tables = {name: pd.read_csv(folder / f"{name}.csv") for name in ("videos", "frames", "observations", "tracks")}
    assert len(tables["videos"]) == 1
    assert len(tables["frames"]) == 120  # ten a second, twelve seconds
    assert len(tables["tracks"]) == 2
    assert len(tables["observations"]) == tables["frames"]["n_faces"].sum()
    assert tutorial.n_figures == 5
    assert any("<video" in data.get("text/html", "") for data in tutorial.shown)
    assert (folder / "annotated.mp4").is_file()
    counted = tutorial.table_after("table.shape")
    assert counted["rows"].tolist()[:4] == [len(table) for table in tables.values()]
    # What the prose says of them: a probability stands beside each verdict, and gender is not measured in each frame.
    assert tables["tracks"]["gender_prob"].notna().all()
    assert 0 < tables["observations"]["gender_female"].notna().mean() < 0.5
    assert tables["tracks"]["gender"].iloc[0] == "male"


def test_collection_and_report(run):
    tutorial = run("2_collection_and_report")
    folder = tutorial.folder / "facestats-demo" / "collection"
    store = fs.open_store(folder / "store")
    assert store.videos()["status"].value_counts().to_dict() == {"ok": 4, "partial": 1, "failed": 1}
    assert store.sql("select min(n_tracks) as n from videos where status = 'ok'")["n"].item() >= 3
    assert len(pd.read_csv(folder / "tracks.csv")) == len(store.tracks())
    (first,), (again,) = (tutorial.data_after(f"{name}.exit_code") for name in ("first", "again"))
    assert "6 of 6 analysed, exit code 3" in first["text/plain"]
    assert "0 of 6 analysed, exit code 3" in again["text/plain"]
    assert set(tutorial.table_after("plan_collection")["action"]) == {"analyze"}
    compared = tutorial.table_after("fs.compare")
    assert set(compared.loc[compared["attribute"] == "gender", "clear"]) == {True}
    assert set(compared.loc[compared["attribute"] == "expression", "clear"]) == {False}
    assert tutorial.n_figures == 2
    assert len(list((folder / "reports").glob("*.html"))) == 6 + 2  # the videos, the collection, the index
    (made,) = tutorial.data_after("fs.report")
    assert "7 reports made" in made["text/html"]
    assert "failed" not in re.findall(r'data-label="status">(.*?)</td>', made["text/html"])


def test_your_own_model(run):
    tutorial = run("3_your_own_model")
    folder = tutorial.folder / "facestats-demo" / "own-model"
    card = find_models([folder / "models"])["painted"].card
    assert card.attributes == ("makeup",)
    assert card.metrics["validation"]["makeup"]["n"] == 40
    assert card.metrics["validation"]["makeup"]["accuracy"] > 0.6  # a third would be chance
    assert len(pd.read_csv(folder / "models" / "painted" / "curves.csv")) == 20
    assert tutorial.n_figures == 2
    assert (folder / "cache" / "crops").is_dir()
    assert not (tutorial.folder / "cache").exists()
    verdicts = tutorial.data_after("keys=results")[0]["text/plain"]
    assert "painted" in verdicts
    # The point of the end: both faces are bare, and it is not the model with the good figure that says so.
    assert re.search(r"^0 +(partial|over) .* none ", verdicts, re.MULTILINE)


def test_how_far_to_trust(run):
    tutorial = run("4_how_far_to_trust")
    folder = tutorial.folder / "facestats-demo" / "trust"
    card = find_models()["people"].card
    figures = tutorial.table_after("choose_models").rename(columns=lambda name: name or "attribute")
    assert len(figures) == 4
    held_out = card.metrics["held_out_half"]["gender"]
    row = figures.iloc[1]
    assert row["accuracy"] == pytest.approx(held_out["accuracy"], abs=0.005)
    assert row["faces"] == held_out["n"]
    assert tutorial.n_figures == 5
    (told,) = tutorial.data_after("intervals hold the truth")
    n_right, n = map(int, re.findall(r"\d+", told["text/plain"]))
    assert n == 50
    assert n_right >= 40
    wrong = tutorial.table_after("truth=[truth").iloc[0]
    # Of thousands, and still wide: more people do not make a model surer.
    assert wrong["share_high"] - wrong["share_low"] > 0.1
    assert wrong["share_low"] <= wrong["truth"] <= wrong["share_high"]
    assert read_truth(folder / "crowd.txt")["person"].nunique() == 4
    scores = tutorial.table_after("score_tracking")
    assert scores["n_people"].tolist() == [4, 4]
    # What is mended in hindsight makes both trackers alike where a detector misses little.
    assert scores["hota"].iloc[0] >= scores["hota"].iloc[1] > 0.5
    assert (folder / "crowd-annotated.mp4").is_file()
