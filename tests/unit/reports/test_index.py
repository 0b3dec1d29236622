import re
from dataclasses import asdict, replace

import pytest
from pages import OUTSIDE

from facestats.errors import OutputError
from facestats.reports.index import DATA, PAGE, Listed, headline_of, index_page, read_index, write_index
from facestats.reports.summary import Summary


def listed(title="Day 1", *, made_at="2026-01-01T06:00:00+00:00", status="ok", error=None):
    return Listed(title, "Two faces were followed.", made_at, "f00", status, error)


def test_what_is_written_is_read_but_for_pages_that_are_gone(tmp_path):
    reports = {"a": listed(), "b": listed("Day 2")}
    (tmp_path / "a.html").touch()
    write_index(tmp_path, reports)
    assert read_index(tmp_path) == {"a": reports["a"]}
    assert (tmp_path / PAGE).read_text() == index_page(reports)


def test_the_newest_stands_first_and_the_collection_before_its_videos():
    page = index_page(
        {
            "old": listed("old", made_at="2026-01-01T06:00:00+00:00"),
            "video": listed("video", made_at="2026-01-02T06:00:09+00:00"),
            "collection": listed("all", made_at="2026-01-02T06:00:05+00:00"),
        }
    )
    assert re.findall(r'<a href="(\w+)\.html">', page) == ["collection", "video", "old"]
    assert "3 reports, the newest first." in page


def test_a_report_that_failed_says_so():
    page = index_page({"a": listed(status="failed", error="no memory <left>")})
    assert "1 report, the newest first; 1 stopped before the end." in page
    assert "stopped before its end: no memory &lt;left&gt;" in page
    assert 'class="fs-badge fs-failed"' in page


def test_a_failed_or_partial_video_says_so_though_its_report_is_fine():
    page = index_page(
        {
            "a": replace(listed("a"), video_status="failed"),
            "b": replace(listed("b"), video_status="partial"),
            "c": listed("c"),
        }
    )
    assert re.findall(r'class="fs-badge fs-(\w+)"', page) == ["failed", "partial", "ok"]
    assert "One video could not be read. One video could be read in part only." in page
    assert "stopped before" not in page


def test_a_collection_of_failed_videos_only_says_so_and_counts_no_video_twice():
    failed = {
        name: replace(listed(name), video_status="failed", made_of={"/s": videos})
        for name, videos in (("a", ["a"]), ("again-a", ["a"]), ("b", ["b"]), ("collection", ["a", "b"]))
    }
    page = index_page(failed)
    assert re.findall(r'class="fs-badge fs-(\w+)"', page) == ["failed"] * 4
    assert "Two videos could not be read." in page


def test_of_two_reports_about_a_video_the_newer_says_how_it_is():
    old = replace(listed("old"), video_status="failed", made_of={"/s": ["v"]}, made_at="2026-01-01T00:00:00+00:00")
    new = replace(old, video_status="ok", made_at="2026-02-01T00:00:00+00:00")
    for pages in ({"old": old, "new": new}, {"new": new, "old": old}):
        assert "could not be read" not in index_page(pages)
    worse = replace(new, video_status="failed"), replace(old, video_status="ok")
    assert "One video could not be read" in index_page({"new": worse[0], "old": worse[1]})


def test_names_are_escaped_and_nothing_is_fetched():
    page = index_page({"a b&c": listed("<script>alert(1)</script>")})
    assert "<script>" not in page
    assert 'href="a%20b%26c.html"' in page
    assert not OUTSIDE.search(page)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": {"title": 1}}', '{"a": "f00"}'])
def test_a_list_that_is_none_counts_as_empty(tmp_path, text):
    (tmp_path / DATA).write_text(text)
    assert read_index(tmp_path) == {}


def test_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write to"):
        write_index(tmp_path / "file", {"a": listed()})


def test_headlines_are_plain_text():
    assert headline_of('<p class="fs-lead">In <b>a</b> &amp; b\n</p><p class="fs-lead">no</p>') == "In a & b"
    assert headline_of("<p>nothing</p>") == ""


def test_the_page_brings_what_sorts_and_searches_it(tmp_path):
    (tmp_path / "a.html").touch()
    write_index(tmp_path, {"a": listed()})
    page = (tmp_path / PAGE).read_text()
    (address,) = re.findall(r'<script defer="" src="([^"]+)">', page)
    assert "localeCompare" in (tmp_path / address).read_text()
    assert 'type="search"' in page
    assert "<script" not in index_page({})


def about(video, day, **more):
    summary = asdict(Summary(analysed_on=day, n_faces=2, seen_s=9.0, shares={"happiness": 1.0}, **more))
    return replace(listed(video), made_of={"/s": [video]}, summary=summary)


def test_the_faces_of_a_video_stand_beside_its_report():
    page = index_page({"a": about("a", "2026-11-01", picture="data:image/webp;base64,AAAA"), "b": listed("b")})
    assert page.count("<img") == page.count('src="data:image/webp;base64,AAAA" alt="the faces seen longest"') == 1


def test_months_stand_above_the_list_where_there_are_two():
    one = {"a": about("a", "2026-11-01"), "b": about("b", "2026-11-02")}
    assert "Month by month" not in index_page(one)
    page = index_page(one | {"again": about("a", "2026-11-01"), "c": about("c", "2026-09-02")})
    assert page.index("Month by month") < page.index("All reports")
    rows = re.findall(r'data-label="month">([^<]+)</td>.*?<span>(\d+)</span>.*?<span>(\d+)</span>', page)
    assert rows == [("2026-11", "2", "4"), ("2026-09", "1", "2")]  # two reports on a are one video
    assert "happiness 100\N{NO-BREAK SPACE}%" in page
    assert "Earlier months" not in page
    many = {f"a{n}": about(f"a{n}", f"2026-{n:02}-01") for n in range(1, 8)}
    assert "Earlier months" in index_page(many)


def test_what_another_version_wrote_of_a_video_is_passed_over(tmp_path):
    (tmp_path / "a.html").touch()
    write_index(tmp_path, {"a": replace(listed(), summary={"colour": "blue"})})
    assert read_index(tmp_path)["a"].about is None
    assert "<img" not in index_page(read_index(tmp_path))
