import json

import cv2
import numpy as np
import pandas as pd
import pytest

from facestats.cli import main


def run(capsys, *arguments):
    """Run the command line; return its exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return caught.value.code or 0, captured.out, captured.err


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
