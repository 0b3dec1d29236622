import re
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import DeadKernelError
from pages import OUTSIDE, write_notebook
from stores import EMPTY, FAILED, PARTIAL, PEOPLE, make_result, make_store

import facestats
from facestats.errors import OutputError, StoreError, UnknownNameError, UsageError
from facestats.reports import run
from facestats.reports.index import PAGE, read_index
from facestats.store.store import create_store


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """Both notebooks, run through papermill on a store of one video with a name that must be escaped."""
    folder = tmp_path_factory.mktemp("one")
    opened = make_store(folder / "store {x}", PARTIAL)
    (opened.path / "clips" / f"{PARTIAL}.mp4").write_bytes(b"clip")
    out = folder / "reports {y}"
    result = facestats.report(opened, out=out, parameters={"title": "<i>mine</i>", "max_timelines": 3})
    assert (result.problems, result.exit_code, result.folder) == ((), 0, out)
    return out, result.reports


def test_each_report_is_a_notebook_and_a_page(reported):
    out, results = reported
    assert [(result.notebook.name, result.html.name, result.status, result.error) for result in results] == [
        (f"{PARTIAL}.ipynb", f"{PARTIAL}.html", "ok", None),
        ("collection.ipynb", "collection.html", "ok", None),
    ]
    for result in results:
        notebook = nbformat.read(result.notebook, as_version=4)
        assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
        assert notebook.metadata.papermill.output_path == result.notebook.name
    assert sorted(path.name for path in out.iterdir() if not path.name.startswith(".")) == sorted(
        ["assets", "clips", "index.html", *(name for r in results for name in (r.notebook.name, r.html.name))]
    )


def test_pages_have_no_code_and_fetch_nothing_from_elsewhere(reported):
    _, results = reported
    for result in results:
        text = result.html.read_text(encoding="utf-8")
        assert not OUTSIDE.search(text)
        assert ("<script defer" in text) == ('class="fs-live"' in text)
        assert "import facestats" not in text
        assert "from facestats" not in text
        assert "load_" not in text
        assert "<title>&lt;i&gt;mine&lt;/i&gt;</title>" in text
        assert "<h1>&lt;i&gt;mine&lt;/i&gt;</h1>" in text
        assert "<i>mine" not in text


def test_pages_link_to_each_other_and_to_the_clip_and_every_link_leads_somewhere(reported):
    out, results = reported
    video, collection = (result.html.read_text(encoding="utf-8") for result in results)
    assert f'href="{PARTIAL}.html"' in collection
    assert 'href="collection.html"' in video
    assert f'src="clips/{PARTIAL}.mp4"' in video
    assert f'href="clips/{PARTIAL}.mp4#t=0.00"' in video
    for page in (video, collection):
        for address in re.findall(r'(?:href|src)="([^"]+)"', page):
            if not address.startswith(("data:", "#")):
                assert (out / address.split("#")[0]).is_file(), address


def test_parameters_reach_the_notebooks_that_know_them(reported):
    _, results = reported
    video, collection = (nbformat.read(result.notebook, as_version=4).metadata.papermill for result in results)
    assert video.parameters.max_timelines == 3
    assert "max_timelines" not in collection.parameters
    assert video.parameters.title == collection.parameters.title == "<i>mine</i>"


def test_a_failing_notebook_keeps_what_was_run(store, tmp_path, monkeypatch):
    # A python3 kernel of somebody else's must not be what runs it.
    foreign = tmp_path / "jupyter" / "kernels" / "python3"
    foreign.mkdir(parents=True)
    (foreign / "kernel.json").write_text('{"argv": ["/bin/false"], "display_name": "x", "language": "python"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    template = write_notebook(tmp_path / "mine.ipynb", "store = ''", "print('before')", "1 / 0", "print('never')")
    out = tmp_path / "out"
    result = facestats.report(store.path, out=out, template=template)
    assert result.problems == (f"{out / 'mine.ipynb'} stopped: ZeroDivisionError: division by zero",)
    assert result.exit_code == 3
    assert "ZeroDivisionError" in result._repr_html_()
    assert "stopped before its end: ZeroDivisionError" in result.index.read_text(encoding="utf-8")
    assert "before" in (out / "mine.ipynb").read_text(encoding="utf-8")
    page = (out / "mine.html").read_text(encoding="utf-8")
    assert "This report stopped before its end: ZeroDivisionError" in page
    assert "before" in page
    assert "never" not in page
    assert not (out / "clips").exists()  # the template has nothing to do with clips


def test_wrong_use_is_refused_before_anything_runs(store, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "execute", lambda *_, **__: pytest.fail("it ran"))
    out = tmp_path / "out"
    for options, error, message in (
        (
            {"parameters": {"nope": 1}},
            UnknownNameError,
            "'nope'; there are max_evidence, max_timelines, ",
        ),
        ({"parameters": {"max_timelines": "many"}}, UsageError, "takes a whole number, like 12, not 'many'"),
        ({"parameters": {"store": "x"}}, UsageError, "use the STORE argument"),
        ({"parameters": {"max_timelines": 3}, "template": _plain(tmp_path)}, UnknownNameError, "takes no parameters"),
        ({"template": tmp_path / "absent.ipynb"}, UsageError, "does not exist"),
        ({"parameters": {"smooth_s": -1.0}}, UsageError, r"must be in \[0, inf\), not -1.0"),
        ({"template": "compare_report"}, UsageError, "both sides are the same videos"),
        ({"template": "compare_report", "parameters": {"other": str(store.path)}}, UsageError, "the same videos"),
        (
            {"template": "compare_report", "parameters": {"first_from": "yesterday"}},
            UsageError,
            "first_from must be a date",
        ),
        (
            {
                "template": "compare_report",
                "parameters": {"second_from": "2026-11-02", "second_until": "2026-11-01"},
            },
            UsageError,
            "second_until .* must be later",
        ),
        ({"video": "nobody"}, UnknownNameError, "nobody"),
    ):
        with pytest.raises(error, match=message):
            facestats.report(store.path, out=out, **options)
    with pytest.raises(StoreError, match="is not a store"):
        facestats.report(tmp_path, out=out)
    assert not out.exists()


def test_an_output_that_cannot_be_written_is_refused(store, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot write reports to .*file"):
        facestats.report(store.path, out=tmp_path / "file")


def _plain(folder: Path) -> Path:
    return write_notebook(folder / "plain.ipynb", "a = 1", tagged=None)


def test_one_report_a_video_and_one_over_all(store, tmp_path, planned):
    facestats.report(store.path, out=tmp_path)
    assert [name for _, name, _ in planned] == [
        *(f"{video_id}.ipynb" for video_id in (FAILED, EMPTY, PEOPLE, PARTIAL)),
        "collection.ipynb",
    ]
    assert all(parameters["linked"] for *_, parameters in planned)
    assert all(Path(parameters["store"]) == store.path.resolve() for *_, parameters in planned)


def test_a_report_on_failed_videos_only_is_about_what_failed(tmp_path):
    opened = create_store(tmp_path / "store")
    for number, status in enumerate(("failed", "failed", "ok")):
        error = "no readable frame" if status == "failed" else None
        made = make_result(f"v-{number}", (), path=f"{number}.mp4", status=status, error=error)
        opened.write(made, paths=(f"{number}.mp4",))
        told = {task.name: task.video_status for task in run.tasks_for(opened, out=tmp_path)[1]}
        assert told["collection"] == status
        assert told[f"v-{number}"] == status


def test_one_video_only(store, tmp_path, planned):
    facestats.report(store.path, out=tmp_path, video="people")
    assert [(name, parameters["linked"]) for _, name, parameters in planned] == [(f"{PEOPLE}.ipynb", False)]
    (tmp_path / "collection.html").write_text("")
    facestats.report(store.video(PEOPLE), out=tmp_path)
    assert planned[1][2]["linked"] is True


def test_an_own_template_runs_once_or_for_each_video_if_it_asks(store, tmp_path, planned):
    once = write_notebook(tmp_path / "once.ipynb", "store = ''\nlevel = 1")
    each = write_notebook(tmp_path / "each.ipynb", "store = ''\nvideo = ''")
    facestats.report(store.path, out=tmp_path / "a", template=once, parameters={"level": 2})
    assert planned == [("once.ipynb", "once.ipynb", {"store": str(store.path.resolve()), "level": 2})]
    planned.clear()
    facestats.report(store.path, out=tmp_path / "b", template=each)
    assert [name for _, name, _ in planned] == [f"each-{v}.ipynb" for v in (FAILED, EMPTY, PEOPLE, PARTIAL)]
    assert [parameters["video"] for *_, parameters in planned] == [FAILED, EMPTY, PEOPLE, PARTIAL]


def test_the_others_still_run_when_one_fails(store, tmp_path, planned, monkeypatch):
    fake = run.execute

    def failing(template, out, parameters, **_):
        fake(template, out, parameters)
        if out.stem in (EMPTY, PEOPLE):
            raise DeadKernelError("Kernel died")

    monkeypatch.setattr(run, "execute", failing)
    result = facestats.report(store.path, out=tmp_path)
    assert [made.status for made in result.reports] == ["ok", "failed", "failed", "ok", "ok"]
    assert "kernel died" in result.problems[0]
    assert len(planned) == 5
    assert "kernel died" in (tmp_path / f"{PEOPLE}.html").read_text(encoding="utf-8")


def test_a_failed_report_leaves_a_good_one_alone(store, tmp_path, planned, monkeypatch):
    facestats.report(store.path, out=tmp_path)
    page, notebook = tmp_path / "collection.html", tmp_path / "collection.ipynb"
    good, made_at = (page.read_bytes(), notebook.read_bytes()), read_index(tmp_path)["collection"].made_at
    works = run.execute

    def failing(template, out, parameters, **_):
        out.write_text("half a notebook")
        raise DeadKernelError("Kernel died")

    for _ in range(2):
        monkeypatch.setattr(run, "execute", failing)
        result = facestats.report(store.path, out=tmp_path)
        assert result.exit_code == 3
        assert all(made.kept for made in result.reports)
        assert (page.read_bytes(), notebook.read_bytes()) == good
        assert (tmp_path / "collection.failed.ipynb").read_text() == "half a notebook"
        line = read_index(tmp_path)["collection"]
        assert (line.status, line.made_at, line.made_from) == ("failed", made_at, "")
        assert "a newer one stopped before its end" in (tmp_path / PAGE).read_text()
    monkeypatch.setattr(run, "execute", works)
    assert len(facestats.report(store.path, out=tmp_path, only_changed=True).reports) == 5
    assert not (tmp_path / "collection.failed.ipynb").exists()
    assert read_index(tmp_path)["collection"].status == "ok"


def test_a_template_for_each_video_needs_videos(tmp_path, planned):
    each = write_notebook(tmp_path / "each.ipynb", "store = ''\nvideo = ''")
    with pytest.raises(UsageError, match="holds no videos"):
        facestats.report(create_store(tmp_path / "none"), out=tmp_path / "out", template=each)


@pytest.mark.slow
def test_every_kind_of_video_runs_through_papermill(store, tmp_path):
    results = facestats.report(store.path, out=tmp_path).reports
    texts = {result.html.stem: result.html.read_text(encoding="utf-8") for result in results}
    assert not any(OUTSIDE.search(text) for text in texts.values())
    assert "No face was found" in texts[EMPTY]
    assert "could not be analysed" in texts[FAILED]
    for absent in ("Expression of each face", "Face by face", "Who was seen"):
        assert absent not in texts[EMPTY]
        assert absent not in texts[FAILED]
        assert absent in texts[PEOPLE]


@pytest.mark.slow
def test_a_dying_kernel_is_told(store, tmp_path):
    template = write_notebook(tmp_path / "dies.ipynb", "store = ''", "print('before')", "import os; os._exit(9)")
    (problem,) = facestats.report(store.path, out=tmp_path / "out", template=template).problems
    assert problem.endswith("dies.ipynb stopped: the notebook's kernel died, perhaps for want of memory")
    assert "before" in (tmp_path / "out" / "dies.html").read_text(encoding="utf-8")


def test_what_was_corrected_by_hand_has_its_reports_made_anew(tmp_path, planned):
    store = make_store(tmp_path / "s")
    out = tmp_path / "r"

    def made():
        planned.clear()
        facestats.report(store.path, out=out, only_changed=True)
        return {name.removesuffix(".ipynb") for _, name, _ in planned}

    assert len(made()) == 5
    assert made() == set()
    store.correct(PEOPLE, 2, reject=True)
    assert made() == {PEOPLE, "collection"}
    assert made() == set()
    store.uncorrect(PEOPLE, 1)
    assert made() == {PEOPLE, "collection"}
