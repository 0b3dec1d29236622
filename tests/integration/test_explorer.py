"""The explorer in a real JupyterLab, driven in a real browser; pictures of it are kept where EXPLORER_PICTURES says."""

import os
import re
import shutil
from pathlib import Path

import psutil
import pytest
from browser import barriers, chromium
from lab import jupyter_lab, open_notebook, run_cell, save, write_cells
from stores import Face, make_result

import facestats
from facestats.store.store import create_store
from facestats.synth.faces import people
from facestats.synth.scenario import Scenario
from facestats.synth.video import write_video

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory, demo_video):
    """A store of the rendered demonstration and of a video with a cut, and notebooks that explore it."""
    folder = tmp_path_factory.mktemp("lab")
    videos = folder / "videos"
    videos.mkdir()
    shutil.copy(demo_video.path, videos)
    cast = people(None, 3)
    write_video(Scenario("group", people=3, seconds=6, fps=15, width=640, height=360, shots=2, seed=3), cast, videos)
    for path in [*videos.glob("*.txt"), *videos.glob("*.csv")]:
        path.unlink()
    facestats.analyze_collection(videos, out=folder / "store")
    show = "import facestats as fs\nexplorer = fs.explore({})\nexplorer"
    said = "s = explorer.selection\nprint(len(s.tracks), len(s.observations), *(round(t, 2) for t in s.span))"
    one = show.format('fs.open_store("store", video="demo")')
    write_cells(folder / "one.ipynb", one, said, 'print(explorer.save_clip("chosen"))')
    write_cells(folder / "again.ipynb", one)
    faces = [Face(number, 0.2 * number, 11.0) for number in range(12)]
    crowd = make_result("crowd-00000001", faces, path=str(videos / "demo.mp4"))
    create_store(folder / "crowd").write(crowd, paths=(str(videos / "demo.mp4"),))
    write_cells(folder / "crowd.ipynb", show.format('fs.open_store("crowd", video="crowd")'))
    write_cells(folder / "all.ipynb", show.format('"store"'), said)
    write_cells(
        folder / "run.ipynb",
        'import facestats as fs\nresult = fs.analyze("videos/demo.mp4", preview=True)\nresult',
        "result.tracks.faces.kind",
    )
    write_cells(
        folder / "apart.ipynb",
        "import facestats as fs, ipywidgets\n"
        'scene = fs.widgets.scene_of(fs.open_store("store", video="demo"))\n'
        "pane, timeline = fs.widgets.FramePane(scene), fs.widgets.Timeline(scene)\n"
        'link = ipywidgets.jslink((pane, "time_s"), (timeline, "time_s"))\n'
        "ipywidgets.VBox([pane, timeline])",
        "print(pane.time_s, timeline.time_s)",
    )
    return folder


@pytest.fixture(scope="module")
def lab(folder):
    with jupyter_lab(folder) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser, request):
    """A page of the width that the test names, 1280 pixels by default; what it complains of fails the test."""
    context = browser.new_context(viewport={"width": getattr(request, "param", 1280), "height": 1000})
    opened, trouble = context.new_page(), []
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    opened.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
    opened.trouble = trouble
    yield opened
    context.close()
    assert trouble == []


def picture(page, name):
    where = os.environ.get("EXPLORER_PICTURES")
    if where:
        Path(where).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(where) / f"{name}.png"))


def pane_of(page):
    return page.locator(".fsx-pane")


def shown(page):
    """The time of the frame that is shown, once it is the one that was wanted."""
    return float(pane_of(page).evaluate("pane => pane.dataset.shown"))


def wait_for_frame(page, time_s, within=0.05):
    page.wait_for_function(
        "([time, within]) => Math.abs(document.querySelector('.fsx-pane').dataset.shown - time) <= within",
        arg=[time_s, within],
    )


def start(page, lab, name):
    open_notebook(page, lab, name)
    run_cell(page, 0)
    page.wait_for_selector(".fsx-pane[data-shown]")
    page.wait_for_selector(".fsx-timeline[data-rows]")


def test_play_drag_click_filter_and_read_the_selection_back(page, lab, folder):
    start(page, lab, "one.ipynb")
    picture(page, "1280-light")
    assert page.locator(".fsx-table tbody tr").count() == 2
    assert run_cell(page, 1).split()[0] == "2"

    pane_of(page).get_by_label("play", exact=True).click()
    page.wait_for_function("document.querySelector('.fsx-pane').dataset.shown > 1")
    pane_of(page).get_by_label("pause", exact=True).click()
    slider = pane_of(page).get_by_role("slider")
    slider.fill("9.00")
    wait_for_frame(page, 9.0)
    pane_of(page).get_by_label("one frame on").click()
    wait_for_frame(page, 9.04, 0.01)
    pane_of(page).get_by_label("one frame back").click()
    wait_for_frame(page, 9.0, 0.01)

    rows = page.locator(".fsx-rows")
    box = rows.bounding_box()
    x = lambda time_s: box["x"] + 92 + time_s / 12 * (box["width"] - 100)  # noqa: E731 - names of people are long
    page.mouse.click(x(3.0), box["y"] + 10)
    wait_for_frame(page, 3.0, 0.06)
    page.mouse.move(x(2.0), box["y"] + 10)
    page.mouse.down()
    page.mouse.move(x(3.0), box["y"] + 12, steps=5)
    page.mouse.move(x(4.0), box["y"] + 12, steps=5)
    page.mouse.up()
    tracks, observations, first, last = map(float, run_cell(page, 1).split())
    assert (first, last) == (pytest.approx(2.0, abs=0.05), pytest.approx(4.0, abs=0.05))
    assert tracks == 2
    assert 30 <= observations <= 42  # two faces, ten times a second

    page.locator(".fsx-table tbody tr").nth(1).click()
    page.wait_for_selector(".fsx-table tbody tr[aria-selected=true]")
    assert run_cell(page, 1).split()[0] == "1"
    picture(page, "1280-light-chosen")
    page.locator(".fsx-table tbody tr[aria-selected=true]").click()
    page.get_by_label("perceived gender").select_option("female")
    wanted = int((facestats.open_store(folder / "store").video("demo").tracks()["gender"] == "female").sum())
    assert wanted < 2  # the filter has something to do
    page.wait_for_function(f"document.querySelector('.fsx-table').dataset.total == {wanted}")
    assert run_cell(page, 1).split()[0] == str(wanted)
    page.get_by_label("perceived gender").select_option("")
    page.wait_for_function("document.querySelector('.fsx-table').dataset.total == 2")

    assert run_cell(page, 2).strip() == "chosen.mp4"
    with facestats.video.open_source(folder / "chosen.mp4") as source:
        assert source.info.duration_s == pytest.approx(2.0, abs=0.1)


def test_all_of_it_can_be_reached_and_used_from_the_keyboard(page, lab):
    start(page, lab, "one.ipynb")
    pane_of(page).locator("canvas").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.fsx-pane').dataset.shown > 0.03")
    page.keyboard.press(" ")
    page.wait_for_function("document.querySelector('.fsx-pane').dataset.shown > 0.5")
    page.keyboard.press(" ")
    page.locator(".fsx-rows").focus()
    page.keyboard.press("End")
    page.wait_for_function("document.querySelector('.fsx-pane').dataset.shown > 11.9")
    page.keyboard.press("Home")
    wait_for_frame(page, 0.0)
    page.locator(".fsx-table tbody tr").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector(".fsx-table tbody tr:nth-child(2)[aria-selected=true]")
    reached = set()
    page.locator(".fsx-pane canvas").focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.closest('.fsx')?.className || document.activeElement.className")
        )
    for part in ("fsx-pane", "fsx-table", "fsx-timeline"):
        assert any(part in name for name in reached), reached


def test_the_videos_of_a_store_come_first_and_jumps_go_to_cuts_and_faces(page, lab):
    open_notebook(page, lab, "all.ipynb")
    run_cell(page, 0)
    page.wait_for_selector(".fsx-item")
    picture(page, "1280-light-store")
    assert page.locator(".fsx-item b").all_inner_texts() == ["demo.mp4", "group.mp4"]
    page.get_by_label("part of a video's name").fill("gro")
    page.wait_for_function("document.querySelectorAll('.fsx-item').length == 1")
    page.locator(".fsx-item").click()
    page.wait_for_selector(".fsx-pane[data-shown]")
    pane_of(page).get_by_label("to the next cut").click()
    page.wait_for_function("document.querySelector('.fsx-pane').dataset.shown > 0.5")
    cut = shown(page)
    assert pane_of(page).get_by_label("to the next cut").is_disabled()
    pane_of(page).get_by_role("slider").fill("0")
    wait_for_frame(page, 0.0)
    pane_of(page).get_by_label("to where the next face appears").click()
    page.wait_for_function("document.querySelector('.fsx-pane').dataset.shown > 0")
    assert 0 < shown(page) <= cut + 0.5
    picture(page, "1280-light-group")
    page.get_by_role("button", name="all videos").click()
    page.wait_for_selector(".fsx-item")


@pytest.mark.parametrize("page", [1280, 1920], indirect=True)
def test_nothing_is_cut_off_or_overlaps(page, lab):
    start(page, lab, "one.ipynb")
    page.wait_for_selector(".fsx-table tbody img")
    found = page.evaluate(
        """() => {
            const names = [".fsx-pane", ".fsx-table", ".fsx-timeline"];
            const parts = names.map((name) => document.querySelector(name));
            const out = document.querySelector(".jp-OutputArea").getBoundingClientRect();
            const boxes = parts.map((part) => part.getBoundingClientRect());
            const meet = (a, b) =>
                a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
            const table = document.querySelector(".fsx-wide");
            return {
                wide: names.filter((_, i) => parts[i].scrollWidth > parts[i].clientWidth + 1),
                beyond: names.filter((_, i) => boxes[i].right > out.right + 1 || boxes[i].left < out.left - 1),
                over: names.filter((_, i) => boxes.some((box, j) => j > i && meet(boxes[i], box))),
                scrolls: table.scrollWidth - table.clientWidth,
            };
        }"""
    )
    assert found == {"wide": [], "beyond": [], "over": [], "scrolls": 0}
    picture(page, f"{page.viewport_size['width']}-light-one")


def test_the_frame_that_was_asked_for_comes(page, lab):
    start(page, lab, "one.ipynb")
    slider = pane_of(page).get_by_role("slider")
    for time_s in ("11.0", "2.5", "8.0", "0.5", "6.0", "3.3"):
        slider.fill(time_s)
        wait_for_frame(page, float(time_s))


def test_widgets_stand_alone_and_are_linked_by_their_traits(page, lab):
    start(page, lab, "apart.ipynb")
    pane_of(page).get_by_role("slider").fill("5.00")
    wait_for_frame(page, 5.0)
    page.wait_for_timeout(500)
    assert run_cell(page, 1).split() == ["5.0", "5.0"]


def test_the_preview_shows_while_it_works_and_leaves_nothing(page, lab, folder):
    open_notebook(page, lab, "run.ipynb")
    page.evaluate(
        """() => {
            window.seen = new Set();
            new MutationObserver(() => {
                const image = document.querySelector(".jp-OutputArea img.widget-image, .jp-OutputArea .widget-image");
                if (image && image.src.startsWith("blob:")) window.seen.add(image.src);
            }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["src"] });
        }"""
    )
    said = run_cell(page, 0, timeout_s=120)
    assert page.evaluate("window.seen.size") >= 2
    assert "Two people were seen in this video of 12 seconds" in said
    assert "fs.explore(result)" in said
    assert "'tracks'" in run_cell(page, 1)
    save(page)
    saved = (folder / "run.ipynb").read_text(encoding="utf-8")
    assert "image/jpeg" not in saved
    assert "image/png" not in saved


def test_a_saved_notebook_holds_no_frame(page, lab, folder):
    start(page, lab, "one.ipynb")
    pane_of(page).get_by_role("slider").fill("4.00")
    wait_for_frame(page, 4.0)
    save(page)
    saved = (folder / "one.ipynb").read_text(encoding="utf-8")
    assert "widget-view" in saved
    assert "/9j/" not in saved  # how JPEG begins in base64
    assert "UklGR" not in saved  # and WebP
    assert len(re.findall(r"image/svg", saved)) == 1  # the still timeline


def test_a_notebook_opened_again_without_its_kernel_shows_a_still_picture(page, lab):
    start(page, lab, "again.ipynb")
    still, explorer = page.locator(".fsx-still"), page.locator(".fsx-pane")
    assert (still.is_visible(), explorer.is_visible()) == (False, True)
    save(page)
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    open_notebook(page, lab, "again.ipynb")  # with a kernel that knows of no explorer
    still.wait_for()
    lost = page.locator(".jp-OutputArea-child", has_text="model not found")
    lost.wait_for(state="attached")
    assert lost.bounding_box()["height"] == 0
    assert page.locator(".fsx-still img").evaluate("image => image.naturalWidth") > 800
    assert "demo.mp4" in page.locator(".fsx-still img").get_attribute("alt")
    picture(page, "1280-still")
    page.trouble.clear()  # JupyterLab says there too that it found no model
    run_cell(page, 0)
    page.wait_for_selector(".fsx-pane[data-shown]")
    assert not still.is_visible()


@pytest.mark.parametrize(("page", "height"), [(1280, 800), (1920, 1080)], indirect=["page"])
def test_with_many_faces_the_timeline_stays_in_sight_and_no_gap_opens(page, lab, height):
    page.set_viewport_size({"width": page.viewport_size["width"], "height": height})
    start(page, lab, "crowd.ipynb")
    page.wait_for_selector(".fsx-table tbody img")
    page.locator(".fsx-room").evaluate("room => room.scrollIntoView(true)")
    boxes = {name: page.locator(f".fsx-{name}").bounding_box() for name in ("pane", "table", "timeline")}
    bottom = {name: box["y"] + box["height"] for name, box in boxes.items()}
    assert bottom["timeline"] <= height
    assert bottom["table"] == pytest.approx(bottom["pane"], abs=2)
    assert boxes["timeline"]["y"] - bottom["pane"] < 10
    table = page.locator(".fsx-wide")
    assert table.evaluate("wide => wide.scrollHeight > wide.clientHeight + 100")  # it scrolls in itself
    picture(page, f"{page.viewport_size['width']}-light-crowd")


def test_the_faces_of_a_store_are_looked_through_from_the_keyboard(page, lab, folder):
    open_notebook(page, lab, "all.ipynb")
    run_cell(page, 0)
    page.get_by_role("button", name="faces as a grid").click()
    page.locator(".fsx-card").first.wait_for()
    n = page.locator(".fsx-card").count()
    page.locator(".fsx-card[tabindex='0']").focus()
    page.keyboard.press("a")
    page.locator(".fsx-state").wait_for()
    page.keyboard.press("u")
    page.locator(".fsx-state").wait_for(state="detached")
    assert page.locator(".fsx-card").count() == n
    assert page.locator(".jp-Notebook .jp-Cell").count() == 2  # such keys are JupyterLab's too
    assert facestats.open_store(folder / "store").corrections().empty
    picture(page, "1280-light-grid")
    page.keyboard.press("Enter")
    page.wait_for_selector(".fsx-pane[data-shown]")
    page.wait_for_selector(".fsx-table tbody tr[aria-selected=true]")


def test_in_the_dark_theme_all_can_be_read(browser, folder):
    with jupyter_lab(folder, theme="JupyterLab Dark") as address:
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        page = context.new_page()
        start(page, address, "one.ipynb")
        page.wait_for_selector(".fsx-table tbody img")
        picture(page, "1280-dark")
        found = [line for line in barriers(page) if "fsx" in line]
        assert found == []
        assert page.evaluate("getComputedStyle(document.querySelector('.fsx')).color") != "rgb(34, 34, 34)"
        context.close()


def test_in_the_light_theme_nothing_seriously_hinders_anybody(page, lab):
    start(page, lab, "one.ipynb")
    page.wait_for_selector(".fsx-table tbody img")
    assert [line for line in barriers(page) if "fsx" in line] == []


def test_memory_stays_flat_over_a_long_play(page, lab):
    start(page, lab, "one.ipynb")
    pane_of(page).get_by_label("speed").select_option("4")

    def memory():
        page.evaluate("window.gc && gc()")
        below = psutil.Process().children(recursive=True)
        kernels = [process for process in below if "ipykernel_launcher" in " ".join(process.cmdline())]
        heap = page.evaluate("performance.memory.usedJSHeapSize")
        return max(kernel.memory_info().rss for kernel in kernels), heap

    def play(seconds):
        until = seconds * 1000
        while until > 0:
            button = pane_of(page).get_by_label("play", exact=True)
            if button.count():
                button.click()
            page.wait_for_timeout(500)
            until -= 500

    play(20)
    kernel_before, page_before = memory()
    play(60)
    kernel_after, page_after = memory()
    assert int(pane_of(page).evaluate("pane => pane.dataset.answers")) > 200
    assert kernel_after < 1.10 * kernel_before
    assert page_after < page_before + 40e6
