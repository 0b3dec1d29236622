import pytest

from facestats.errors import OutputError
from facestats.training.curves import add_epoch


def test_epochs_follow_each_other_and_a_new_run_drops_the_later_ones(tmp_path):
    path = tmp_path / "curves.csv"
    for epoch in (1, 2, 3):
        add_epoch(path, epoch, {"age": (1.0 / epoch, 2.0, None), "gender": (0.5, 0.6, 0.9)})
    add_epoch(path, 2, {"age": (9.0, 9.0, None)})
    assert path.read_text().splitlines() == [
        "epoch,attribute,training_loss,validation_loss,validation_accuracy",
        "1,age,1.0000,2.0000,",
        "1,gender,0.5000,0.6000,0.9000",
        "2,age,9.0000,9.0000,",
    ]
    add_epoch(path, 1, {"age": (1.0, 1.0, 0.5)})
    assert len(path.read_text().splitlines()) == 2


def test_a_file_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        add_epoch(tmp_path / "file" / "curves.csv", 1, {})
