"""How large a number may be that comes from a file or a socket, and what is no line at all. Pure.

The one place: what passes here fits into the arrays of the index and is drawn without harm. Sums
of such numbers have no bound: where they go into an array, `held` cuts them.
"""

from typing import Annotated

import msgspec

MAX = (1 << 63) - 1
REAL_MAX = 1e12
TIME_MAX_NS = (1 << 63) - 1  # year 2262

Count = Annotated[int, msgspec.Meta(ge=0, le=MAX)]
Seq = Annotated[int, msgspec.Meta(ge=0, le=1 << 61)]  # there is room for a bit or two beside it
Number = Annotated[int, msgspec.Meta(ge=-MAX, le=MAX)]
Real = Annotated[float, msgspec.Meta(ge=-REAL_MAX, le=REAL_MAX)]

# What decoding raises on a line that is none: of broken text, of wrong types, of a hundred thousand
# brackets.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def held(number: int) -> int:
    """As much of a sum as an array takes."""
    return number if -MAX <= number <= MAX else MAX if number > 0 else -MAX


def time_ns(at_ns: int) -> int:
    """A time since the epoch; 0 where it is none that a file can have."""
    return at_ns if 0 <= at_ns <= TIME_MAX_NS else 0


def seconds(value: object) -> float | None:
    """A time in seconds since the epoch that somebody wrote; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= TIME_MAX_NS // 1_000_000_000 else None
