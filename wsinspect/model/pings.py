"""Ping to pong: round-trip times of one connection by payload match (RFC 6455 §5.5.2–3).

Owns: which ping a pong answers, and the distribution of the times. Must not know: who listens.
"""

from __future__ import annotations

__all__ = ["PingBook"]

_OPEN_LIMIT = 64  # pings without an answer that are remembered, each direction
_KEPT = 512  # times kept for the median; the newest


class PingBook:
    """Round-trip times in nanoseconds, both directions' pings together.

    A pong answers the most recent ping of that payload and all older ones (§5.5.3: an endpoint
    may answer only the most recent). An unsolicited pong answers nothing. ``last_ns``: the newest
    time.
    """

    __slots__ = ("_max_ns", "_min_ns", "_open", "_times", "count", "last_ns")

    def __init__(self) -> None:
        self.count = 0
        self.last_ns: int | None = None
        self._min_ns = 0
        self._max_ns = 0
        self._times: list[int] = []
        # keyed by whether the ping went to the client; payload -> when it passed
        self._open: tuple[dict[bytes, int], dict[bytes, int]] = ({}, {})

    def ping(self, payload: bytes, now_ns: int, *, to_client: bool) -> None:
        book = self._open[to_client]
        book.pop(payload, None)
        if len(book) >= _OPEN_LIMIT:
            del book[next(iter(book))]
        book[payload] = now_ns

    def pong(self, payload: bytes, now_ns: int, *, to_client: bool) -> int | None:
        """A pong in this direction; returns the round trip in ns if it answers a ping."""
        book = self._open[not to_client]
        sent_ns = book.get(payload)
        if sent_ns is None:
            return None
        for older in list(book):
            del book[older]
            if older == payload:
                break
        rtt_ns = max(0, now_ns - sent_ns)
        self._min_ns = rtt_ns if not self.count else min(self._min_ns, rtt_ns)
        self._max_ns = max(self._max_ns, rtt_ns)
        if len(self._times) == _KEPT:
            self._times[self.count % _KEPT] = rtt_ns
        else:
            self._times.append(rtt_ns)
        self.count += 1
        self.last_ns = rtt_ns
        return rtt_ns

    def summary_ms(self) -> tuple[float, float, float] | None:
        """Minimum, median (of the newest 512) and maximum in ms; None without pongs."""
        if not self.count:
            return None
        times = sorted(self._times)
        return self._min_ns / 1e6, times[len(times) // 2] / 1e6, self._max_ns / 1e6
