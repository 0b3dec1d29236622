"""Numbers in plain words, for headlines and captions."""

from __future__ import annotations

import math
from collections.abc import Sequence

#: A space at which no line is broken.
NO_BREAK = "\N{NO-BREAK SPACE}"

#: An interval of a share that is as wide as this says next to nothing.
TOO_WIDE = 0.8

_SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number and its noun.

    Examples
    --------
    >>> count(1, "face"), count(3, "face"), count(1200, "copy", "copies")
    ('one face', 'three faces', '1,200 copies')
    """
    word = _SMALL[number] if number < len(_SMALL) else f"{number:,}"
    return f"{word} {noun if number == 1 else plural or noun + 's'}"


def times(number: int) -> str:
    """Return how often something happened, in words.

    Examples
    --------
    >>> times(1), times(12)
    ('once', 'twelve times')
    """
    return "once" if number == 1 else count(number, "time")


def duration(seconds: float) -> str:
    """Return a length of time as one would say it.

    Examples
    --------
    >>> duration(3.28), duration(65), duration(7384), duration(1)
    ('3.3 seconds', '1 min 5 s', '2 h 3 min', '1 second')
    """
    if not math.isfinite(seconds):
        return "an unknown time"
    if seconds < 59.95:
        text = f"{seconds:.1f}".removesuffix(".0")
        return f"{text} second{'' if text == '1' else 's'}"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"


def moment(seconds: float) -> str:
    """Return a moment on the video's clock, to a tenth of a second.

    Examples
    --------
    >>> moment(65.26), moment(3723)
    ('1:05.3', '1:02:03.0')
    """
    tenths = round(max(seconds, 0.0) * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    text = f"{minutes}:{tenths // 10:02d}.{tenths % 10}"
    return f"{hours}:{minutes:02d}:{tenths // 10:02d}.{tenths % 10}" if hours else text


def span(start_s: float, end_s: float) -> str:
    """Return a stretch of the video's clock.

    Examples
    --------
    >>> span(1.0, 65.26)
    '0:01.0 to 1:05.3'
    """
    return f"{moment(start_s)} to {moment(end_s)}"


def percent(share: float) -> str:
    """Return a share in percent, with a space that no line breaks at.

    Examples
    --------
    >>> [percent(share).replace(NO_BREAK, " ") for share in (0.615, 0.004, 0.0)]
    ['62 %', 'under 1 %', '0 %']
    """
    return f"under 1{NO_BREAK}%" if 0 < share < 0.005 else f"{100 * share:.0f}{NO_BREAK}%"


def probability(value: float) -> str:
    """Return a probability in percent, with a decimal where the nearest percent would say that something is certain.

    Examples
    --------
    >>> [probability(value).replace(NO_BREAK, " ") for value in (0.615, 0.9966, 0.9999, 0.003, 1.0)]
    ['62 %', '99.7 %', 'over 99.9 %', '0.3 %', '100 %']
    """
    if 0.995 <= value < 1:
        return f"over 99.9{NO_BREAK}%" if value > 0.9994 else f"{100 * value:.1f}{NO_BREAK}%"
    if 0 < value < 0.005:
        return f"under 0.1{NO_BREAK}%" if value < 0.0006 else f"{100 * value:.1f}{NO_BREAK}%"
    return percent(value)


def is_told(low: float, high: float) -> bool:
    """Say whether an interval of a share is narrow enough to tell anything; one from 10 to 90 % is not.

    Examples
    --------
    >>> is_told(0.3, 0.6), is_told(0.05, 0.9)
    (True, False)
    """
    return high - low < TOO_WIDE


def share(share: float, low: float, high: float) -> str:
    """Return a share with its interval; only the interval, in words, where that is too wide for more.

    Examples
    --------
    >>> share(0.5, 0.42, 0.58).replace(NO_BREAK, " "), share(0.5, 0.07, 0.93).replace(NO_BREAK, " ")
    ('50 % (42–58)', 'anything from 7 to 93 %')
    """
    if not is_told(low, high):
        return f"anything from {100 * low:.0f} to {percent(high)}"
    return f"{percent(share)} ({100 * low:.0f}–{100 * high:.0f})"


def listing(parts: Sequence[str]) -> str:
    """Join parts with commas and a final "and".

    Examples
    --------
    >>> listing(["a", "b", "c"]), listing(["a"])
    ('a, b and c', 'a')
    """
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def sentence(text: str) -> str:
    """Return text that begins with a capital and ends with a full stop.

    Examples
    --------
    >>> sentence("the file is empty")
    'The file is empty.'
    """
    text = stop(text)
    return text[:1].upper() + text[1:]


def stop(text: str) -> str:
    """Return text that ends with a full stop.

    Examples
    --------
    >>> stop("the file is empty")
    'the file is empty.'
    """
    text = text.strip()
    return text if not text or text[-1] in ".!?" else f"{text}."
