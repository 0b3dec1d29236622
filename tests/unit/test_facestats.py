import json
import subprocess
import sys
from pathlib import Path

import pytest

import facestats


def test_everything_in_all_can_be_had_and_is_documented():
    for name in facestats.__all__:
        assert getattr(facestats, name).__doc__
    assert dir(facestats) == facestats.__all__ == sorted(facestats.__all__)


def test_packages_of_use_need_no_import_of_their_own():
    code = (
        "import facestats as fs; print(fs.plots.verdict_counts.__name__, fs.widgets.FramePane.__name__, "
        "fs.schema.SCHEMA_VERSION, sorted(fs.models.find_models())[:1])"
    )
    assert subprocess.check_output([sys.executable, "-c", code]).startswith(b"verdict_counts FramePane ")


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="analyse"):
        _ = facestats.analyse


def test_importing_loads_nothing_heavy():
    code = "import sys, json, facestats; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(subprocess.check_output([sys.executable, "-c", code])))
    assert not loaded & {"torch", "pandas", "cv2", "numpy", "av", "matplotlib"}


def test_importing_is_quick():
    # The best of three, in seconds of the processor: other programs may keep it busy.
    code = "import time; begun = time.process_time(); import facestats; print(time.process_time() - begun)"
    assert min(float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(3)) < 0.1


def test_types_are_there_for_whoever_installs_it():
    folder = Path(facestats.__file__).parent
    assert (folder / "py.typed").is_file()
    assert (folder / "__init__.pyi").is_file()


def test_analysing_never_imports_torch():
    code = (
        "import sys, facestats.batch.collection, facestats.clips, facestats.store.store; print('torch' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code]).strip() == b"False"
