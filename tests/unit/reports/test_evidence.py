import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from runs import make_videos
from stores import FACES, PARTIAL, PEOPLE, Face, make_result, make_store

import facestats
from facestats._util.resources import bundled
from facestats.reports import evidence as module
from facestats.reports import run
from facestats.reports.data import load_video
from facestats.reports.evidence import doubtful_moments, evidence, poster, strongest_moments
from facestats.reports.gathering import gather_clips


@pytest.fixture(scope="module")
def people():
    return make_result(PEOPLE, FACES, path="people.mp4", cut_s=6.0)


def test_the_strongest_moment_of_each_expression_that_was_likely(people):
    found = {moment.expression: moment for moment in strongest_moments(people.observations, smooth_s=0)}
    assert list(found) == ["anger", "happiness", "sadness", "surprise", "neutral"]  # fear was never likely
    assert (found["anger"].track_id, found["anger"].time_s) == (2, pytest.approx(3.0))
    assert (found["happiness"].track_id, found["happiness"].time_s) == (1, pytest.approx(4.0))
    assert found["happiness"].text.replace("\N{NO-BREAK SPACE}", " ") == "happiness, 90 %"
    assert found["happiness"].name == "strongest-happiness"
    assert found["happiness"].box == (40.0, 30.0, 48.0, 60.0)


def test_a_doubtful_face_is_evidence_only_where_no_other_is(people):
    found = {
        moment.expression: moment.track_id
        for moment in strongest_moments(people.observations, smooth_s=0, doubtful={1})
    }
    usual = {moment.expression: moment.track_id for moment in strongest_moments(people.observations, smooth_s=0)}
    assert set(found) == set(usual)
    others = people.observations[people.observations["track_id"] != 1]
    without = {moment.expression for moment in strongest_moments(others, smooth_s=0)}
    assert {expression for expression, track_id in found.items() if track_id == 1} == set(usual) - without


def test_a_single_frame_is_no_strongest_moment_when_averaged():
    blink = Face(1, 0.0, 3.9, ((2.0, "neutral"), (2.1, "surprise"), (1e9, "neutral")))
    observations = make_result("v-1", [blink], path="v.mp4", duration_s=4.0).observations
    assert "surprise" in [moment.expression for moment in strongest_moments(observations, smooth_s=0)]
    assert "surprise" not in [moment.expression for moment in strongest_moments(observations, smooth_s=1.0)]


def test_the_doubtful_are_those_with_an_unknown_verdict_or_perhaps_two_people(people):
    found = {moment.track_id: moment.text for moment in doubtful_moments(people.observations, people.tracks)}
    assert found == {  # face 4 is too small to have verdicts at all; the longest come first
        1: "expression unknown; the expression changes, and is clear at single moments",
        3: "age group, expression and makeup unknown",
    }
    assert list(found) == [1, 3]
    joined = people.tracks.assign(joined_prob=pd.Series([0.7, 1.0, 1.0, 1.0], dtype="float32"))
    said = {m.track_id: m.text for m in doubtful_moments(people.observations, joined)}
    assert said[1].replace("\N{NO-BREAK SPACE}", " ").startswith("one person? 70 %; expression unknown;")


def test_a_doubtful_moment_is_one_in_which_what_is_unknown_was_least_sure():
    result = make_result("v-1", [Face(1, 0.0, 3.9, sureness=0.35)], path="v.mp4", duration_s=4.0)
    observations = result.observations.copy()
    early = observations["time_s"] < 1.0
    observations.loc[early, "expression_happiness"] = 0.95  # for a while it is sure, and the face largest
    observations.loc[early, "face_px"] *= 2
    (track,) = result.tracks.to_dict("records")
    sure = {"gender": "female", "age_group": "young", "makeup": "none", "expression": "unknown"}
    tracks = pd.DataFrame([{**track, **sure}])
    (moment,) = doubtful_moments(observations, tracks, smooth_s=0)
    assert moment.text == "expression unknown"
    assert moment.time_s >= 1.0
    (moment,) = doubtful_moments(observations, tracks.assign(expression="neutral", face_prob=0.8), smooth_s=0)
    assert moment.time_s < 1.0  # nothing is unknown: the clearest
    # What was not measured at a moment is no sure answer there.
    columns = [name for name in observations if name.startswith("expression_")]
    observations.loc[observations["time_s"] >= 1.0, columns] = np.nan
    observations.loc[early, "gender_female"], observations.loc[early, "gender_male"] = 0.9, 0.1
    late = observations["time_s"] >= 1.0
    observations.loc[late, "gender_female"], observations.loc[late, "gender_male"] = 0.52, 0.48
    (moment,) = doubtful_moments(observations, tracks.assign(gender="unknown"), smooth_s=0)
    assert moment.time_s >= 1.0
    assert "clear at single moments" not in moment.text


@pytest.fixture(scope="module")
def analyzed_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evidence")
    make_videos(folder / "videos", 1, seconds=4.0)
    facestats.analyze_collection(folder / "videos", out=folder / "store", every_sample=True)
    return folder / "store"


@pytest.fixture
def analyzed(analyzed_once, tmp_path_factory):
    """A store of its own, as some tests change it."""
    folder = tmp_path_factory.mktemp("copy") / "store"
    shutil.copytree(analyzed_once, folder)
    return folder


def test_cuts_lie_beside_the_page_and_old_ones_go(analyzed, tmp_path):
    made = facestats.report(analyzed, out=tmp_path, template="video_report")
    assert made.problems == ()
    data = load_video(str(analyzed), page_folder=str(tmp_path))
    (folder,) = [path for path in (tmp_path / "clips").iterdir() if path.is_dir()]
    assert folder.name == data.video_id
    cuts = {path.name for path in folder.glob("*.mp4")}
    assert cuts
    page = made.reports[0].html.read_text(encoding="utf-8")
    assert all(f'href="clips/{folder.name}/{name}"' in page for name in cuts)
    (folder / "strongest-old.mp4").touch()
    # Another page of the same video has its own.
    mine = tmp_path / "mine.ipynb"
    shutil.copyfile(bundled("notebooks") / "video_report.ipynb", mine)
    assert facestats.report(analyzed, out=tmp_path, template=mine).problems == ()
    assert (folder / "strongest-old.mp4").exists()
    assert {path.name for path in (folder.parent / f"mine-{data.video_id}").glob("*.mp4")} == cuts
    assert (
        facestats.report(analyzed, out=tmp_path, template="video_report", parameters={"max_evidence": 0}).problems == ()
    )
    assert not folder.exists()
    data.store.drop_clip(data.video_id)
    folder.mkdir()
    gather_clips(data.store, tmp_path)
    assert not folder.exists()


@pytest.mark.slow
def test_whoever_is_stopped_half_way_leaves_the_earlier_page_whole(analyzed, tmp_path, monkeypatch):
    (made,) = facestats.report(analyzed, out=tmp_path, template="video_report").reports
    made.html.with_suffix(".pdf").write_bytes(b"printed")

    def files():
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    before = files()

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run, "execute", stop)
        with pytest.raises(KeyboardInterrupt):
            facestats.report(analyzed, out=tmp_path, template="video_report")
    assert files() == before
    facestats.report(analyzed, out=tmp_path, template="video_report")
    assert not made.html.with_suffix(".pdf").exists()  # it was printed from the earlier page
    assert {path.name for path in files()} == {path.name for path in before} - {f"{made.html.stem}.pdf"}


def test_without_thumbnails_no_face_stands_in_the_page(analyzed, tmp_path):
    data = load_video(str(analyzed), page_folder=str(tmp_path))
    gather_clips(data.store, tmp_path)
    entry = data.entries[data.video_id]
    asked = replace(data, entries={data.video_id: replace(entry, options={**entry.options, "thumbnails": False})})
    assert poster(asked) is None
    assert "data:image" not in evidence(asked).data


def test_where_faces_are_blurred_there_is_no_evidence_and_a_sentence_says_so(analyzed, tmp_path):
    data = load_video(str(analyzed), page_folder=str(tmp_path))
    gather_clips(data.store, tmp_path)
    entry = data.entries[data.video_id]
    blurred = replace(data, entries={data.video_id: replace(entry, options={**entry.options, "blur": True})})
    shown = evidence(blurred).data
    assert "Faces are unrecognisable in the clip" in shown
    assert "<img" not in shown
    assert "href" not in shown
    assert not list(tmp_path.rglob("strongest-*"))
    assert "data:image" in evidence(data).data


def test_of_a_video_that_is_shown_itself_evidence_says_which_face_is_meant(analyzed, tmp_path, monkeypatch):
    data = load_video(str(analyzed), page_folder=str(tmp_path))
    data.store.drop_clip(data.video_id)
    gather_clips(data.store, tmp_path)
    assert data.original_path(data.video_id) is not None
    drawn = []
    monkeypatch.setattr(module, "draw_faces", lambda rgb, faces: drawn.append(faces) or rgb)
    evidence(data)
    assert drawn
    assert all(len(faces) == 1 and not faces[0].lines for faces in drawn)


def test_on_its_own_a_notebook_links_into_the_clip(analyzed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = load_video(str(analyzed))
    shown = evidence(data).data
    assert f"clips/{data.video_id}.mp4#t=" in shown
    assert list(tmp_path.iterdir()) == []
    assert poster(data).startswith("data:image/jpeg")


def test_without_a_clip_that_can_be_read_the_page_survives(tmp_path):
    store = make_store(tmp_path / "store", PEOPLE, PARTIAL)
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / f"{PEOPLE}.mp4").write_bytes(b"not really a clip")
    data = load_video(str(store.path), PEOPLE, page_folder=str(tmp_path))
    assert "it is not a video" in evidence(data).data
    assert poster(data) is None
    assert evidence(load_video(str(store.path), PARTIAL)) is None  # it has no clip


def test_the_strongest_moment_is_one_of_that_expression():
    result = make_result("v-1", [Face(1, 0.0, 1.9, ((1.0, "anger"), (1e9, "fear")), sureness=0.9)], path="v.mp4")
    observations = result.observations.copy()
    late = observations["time_s"] >= 1.0
    # Later anger is more probable than ever before, and fear still more.
    observations.loc[~late, "expression_anger"], observations.loc[~late, "expression_fear"] = 0.42, 0.1
    observations.loc[late, "expression_anger"], observations.loc[late, "expression_fear"] = 0.45, 0.5
    found = {m.expression: m.time_s for m in strongest_moments(observations, threshold=0.4, smooth_s=0)}
    assert found["anger"] < 1.0 <= found["fear"]
