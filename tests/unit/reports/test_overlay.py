import json
import os

import numpy as np
import pytest
from browser import chromium
from commands import NO_MODELS
from runs import make_videos
from stores import FACES, PEOPLE, make_result

import facestats
from facestats.batch.collection import analyze_collection
from facestats.clips import Annotator
from facestats.clips.draw import draw_faces
from facestats.reports.overlay import faces_of, script_of
from facestats.video import open_source


@pytest.fixture(scope="module")
def people():
    return make_result(PEOPLE, FACES, path="people.mp4", cut_s=6.0)


def test_the_page_draws_what_the_clip_would_at_each_sample(people):
    told = json.loads(json.dumps(faces_of(people)))
    assert told["size"] == list(people.frame_size)
    assert told["times"] == pytest.approx(people.frames["time_s"].tolist(), abs=1e-4)
    annotator, n_labels = Annotator.of(people), 0
    for (frame, time_s), drawn in zip(
        people.frames[["frame", "time_s"]].itertuples(index=False), told["faces"], strict=True
    ):
        faces = annotator.faces_at(int(frame), float(time_s))
        assert [face[0] for face in drawn] == [face.track_id for face in faces]
        for face, (_, color, *box_and_label) in zip(faces, drawn, strict=True):
            assert tuple(int(color[i : i + 2], 16) for i in (1, 3, 5)) == face.color
            assert box_and_label[:4] == pytest.approx(face.box, abs=0.06)
            if len(box_and_label) > 4:
                number, left, top, wide, high, opacity = box_and_label[4:]
                n_labels += 1
                assert tuple(told["labels"][number]["lines"]) == tuple(face.lines)
                assert (left, top) == pytest.approx(face.corner, abs=0.06)
                assert (wide, high, opacity) == (*face.plate, pytest.approx(face.opacity, abs=0.006))
    assert n_labels > 50
    assert set(told["tracks"]) == {"1", "2", "3", "4"}
    assert told["tracks"]["1"][0] == "face 1"


def test_the_script_is_one_call_with_the_data(people):
    script = script_of(people)
    assert script.startswith("//")
    assert script.endswith("]]});\n")
    assert "</script" not in script


@pytest.mark.slow
def test_a_browser_draws_boxes_where_the_clip_has_them(tmp_path):
    video = make_videos(tmp_path / "in", 1) / "v00.mp4"
    os.utime(video, (1e9, 1e9))
    store = analyze_collection(video, out=tmp_path / "store", clips=False, models=NO_MODELS, progress=False).store
    (report,) = facestats.report(
        store.path, out=tmp_path / "reports", template="video_report", parameters={"max_evidence": 0}
    ).reports
    tables = store.result(next(iter(store.entries())))
    with open_source(video) as source:
        frames = [(frame.index, frame.time_s, frame.rgb) for frame in source.frames()]
    _, time_s, rgb = frames[len(frames) // 2]
    annotator = Annotator.of(tables)
    faces = [annotator.faces_at(number, at_s) for number, at_s, _ in frames[: len(frames) // 2 + 1]][-1]
    assert faces
    height, width = rgb.shape[:2]
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1000, "height": 800})
        page.set_default_timeout(120_000)
        page.goto(report.html.absolute().as_uri(), wait_until="domcontentloaded")
        alpha = page.evaluate(
            """async ([time, width, height]) => {
              const video = document.querySelector("video.fs-clip");
              const canvas = document.querySelector(".fs-overlaid canvas");
              const size = {width: `${width}px`, height: `${height}px`, maxWidth: "none", maxHeight: "none"};
              Object.assign(video.style, size);
              video.preload = "auto";
              await new Promise((done) => {
                video.addEventListener("seeked", () => setTimeout(done, 500), {once: true});
                video.currentTime = time;
              });
              const drawn = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
              return [canvas.width, canvas.height, Array.from(drawn).filter((_, i) => i % 4 === 3)];
            }""",
            [time_s + 0.001, width, height],
        )
        assert page.locator(".fs-unplayable").is_hidden()
    assert alpha[:2] == [width, height]
    by_page = np.array(alpha[2]).reshape(height, width) > 100
    by_clip = (draw_faces(rgb, faces) != rgb).any(axis=2)
    # The same place within a pixel.
    grown = np.zeros_like(by_clip)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            grown |= np.roll(by_clip, (dy, dx), (0, 1))
    assert by_page.sum() > 0.9 * by_clip.sum()
    assert (by_page & ~grown).sum() == 0


@pytest.mark.slow
def test_where_the_browser_cannot_play_the_video_the_page_says_so_and_shows_a_picture(tmp_path):
    video = make_videos(tmp_path / "in", 1) / "v00.mp4"
    os.utime(video, (1e9, 1e9))
    store = analyze_collection(video, out=tmp_path / "store", clips=False, models=NO_MODELS, progress=False).store
    (report,) = facestats.report(
        store.path, out=tmp_path / "reports", template="video_report", parameters={"max_evidence": 0}
    ).reports
    (shown,) = (tmp_path / "reports" / "clips").glob("*.mp4")
    shown.unlink()  # a link: the video itself stays as it is
    shown.write_bytes(video.read_bytes()[:200])
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1000, "height": 800})
        page.set_default_timeout(120_000)
        page.goto(report.html.absolute().as_uri(), wait_until="domcontentloaded")
        page.evaluate("() => { const v = document.querySelector('video.fs-clip'); v.preload = 'auto'; v.load() }")
        page.locator(".fs-unplayable").wait_for(state="visible")
        poster = page.evaluate("() => document.querySelector('video.fs-clip').poster")
    assert poster.startswith(("data:image/", "file:"))
