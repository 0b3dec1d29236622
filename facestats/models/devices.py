"""Where networks run: the processor, or an NVIDIA card, and how much a card takes at once."""

from __future__ import annotations

import ctypes

import onnxruntime

from facestats.errors import DeviceError

#: onnxruntime's name of what runs a network on each device.
PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}

NO_CUDA = "--device cuda needs an NVIDIA GPU and `pip install onnxruntime-gpu`, which are not here: use --device cpu"

#: One network's share of a card's memory: several workers, each with several networks, may use the same card.
_SHARE = 1 / 8

#: Taken for a card that does not tell its memory.
_USUAL_MEMORY = 4 * 2**30


def check_device(device: str) -> None:
    """Raise unless onnxruntime can run on ``device`` here.

    Raises
    ------
    DeviceError
        If ``device`` is neither ``"cpu"`` nor ``"cuda"``, or this machine or installation lacks it.

    Examples
    --------
    >>> check_device("cpu")
    """
    if device not in PROVIDERS:
        raise DeviceError(f"unknown device {device!r}: use cpu or cuda")
    if PROVIDERS[device] not in onnxruntime.get_available_providers():
        raise DeviceError(NO_CUDA)


def batch_size(device: str, bytes_each: int, most: int) -> int:
    """Return how many pictures a network takes at once: one on a processor, which gains nothing by more.

    Parameters
    ----------
    device : str
        ``"cpu"`` or ``"cuda"``.
    bytes_each : int
        Memory that one picture takes on its way through the network.
    most : int
        More gain nothing.

    Examples
    --------
    >>> batch_size("cpu", 150_000_000, 32)
    1
    """
    if device == "cpu":
        return 1
    return max(1, min(most, int((card_memory() or _USUAL_MEMORY) * _SHARE) // bytes_each))


def card_memory() -> int | None:
    """Return the memory of the first NVIDIA card, in bytes; None if its driver is not here or does not say.

    Examples
    --------
    >>> card_memory()  # doctest: +SKIP
    8589934592
    """
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    card, memory = ctypes.c_int(), ctypes.c_size_t()
    calls = (
        (driver.cuInit, (0,)),
        (driver.cuDeviceGet, (ctypes.byref(card), 0)),
        (driver.cuDeviceTotalMem_v2, (ctypes.byref(memory), card)),
    )
    return memory.value if all(call(*given) == 0 for call, given in calls) else None
