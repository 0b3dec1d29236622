from pages import parse
from stores import make_result

from facestats.options import AnalyzeOptions
from facestats.reports import collection
from facestats.reports.data import load_collection
from facestats.reports.mixture import mixture
from facestats.store.manifest import Entry
from facestats.store.store import create_store


def entry(number, *, status="ok", models=(), **options):
    return Entry(f"v{number}", "", str(number), (), status, options=options, models=dict(models))


def test_options_that_change_what_is_found_are_counted():
    entries = [entry(1, rate=5.0), entry(2), entry(3, rate=5.0, blur=True)]
    assert "rate 5 (two videos), 10 (one video)." in mixture(entries)
    assert mixture([entry(1, rate=10), entry(2, rate=10.0), entry(3)]) == ""
    assert "region a=0,0,9,9 (one video), none (one video)" in mixture([entry(1, region=["a=0,0,9,9"]), entry(2)])
    assert mixture([entry(1, clips=False), entry(2), entry(3, rate=5.0, status="failed")]) == ""


def test_models_are_told_apart_by_name_and_else_by_content():
    old, new = ({"gender": {"name": "people", "sha256": letter * 64}} for letter in "ab")
    assert "model of gender people aaaaaaaa (one video), people bbbbbbbb (one video)" in mixture(
        [entry(1, models=old), entry(2, models=new)]
    )
    assert "model of gender people (one video), none (one video)" in mixture([entry(1, models=old), entry(2)])


def test_the_report_says_so_at_its_top(tmp_path):
    store = create_store(tmp_path / "store")
    for number, rate in enumerate((10, 5)):
        result = make_result(f"v-{number}", (), path=f"{number}.mp4", duration_s=1.0)
        store.write(result, paths=(f"{number}.mp4",), options=AnalyzeOptions(rate=rate).to_dict())
        said = parse(collection.headline(load_collection(str(store.path)))).words
        assert ("not all analysed alike: rate 10 (one video), 5 (one video)" in said) == (number == 1)
