import csv
import dataclasses
import errno
import json
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pandas as pd
import pympi
import pytest
import webvtt
from pycocotools.coco import COCO
from stores import EMPTY, FACES, FAILED, PEOPLE, make_result, make_store
from trackers.io.mot import load_mot_file

from facestats.errors import MissingInputError, OutputError, UnknownNameError, UnreadableInputError, UsageError
from facestats.store.annotation import files
from facestats.store.annotation.boris import write_boris
from facestats.store.annotation.files import FORMATS, export_annotations, read_annotations
from facestats.store.annotation.intervals import intervals_of
from facestats.store.store import Store, create_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("annotation") / "s")


@pytest.fixture(scope="module")
def intervals(store):
    return intervals_of(store.result(PEOPLE))


@pytest.fixture(scope="module")
def folder(store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    for format in FORMATS:
        assert len(export_annotations(store, format=format, out=folder)) == 3  # the unreadable video has none
    return folder


def in_ms(intervals):
    return [
        (tier, round(a * 1000), round(b * 1000), label) for tier, _, a, b, label in intervals.itertuples(index=False)
    ]


def test_elan_names_the_video_and_holds_every_interval(folder, intervals):
    document = ElementTree.parse(folder / f"{PEOPLE}.eaf").getroot()  # not by what wrote it
    slots = {slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE")) for slot in document.iter("TIME_SLOT")}
    found = [
        (
            tier.get("TIER_ID"),
            slots[note.get("TIME_SLOT_REF1")],
            slots[note.get("TIME_SLOT_REF2")],
            note.findtext("ANNOTATION_VALUE"),
        )
        for tier in document.iter("TIER")
        for note in tier.iter("ALIGNABLE_ANNOTATION")
    ]
    assert sorted(found) == sorted(in_ms(intervals))
    media = document.find("HEADER/MEDIA_DESCRIPTOR")
    assert media.get("MIME_TYPE") == "video/mp4"
    assert Path(unquote(urlsplit(media.get("MEDIA_URL")).path)) == Path("videos/people.mp4").resolve()
    types = {each.get("LINGUISTIC_TYPE_ID") for each in document.iter("LINGUISTIC_TYPE")}
    assert {tier.get("LINGUISTIC_TYPE_REF") for tier in document.iter("TIER")} <= types
    assert "default" not in {tier.get("TIER_ID") for tier in document.iter("TIER")}


def test_praat_holds_every_interval(folder, intervals):
    grid = pympi.TextGrid(folder / f"{PEOPLE}.TextGrid")  # not by what wrote it
    found = [
        (name, round(a * 1000), round(b * 1000), label)
        for _, name in grid.get_tier_name_num()
        for a, b, label in grid.get_tier(name).get_intervals()
        if label
    ]
    assert sorted(found) == sorted(in_ms(intervals))


def test_boris_pairs_every_state(folder, intervals):
    project = json.loads((folder / f"{PEOPLE}.boris").read_text())
    (observation,) = project["observations"].values()
    codes = {each["code"] for each in project["behaviors_conf"].values()}
    subjects = {each["name"] for each in project["subjects_conf"].values()}
    times, spans = {}, []
    for time_s, subject, code, _, _ in observation["events"]:
        assert code in codes
        assert subject in subjects
        begun = times.pop((subject, code), None)
        if begun is None:
            times[subject, code] = time_s
        else:
            spans.append((subject, code, begun, time_s))
    assert times == {}
    expected = [
        (tier.removesuffix(" expression"), label if tier.endswith(" expression") else "in sight", a, b)
        for tier, _, a, b, label in intervals.itertuples(index=False)
    ]
    assert sorted(spans) == sorted(expected)
    assert observation["media_info"]["length"] == {str(Path("videos/people.mp4").resolve()): 12.0}


def test_boris_counts_a_part_of_a_video_from_its_begin(store, tmp_path):
    whole = store.result(PEOPLE)
    late = {name: getattr(whole, name).copy() for name in ("frames", "observations", "tracks")}
    for name, columns in (("frames", ["time_s"]), ("observations", ["time_s"]), ("tracks", ["start_s", "end_s"])):
        late[name][columns] += 60
    part = dataclasses.replace(whole, **late)
    write_boris(part, intervals_of(part), tmp_path / "part.boris")
    (observation,) = json.loads((tmp_path / "part.boris").read_text())["observations"].values()
    (length,) = observation["media_info"]["length"].values()
    assert length == 72.0
    assert min(event[0] for event in observation["events"]) == min(intervals_of(part)["start_s"]) > 59
    assert max(event[0] for event in observation["events"]) <= length


def test_subtitles_say_the_expressions(folder, intervals):
    cues = list(webvtt.read(folder / f"{PEOPLE}.vtt"))
    told = intervals[intervals["tier"].str.endswith(" expression")]
    spoken = {(cue.start_in_seconds * 1000 // 1000, cue.text) for cue in cues if ":" in cue.text}
    assert len([cue for cue in cues if ":" in cue.text]) == len(told)
    assert (4, "face 1: happiness") in spoken or (3, "face 1: happiness") in spoken
    assert [cue.text for cue in cues if ":" not in cue.text] == ["face 4"]  # too small to be classified


def test_coco_and_mot_hold_every_box(folder, store, capsys):
    seen = store.video(PEOPLE).observations()
    coco = COCO(str(folder / f"{PEOPLE}.coco.json"))
    assert len(coco.getImgIds()) == len(store.video(PEOPLE).frames())
    boxes = coco.loadAnns(coco.getAnnIds(catIds=coco.getCatIds(["face"])))
    assert len(boxes) == len(seen)
    frames = {image["id"]: image["frame"] for image in coco.loadImgs(coco.getImgIds())}
    assert [frames[box["image_id"]] for box in boxes] == seen["frame"].tolist()
    assert [box["bbox"][0] for box in boxes] == pytest.approx(seen["x"].tolist(), abs=0.01)
    tracked = seen[seen["track_id"].notna()]
    mot = load_mot_file(folder / f"{PEOPLE}.mot.txt")
    assert sum(len(frame.ids) for frame in mot.values()) == len(tracked)
    assert set(mot) == set(tracked["frame"] + 1)


@pytest.mark.parametrize("suffix", [".eaf", ".TextGrid"])
def test_what_was_written_is_read_back_the_same(folder, intervals, suffix):
    found = read_annotations(folder / f"{PEOPLE}{suffix}")
    assert sorted(in_ms(found)) == sorted(in_ms(intervals))
    read_annotations(folder / f"{EMPTY}{suffix}")  # a video without faces


def test_tables_by_hand_are_read(tmp_path):
    with (tmp_path / "hand.tsv").open("w", newline="") as file:
        csv.writer(file, delimiter="\t").writerows([("tier", "end_s", "start_s", "label"), ("a", 2.5, 1, "fear")])
    assert read_annotations(tmp_path / "hand.tsv").iloc[0].drop("track_id").tolist() == ["a", 1.0, 2.5, "fear"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "begin,end\n1,2\n", "has no column start_s, end_s, label"),
        ("a.csv", "start_s,end_s,label\n2,1,fear\n", "from 2.0 to 1.0 s has no length"),
        ("a.csv", "start_s,end_s,label\none,2,fear\n", "cannot be read as a table"),
        ("a.eaf", "<not xml", "is no ELAN file"),
        ("a.TextGrid", "nothing", "is no TextGrid"),
        ("a.docx", "", "annotations are read from"),
    ],
)
def test_what_is_no_annotation_is_refused_in_one_line(tmp_path, name, text, told):
    (tmp_path / name).write_text(text)
    with pytest.raises(UnreadableInputError, match=told) as caught:
        read_annotations(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_wrong_wishes_are_refused(store, tmp_path, monkeypatch):
    with pytest.raises(MissingInputError, match="no file"):
        read_annotations(tmp_path / "absent.eaf")
    with pytest.raises(UnknownNameError, match="use eaf"):
        export_annotations(store, format="srt", out=tmp_path)
    with pytest.raises(UsageError, match="smooth_s must be 0 seconds or more, not -1"):
        export_annotations(store, smooth_s=-1, out=tmp_path)
    with pytest.raises(UsageError, match="would hold 3 videos"):
        export_annotations(store, out=tmp_path / "a.eaf")
    (path,) = export_annotations(store, out=tmp_path / "a.eaf", videos=PEOPLE)
    assert path == tmp_path / "a.eaf"
    with pytest.raises(OutputError, match="is there already"):
        export_annotations(store, out=path, videos=[PEOPLE], overwrite=False)
    export_annotations(store, out=path, videos=[PEOPLE])
    assert [each.name for each in tmp_path.iterdir()] == ["a.eaf"]
    monkeypatch.setitem(sys.modules, "pympi", None)
    with pytest.raises(UsageError, match=r"pip install 'facestats\[annotation\]'"):
        export_annotations(store, out=tmp_path / "b.eaf", videos=[PEOPLE])
    assert FAILED not in {each.stem for each in tmp_path.iterdir()}


def test_intervals_of_a_tier_never_overlap(intervals):
    for _, rows in intervals.groupby("tier"):
        assert (rows["start_s"].iloc[1:].to_numpy() >= rows["end_s"].iloc[:-1].to_numpy()).all()
    assert pd.Series(intervals["label"]).str.len().gt(0).all()


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_read(tmp_path, monkeypatch):
    store = make_store(tmp_path / "store")
    note = tmp_path / "note.txt"
    note.touch()
    for out in (note, note / "new", note / "a.eaf"):
        with pytest.raises(OutputError, match=r"cannot write to .*note\.txt is a file, and a folder is needed; name"):
            export_annotations(store, out=out, videos=[PEOPLE])

    def refuse(_path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(files, "check_writable", refuse)
    monkeypatch.setattr(Store, "result", None)  # is not asked for
    with pytest.raises(OutputError, match=r"^cannot write to .*: Permission denied; name another out$"):
        export_annotations(store, out=tmp_path / "new", videos=[PEOPLE])


def test_the_cues_of_two_faces_meet_where_one_was_split_off(tmp_path):
    result = make_result(PEOPLE, FACES, path="people.mp4")
    observations = result.observations
    sparse = (observations["track_id"] == 1) & (observations["time_s"] > 5.05) & (observations["frame"] % 4 == 2)
    rarely_seen = dataclasses.replace(result, observations=observations[~sparse].reset_index(drop=True))
    store = create_store(tmp_path / "store")
    store.write(rarely_seen, paths=("people.mp4",))
    (made,) = store.correct(PEOPLE, 1, split=5.0)
    found = intervals_of(store.result(PEOPLE))
    for kind in ("", " expression"):
        before = found[found["tier"] == f"face 1{kind}"]["end_s"].max()
        behind = found[found["tier"] == f"face {made.value}{kind}"]["start_s"].min()
        assert before == behind
