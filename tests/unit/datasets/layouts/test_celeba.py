import pytest
from facesets import CELEBA_NAMES, make_celeba, replace_once, write_text

from facestats.errors import DataError

COLUMNS = ["gender", "makeup", "heavy_makeup", "lipstick", "young", "smiling"]
LABELS = [
    ["female", "over", True, True, True, True],
    ["female", "partial", False, True, False, False],
    ["male", "none", False, False, True, True],
    ["female", "over", True, False, True, False],
]
FILES = [f"{number:06d}.jpg" for number in range(1, 5)]


def make_kaggle(folder):
    """The same set as Kaggle has it: tables with commas, and the folder of pictures twice."""
    make_celeba(folder)
    attributes = (folder / "list_attr_celeba.txt").read_text().splitlines()
    write_text(
        folder / "list_attr_celeba.csv",
        ",".join(["image_id", *CELEBA_NAMES]),
        *(",".join(line.split()) for line in attributes[2:]),
    )
    splits = (folder / "list_eval_partition.txt").read_text().split("\n")
    write_text(folder / "list_eval_partition.csv", "image_id,partition", *(line.replace(" ", ",") for line in splits))
    (folder / "list_attr_celeba.txt").unlink()
    (folder / "list_eval_partition.txt").unlink()
    (folder / "img_align_celeba").rename(folder / "inner")
    (folder / "img_align_celeba").mkdir()
    (folder / "inner").rename(folder / "img_align_celeba" / "img_align_celeba")


@pytest.mark.parametrize("make", [make_celeba, make_kaggle])
def test_every_row_and_column(folder, converted, make):
    make(folder)
    done, frame = converted("celeba")
    assert (done.n_rows, done.attributes, done.skipped) == (4, ("gender", "makeup"), {})
    assert list(frame) == ["source", "name", "split", *COLUMNS, "image"]
    assert set(frame["source"]) == {"celeba"}
    assert frame["name"].tolist() == FILES
    assert frame["split"].tolist() == ["train", "train", "validation", "test"]
    assert frame[COLUMNS].to_numpy().tolist() == LABELS
    (picture,) = folder.rglob("000003.jpg")
    assert frame["image"][2] == picture.read_bytes()


def test_the_folders_of_the_archives(folder, converted):
    make_celeba(folder)
    for name, place in (
        ("list_attr_celeba.txt", "Anno"),
        ("list_eval_partition.txt", "Eval"),
        ("img_align_celeba", "Img"),
    ):
        (folder / place).mkdir()
        (folder / name).rename(folder / place / name)
    _, frame = converted("celeba")
    assert frame["split"].tolist() == ["train", "train", "validation", "test"]


def test_without_official_splits_there_is_no_such_column(folder, converted):
    make_celeba(folder)
    (folder / "list_eval_partition.txt").unlink()
    _, frame = converted("celeba")
    assert list(frame) == ["source", "name", *COLUMNS, "image"]


def test_a_picture_without_a_split_is_counted(folder, converted):
    make_celeba(folder)
    write_text(folder / "list_eval_partition.txt", "000001.jpg 0", "000002.jpg 1", "000003.jpg 2")
    done, frame = converted("celeba")
    assert len(frame) == 3
    assert done.skipped == {"no split in list_eval_partition": 1}


def test_an_attribute_that_nobody_reads_may_hold_anything(folder, converted):
    make_celeba(folder)
    replace_once(folder / "list_attr_celeba.txt", "000002.jpg -1", "000002.jpg 0")
    assert len(converted("celeba")[1]) == 4


@pytest.mark.parametrize(
    ("line", "told"), [("000002.jpg 3", "partition '3' is not one of 0, 1, 2"), ("000002.jpg", "not a file name and a")]
)
def test_bad_splits(folder, converted, line, told):
    make_celeba(folder)
    write_text(folder / "list_eval_partition.txt", "000001.jpg 0", line)
    with pytest.raises(DataError, match=r"list_eval_partition.txt, line 2: ") as caught:
        converted("celeba")
    assert told in str(caught.value)


def test_bad_tables_with_commas(folder, converted):
    make_kaggle(folder)
    attributes, splits = folder / "list_attr_celeba.csv", folder / "list_eval_partition.csv"
    good = splits.read_text()
    splits.write_text(good.replace("000001.jpg,0", "000001.jpg,9"))
    with pytest.raises(DataError, match=r"list_eval_partition.csv, line 2: partition '9'"):
        converted("celeba")
    splits.write_text(good)
    attributes.write_text(attributes.read_text().replace("Young", "Old"))
    with pytest.raises(DataError, match=r"list_attr_celeba.csv has no column 'Young'"):
        converted("celeba")


@pytest.mark.parametrize("name", ["list_attr_celeba.txt", "list_eval_partition.txt"])
def test_not_text(folder, converted, name):
    make_celeba(folder)
    (folder / name).write_bytes(b"\xff\xfe\xfa\n")
    with pytest.raises(DataError, match=rf"{name} is not text"):
        converted("celeba")
