import pytest

from facestats.errors import StoreError
from facestats.options import AnalyzeOptions
from facestats.store.memory import remember, remembered
from facestats.store.store import create_store


def test_a_store_remembers_what_changes_the_results(tmp_path):
    store = create_store(tmp_path / "store")
    assert remembered(store.path) == {}
    options = AnalyzeOptions(rate=5.0, blur=True, device="cuda", models={"age": "none"}, models_path=("mine",))
    remember(store.path, options.to_dict())
    known = remembered(store.path)
    assert {name: known[name] for name in ("rate", "blur", "models", "models_path")} == {
        "rate": 5.0,
        "blur": True,
        "models": {"age": "none"},
        "models_path": ("mine",),
    }
    assert "device" not in known


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"options": {"rate": "fast"}}', '{"options": {"rate": -1}}'])
def test_a_damaged_memory_is_one_line(text, tmp_path):
    store = create_store(tmp_path / "store")
    (store.path / "options.json").write_text(text)
    with pytest.raises(StoreError, match="delete it") as caught:
        remembered(store.path)
    assert "\n" not in str(caught.value)


def test_what_a_later_version_remembers_is_left_out(tmp_path):
    store = create_store(tmp_path / "store")
    (store.path / "options.json").write_text('{"options": {"rate": 5.0, "of_tomorrow": 1}}')
    assert remembered(store.path) == {"rate": 5.0}
