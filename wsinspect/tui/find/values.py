"""Numbers as people write them: 1k, 10MB, 4Ki, 250ms, 1m30s, 1000-1999. Pure.

Decimal units: 1k is 1000; Ki, Mi, Gi are the binary ones.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

type Number = Callable[[str], float | None]

_SIZES: Final = {
    "": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12,
    "ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30, "ti": 1 << 40,
}  # fmt: skip
_TIMES: Final = {
    "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0,
    "h": 3600.0, "d": 86400.0,
}  # fmt: skip
_NUMBER: Final = r"[0-9]{1,15}(?:\.[0-9]{1,9})?"
_SIZE: Final = re.compile(rf"({_NUMBER})([kmgt]?i?)b?", re.IGNORECASE)
_TIME: Final = re.compile(rf"({_NUMBER})([a-zµ]{{0,3}})", re.IGNORECASE)
_PARTS_MAX: Final = 4


def size(text: str) -> float | None:
    """Bytes, or any count: 1k, 1.5M, 4KiB."""
    found = _SIZE.fullmatch(text.replace("_", ""))
    factor = _SIZES.get(found[2].lower()) if found else None
    return None if found is None or factor is None else float(found[1]) * factor


def duration(default: str) -> Number:
    """Seconds: 250ms, 90s, 1m30s; a bare number is in `default`."""

    def read(text: str) -> float | None:
        total, at = 0.0, 0
        for part in range(_PARTS_MAX):
            found = _TIME.match(text, at)
            if found is None:
                return None
            unit = found[2].lower() or (default if part == 0 and found.end() == len(text) else "")
            if unit not in _TIMES:
                return None
            total += float(found[1]) * _TIMES[unit]
            at = found.end()
            if at == len(text):
                return total
        return None

    return read


def per_second(text: str) -> float | None:
    """10, 1k, 10/s."""
    return size(text.removesuffix("/s"))


def times(text: str) -> float | None:
    """2, 2.5, 3x."""
    text = text.removesuffix("x").removesuffix("×")
    return float(text) if re.fullmatch(_NUMBER, text) else None


def whole(text: str) -> float | None:
    """A whole number, 0x… too."""
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}", text):
        return int(text, 16)
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


@dataclass(frozen=True, slots=True)
class Span:
    """From `low` to `high`, each with or without itself."""

    low: float = float("-inf")
    high: float = float("inf")
    low_open: bool = False
    high_open: bool = False

    def test(self) -> Callable[[float], bool]:
        low, high = self.low, self.high
        if high == float("inf"):
            return (lambda n: n > low) if self.low_open else (lambda n: n >= low)
        if low == float("-inf"):
            return (lambda n: n < high) if self.high_open else (lambda n: n <= high)
        return (lambda n: n == low) if low == high else (lambda n: low <= n <= high)


_RANGE: Final = re.compile(r"([^-.]+(?:\.[0-9]+[^-.]*)?)?(?:-|\.\.)([^-.]+(?:\.[0-9]+[^-.]*)?)?")


def span(operator: str, text: str, number: Number) -> Span | None:
    """What `operator text` says; None: it is no number."""
    single = number(text)
    if single is not None:
        return {
            ">": Span(low=single, low_open=True),
            ">=": Span(low=single),
            "<": Span(high=single, high_open=True),
            "<=": Span(high=single),
        }.get(operator, Span(single, single))
    found = _RANGE.fullmatch(text) if operator in (":", "=", "==") else None
    if found is None or not (found[1] or found[2]):
        return None
    low = number(found[1]) if found[1] else float("-inf")
    high = number(found[2]) if found[2] else float("inf")
    return None if low is None or high is None or low > high else Span(low, high)
