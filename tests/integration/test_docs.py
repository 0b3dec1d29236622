"""The documentation: it builds without a warning, all its links lead somewhere, and nothing comes from elsewhere."""

import doctest
import importlib.util
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from browser import SIZES, barriers, chromium, opened

import facestats
from facestats.synth.demo import render_demo

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

pytestmark = pytest.mark.slow


def load(name):
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


check, generate = load("check"), load("generate")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    for name in ("sphinx", "myst_nb", "furo", "numpydoc", "sphinx_copybutton"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed: make docs installs what the documentation needs")
    folder = tmp_path_factory.mktemp("docs") / "html"
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-D", "nb_execution_mode=off", DOCS, folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(pages):
    assert check.problems(pages) == []


def test_every_public_name_has_an_entry(pages):
    text = "".join(path.read_text(encoding="utf-8") for path in (pages / "_generated" / "api").glob("*.html"))
    described = set(re.findall(r'<dt class="sig[^"]*" id="([^"]+)"', text))
    # Modules have sections of their own: their names are those of REFERENCE.
    names = [name for name in facestats.__all__ if not inspect.ismodule(getattr(facestats, name))]
    assert {f"facestats.{name}" for name in names} <= described
    for modules in generate.REFERENCE.values():
        for module in modules:
            names = generate.public_names(importlib.import_module(module))
            assert {f"{module}.{name}" for name in names} <= described


def test_every_notebook_card_table_and_command_has_its_place(pages):
    from facestats import cli
    from facestats.tables import schema

    tutorials = {path.stem for path in (ROOT / "notebooks" / "tutorials").glob("*.ipynb")}
    assert tutorials <= {path.stem for path in (pages / "_generated" / "tutorials").glob("*.html")}
    cards = {path.parent.name for path in (ROOT / "models").rglob("card.json")}
    assert cards == {path.stem for path in (pages / "_generated" / "models").glob("*.html")}
    tables = (pages / "schema.html").read_text(encoding="utf-8")
    for table, columns in schema.TABLES.items():
        assert f'<section id="{table}">' in tables
        assert all(f">{column.name}<" in tables for column in columns)
    commands = (pages / "command-line.html").read_text(encoding="utf-8")
    assert all(f'<section id="facestats-{command}">' in commands for command in cli.commands())


@pytest.mark.parametrize("size", SIZES)
def test_a_browser_shows_them_at_ease(pages, size):
    with chromium() as browser:
        for name in ("index", "schema", "coming-from", "_generated/api/clips"):
            with opened(browser, pages / f"{name}.html", size) as (page, trouble):
                width, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
                assert trouble == []
                assert width <= room, f"{name} is cut off"
                assert barriers(page) == []


def test_what_is_wrong_with_a_page_is_said(tmp_path):
    (tmp_path / "there.html").write_text('<p id="here">', encoding="utf-8")
    (tmp_path / "style.css").write_text("@import 'https://far.example/a.css'; p { background: url(b.png) }", "utf-8")
    (tmp_path / "index.html").write_text(
        """<a href="there.html#here">fine</a> <a href="https://far.example">fine</a> <a href="#top" id="top">fine</a>
        <a href="gone.html">1</a> <a href="there.html#gone">2</a> <img src="gone.png">
        <script src="https://far.example/a.js"></script> <link rel="stylesheet" href="//far.example/a.css">
        <script>require("https://far.example/b.js")</script> <p style="background: url(https://far.example/c.png)">""",
        encoding="utf-8",
    )
    assert sorted(problem.split(": ", 1)[1] for problem in check.problems(tmp_path)) == [
        "<a> leads to gone.html, which is not there",
        "<a> leads to there.html#gone, which has no such anchor",
        "<img> leads to gone.png, which is not there",
        "<link> loads //far.example/a.css",
        "<script> loads https://far.example/a.js",
        "a script names https://far.example/b.js",
        "a style loads url(https://far.example/c.png",
        "loads @import 'https://far.example/a.css",
    ]
    assert check.problems(tmp_path / "empty") == [f"{tmp_path / 'empty'} has no pages"]


class Nearly(doctest.OutputChecker):
    """Compare words, and numbers to a tenth: processors round in eight bits in ways of their own."""

    def check_output(self, want, got, optionflags):
        numbers = r"-?\d+\.\d+"
        if re.sub(numbers, "#", want).split() != re.sub(numbers, "#", got).split():
            return False
        pairs = zip(re.findall(numbers, want), re.findall(numbers, got), strict=True)
        return all(abs(float(a) - float(b)) <= 0.1 for a, b in pairs)


def test_the_readme_is_compared_in_words_and_numbers():
    assert Nearly().check_output("0  male  0.98\n", "0 male 0.94\n", 0)
    assert not Nearly().check_output("0  male  0.98\n", "0 female 0.98\n", 0)
    assert not Nearly().check_output("0  male  0.98\n", "0 male 0.68\n", 0)


def test_the_readme_shows_what_its_python_answers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    render_demo(Path("facestats-demo"))
    session = "".join(re.findall(r"```pycon\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL))
    examples = doctest.DocTestParser().get_examples(session)
    assert any(example.want for example in examples)
    for example in examples:
        if not example.want:
            example.source = f"_ = {example.source}" if example.source.startswith("fs.") else example.source
    test = doctest.DocTest(examples, {}, "README.md", "README.md", 0, session)
    wrong = []
    doctest.DocTestRunner(checker=Nearly(), verbose=False).run(test, out=wrong.append)
    assert wrong == []
