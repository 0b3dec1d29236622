import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.datasets.truth import TRUTH_DTYPES, read_truth, write_truth
from facestats.errors import DataError, MissingInputError, UnknownNameError


def written(folder, text):
    path = folder / "truth.txt"
    path.write_text(text)
    return path


@pytest.mark.parametrize("separator", [",", ", ", " ", "\t", ";"])
def test_mot_with_any_separator(tmp_path, separator):
    lines = [[2, 5, 10, 20, 30, 40, 1, 1, 0.9], [1, 5, 8, 20, 30, 40, 1, 1, 1], [1, 3, 0, 0, 5, 5, 0, 1, 0.1]]
    truth = read_truth(written(tmp_path, "\n".join(separator.join(map(str, line)) for line in lines)))
    assert truth.dtypes.astype(str).to_dict() == TRUTH_DTYPES
    assert truth[["frame", "person"]].to_numpy().tolist() == [[0, 3], [0, 5], [1, 5]]
    assert truth["ignored"].tolist() == [True, False, False]
    assert truth.loc[2, list("xywh")].tolist() == [10, 20, 30, 40]


def test_a_line_a_frame_with_absences(tmp_path):
    truth = read_truth(written(tmp_path, "10,20,30,40\nnan,nan,nan,nan\n0 0 0 0\n12;20;30;40\n"))
    assert truth["frame"].tolist() == [0, 3]
    assert set(truth["person"]) == {1}


def test_an_empty_line_is_a_frame_without_the_face(tmp_path):
    truth = read_truth(written(tmp_path, "1,1,5,5\n\n# a remark\n,,,\n2,2,5,5\n\n\n"))
    assert truth["frame"].tolist() == [0, 3]
    assert read_truth(written(tmp_path, "1,1,2,3,4,5\n\n2,1,2,3,4,5\n"))["frame"].tolist() == [0, 1]


@pytest.mark.parametrize("text", ["1,1,10,20,40,60\n", "10 20 40 60\n"])
def test_corners(tmp_path, text):
    truth = read_truth(written(tmp_path, text), boxes="xyxy")
    assert truth.loc[0, list("xywh")].tolist() == [10, 20, 30, 40]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("# nothing\n\n", "is empty"),
        ("frame,id,x,y,w,h\n1,1,2,3,4,5\n", "line 1: 'frame,id,x,y,w,h' is not numbers; a truth file has no header"),
        ("1,2,3,4,5\n", "has 5 columns: a truth file has 6 to 10"),
        ("1,2,3\n", "has 3 columns"),
        (",".join("123456789012"), "has 12 columns"),
        ("1,1,2,3,4,5\n2,1,2,3,4\n", "line 2: 5 columns instead of 6"),
        ("0,1,2,3,4,5\n", "line 1: the frame 0 is no whole number, counted from 1"),
        ("1.5,1,2,3,4,5\n", "the frame 1.5 is no whole number"),
        ("1,nan,2,3,4,5\n", "the person nan is no whole number"),
        ("1,1,2,3,0,5\n", r"line 1: the box is not four numbers with a size; are they corners \(--boxes xyxy\)\?"),
        ("1,1,nan,3,4,5\n", "the box is not four numbers"),
        ("3,1,2,3,4,5\n3,1,2,3,4,5\n", "person 1 is twice in frame 3"),
    ],
)
def test_what_is_no_truth(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_truth(written(tmp_path, text))


def test_no_file_no_text_no_format(tmp_path):
    with pytest.raises(MissingInputError, match="no truth file"):
        read_truth(tmp_path / "none.txt")
    (tmp_path / "clip.mp4").write_bytes(bytes(range(256)))
    with pytest.raises(DataError, match="is not a text file"):
        read_truth(tmp_path / "clip.mp4")
    with pytest.raises(UnknownNameError, match="use xywh or xyxy"):
        read_truth(written(tmp_path, "1,1,2,3,4,5"), boxes="yolo")


@given(
    st.lists(
        st.tuples(st.integers(0, 500), st.integers(0, 9), st.booleans()), unique_by=lambda row: row[:2], min_size=1
    )
)
def test_what_is_written_is_read(tmp_path_factory, rows):
    frame, person, ignored = zip(*rows, strict=True)
    side = np.arange(1, len(rows) + 1) / 4
    truth = pd.DataFrame({"frame": frame, "person": person, **dict.fromkeys("xywh", side), "ignored": ignored})
    truth = truth.astype(TRUTH_DTYPES).sort_values(["frame", "person"], ignore_index=True)
    path = tmp_path_factory.mktemp("truth") / "truth.txt"
    write_truth(truth, path)
    pd.testing.assert_frame_equal(read_truth(path), truth)
