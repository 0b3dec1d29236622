"""On the way from a keyframe to a moment: which packets a decoder may pass over because nothing needs their frames."""

from __future__ import annotations

import math

import av

#: Codecs whose frames say of themselves, surely, that no other one is made from them; in others a layer above may be.
_SURE = frozenset({"h264"})


class Approach:
    """Says of one packet after the other, in the order of decoding, whether its frame may be missing.

    A frame that no other one is made from may, if a later one is known that is still shown by the moment.

    Parameters
    ----------
    until_s : float
        The moment, on the container's clock.

    Examples
    --------
    >>> approach = Approach(1.0)
    >>> [approach.passes_over(at_s) for at_s in (0.8, 0.6, 1.2, 1.0, 0.9, 1.1)]
    [False, True, False, False, True, False]
    """

    def __init__(self, until_s: float) -> None:
        self._until_s = until_s
        self._latest_s = -math.inf  # of the frames shown by the moment

    def passes_over(self, time_s: float) -> bool:
        """Say whether the frame that begins then may be missing, if no other one is made from it."""
        if time_s > self._until_s:
            return False
        if time_s >= self._latest_s:
            self._latest_s = time_s
            return False
        return True

    def turn_to(self, time_s: float) -> bool:
        """Go no farther than to an earlier moment; False if a frame may be missing that is shown then."""
        if time_s < self._latest_s:
            return False
        self._until_s = min(self._until_s, time_s)
        return True

    def prepare(self, packet: av.Packet, tick_s: float) -> None:
        """Tell the decoder of a packet what it may do with it, before it gets it."""
        decoder = packet.stream.codec_context
        if decoder.name not in _SURE or packet.pts is None:
            return
        decoder.skip_frame = "NONREF" if self.passes_over(packet.pts * tick_s) else "DEFAULT"
