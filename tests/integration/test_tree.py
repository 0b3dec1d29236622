"""The tests mirror the package: who knows a module finds its tests, and the other way round."""

from pathlib import Path

import facestats

PACKAGE = Path(facestats.__file__).parent
UNIT = Path(__file__).parents[1] / "unit"
MODULES = [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if not path.name.startswith("__")]

#: Reads arguments and calls what is tested elsewhere.
THIN = "cli"


def home_of(module: Path) -> Path:
    return UNIT / module.with_name(f"test_{module.name.removeprefix('_')}")


def test_every_file_of_tests_is_named_after_a_module_or_its_package():
    homes = {home_of(module) for module in MODULES}
    strays = [
        str(path.relative_to(UNIT))
        for path in UNIT.rglob("test_*.py")
        if path not in homes and path.stem != f"test_{(PACKAGE / path.parent.relative_to(UNIT)).name}"
    ]
    assert strays == []


def test_every_function_that_others_use_has_a_test_or_an_example():
    untried = []
    for module in MODULES:
        text = (PACKAGE / module).read_text(encoding="utf-8")
        has_functions = "\ndef " in text.replace("\ndef _", "") and module.parts[0] != THIN
        if has_functions and ">>>" not in text and not home_of(module).is_file():
            untried.append(str(module))
    assert untried == []
