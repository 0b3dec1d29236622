import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from stores import make_store

import facestats
import facestats as fs
from facestats.errors import UsageError


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("types") / "s")


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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda store: fs.explore(store.tracks()),
            "must be a path, a store or a result of fs.analyze, not a DataFrame",
        ),
        (lambda _: fs.explore(3), "must be a path, a store or a result of fs.analyze, not 3"),
        (
            lambda store: fs.open_store(store.tracks()),
            "a store must be a path or what open_store returned, not a DataFr",
        ),
        (lambda _: fs.status(None), "a store must be a path or what open_store returned, not None"),
        (lambda store: fs.report(store, out=3), "out must be a path, not 3"),
        (lambda store: fs.demographics(store, n_draws="x"), "n_draws must be a whole number, not 'x'"),
        (lambda store: fs.demographics(store, n_draws=2.5), "n_draws must be a whole number, not 2.5"),
        (lambda store: fs.demographics(store, seed=-1), "seed must be at least 0, not -1"),
        (lambda store: fs.demographics(store, attributes=3), "attributes must be one text or several, not 3"),
        (lambda store: fs.compare(store, store, n_draws="x"), "n_draws must be a whole number, not 'x'"),
        (lambda store: fs.timeline(store, every="x"), "every must be a number, not 'x'"),
        (lambda _: fs.timeline(3), "give a store or its path, a result, or a table of observations, not 3"),
        (lambda store: fs.export(store, 3), "table must be one text or several, not 3"),
        (lambda store: fs.export(store, out=3), "out must be a path or a file open for writing, not 3"),
        (lambda store: fs.export(store, videos=3), "videos must be one text or several, not 3"),
        (lambda store: fs.export(store, from_s="x"), "from_s must be seconds, m:s or h:m:s"),
        (lambda store: fs.export_annotations(store, smooth_s="x"), "smooth_s must be a number, not 'x'"),
        (lambda _: fs.analyze(3), "give a path, or frames as an array, a list or an iterator, not int"),
        (lambda _: fs.analyze(None), "give a path, or frames as an array, a list or an iterator, not NoneType"),
        (lambda _: fs.analyze(["a.mp4", "b.mp4"]), "of several, use fs.analyze_collection"),
        (lambda store: fs.analyze(store.path), "is a store, which holds results: name the video"),
        (lambda _: fs.analyze_collection(None), "inputs must be one text or several, not None"),
        (lambda _: fs.analyze_collection("a.mp4", out=3), "out must be a path, not 3"),
        (lambda store: store.video(3), "a video must be a path, a file name or an id, not 3"),
        (lambda store: store.tracks(columns=3), "columns must be one text or several, not 3"),
        (lambda store: store.sql(3), "a query is a text, not 3"),
    ],
)
def test_what_is_of_another_type_is_refused_in_one_line_that_names_it(call, message, store):
    with pytest.raises(UsageError, match=re.escape(message)) as caught:
        call(store)
    assert "\n" not in str(caught.value)
