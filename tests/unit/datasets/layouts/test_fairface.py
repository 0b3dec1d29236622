import itertools

import pytest
from facesets import make_fairface, write_picture, write_text
from hypothesis import given
from hypothesis import strategies as st

from facestats.datasets.layouts.fairface import parse_bin
from facestats.errors import DataError

HEADER = "file,age,gender,race,service_test"
BINS = ["0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "more than 70"]


def test_every_row_and_column(folder, converted):
    make_fairface(folder)
    done, frame = converted("fairface")
    assert (done.n_rows, done.attributes, done.skipped) == (3, ("gender", "age"), {})
    assert list(frame) == ["source", "name", "split", "gender", "age_min", "age_max", "race", "image"]
    assert frame.drop(columns="image").to_numpy().tolist() == [
        ["fairface", "train/1.jpg", "train", "male", 50, 59, "east asian"],
        ["fairface", "train/2.jpg", "train", "female", 70, 116, "latino_hispanic"],
        ["fairface", "val/1.jpg", "validation", "female", 0, 2, "middle eastern"],
    ]
    assert frame["image"][2] == (folder / "val" / "1.jpg").read_bytes()


@pytest.mark.parametrize("archive", ["fairface-img-margin025-trainval", "fairface-img-margin125-trainval"])
def test_pictures_in_the_folder_of_the_archive(folder, converted, archive):
    write_text(folder / "fairface_label_train.csv", HEADER, "train/1.jpg,3-9,Male,White,True")
    content = write_picture(folder / archive / "train" / "1.jpg")
    assert converted("fairface")[1]["image"].tolist() == [content]


def test_one_table_is_enough(folder, converted):
    make_fairface(folder)
    (folder / "fairface_label_train.csv").unlink()
    assert converted("fairface")[1]["split"].tolist() == ["validation"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("train/1.jpg,0-3,Male,White,True", "age '0-3' is not one of 0-2, 3-9"),
        ("train/1.jpg,0-2,male,White,True", "gender 'male' is not one of Female, Male"),
        ("train/1.jpg,0-2,Male,Asian,True", "race 'Asian' is not one of White, Black"),
        ("train/1.jpg,0-2", "2 fields, where at least 4 are needed"),
    ],
)
def test_unknown_labels(folder, converted, row, told):
    make_fairface(folder)
    write_text(folder / "fairface_label_train.csv", HEADER, "train/1.jpg,0-2,Male,White,True", row)
    with pytest.raises(DataError, match=r"fairface_label_train.csv, line 3: ") as caught:
        converted("fairface")
    assert told in str(caught.value)


def test_bins_follow_each_other_without_gap():
    bins = [parse_bin(text, "") for text in BINS]
    assert bins[0][0] == 0
    assert all(before[1] + 1 == after[0] for before, after in itertools.pairwise(bins))
    assert all(youngest <= oldest for youngest, oldest in bins)


@given(st.text(max_size=12).filter(lambda text: text not in BINS))
def test_anything_else_is_refused(text):
    with pytest.raises(DataError, match=r"here: age .* is not one of"):
        parse_bin(text, "here")
