"""Thresholds: a rule that acts only from so many findings on within so many seconds.

Owns: who was found how often lately. Must not know: rules, clocks (time comes in as nanoseconds),
values (only fingerprints).

Bounded: 10,000 keys, the longest unused is forgotten first; of each key no more entries than
the rule's count, because older ones cannot matter.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

__all__ = ["MAX_KEYS", "Windows"]

MAX_KEYS: Final = 10_000


class Windows:
    """Sliding windows, one for each rule and key (a connection, a client, a host)."""

    __slots__ = ("_max_keys", "_serial", "_windows")

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._serial = 0
        # Of each: what was found -> when, in order of time.
        self._windows: OrderedDict[tuple[str, str], OrderedDict[str | int, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def add(
        self,
        rule_id: str,
        key: str,
        fingerprints: Iterable[str],
        now_ns: int,
        *,
        count: int,
        unique: bool,
        seconds: float,
    ) -> bool:
        """Note what one message held, a fingerprint for each finding; True: the threshold is met.

        It stays met for every further finding as long as the last ``seconds`` hold ``count``. With
        ``unique`` a value that is seen again counts once, at its latest time.
        """
        window = self._windows.get((rule_id, key))
        if window is None:
            window = self._windows[rule_id, key] = OrderedDict()
            if len(self._windows) > self._max_keys:
                self._windows.popitem(last=False)
        else:
            self._windows.move_to_end((rule_id, key))
        for fingerprint in fingerprints:
            self._serial += 1
            entry = fingerprint if unique else self._serial
            window[entry] = now_ns
            window.move_to_end(entry)
            if len(window) > count:
                window.popitem(last=False)
        oldest_ns = now_ns - int(seconds * 1e9)
        while window and next(iter(window.values())) <= oldest_ns:
            window.popitem(last=False)
        return len(window) >= count
