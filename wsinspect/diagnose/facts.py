"""What the diagnosis takes in: the log's events with the fields that it needs, and no more.

Owns: the shapes. A live proxy makes them from its connections, a report decodes them from the
log's lines; both give equal values, so times are whole microseconds, as in the log.
"""

from __future__ import annotations

from msgspec import Struct

from wsinspect.model.diagnosis import Keepalive

__all__ = ["SECOND", "Ended", "Opened", "Totals", "path_of"]

SECOND = 1_000_000  # µs


class Opened(Struct):
    """An opening handshake that is over (``ws_open``). ``status`` 101, or it failed."""

    flow_id: int
    at_us: int
    host: str  # the Host header
    uri: str
    status: int
    client: str  # its address
    server: str  # address:port; empty if unknown
    findings: tuple[str, ...] = ()  # codes
    session: str | None = None  # a keyed hash of the session id in a cookie
    user: str | None = None  # of the proxy's own authentication
    subprotocol: str = ""


class Totals(Struct):
    """One direction; bytes as in ``ws_close``."""

    frames: int = 0
    messages: int = 0
    payload_bytes: int = 0
    wire_bytes: int = 0


class Ended(Struct):
    """The end of a connection (``ws_close``)."""

    opened: Opened
    code: int
    cause: str
    initiator: str
    clean: bool
    age_us: int
    idle_us: int
    to_server: Totals
    to_client: Totals
    rtts: int = 0
    rtt_p50_ms: float = 0.0
    rtt_max_ms: float = 0.0
    keepalive: Keepalive | None = None
    caused_by_len: int | None = None  # with 1009: the message that was too big
    at_us: int = 0  # when it was recorded, which may be later than its first sign

    @property
    def end_us(self) -> int:
        """The first sign of the end."""
        return self.opened.at_us + self.age_us

    @property
    def abrupt(self) -> bool:
        """No Close frame, and not by this proxy."""
        return self.code == 1006 and self.cause in ("fin", "rst", "timeout")

    @property
    def silent(self) -> bool:
        """Nothing ever passed, or only right after the beginning: idle and age are the same."""
        return self.age_us - self.idle_us <= max(SECOND, self.age_us // 50)


def path_of(uri: str) -> str:
    """Without the query, which may tell one client from another."""
    return uri.partition("?")[0]
