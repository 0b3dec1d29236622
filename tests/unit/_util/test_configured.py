import logging
import os

import pytest

from facestats._util.configured import FILE, find_file, from_environment, from_file, surrounding
from facestats.errors import UsageError
from facestats.options import described


@pytest.fixture
def videos(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "a.mp4").write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("FACESTATS_RATE", "5", "rate", 5.0),
        ("FACESTATS_DETECT_SIZE", "640", "detect_size", 640),
        ("FACESTATS_BLUR", "Yes", "blur", True),
        ("FACESTATS_CLIPS", "off", "clips", False),
        ("FACESTATS_WORKERS", "0", "workers", 0),
        ("FACESTATS_MODELS", "gender=people, age=none", "models", {"gender": "people", "age": "none"}),
        ("FACESTATS_MODELS_PATH", f"a{os.pathsep}b", "models_path", ("a", "b")),
        ("FACESTATS_TRACKER", "none", "tracker", "none"),
    ],
)
def test_variables_of_every_kind(variable, text, name, value):
    assert from_environment(described(), {variable: text})[name].value == value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("FACESTATS_RATE", "fast"),
        ("FACESTATS_RATE", "-1"),
        ("FACESTATS_DETECT_SIZE", "640.5"),
        ("FACESTATS_BLUR", "perhaps"),
        ("FACESTATS_MODELS", "people"),
    ],
)
def test_a_wrong_variable_is_named(variable, text):
    with pytest.raises(UsageError, match=f"^{variable} must be") as caught:
        from_environment(described(), {variable: text})
    assert "\n" not in str(caught.value)


def test_other_variables_are_told_and_change_nothing(caplog):
    with caplog.at_level(logging.WARNING):
        assert from_environment(described(), {"FACESTATS_RAET": "5", "FACESTATS_CACHE": "x", "RATE": "5"}) == {}
    assert [record.getMessage() for record in caplog.records] == [
        "the variable FACESTATS_RAET is no option of facestats and changes nothing"
    ]


def test_a_file_sets_options_and_its_paths_are_relative_to_it(videos):
    (videos / "mine").mkdir()
    (videos / "d.onnx").write_bytes(b"")
    text = (
        'rate = 5\ndetect-size = 640\nblur = true\ndetector = "d.onnx"\nmodels_path = "mine"\n[models]\nage = "none"\n'
    )
    (videos / FILE).write_text(text)
    found = {name: each.value for name, each in from_file(described(), videos / FILE).items()}
    assert found == {
        "rate": 5.0,
        "detect_size": 640,
        "blur": True,
        "detector": str(videos / "d.onnx"),
        "models_path": (str(videos / "mine"),),
        "models": {"age": "none"},
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("raet = 5", "did you mean 'rate'"),
        ('rate = "5"', "rate must be a number"),
        ("rate = -1", "rate must be 0"),
        ('blur = "no"', "blur must be True or False"),
        ("tracker = 1", "tracker must be a text"),
        ('models = "people"', "models must be a table"),
        ("models_path = [1]", "models_path must be a list"),
        ("rate = ", "cannot read the options in"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_it(text, told, videos):
    (videos / FILE).write_text(text)
    with pytest.raises(UsageError, match=told) as caught:
        from_file(described(), videos / FILE)
    assert str(videos / FILE) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_file_lies_in_the_folder_or_beside_it(videos, tmp_path):
    inputs = [str(videos), "camera:0", "rtsp://camera/1", "s3://bucket/videos"]
    assert find_file(inputs) is None
    (tmp_path / FILE).write_text("")
    assert find_file(inputs) == tmp_path / FILE
    (videos / FILE).write_text("")
    for each in (videos, videos / "a.mp4", videos / "*.mp4"):
        assert find_file([str(each)]) == videos / FILE
    assert find_file([], str(videos / "store")) == videos / FILE


def test_two_files_cannot_both_hold(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / FILE).write_text("")
    with pytest.raises(UsageError, match="both hold"):
        find_file([str(tmp_path / "a"), str(tmp_path / "b")])


def test_a_variable_is_stronger_than_the_file(videos):
    (videos / FILE).write_text("rate = 5\nmin_face = 20")
    found = surrounding(described(), [str(videos)], {"FACESTATS_RATE": "7"})
    assert {name: (each.value, each.origin) for name, each in found.items()} == {
        "rate": (7.0, "variable"),
        "min_face": (20.0, "file"),
    }
