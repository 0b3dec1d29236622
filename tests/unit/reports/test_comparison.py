import dataclasses
import re
from zlib import crc32

import nbformat
import pandas as pd
import pytest
from pages import parse
from stores import EMPTY, MODELS, NASTY_NAME, PARTIAL, PEOPLE, Face, make_result, make_store

from facestats._util.resources import bundled
from facestats.errors import StoreError, UsageError
from facestats.models.registry import find_models
from facestats.options import AnalyzeOptions
from facestats.reports import comparison, sides
from facestats.reports.kernel import execute
from facestats.reports.page import to_html
from facestats.store.store import create_store

#: Of the models that ship, so that their cards are found.
SHIPPED = {
    attribute: {"name": name, "sha256": find_models()[name].card.files["model.onnx"]}
    for attribute, name in {"expression": "expression", **dict.fromkeys(("gender", "age", "makeup"), "people")}.items()
}


def load_comparison(store, other="", **chosen):
    """Two sides of the notebook's parameters: first_from, first_until, first_files, first_label, and of the second."""
    choices = {
        side: sides.Choice(*(chosen.get(f"{side}_{name}", "") for name in ("from", "until", "files", "label")))
        for side in ("first", "second")
    }
    return sides.load_comparison(store, other, **choices)


def sections(data):
    return [
        comparison.headline(data),
        comparison.cautions(data),
        comparison.composition(data),
        comparison.coverage(data),
        comparison.limits(data),
        comparison.made(data),
    ]


def write(folder, gender, expression, *, n_videos=10, month=10, models=SHIPPED, **options):
    """A store whose videos show five people each, all of one gender and with one expression."""
    store = create_store(folder)
    for number in range(n_videos):
        faces = [Face(k, 0.0, 1.9, ((1e9, expression),), gender=gender, sureness=0.97) for k in range(1, 6)]
        name = f"{folder.name}-{number}"
        result = make_result(f"{name}-{crc32(name.encode()):08x}", faces, path=f"in/{name}.mp4", duration_s=2.0)
        result.videos["started_at"] = pd.Timestamp(2026, month, 1 + number, tz="UTC").as_unit("us")
        made = AnalyzeOptions(**options).to_dict()
        store.write(result, paths=(f"in/{name}.mp4",), options=made, models=models)
    return folder


@pytest.fixture(scope="module")
def october(tmp_path_factory):
    return write(tmp_path_factory.mktemp("a") / "october", "female", "happiness")


@pytest.fixture(scope="module")
def november(tmp_path_factory):
    return write(tmp_path_factory.mktemp("b") / "november", "male", "neutral", n_videos=12, month=11, rate=5.0)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """The small store of the other reports: people, nobody, an unreadable file, and one with a nasty name."""
    return make_store(tmp_path_factory.mktemp("c") / "mixed").path


@pytest.fixture(scope="module")
def two(october, november):
    return load_comparison(str(october), str(november))


def test_the_headline_says_how_much_was_compared_and_what_differs_most(two):
    said = parse(comparison.headline(two)).words
    assert said.startswith("october and november compared “october” (ten videos, 20 seconds, 50 faces) compared with")
    assert "“november” (twelve videos, 24 seconds, 60 faces): the clearest difference is the share of" in said
    assert re.search(r"the share of faces perceived as (female, \d+ % against \d+|male, \d+ % against \d+) %\.", said)
    n_clear = int(re.search(r"(\d+) of 17 shares differ clearly", said).group(1))
    assert n_clear == two.compared["clear"].sum() >= 4
    assert "10 and 12 videos 50 and 60 faces followed" in said
    assert parse(comparison.headline(two, title="<A>")).words.startswith("<A> ")


def test_each_attribute_has_a_chart_and_the_note_says_what_clear_means(two):
    parsed = parse(comparison.composition(two))
    gender, makeup, age, expression = parsed.pictures  # column by column
    assert gender.startswith("gender: female ")
    assert ", a clear difference; male " in gender
    assert age.startswith("age: child ")
    assert "clear" not in makeup
    assert "A difference is called clear if its 99 % interval leaves out zero" in parsed.words
    assert re.search(
        r"happiness 9\d % \(\d\d–\d+\) in october, (0|under 1) % \(0–\d\) in november, a clear diff", expression
    )


def test_what_was_read_and_found_stands_side_by_side(mixed, october):
    said = parse(comparison.coverage(load_comparison(str(mixed), str(october)))).words
    assert "mixed october" in said
    assert "analysed (UTC) 2025-05-04 2026-10-01 to 2026-10-10" in said
    assert "videos 4 10 – read to the end 2 10 – read in part 1 0 – not read 1 0" in said
    assert "length 17 seconds 20 seconds frames looked at 170 200 sightings of a face 268 1,000" in said
    assert "faces followed 5 50" in said


def test_another_analysis_is_a_caution(two, october, tmp_path):
    said = parse(comparison.cautions(two)).words
    assert said == "The two sides were analysed differently: rate (10.0 against 5.0). Differences may come from that."
    other = write(tmp_path / "other", "female", "happiness", n_videos=2, models=MODELS, clips=False, blur=True)
    said = parse(comparison.cautions(load_comparison(str(october), str(other)))).words
    assert "gender model (people, sha256" in said
    assert "clips" not in said
    alike = write(tmp_path / "alike", "female", "happiness", n_videos=2)
    assert comparison.cautions(load_comparison(str(october), str(alike))) is None


def test_videos_on_both_sides_are_a_caution(october):
    data = load_comparison(str(october), first_until="2026-10-04", second_from="2026-10-02")
    said = parse(comparison.cautions(data)).words
    assert said.startswith("Two videos count on both sides (october-1.mp4 and october-2.mp4).")
    data = load_comparison(str(october), first_files="*", second_from="2026-10-02")
    said = parse(comparison.cautions(data)).words
    assert said.startswith("Nine videos count on both sides (october-1.mp4, ")
    assert "and 4 more)" in said


def test_two_periods_of_one_store(october):
    data = load_comparison(str(october), first_until="2026-10-05", second_from="2026-10-05", second_until="2026-10-08")
    assert [len(tables.videos) for _, tables in data.sides] == [4, 3]
    assert [len(tables.tracks) for _, tables in data.sides] == [20, 15]
    assert [len(tables.frames) for _, tables in data.sides] == [80, 60]
    assert [len(tables.entries) for _, tables in data.sides] == [4, 3]
    said = parse(comparison.headline(data)).words
    assert said.startswith("before 2026-10-05 and 2026-10-05 to before 2026-10-08 compared")
    assert "no share differs clearly, and what differs may be chance." in said
    assert "0 of 17 shares differ clearly" in said


def test_sides_are_called_by_what_tells_them_apart(october, november, tmp_path):
    def labels(*stores, **chosen):
        data = load_comparison(*(str(store) for store in stores), **chosen)
        return data.first_label, data.second_label

    assert labels(october, first_files="*-1.mp4") == ("*-1.mp4", "all of october")
    assert labels(october, november, second_from="2026-11-03") == ("october", "november, since 2026-11-03")
    assert labels(october, november, first_label="A", second_label="B") == ("A", "B")
    assert labels(october, november, first_label="A", second_label="A") == ("A (first)", "A (second)")
    twin = write(tmp_path / "october", "male", "fear", n_videos=1)
    assert labels(october, twin) == (f"{october.parent.name}/october", f"{tmp_path.name}/october")


def test_what_cannot_be_compared_is_refused(october, tmp_path):
    for other in ("", str(october), f"{october.parent}/./october"):
        with pytest.raises(UsageError, match=r"^both sides are the same videos: give other .*first_from, first_until"):
            load_comparison(str(october), other, first_label="A", second_label="B")
    with pytest.raises(UsageError, match=r"^second_until must be a date"):
        load_comparison(str(october), second_until="soon")
    with pytest.raises(UsageError, match=r"^first_until \(2026-01-01\) must be later than first_from \(2026-10-01\)"):
        load_comparison(str(october), first_from="2026-10-01", first_until="2026-01-01")
    with pytest.raises(StoreError):
        load_comparison(str(october), str(tmp_path))


def test_names_are_escaped_everywhere(mixed, october):
    nasty = "<script>alert('x')</script> & \"co\" $1$"
    for data in (
        load_comparison(str(mixed), first_files="*p*", second_from="2020-01-01", second_label=nasty),
        load_comparison(str(mixed), str(october), first_label=nasty),
    ):
        parsed = parse(*sections(data))
        assert nasty in parsed.words
        assert "script" not in [tag for tag, _ in parsed.tags]
        assert not any("onerror" in attributes for _, attributes in parsed.tags)
    shared = load_comparison(str(mixed), first_files="*onerror*", second_from="2020-01-01")
    assert NASTY_NAME in parse(*sections(shared)).words


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"second_from": "2027-01-01"}, "There is nothing to compare: no video belongs to “since 2027-01-01”."),
        ({"second_files": "empty*"}, "There is nothing to compare: in “empty*” nobody was followed."),
        ({"first_files": "none", "second_files": "empty*"}, "no video belongs to “none”."),
    ],
)
def test_an_empty_side_says_so(mixed, chosen, sentence):
    data = load_comparison(str(mixed), **chosen)
    parsed = parse(*sections(data))
    assert sentence in parsed.words
    assert "differ clearly" not in parsed.words
    assert not data.compared["clear"].any()


def test_two_empty_stores(tmp_path):
    for name in ("one", "two"):
        create_store(tmp_path / name)
    data = load_comparison(str(tmp_path / "one"), str(tmp_path / "two"))
    assert "no video belongs to “one”." in parse(*sections(data)).words
    assert [comparison.cautions(data), comparison.composition(data)] == [None] * 2


def test_without_a_card_verdicts_are_counted_and_not_compared(mixed, october):
    data = load_comparison(str(mixed), str(october))
    parsed = parse(comparison.composition(data))
    assert "The shares of gender, age and makeup are not compared: this installation has no card" in parsed.words
    assert "gender: female 2 counted in mixed, 50 counted in october" in parsed.pictures[0]
    assert "expression: anger " in parsed.pictures[-1]  # which needs no card
    assert data.compared["attribute"].unique().tolist() == ["expression"]


def test_models_and_origin_of_both_sides_are_told(two):
    said = parse(comparison.limits(two)).words
    assert "right for" in said
    assert said.count("gender , by the model “people”") == 1
    said = parse(comparison.made(two)).words
    assert said.index("october") < said.index("rate 10.0") < said.index("november") < said.index("rate 5.0")
    assert said.count("videos chosen all") == 2


def test_the_page_says_what_was_chosen_whatever_the_sides_are_called(october):
    chosen = {"first_until": "2026-10-03", "first_files": "*1*", "second_from": "2026-10-03"}
    data = load_comparison(str(october), **chosen, first_label="A", second_label="B")
    said = parse(comparison.made(data)).words
    assert "A store october videos chosen before 2026-10-03, *1* Files" in said
    assert "B store october videos chosen since 2026-10-03 Files" in said
    assert "video in/october-1.mp4" in said


def test_single_videos_are_compared_too(mixed):
    data = load_comparison(str(mixed), first_files="people.mp4", second_files="*onerror*")
    assert [tables.videos["video_id"].tolist() for _, tables in data.sides] == [[PEOPLE], [PARTIAL]]
    parsed = parse(*sections(data))
    # One track on the second side: a share, but no interval and nothing clear.
    assert "no share differs clearly" in parsed.words
    rows = data.differences["expression"]
    assert rows["second"].notna().sum() == 7
    assert rows["difference_low"].isna().all()


def test_failed_videos_do_not_count_as_another_analysis(mixed):
    data = load_comparison(str(mixed), first_files="people.mp4", second_from="2020-01-01")
    empty = dataclasses.replace(data.second.entries[EMPTY], options={"rate": 1.0}, status="failed")
    entries = {**data.second.entries, EMPTY: empty}
    data = dataclasses.replace(data, second=dataclasses.replace(data.second, entries=entries))
    assert "analysed differently" not in parse(comparison.cautions(data)).words


def test_the_notebook_makes_a_page(two, october, november, tmp_path):
    out = tmp_path / "out.ipynb"
    parameters = {"store": str(october), "other": str(november), "second_label": "<b>later</b>"}
    execute(bundled("notebooks") / "compare_report.ipynb", out, parameters, progress=False)
    page = to_html(nbformat.read(out, as_version=4), title="compared")
    assert "october and &lt;b&gt;later&lt;/b&gt; compared</h1>" in page
    assert page.count('class="fs-half"') == 4
    assert "analysed differently" in page
    assert all(title in page for title in ("What was analysed", "Who was seen", "Expressions", "How this page"))
