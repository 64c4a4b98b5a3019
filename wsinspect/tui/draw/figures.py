"""Numbers as people read them: counts, sizes, durations, clock times, sparklines. Pure text."""

import time
from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
_SUFFIXES = "kMGTPE"


def _short(number: float) -> str:
    """Three significant digits and a decimal suffix: 1.23k, 45.6M."""
    for suffix in _SUFFIXES:
        number /= 1000
        if number < 9.995:
            return f"{number:.2f}{suffix}"
        if number < 99.95:
            return f"{number:.1f}{suffix}"
        if number < 999.5:
            return f"{number:.0f}{suffix}"
    return "lots"


def count(number: int) -> str:
    """At most 6 characters: exact up to 99,999, then three digits."""
    return f"{number:,}" if number < 100_000 else _short(number)


def size(number: int) -> str:
    """Bytes in at most 5 characters, decimal: 512, 1.23k, 45.6M."""
    return str(number) if number < 1000 else _short(number)


def size_unit(number: int) -> str:
    """Bytes with their unit: 512 B, 1.23 kB."""
    text = size(number)
    return f"{text} B" if text.isdecimal() else f"{text[:-1]} {text[-1]}B"


def rate(per_s: float) -> str:
    """A rate in at most 6 characters; nothing when it is nil."""
    if per_s < 0.05:
        return ""
    if per_s < 9.95:
        return f"{per_s:.1f}/s"
    return f"{size(round(per_s))}/s"


def duration(seconds: float) -> str:
    """At most 6 characters: 0.4s, 12s, 3m05s, 2h14m, 3d04h."""
    if seconds < 0:
        seconds = 0.0
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86_400}d{whole % 86_400 // 3600:02}h"


def clock(timestamp_ns: int) -> str:
    """Local time of day in 12 characters: 13:00:00.123."""
    seconds, rest = divmod(timestamp_ns, 1_000_000_000)
    local = time.localtime(seconds)
    return f"{local.tm_hour:02}:{local.tm_min:02}:{local.tm_sec:02}.{rest // 1_000_000:03}"


def sparkline(values: Sequence[int], peak: int | None = None) -> str:
    """One bar a value, scaled to `peak` (default: the largest); nothing for nought."""
    top = max(values, default=0) if peak is None else peak
    if top <= 0:
        return " " * len(values)
    last = len(_BARS) - 1
    return "".join(" " if v <= 0 else _BARS[min(last, v * last // top)] for v in values)


def pulse(values: Sequence[int]) -> str:
    """One bar a value on a fixed scale that doubles: 1, 2, 4 … 128 and more; lists compare."""
    return "".join(_BARS[min(v.bit_length(), len(_BARS)) - 1] if v > 0 else " " for v in values)
