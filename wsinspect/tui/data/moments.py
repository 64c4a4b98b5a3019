"""Timestamps of the log (RFC 3339) as nanoseconds since the epoch. Pure.

A log has many lines a second and they come in order, so a second's text is read once.
"""

from datetime import UTC, datetime
from functools import lru_cache

from wsinspect.tui.data.bounds import time_ns

NS = 1_000_000_000
_SECOND_LEN = len("2026-11-22T14:00:00")
_OURS_LEN = len("2026-11-22T14:00:00.000000Z")


@lru_cache(maxsize=64)
def second_ns(text: str) -> int:
    """A whole second in UTC, `2026-11-22T14:00:00`, in ns. Raises ValueError."""
    at_ns = int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS
    if at_ns != time_ns(at_ns):
        raise ValueError("out of range")
    return at_ns


def timestamp_ns(text: str) -> int:
    """A log timestamp in ns; 0 if it is none."""
    try:
        if len(text) == _OURS_LEN and text[_SECOND_LEN] == "." and text[-1] == "Z":
            return second_ns(text[:_SECOND_LEN]) + int(text[_SECOND_LEN + 1 : -1]) * 1000
        moment = datetime.fromisoformat(text)
        second = int(moment.replace(microsecond=0).timestamp())
    except (ValueError, OverflowError, OSError):
        return 0
    return time_ns(second * NS + moment.microsecond * 1000)
