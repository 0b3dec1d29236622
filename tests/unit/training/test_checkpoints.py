import pytest
import torch

from facestats.errors import OutputError
from facestats.training.checkpoints import check_checkpoint, identity_of_files, load_checkpoint, save_checkpoint


def test_a_checkpoint_brings_every_part_back(tmp_path):
    saved, fresh = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    save_checkpoint(tmp_path / "c.pt", {"seed": 1}, 7, {"network": saved})
    assert load_checkpoint(tmp_path / "c.pt", {"seed": 1}, {"network": fresh}) == 7
    assert torch.equal(saved.weight, fresh.weight)


def test_what_changed_is_named(tmp_path):
    path, network = tmp_path / "c.pt", torch.nn.Linear(3, 2)
    save_checkpoint(path, {"seed": 1, "data a.parquet": "f0", "faces": 5}, 7, {"network": network})
    told = r"belongs to another training \(data a\.parquet, seed changed since\): use --no-resume"
    with pytest.raises(OutputError, match=told):
        load_checkpoint(path, {"seed": 2, "data a.parquet": "ff", "faces": 5}, {"network": network})
    with pytest.raises(OutputError, match=r"\(faces changed since\)"):
        load_checkpoint(path, {"seed": 1, "data a.parquet": "f0"}, {"network": network})
    with pytest.raises(OutputError, match=r"\(data a\.parquet changed since\)"):
        check_checkpoint(path, {"seed": 1, "data a.parquet": "ff"})
    check_checkpoint(path, {"seed": 1, "data a.parquet": "f0"})  # the rest is not known yet


def test_checkpoints_of_another_version_and_damaged_ones(tmp_path):
    path, network = tmp_path / "c.pt", torch.nn.Linear(3, 2)
    torch.save({"identity": {"seed": 1}, "done": 7, "parts": {}}, path)  # as an earlier facestats wrote it
    with pytest.raises(OutputError, match="is no checkpoint of this version of facestats: use --no-resume"):
        load_checkpoint(path, {"seed": 1}, {"network": network})
    path.write_bytes(b"damaged")
    with pytest.raises(OutputError, match="delete it or use --no-resume"):
        load_checkpoint(path, {"seed": 1}, {"network": network})


def test_files_of_one_name_are_told_apart(tmp_path):
    paths = [tmp_path / name / "faces.parquet" for name in "ab"]
    for path in paths:
        path.parent.mkdir()
        path.write_text(str(path))
    both = identity_of_files("data", paths)
    paths[0].write_text("changed")
    assert list(both) == ["data faces.parquet"]
    assert identity_of_files("data", paths) != both


def test_a_checkpoint_where_a_file_is_in_the_way(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write the checkpoint"):
        save_checkpoint(tmp_path / "file" / "c.pt", {}, 0, {})
