"""Several rules on one message: what happens to it.

Owns: the order of strictness, the decision, and how overlapping replacements become one. Must not
know: rule files, patterns, views, how the decision is carried out.

The strictest wins::

    close > block > redact, mask, hash, tokenize > throttle > alert > log

Between two of a rank the rule that comes first in the files decides. What is not exclusive is not
lost: alerts and logs are written for every rule, and throttling goes along with redaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

__all__ = ["STRICTNESS", "Decision", "Wish", "decide", "merge_spans"]

STRICTNESS: Final = MappingProxyType(
    {
        "log": 0,
        "alert": 1,
        "throttle": 2,
        "tokenize": 3,
        "hash": 3,
        "mask": 3,
        "redact": 3,
        "block": 4,
        "close": 5,
    }
)
_REDACT, _BLOCK, _CLOSE = (STRICTNESS[kind] for kind in ("redact", "block", "close"))


@dataclass(frozen=True, slots=True)
class Wish:
    """What one rule that fired asks for. ``order``: the rule's place in the files."""

    order: int
    kind: str
    code: int = 1008
    reason: str = field(default="", repr=False)
    messages_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to the message.

    ``order`` is the rule that decided (-1: none did). ``throttle``: the lowest rate asked for,
    None if the connection ends anyway.
    """

    action: Literal["pass", "redact", "block", "close"]
    order: int = -1
    code: int = 0
    reason: str = field(default="", repr=False)
    throttle: float | None = None


def decide(wishes: Iterable[Wish]) -> Decision:
    """The strictest wish, and of equal ones the first rule's.

    Raises:
        KeyError: an action that this module does not know.
    """
    winner: Wish | None = None
    rank = -1
    throttle: float | None = None
    for wish in wishes:
        its_rank = STRICTNESS[wish.kind]
        if its_rank > rank or (winner and its_rank == rank and wish.order < winner.order):
            winner, rank = wish, its_rank
        rate = wish.messages_per_second
        if wish.kind == "throttle" and rate is not None:
            throttle = rate if throttle is None else min(throttle, rate)
    if winner is None:
        return Decision("pass")
    if rank == _CLOSE:
        return Decision("close", winner.order, winner.code, winner.reason)
    if rank == _BLOCK:
        return Decision("block", winner.order, throttle=throttle)
    if rank == _REDACT:
        return Decision("redact", winner.order, throttle=throttle)
    return Decision("pass", winner.order, throttle=throttle)


def merge_spans(spans: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """``(start, end, order)`` spans as separate, sorted ones.

    Overlapping ones become their union, with the lowest order among them. For forms that depend on
    the text, such as a mask: merge first, then form what the union covers. Empty spans vanish.
    """
    merged: list[tuple[int, int, int]] = []
    for start, end, order in sorted(spans):
        if start >= end:
            continue
        if merged and start < merged[-1][1]:
            begin, stop, first = merged[-1]
            merged[-1] = (begin, max(stop, end), min(first, order))
        else:
            merged.append((start, end, order))
    return merged
