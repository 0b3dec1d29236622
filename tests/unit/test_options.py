import dataclasses
import inspect

import pytest

from facestats import options
from facestats.errors import UnknownNameError, UsageError
from facestats.options import AnalyzeOptions


@pytest.mark.parametrize(
    ("name", "value"),
    [("rate", -1), ("rate", float("inf")), ("detect_size", 8), ("min_score", 1.0), ("min_face", -3), ("limit_s", 0)],
)
def test_values_out_of_range_name_the_option(name, value):
    with pytest.raises(UsageError, match="--" + name.removesuffix("_s").replace("_", "-")):
        AnalyzeOptions(**{name: value})


def test_unknown_keywords_are_refused_naming_those_that_exist():
    with pytest.raises(UnknownNameError, match="tracker"):
        AnalyzeOptions.from_keywords(traker="bytetrack")


def test_a_single_models_folder_is_a_list_of_one():
    assert AnalyzeOptions.from_keywords(models_path="mine").models_path == ("mine",)


def test_every_option_of_the_command_line_reaches_the_dataclass():
    from facestats.cli.analyze import analyze

    parameters = inspect.signature(analyze).parameters
    renamed = {"model": "models", "limit": "limit_s"}
    for field in dataclasses.fields(AnalyzeOptions):
        matching = [name for name in parameters if renamed.get(name, name) == field.name]
        assert len(matching) == 1, field.name
        default = parameters[matching[0]].default
        assert default == field.default or default is None


def test_to_dict_is_plain_json():
    import json

    assert json.loads(json.dumps(AnalyzeOptions(models={"age": "none"}).to_dict()))["models"] == {"age": "none"}
    assert options.MIN_CLASSIFIED_PX > 0
