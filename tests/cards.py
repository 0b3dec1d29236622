"""A stand-in for an NVIDIA card: sessions that say they run there, and run on the processor."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import onnxruntime

from facestats.models import devices

CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


class Card:
    """What a stand-in card was asked: how many sessions, and with how many pictures each run came."""

    def __init__(self) -> None:
        self.sessions = 0
        self.batches: list[tuple[int, ...]] = []


@contextmanager
def a_card(memory: int = 8 * 2**30, *, works: bool = True) -> Iterator[Card]:
    """Let onnxruntime have the provider of NVIDIA cards; one that does not work falls back without a word."""
    card, real = Card(), onnxruntime.InferenceSession

    class Session:
        def __init__(self, file, settings=None, providers=None):
            assert providers in ([CUDA, CPU], [CPU])
            self._on_card = providers[0] == CUDA
            self._real = real(file, settings, providers=[CPU])
            card.sessions += self._on_card

        def get_providers(self):
            return [CUDA, CPU] if self._on_card and works else [CPU]

        def run(self, outputs, inputs):
            if self._on_card:
                card.batches.append(next(iter(inputs.values())).shape)
            return self._real.run(outputs, inputs)

        def __getattr__(self, name):
            return getattr(self._real, name)

    with (
        mock.patch.object(onnxruntime, "get_available_providers", return_value=[CUDA, CPU]),
        mock.patch.object(onnxruntime, "InferenceSession", Session),
        mock.patch.object(devices, "card_memory", return_value=memory),
    ):
        yield card
