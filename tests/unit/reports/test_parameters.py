import re

import pytest
from pages import write_notebook
from papermill.translators import PythonTranslator

from facestats._util.resources import bundled
from facestats.errors import MissingInputError, UnknownNameError, UsageError
from facestats.reports.parameters import (
    Parameter,
    check_parameters,
    notebook_parameters,
    read_file,
    read_notebook,
    read_values,
)
from facestats.reports.tasks import templates


@pytest.fixture
def own(tmp_path):
    return write_notebook(
        tmp_path / "own.ipynb",
        'name = "x"  # what it is called, with a # in it\ncount: int = 3\nscale = 0.5\nflag = False\nanything = None\n'
        "derived = len(name)\nif flag:\n    hidden = 1",
        "count + 1",
    )


def test_names_defaults_and_meanings_are_read_without_running(own):
    found = notebook_parameters(own)
    assert list(found) == ["name", "count", "scale", "flag", "anything", "derived"]
    assert found["name"] == Parameter("name", "x", True, "what it is called, with a # in it")
    assert found["count"].default == 3
    assert not found["derived"].checked


def test_the_bundled_notebooks_have_scalars_with_meanings():
    for name in ("video_report.ipynb", "collection_report.ipynb"):
        for parameter in notebook_parameters(bundled("notebooks") / name).values():
            assert isinstance(parameter.default, str | int | float | bool)
            assert parameter.meaning


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("name", "text", True),
        ("name", 3, False),
        ("count", 4, True),
        ("count", 4.5, False),
        ("count", True, False),
        ("count", "4", False),
        ("scale", 2, True),
        ("scale", False, False),
        ("flag", True, True),
        ("flag", 1, False),
        ("flag", "yes", False),
        ("anything", [1, 2], True),
        ("derived", "whatever", True),
    ],
)
def test_a_value_needs_the_type_of_the_default(own, name, value, fits):
    if fits:
        assert check_parameters({name: value}, [own], reserved={}) == {own: {name: value}}
    else:
        with pytest.raises(UsageError, match=rf"'{name}' of own.ipynb takes .*, like .*, not {value!r}"):
            check_parameters({name: value}, [own], reserved={})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("name", "12", "12"),
        ("name", "true", "true"),
        ("count", "12", 12),
        ("count", "twelve", "twelve"),
        ("scale", "1e-3", 0.001),
        ("scale", "2", 2.0),
        ("scale", "wide", "wide"),
        ("flag", "true", True),
        ("flag", "False", False),
        ("anything", "3", 3),
        ("anything", "a: [", "a: ["),
        ("unheard", "3", "3"),
    ],
)
def test_texts_are_read_as_the_default_suggests(own, name, text, value):
    read = read_values({name: text}, [own])[name]
    assert read == value
    assert type(read) is type(value)


def test_an_unknown_name_is_refused_naming_those_that_exist(own):
    with pytest.raises(UnknownNameError, match="'nam'; there are anything, count, derived, flag, name"):
        check_parameters({"nam": 1}, [own], reserved={"scale": "--scale"})


def test_a_reserved_name_is_refused_saying_what_to_use(own):
    with pytest.raises(UsageError, match="use --video"):
        check_parameters({"name": "a"}, [own], reserved={"name": "--video"})


def test_each_template_gets_what_it_knows(own, tmp_path):
    other = write_notebook(tmp_path / "other.ipynb", "count = 1")
    assert check_parameters({"count": 2, "flag": True}, [own, other], reserved={}) == {
        own: {"count": 2, "flag": True},
        other: {"count": 2},
    }


def test_without_a_tagged_cell_there_are_no_parameters(tmp_path):
    plain = write_notebook(tmp_path / "plain.ipynb", "a = 1", tagged=None)
    assert notebook_parameters(plain) is None
    assert check_parameters({}, [plain], reserved={}) == {plain: {}}
    with pytest.raises(UnknownNameError, match=r"plain\.ipynb takes no parameters: tag the cell"):
        check_parameters({"a": 2}, [plain], reserved={})


def test_what_is_not_a_notebook_is_refused(tmp_path):
    text = tmp_path / "text.ipynb"
    text.write_text("hello")
    json = tmp_path / "json.ipynb"
    json.write_text('{"cells": 3}')
    binary = tmp_path / "binary.ipynb"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (text, json, binary):
        with pytest.raises(UsageError, match="is not a Jupyter notebook"):
            notebook_parameters(path)
    with pytest.raises(UsageError, match="is a folder"):
        notebook_parameters(tmp_path)
    with pytest.raises(MissingInputError, match="does not exist"):
        notebook_parameters(tmp_path / "absent.ipynb")
    with pytest.raises(UsageError, match=r"is not Python \(.*line 1\)"):
        notebook_parameters(write_notebook(tmp_path / "r.ipynb", "x <- function(a) {"))


def test_ranges_stand_in_the_comment_and_are_held_before_anything_runs(tmp_path):
    own = write_notebook(
        tmp_path / "own.ipynb", "a = 0.5  # width, s, [0, inf)\nb = 3  # (0, 9] rows\nc = 1  # any (1, so)"
    )
    known = notebook_parameters(own)
    assert [known[name].range for name in "abc"] == ["[0, inf)", "(0, 9]", ""]
    for name, value in (("a", 0), ("a", 2.5), ("b", 9), ("c", -5)):
        assert check_parameters({name: value}, [own], reserved={})[own] == {name: value}
    for name, value in (("a", -0.1), ("a", float("nan")), ("a", float("inf")), ("b", 0), ("b", 10)):
        with pytest.raises(
            UsageError, match=re.escape(f"parameter '{name}' of own.ipynb must be in {known[name].range}, not")
        ):
            check_parameters({name: value}, [own], reserved={})


def test_a_negative_smoothing_time_is_refused_by_the_reports_that_come_with_facestats():
    for name in ("smooth_s", "max_timelines", "max_evidence"):
        with pytest.raises(UsageError, match=r"must be in \[0, inf\), not -1"):
            check_parameters({name: -1}, templates(), reserved={})


def test_a_file_of_parameters_is_read_as_options_are(own, tmp_path):
    file = tmp_path / "params.yaml"
    file.write_text("name: 2026-11-01\nscale: 1e-3\ncount: 12\nflag: true\n")
    assert read_file(file, [own]) == {"name": "2026-11-01", "scale": 0.001, "count": 12, "flag": True}
    file.write_text("")
    assert read_file(file, [own]) == {}
    for text in ("- a\n- b", "a: [", "1: 2", "just text"):
        file.write_text(text)
        with pytest.raises(UsageError, match=r"params\.yaml"):
            read_file(file, [own])
    with pytest.raises(MissingInputError, match="does not exist"):
        read_file(tmp_path / "absent.yaml", [own])


def test_papermill_understands_the_parameters_that_come_with_facestats(caplog):
    for template in sorted(bundled("notebooks").glob("*_report.ipynb")):
        (cell,) = [each for each in read_notebook(template).cells if "parameters" in each.metadata.get("tags", [])]
        found = PythonTranslator.inspect(cell)
        assert [each.name for each in found] == list(notebook_parameters(template))
    assert caplog.text == ""
