"""The command line from a synthetic video to its tracking figures, and from boxed photos to those of a detector."""

import json

import cv2
import numpy as np
import pandas as pd
import pytest
from commands import NONE, run

from facestats.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A second of two strolling people, analysed without attribute models."""
    folder = tmp_path_factory.mktemp("tracking")
    for arguments in (
        ["synth", folder, "--people", "2", "--seconds", "1", "--size", "480x270", "--name", "two"],
        ["analyze", folder / "two.mp4", "--out", folder / "store", "--no-clips", *NONE],
    ):
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        assert not caught.value.code
    return folder


def test_figures(folder, capsys):
    arguments = ["evaluate", "tracking", folder / "store", "--truth", folder / "two.txt"]
    code, out, _ = run(capsys, *arguments, "--json")
    assert code == 0
    scores = json.loads(out)
    assert {"hota", "deta", "assa", "idf1", "mota", "id_switches", "fragmentations", "people"} <= set(scores)
    assert scores["idf1"] == 1
    assert scores["n_true"] == 20
    assert scores["min_face"] == 12
    code, out, _ = run(capsys, *arguments)
    assert code == 0
    assert "HOTA" in out
    assert "switches of identity" in out


def test_min_face_ignores_what_is_smaller(folder, capsys):
    arguments = ["evaluate", "tracking", folder / "store", "--truth", folder / "two.txt", "--json"]
    scores = json.loads(run(capsys, *arguments, "--min-face", "300")[1])
    assert (scores["n_true"], scores["n_found"], scores["idf1"]) == (0, 0, None)


def test_a_line_a_frame(folder, capsys):
    lines = (folder / "two.txt").read_text().splitlines()
    boxes = [line.split(",")[2:6] for line in lines if line.split(",")[1] == "1"]
    (folder / "one.txt").write_text("\n".join(" ".join(box) for box in boxes))
    _, out, _ = run(capsys, "evaluate", "tracking", folder / "store", "--truth", folder / "one.txt", "--json")
    (person,) = json.loads(out)["people"]
    assert person["covered_by_one_id"] == 1


def test_bad_input(folder, capsys, tmp_path):
    (tmp_path / "late.txt").write_text("999,1,1,2,3,4\n")
    cases = {
        (folder / "store", "--truth", tmp_path / "none.txt"): (2, "no truth file at"),
        (folder / "store", "--truth", tmp_path / "late.txt"): (3, "speaks of frame 999, but the video has 25"),
        (folder, "--truth", folder / "two.txt"): (2, "is not a store"),
        (folder / "store", "--truth", folder / "two.txt", "--video", "x"): (2, "x"),
        (folder / "store", "--truth", folder / "two.txt", "--boxes", "yxhw"): (2, "use xywh or xyxy"),
    }
    for arguments, (expected, told) in cases.items():
        code, out, err = run(capsys, "evaluate", "tracking", *arguments)
        assert (code, out) == (expected, "")
        assert told in err
        assert len(err.splitlines()) == 1


def test_which_of_two_videos(folder, capsys, tmp_path):
    from facestats.store.store import create_store

    code, _, err = run(capsys, "evaluate", "tracking", create_store(tmp_path / "s").path, "--truth", folder / "two.txt")
    assert code == 2
    assert "holds no video" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--people", "9"], "people must be 1 to 8"),
        (["--size", "big"], "--size must be like 640x360"),
        (["--name", "a/b"], "--name must be a file name"),
        (["--faces", "/nowhere/at/all"], "no folder of images, and no data file"),
        (["--face-px", "10", "400"], "faces must be 8 to 306 pixels"),
        (["--suite", "--seed", "3"], "--suite is what it is: leave --seed out"),
    ],
)
def test_synth_refuses(capsys, tmp_path, arguments, told):
    code, out, err = run(capsys, "synth", tmp_path / "out", *arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert not (tmp_path / "out").exists()


def test_there_is_a_command_for_every_attribute():
    from facestats.cli.evaluate import ATTRIBUTES
    from facestats.models.attributes import ATTRIBUTE_CLASSES

    assert tuple(ATTRIBUTE_CLASSES) == ATTRIBUTES


@pytest.fixture
def photos(tmp_path, portrait):
    """A portrait of one source, a grey photo without faces of another, and one that nobody boxed."""
    grey = np.full((200, 300, 3), 120, np.uint8)
    images = [cv2.imencode(".jpg", image[..., ::-1])[1].tobytes() for image in (portrait, grey, portrait)]
    frame = pd.DataFrame(
        {
            "image": images,
            "boxes": [[[150.0, 75.0, 195.0, 243.0]], [], []],
            "kind": [["face"], [], []],
            "boxed": ["checked", "empty", "none"],
            "name": ["a", "b", "c"],
            "source": ["people", "things", "people"],
        }
    )
    frame.to_parquet(tmp_path / "photos.parquet")
    return tmp_path / "photos.parquet"


def test_a_line_for_each_source(photos, capsys):
    evaluate = ("evaluate", "detector", "--data", photos, "--detector", "centerface", "--by", "source")
    code, out, _ = run(capsys, *evaluate)
    assert code == 0
    table = out[out.index("\n\n") :].splitlines()
    people, things, whole = (line.split() for line in table if line.strip().startswith(("people", "things", "all")))
    assert people[:4] == ["people", "1", "1", "1.000"]
    assert things[:4] == ["things", "1", "0", "-"]
    assert whole[:4] == ["all", "2", "1", "1.000"]  # what nobody boxed is not scored
    code, out, _ = run(capsys, *evaluate, "--json")
    scores = json.loads(out)
    assert scores["groups"]["people"]["recall_by_size"]["over_96"] == 1
    assert scores["groups"]["things"]["false_per_image"] == 0


def test_a_source_that_is_not_there(photos, capsys):
    code, _, err = run(capsys, "evaluate", "detector", "--data", photos, "--detector", "centerface", "--by", "cats")
    assert code == 3
    assert err.strip().splitlines()[-1].endswith("no source 'cats' that can be scored; there are people, things")


def test_photos_that_nobody_boxed(photos, capsys):
    pd.read_parquet(photos).iloc[2:].to_parquet(photos)
    code, _, err = run(capsys, "evaluate", "detector", "--data", photos, "--detector", "centerface")
    assert code == 3
    assert "nobody boxed every face in any of its photos" in err.strip().splitlines()[-1]


@pytest.fixture
def named(tmp_path, portrait):
    image = cv2.imencode(".jpg", cv2.resize(portrait, (128, 150))[..., ::-1])[1].tobytes()
    pd.DataFrame({"image": [image] * 4, "person": ["a", "a", "b", "b"]}).to_parquet(tmp_path / "named.parquet")
    return tmp_path / "named.parquet"


def test_people_are_scored(named, capsys):
    code, out, _ = run(capsys, "evaluate", "people", "--data", named, "--json")
    assert code == 0
    scores = json.loads(out)
    assert scores["sources"][""]["auc"] == 0.5  # four times one picture
    assert scores["sources"][""]["videos"] is None
    code, out, _ = run(capsys, "evaluate", "people", "--data", named)
    assert code == 0
    assert ["at", "24", "pixels", "across", "the", "crop", "0.500"] in [line.split() for line in out.splitlines()]
    assert "no video was simulated" in out


def test_people_refuse_what_cannot_be_scored(named, photos, tmp_path, capsys):
    cases = {
        ("--data", tmp_path / "none.parquet"): (2, "none.parquet"),
        ("--data", photos): (3, "add a column person"),
        ("--data", named, "--videos", "0"): (2, "--videos must be at least 1, not 0"),
        ("--data", named, "--device", "tpu"): (2, "unknown device"),
        ("--data", named, "--detector", "eyes"): (2, "eyes"),
    }
    for arguments, (expected, told) in cases.items():
        code, out, err = run(capsys, "evaluate", "people", *arguments)
        assert (code, out) == (expected, "")
        assert told in err
        assert len(err.strip().splitlines()) == 1, err
