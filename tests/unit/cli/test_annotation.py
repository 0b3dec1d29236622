import json

import pytest
from commands import run
from stores import PEOPLE, make_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("cli") / "s").path


def test_annotations_go_out_and_come_back_with_a_page(store, tmp_path, capsys):
    code, out, _ = run(capsys, "annotations", store, "--video", PEOPLE, "--out", tmp_path / "a.eaf")
    assert (code, out.strip()) == (0, str(tmp_path / "a.eaf"))
    command = ("evaluate", "annotations", store, tmp_path / "a.eaf", "--video", PEOPLE)
    code, out, err = run(capsys, *command, "--tier", "face 1 expression", "--page", tmp_path / "p.html", "--json")
    assert code == 0, err
    figures = json.loads(out)
    assert (figures["agree"], figures["kappa"]) == (1, 1)
    assert figures["confusion"]["happiness"]["happiness"] == pytest.approx(4, abs=0.2)
    assert "a.eaf beside people.mp4" in (tmp_path / "p.html").read_text(encoding="utf-8")
    code, out, _ = run(capsys, *command, "--tier", "face 3 expression")
    assert "kappa      -" in out


def test_wrong_use_ends_with_2(store, tmp_path, capsys):
    (tmp_path / "h.csv").write_text("start_s,end_s,label\n1,2,smile\n")
    command = ("evaluate", "annotations", store, tmp_path / "h.csv")
    assert run(capsys, *command)[0] == 2  # which video?
    code, _, err = run(capsys, *command, "--video", PEOPLE)
    assert code == 2
    assert "--track" in err
    code, _, err = run(capsys, *command, "--video", PEOPLE, "--track", 1, "--label", "smile=joy")
    assert code == 2
    assert "LABEL=EXPRESSION" in err
    assert run(capsys, *command, "--video", PEOPLE, "--track", 1, "--label", "smile=happiness")[0] == 0
