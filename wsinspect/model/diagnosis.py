"""What a diagnosis is, as JSON; and what of a connection's pings it needs.

Owns: the shapes (``ws_diagnosis`` lines, the ``keepalive`` object of ``ws_close``) and the book
that counts pings (RFC 6455 §5.5.2–3). Must not know: how a diagnosis is found (``diagnose/``).
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

__all__ = [
    "PONG_DEADLINE_MS",
    "Candidate",
    "Confidence",
    "Diagnosis",
    "Keepalive",
    "KeepaliveBook",
    "Kind",
    "PathFacts",
    "diagnosis_line",
    "keepalive_summary",
]

Kind = Literal[
    "idle-cut",
    "lifetime-cut",
    "crash",
    "drain",
    "reconnect-storm",
    "upgrade-lost",
    "slow-pong",
    "sticky-broken",
    "fan-out",
    "oversize",
    "keepalive-risk",
]
Confidence = Literal["low", "medium", "high"]

PONG_DEADLINE_MS = 100.0
_LARGE_TRANSFER = 256 * 1024  # bytes between a ping and its pong that explain a wait
_LONGEST_NS = 1_000_000_000  # a shorter silence is not worth a word in the log


class Candidate(Struct, omit_defaults=True):
    """A hop that is known to do what was seen; never more than "consistent with"."""

    hop: str
    limit_s: float | None = None
    source: str = ""
    limit_bytes: int | None = None  # of ``oversize``, in place of ``limit_s``


class PathFacts(Struct):
    """One path of a host: how many it concerns, and the longest silence that one survived there."""

    path: str
    count: int
    longest_idle_s: float | UnsetType = UNSET  # of ``idle-cut``


class Diagnosis(Struct):
    """``id`` is the same in every line about the same thing: a later line replaces it."""

    kind: Kind
    confidence: Confidence
    host: str
    count: int
    evidence: dict[str, float]
    candidates: list[Candidate]
    say: str
    advice: str
    flow_ids: list[int]
    id: str
    first: str  # RFC 3339: of the first connection or event it is about
    last: str
    paths: list[PathFacts] | UnsetType = UNSET


class Keepalive(Struct, omit_defaults=True):
    """A connection's pings. Directions are those of the ping, not of its pong."""

    pings_to_server: int = 0
    pings_to_client: int = 0
    interval_s: float = 0.0  # mean time between pings of the side that pings more
    jitter_s: float = 0.0  # their standard deviation
    unanswered: int = 0  # pings at the end without a pong, since the last that was answered
    slow_pongs: int = 0  # over the deadline
    late_behind_bytes: int = 0  # most that passed while a slow pong was waited for, if it was much
    longest_idle_s: float = 0.0  # the longest silence that it survived, to a second
    last_to_server: bool = False  # the last frame was the client's: it got no answer


class KeepaliveBook:
    """Counts the pings of one connection. Times in ns; made with its first ping."""

    __slots__ = (
        "_last_ns",
        "_mean_ns",
        "_passed",
        "_squares",
        "late_behind_bytes",
        "pings",
        "slow_pongs",
        "unanswered",
    )

    def __init__(self) -> None:
        self.pings = [0, 0]  # to_server, to_client
        self._last_ns = [0, 0]
        self._mean_ns = [0.0, 0.0]
        self._squares = [0.0, 0.0]
        self._passed = (0, 0)
        self.unanswered = 0
        self.slow_pongs = 0
        self.late_behind_bytes = 0

    def ping(self, now_ns: int, passed: tuple[int, int], *, to_client: bool) -> None:
        """``passed``: wire bytes in both directions so far."""
        count = self.pings[to_client]
        if count:  # Welford's running variance
            interval = now_ns - self._last_ns[to_client]
            from_mean = interval - self._mean_ns[to_client]
            self._mean_ns[to_client] += from_mean / count
            self._squares[to_client] += from_mean * (interval - self._mean_ns[to_client])
        self.pings[to_client] = count + 1
        self._last_ns[to_client] = now_ns
        self._passed = passed
        self.unanswered += 1

    def pong(self, rtt_ns: int, passed: tuple[int, int], deadline_ms: float) -> None:
        """A pong that answers a ping."""
        self.unanswered = 0
        if rtt_ns > deadline_ms * 1e6:
            self.slow_pongs += 1
            moved = max(passed[0] - self._passed[0], passed[1] - self._passed[1])
            if moved >= _LARGE_TRANSFER:
                self.late_behind_bytes = max(self.late_behind_bytes, moved)

    def summary(self) -> Keepalive:
        which = int(self.pings[1] >= self.pings[0])
        intervals = self.pings[which] - 1
        jitter = (self._squares[which] / intervals) ** 0.5 if intervals > 0 else 0.0
        return Keepalive(
            pings_to_server=self.pings[0],
            pings_to_client=self.pings[1],
            interval_s=round(self._mean_ns[which] / 1e9, 3),
            jitter_s=round(jitter / 1e9, 3),
            unanswered=self.unanswered,
            slow_pongs=self.slow_pongs,
            late_behind_bytes=self.late_behind_bytes,
        )


def keepalive_summary(
    book: KeepaliveBook | None, longest_idle_ns: int, *, last_to_server: bool
) -> Keepalive:
    """The object of ``ws_close``."""
    facts = Keepalive() if book is None else book.summary()
    if longest_idle_ns >= _LONGEST_NS:
        facts.longest_idle_s = round(longest_idle_ns / 1e9, 1)
    facts.last_to_server = last_to_server
    return facts


def diagnosis_line(
    diagnosis: Diagnosis, timestamp: bytes, host: str, envelope: bytes | None = None
) -> bytes:
    """A whole line of the log. ``envelope``: that of the one connection it is about, if it is."""
    encode = msgspec.json.encode
    return b'{"timestamp":"%b","event_type":"ws_diagnosis",%b,"diagnosis":%b}\n' % (
        timestamp,
        b'"host":%b' % encode(host) if envelope is None else envelope,
        encode(diagnosis),
    )
