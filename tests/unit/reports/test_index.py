import re
from dataclasses import replace

import pytest
from pages import OUTSIDE

from facestats.errors import OutputError
from facestats.reports.index import DATA, PAGE, Listed, headline_of, index_page, read_index, write_index


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
