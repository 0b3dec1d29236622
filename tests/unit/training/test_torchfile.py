import pickle

import pytest
import torch

from facestats.errors import ModelError
from facestats.training.torchfile import read_torch_file


class Trap:
    """Runs code when it is unpickled freely."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return exec, (f"open({str(self.path)!r}, 'w')",)


def test_tensors_numbers_and_texts(tmp_path):
    torch.save({"weights": torch.ones(2), "epoch": 3, "name": "x"}, tmp_path / "f.pt")
    read = read_torch_file(tmp_path / "f.pt")
    assert read["weights"].tolist() == [1, 1]
    assert (read["epoch"], read["name"]) == (3, "x")


@pytest.mark.parametrize("save", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))])
def test_code_is_never_run(tmp_path, save):
    save({"weights": Trap(tmp_path / "sprung")}, tmp_path / "f.pt")
    with pytest.raises(ModelError, match="nothing in it was run") as caught:
        read_torch_file(tmp_path / "f.pt")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("content", [b"", b"something else", b"PK\x05\x06" + b"\0" * 18])
def test_other_files(tmp_path, content):
    (tmp_path / "f.pt").write_bytes(content)
    with pytest.raises(ModelError, match=r"f\.pt (is not a file that|is damaged|holds objects)"):
        read_torch_file(tmp_path / "f.pt")


def test_cut_off(tmp_path):
    torch.save(torch.nn.Linear(50, 50).state_dict(), tmp_path / "f.pt")
    content = (tmp_path / "f.pt").read_bytes()
    (tmp_path / "f.pt").write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError):
        read_torch_file(tmp_path / "f.pt")


def test_damaged_inside(tmp_path):
    torch.save({"weights": torch.ones(3), "n": 1}, tmp_path / "f.pt")
    content = bytearray((tmp_path / "f.pt").read_bytes())
    start = content.index(b"\x80\x02")  # the pickle's first bytes
    content[start + 2 : start + 20] = b"\xff" * 18
    (tmp_path / "f.pt").write_bytes(bytes(content))
    with pytest.raises(ModelError):
        read_torch_file(tmp_path / "f.pt")
