import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_type_hints

import pytest

import facestats as fs
from facestats import options
from facestats._util.naming import as_options
from facestats.errors import UnknownNameError, UsageError
from facestats.options import AnalyzeOptions, RunOptions, described, differences


@pytest.mark.parametrize(
    ("name", "value"),
    [("rate", -1), ("rate", float("inf")), ("detect_size", 8), ("min_score", 1.0), ("min_face", -3), ("limit_s", 0)],
)
def test_values_out_of_range_name_the_option(name, value):
    with pytest.raises(UsageError, match=f"^{name} must be "):
        AnalyzeOptions(**{name: value})
    option = "--" + name.removesuffix("_s").replace("_", "-")
    with as_options(), pytest.raises(UsageError, match=f"^{option} must be "):
        AnalyzeOptions(**{name: value})


def test_an_unknown_keyword_names_the_nearest_that_exists_in_one_line():
    with pytest.raises(UnknownNameError) as caught:
        AnalyzeOptions.from_keywords(traker="bytetrack")
    assert str(caught.value) == "unknown option 'traker': did you mean 'tracker'?"


def test_a_keyword_that_is_like_none_names_all():
    with pytest.raises(UnknownNameError, match=r"unknown option 'zzz'; there are rate, detector, .*thumbnails"):
        AnalyzeOptions.from_keywords(zzz=1)


def test_every_option_is_described():
    for item in described().values():
        assert item.help.endswith("."), item.name
        assert item.affects in ("found", "drawn", "run"), item.name
        assert item.flag.startswith("--"), item.name
        assert f"{item.name} : " in (AnalyzeOptions.__doc__ + RunOptions.__doc__), item.name


def test_what_a_change_affects():
    drawn = {name for name, item in described().items() if item.affects == "drawn"}
    assert drawn == {"clips", "blur", "thumbnails"}
    assert {item.affects for item in described(RunOptions).values()} == {"run"}


def test_differences_take_what_is_missing_for_the_default_and_leave_models_to_their_content():
    before = {"min_face": 12.0, "models": {"age": "none"}, "device": "cuda", "clips": False, "of_long_ago": 1}
    after = AnalyzeOptions(rate=5.0).to_dict()
    assert differences(before, after) == {"rate": (10.0, 5.0)}
    assert differences(before, after, "drawn") == {"clips": (False, True)}
    assert differences(before, after, "run") == {"device": ("cuda", "cpu")}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"workers": -1}, "workers must be 0 or more, not -1"),
        ({"timeout": 0}, "timeout must be more than 0 seconds, not 0"),
        ({"workers": 1, "scheduler": "tcp://a:1"}, "leave workers out"),
    ],
)
def test_wrong_options_of_a_run_are_refused(wrong, message):
    with pytest.raises(UsageError, match=message):
        RunOptions.from_keywords(**wrong)


def test_a_single_models_folder_is_a_list_of_one():
    assert AnalyzeOptions.from_keywords(models_path="mine").models_path == ("mine",)


def test_the_command_line_has_every_option_with_its_default_and_help():
    import typer

    from facestats.cli.analyze import analyze

    command = typer.Typer()
    command.command()(analyze)
    parameters = {each.name: each for each in typer.main.get_command(command).params}
    for name, item in described().items():
        assert parameters[name].opts == [item.flag]
        assert parameters[name].help == item.help
        assert parameters[name].default in (item.default, None), name


@pytest.mark.parametrize(
    ("function", "groups"),
    [
        (fs.analyze, (AnalyzeOptions,)),
        (fs.analyze_collection, (AnalyzeOptions, RunOptions)),
        (fs.update, (AnalyzeOptions, RunOptions)),
    ],
)
def test_signature_and_docstring_have_every_option(function, groups):
    parameters = inspect.signature(function).parameters
    assert "options" not in parameters
    assert "**options" not in function.__doc__
    for name, item in described(*groups).items():
        assert parameters[name].default == item.default
        assert parameters[name].annotation == item.type
        assert f"\n    {name} : " in function.__doc__
    with pytest.raises(UnknownNameError, match="did you mean 'progress'"):
        function("a.mp4", prgress=True)


@pytest.mark.parametrize(
    ("keywords", "groups"),
    [(options.AnalyzeKeywords, (AnalyzeOptions,)), (options.CollectionKeywords, (AnalyzeOptions, RunOptions))],
)
def test_what_type_checkers_see_equals_the_dataclasses(keywords, groups):
    hints = get_type_hints(keywords)
    wider = {
        "models_path": str | Path | Sequence[str | Path],  # one folder will do
        "from_s": float | str | None,
        "to_s": float | str | None,
        "region": str | Sequence[str] | Sequence[float] | Mapping[str, str | Sequence[float]],
    }
    assert hints == {name: wider.get(name, item.type) for name, item in described(*groups).items()}


def test_every_tracker_and_detector_is_named_in_the_help():
    from facestats.detect import DETECTORS
    from facestats.track import TRACKERS

    assert all(name in described()["tracker"].help for name in TRACKERS)
    assert all(name in described()["detector"].help for name in DETECTORS)


def test_to_dict_is_plain_json():
    import json

    assert json.loads(json.dumps(AnalyzeOptions(models={"age": "none"}).to_dict()))["models"] == {"age": "none"}
    assert options.MIN_CLASSIFIED_PX > 0


def test_moments_and_regions_as_people_write_them():
    found = AnalyzeOptions.from_keywords(
        from_s="1:30", to_s=100, region={"left": (0, 0, 320, 360), "right": "50%,0,50%,9"}
    )
    assert (found.from_s, found.to_s, found.region) == (90.0, 100, ("left=0,0,320,360", "right=50%,0,50%,9"))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"from_s": 20.0, "to_s": 10.0}, "from_s 20 must come before to_s 10"),
        ({"from_s": "noon"}, "from_s must be seconds, m:s or h:m:s"),
        ({"to_s": "1:75"}, "to_s must be seconds"),
        ({"to_s": 0}, "to_s must be more than 0 seconds"),
        ({"from_s": -1.0}, "from_s must be 0 or more seconds"),
        ({"region": "1,2,3"}, "region must be x,y,w,h"),
        ({"region": 5}, "region must be texts"),
        ({"region": "0,0,0,10"}, "is empty"),
        ({"region": "0,0,120%,10"}, "beyond 100 %"),
        ({"region": ["0,0,1,1", "1,1,1,1"]}, "several regions need names"),
        ({"region": ["a=0,0,1,1", "a=1,1,1,1"]}, "two regions have one name"),
    ],
)
def test_wrong_moments_and_regions_are_refused_in_one_line(wrong, message):
    with pytest.raises(UsageError, match=message) as caught:
        AnalyzeOptions.from_keywords(**wrong)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate", "5"),
        ("rate", None),
        ("rate", True),
        ("detect_size", 640.5),
        ("blur", "no"),
        ("workers", "2"),
        ("force", 1),
    ],
)
def test_values_of_another_type_are_refused_in_one_line(name, value):
    with pytest.raises(UsageError, match="must be") as caught:
        options.from_keywords({name: value})
    assert "\n" not in str(caught.value)
