import ctypes

import pytest
from cards import a_card
from hypothesis import given
from hypothesis import strategies as st

from facestats.errors import DeviceError
from facestats.models import devices
from facestats.models.devices import batch_size, card_memory, check_device


def test_a_missing_card_is_refused_in_one_line(monkeypatch):
    monkeypatch.setattr(devices.onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    check_device("cpu")
    with pytest.raises(DeviceError, match=r"^--device cuda needs an NVIDIA GPU .*: use --device cpu$"):
        check_device("cuda")
    with pytest.raises(DeviceError, match="unknown device 'tpu': use cpu or cuda"):
        check_device("tpu")


def test_a_card_that_is_there_is_taken():
    with a_card():
        check_device("cuda")


@given(st.integers(2**30, 2**38), st.integers(1, 2**33), st.integers(1, 64))
def test_batches_fit_the_card(memory, each, most):
    with a_card(memory):
        n = batch_size("cuda", each, most)
    assert 1 <= n <= most
    assert n == 1 or n * each <= memory / 8
    assert batch_size("cpu", each, most) == 1


def test_a_card_that_tells_no_memory_counts_as_a_small_one(monkeypatch):
    monkeypatch.setattr(devices, "card_memory", lambda: None)
    assert batch_size("cuda", 2**20, 1000) == 512


class Driver:
    """NVIDIA's driver, whose calls return 0 where all is well."""

    def __init__(self, result=0):
        self._result = result

    def cuInit(self, flags):
        return self._result

    def cuDeviceGet(self, card, number):
        return 0

    def cuDeviceTotalMem_v2(self, memory, card):
        memory._obj.value = 7 * 2**30
        return 0


def test_the_driver_tells_the_memory(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: Driver())
    assert card_memory() == 7 * 2**30
    monkeypatch.setattr(ctypes, "CDLL", lambda name: Driver(result=100))  # no card
    assert card_memory() is None


def test_no_driver_is_no_card(monkeypatch):
    def absent(name):
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", absent)
    assert card_memory() is None
