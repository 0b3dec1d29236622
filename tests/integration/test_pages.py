"""Pages of reports in a real browser: nothing is fetched, broken, cut off or hard to read; what answers, answers."""

import re
from urllib.parse import unquote

import numpy as np
import pypdfium2
import pytest
from browser import SIZES, barriers, chromium, opened
from stores import PEOPLE, make_store

import facestats
from facestats.reports.pdf import find_browser, print_page
from facestats.reports.timeline import SCRIPT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reports(tmp_path_factory, demo_video):
    """Reports of a rendered video with its clip, and of made-up ones: people, nobody, a failure, a nasty name."""
    folder = tmp_path_factory.mktemp("pages")
    store = make_store(folder / "store")
    (store.path / "clips" / f"{PEOPLE}.mp4").unlink()  # it only pretended to be one
    facestats.analyze_collection(demo_video.path, out=store.path)
    made = facestats.report(store, out=folder / "reports")
    compared = facestats.report(
        store,
        out=folder / "reports",
        template="compare_report",
        parameters={"first_files": "*people*", "second_files": "*demo*"},
    )
    assert made.problems == compared.problems == ()
    return folder / "reports"


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


def pages(reports):
    return sorted(reports.glob("*.html"))


@pytest.mark.parametrize("size", SIZES)
def test_no_page_fetches_or_breaks_or_is_wider_than_the_screen(reports, browser, size):
    assert len(pages(reports)) == 8  # five videos, all of them, a comparison, the list
    for path in pages(reports):
        with opened(browser, path, size) as (page, trouble):
            assert trouble == [], path
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, path
            broken = page.evaluate(
                "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.outerHTML)"
            )
            assert broken == [], path
            assert page.evaluate("[...document.images].every(i => i.alt)"), path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_nothing_seriously_hinders_anybody(reports, browser, size, scheme):
    for path in pages(reports):
        with opened(browser, path, size, scheme) as (page, _):
            assert barriers(page) == [], path


def test_the_check_itself_finds_what_hinders(browser, tmp_path):
    faint = tmp_path / "faint.html"
    faint.write_text('<!DOCTYPE html><html lang="en"><title>t</title><p style="color:#bbb">Faint</p><img src="x.png">')
    with opened(browser, faint) as (page, trouble):
        assert sorted(found.split(":")[0] for found in barriers(page)) == ["color-contrast", "image-alt"]
        assert len(trouble) == 2  # the picture is not there, says the browser, twice


def test_every_link_leads_somewhere(reports):
    for path in pages(reports):
        for address in re.findall(r'(?:href|src|poster)="([^"]+)"', path.read_text(encoding="utf-8")):
            if not address.startswith(("data:", "#")):
                assert (reports / unquote(address.split("#")[0])).is_file(), (path, address)


def test_the_timeline_answers_to_the_pointer_and_moves_the_clip(reports, browser):
    (path,) = reports.glob("demo-*.html")
    with opened(browser, path) as (page, trouble):
        drawing = page.locator(".fs-drawing")
        drawing.scroll_into_view_if_needed()
        assert page.locator(".fs-live .fs-still").is_hidden()
        canvas = drawing.locator("canvas").first.bounding_box()
        # Into the first row, which lies below the tool bar; a pointer that does not move points at nothing.
        for step in (0.40, 0.41):
            page.mouse.move(canvas["x"] + canvas["width"] * step, canvas["y"] + 40)
        page.get_by_text(re.compile(r"^(face|person) \d.*:")).last.wait_for()
        page.mouse.click(canvas["x"] + canvas["width"] * 0.5, canvas["y"] + 40)
        page.wait_for_function("document.querySelector('video.fs-clip').currentTime > 3")
        assert trouble == []


def test_without_its_script_a_page_shows_the_still_timeline(reports, browser, tmp_path):
    (path,) = reports.glob("demo-*.html")
    alone = tmp_path / "mailed.html"
    alone.write_bytes(path.read_bytes())
    assert (reports / SCRIPT).is_file()
    with opened(browser, alone) as (page, _):
        assert page.locator(".fs-live .fs-still").is_visible()
        assert page.locator(".fs-drawing").count() == 0
        assert not page.locator(".fs-hint").is_visible()


def printed_lines(page):
    """The lines of a page of a PDF from top to bottom, without spaces, and those in the margin at its foot."""
    text = page.get_textpage()
    pieces = sorted((text.get_rect(index) for index in range(text.count_rects())), key=lambda box: -box[1])
    lines = []
    for left, bottom, right, top in pieces:
        if not lines or bottom < lines[-1][0] - 4:
            lines.append((bottom, []))
        lines[-1][1].append((left, text.get_text_bounded(left, bottom, right, top)))
    joined = [(y, "".join("".join(words for _, words in sorted(parts)).split())) for y, parts in lines]
    return [line for y, line in joined if y > 45], "".join(line for y, line in joined if y <= 45)


def test_a_printed_report_is_a_pdf_whose_headings_stay_with_what_follows(reports, browser, tmp_path):
    result = facestats.report(reports.parent / "store", out=tmp_path, video="demo", pdf=True)
    (made,) = result.reports
    page = made.html.read_text(encoding="utf-8")
    headings = ["".join(heading.split()) for heading in re.findall(r"<h[123][^>]*>(.*?)</h[123]>", page)]
    assert "Facebyface" in headings
    document = pypdfium2.PdfDocument(made.pdf)
    assert 3 <= len(document) <= 6
    for number, page in enumerate(document, start=1):
        lines, margin = printed_lines(page)
        assert lines
        assert lines[-1] not in headings, f"page {number} ends with a heading"
        assert margin == f"demo.mp4{number}of{len(document)}"
    # Folded on a screen, open on paper.
    assert "sha256ofthevideo" in "".join(line for page in document for line in printed_lines(page)[0])
    last, _ = printed_lines(document[len(document) - 1])
    assert not re.search(r"[0-9a-f]{32}|pagemade", last[-1]), "the report ends with hashes"


def test_a_dark_page_is_dark(reports, browser):
    (path,) = reports.glob("demo-*.html")
    with opened(browser, path, scheme="dark") as (page, _):
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(23, 25, 28)"
        # It is there, if hidden by the drawing that answers.
        pixel = page.locator("picture img").last.evaluate(
            "async i => { await i.decode(); const c = new OffscreenCanvas(4, 4).getContext('2d');"
            " c.drawImage(i, 0, 0, 4, 4, 0, 0, 4, 4); return [...c.getImageData(0, 0, 1, 1).data] }"
        )
        assert pixel[:3] == [23, 25, 28]


def test_every_coloured_piece_has_an_edge_where_the_page_is_dark(reports, browser):
    """The darkest classes are nearly as dark as the ground."""
    pieces = ".fs-strip > i, .fs-bar > i, .fs-chip"
    for path in pages(reports):
        with opened(browser, path, scheme="dark") as (page, _):
            shadows = page.locator(pieces).evaluate_all("found => found.map(i => getComputedStyle(i).boxShadow)")
            assert set(shadows) <= {"rgba(255, 255, 255, 0.35) 0px 0px 0px 1px inset"}, path


@pytest.mark.parametrize("name", ["collection", "compare_report"])
def test_other_printed_pages_keep_headings_with_what_follows_and_are_not_half_empty(reports, name, tmp_path):
    copy = tmp_path / f"{name}.html"
    copy.write_bytes((reports / f"{name}.html").read_bytes())
    page = copy.read_text(encoding="utf-8")
    headings = [
        "".join(re.sub(r"<[^>]*>", "", text).split()) for text in re.findall(r"<h[123][^>]*>(.*?)</h[123]>", page)
    ]
    assert "Doubts" in headings
    document = pypdfium2.PdfDocument(print_page(copy, find_browser()))
    assert len(document) <= 5
    for number, page in enumerate(document, start=1):
        lines, _ = printed_lines(page)
        assert lines
        assert lines[-1] not in headings, f"page {number} ends with a heading"
        if number < len(document):
            dark = np.asarray(page.render(scale=0.5).to_pil().convert("L")) < 200
            lowest = np.flatnonzero(dark[: int(0.93 * len(dark))].any(axis=1)).max() / len(dark)
            assert lowest > 0.6, f"page {number} is half empty"
    last = "".join(printed_lines(document[len(document) - 1])[0])
    assert "sha256" not in last, "the last page is of hashes"


@pytest.mark.parametrize(
    ("name", "size", "most_px"),
    [
        ("collection", "desktop", 2600),
        ("collection", "phone", 4000),
        ("compare_report", "desktop", 2500),
        ("compare_report", "phone", 4100),
    ],
)
def test_pages_of_several_videos_are_short_and_tell_it_on_one_screen(reports, browser, name, size, most_px):
    with opened(browser, reports / f"{name}.html", size) as (page, _):
        assert page.evaluate("document.documentElement.scrollHeight") <= most_px
        if size == "desktop":
            top = page.get_by_role("heading", name="Doubts").bounding_box()["y"]
            assert top <= 1250  # behind what the two sides of these made-up videos do not have in common


@pytest.mark.parametrize(("size", "most_px"), [("desktop", 3500), ("phone", 6000)])
def test_the_page_of_a_short_video_is_short(reports, browser, size, most_px):
    (path,) = reports.glob("demo-*.html")
    with opened(browser, path, size) as (page, _):
        assert page.evaluate("document.documentElement.scrollHeight") <= most_px
