from markupsafe import escape
from stores import FACES, NASTY_NAME, PEOPLE, make_result, make_store

from facestats.batch.collection import CollectionResult


def test_a_result_shows_a_sentence_and_its_faces_and_no_picture():
    result = make_result(PEOPLE, FACES, path=f"videos/{NASTY_NAME}", status="partial", error="cut off <after> 12 s")
    shown = result._repr_html_()
    assert escape(NASTY_NAME) in shown
    assert "<script>alert" not in shown
    assert "Four faces were followed in the first 12 seconds of this video." in shown
    assert "cut off &lt;after&gt; 12 s" in shown
    assert shown.count("<tr>") == 5  # a heading and four faces
    assert "<img" not in shown
    assert "fs.explore(result)" in shown
    said, follows = repr(result).splitlines()
    assert said == f"VideoTables of {PEOPLE}: partial, 4 tracks, 252 observations, 120 frames"
    assert follows.startswith("next: result.tracks, fs.timeline(result)")


def test_a_failed_and_an_empty_one_show_themselves_too():
    failed = make_result("f-1", (), path="f.mp4", status="failed", error="no readable frame")
    assert "could not be analysed: no readable frame." in failed._repr_html_()
    assert "No face was found" in make_result("e-1", (), path="e.mp4", duration_s=2.0)._repr_html_()


def test_a_store_shows_what_is_in_it_and_what_failed(tmp_path):
    store = make_store(tmp_path / "my store")
    shown = store._repr_html_()
    assert "four videos (2 ok, 1 partial and 1 failed)" in shown
    assert "videos/broken.mp4: no readable frame" in shown
    assert "<b>more</b>" not in shown
    assert repr(store) == f"Store({str(store.path)!r})"
    assert repr(store.video(PEOPLE)).endswith(f"video_id={PEOPLE!r})")


def test_a_run_shows_what_was_done_and_what_was_wrong(tmp_path):
    store = make_store(tmp_path / "store")
    problems = tuple(f"video {number} is <bad>" for number in range(7))
    before = {"done_before": ("b",), "failed_before": ("c",)}
    result = CollectionResult(store, ("a", "b", "c"), ("a",), problems, (), 3, **before)
    said, follows = repr(result).splitlines()
    assert said == f"CollectionResult: 3 videos in {store.path}, 1 analysed now, 7 problems"
    assert f"fs.report('{store.path}')" in follows
    shown = result._repr_html_()
    assert "One video analysed now, 1 done before, 1 failed before." in shown
    assert shown.count("is &lt;bad&gt;") == 5
    assert "and 2 more" in shown
