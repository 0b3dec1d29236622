import json
import subprocess
import sys

import pytest

import facestats


def test_everything_in_all_can_be_had_and_is_documented():
    for name in facestats.__all__:
        assert getattr(facestats, name).__doc__
    assert set(facestats.__all__) <= set(dir(facestats))
    assert facestats.__all__ == sorted(facestats.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="analyse"):
        _ = facestats.analyse


def test_importing_loads_nothing_heavy():
    code = "import sys, json, facestats; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(subprocess.check_output([sys.executable, "-c", code])))
    assert not loaded & {"torch", "pandas", "cv2", "numpy", "av", "matplotlib"}


def test_analysing_never_imports_torch():
    code = (
        "import sys, facestats.batch.collection, facestats.clips, facestats.store.store; print('torch' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code]).strip() == b"False"
