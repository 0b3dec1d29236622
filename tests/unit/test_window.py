import pytest

from facestats.errors import DeviceError
from facestats.window import check_display, open_window


def test_without_a_display_it_says_so(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DeviceError, match="needs a display"):
        check_display()
    with pytest.raises(DeviceError, match="needs a display"), open_window():
        pass
