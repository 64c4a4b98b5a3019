"""What the diagnosis takes in: the log's events with the fields that it needs, and no more.

Owns: the shapes. A live proxy makes them from its connections, a report decodes them from the
log's lines in place: each is a line's object (``open``, ``close``) and, set by ``of``, what is
beside it. Both give equal values, so times are whole microseconds, as in the log.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

from wsinspect.model.diagnosis import Keepalive
from wsinspect.model.framing import Framings

__all__ = ["SECOND", "Code", "Ended", "Opened", "Rtt", "Totals"]

SECOND = 1_000_000  # µs
_ABRUPT = ("fin", "rst", "timeout")

# Without ``gc`` a struct costs the collector nothing; none of these can be part of a cycle.


class Code(Struct, gc=False):
    """A finding of the handshake."""

    code: str


_NO_CODES: list[Code] = []


class Opened(Struct, gc=False):
    """An opening handshake that is over (``ws_open``). ``status`` 101, or it failed."""

    host: str = ""  # the Host header
    uri: str = ""
    status: int = 101
    codes: list[Code] = field(default_factory=list, name="findings")
    session: str | None = None  # a keyed hash of the session id in a cookie
    user: str | None = None  # of the proxy's own authentication
    subprotocol: str = ""
    # Beside the object; no field of a line has such names.
    findings: tuple[str, ...] = field(default=(), name="*findings")
    flow_id: int = field(default=0, name="*flow_id")
    at_us: int = field(default=0, name="*at_us")
    client: str = field(default="", name="*client")  # its address
    server: str = field(default="", name="*server")  # address:port; empty if unknown
    path: str = field(default="", name="*path")  # without the query, which may tell clients apart

    def of(self, flow_id: int, at_us: int, client: str, server: str) -> Opened:
        """Whose handshake, and when. Returns itself."""
        self.flow_id = flow_id
        self.at_us = at_us
        self.client = client
        self.server = server
        self.path = self.uri.partition("?")[0]
        if self.codes:
            self.findings = tuple([one.code for one in self.codes])
        self.codes = _NO_CODES  # there may be many that are open
        return self


Span = Annotated[float, Meta(ge=0, le=1e9)]  # seconds that a connection can have lasted


class Totals(Struct, gc=False):
    """One direction; bytes as in ``ws_close``."""

    frames: int = 0
    messages: int = 0
    payload_bytes: int = 0
    wire_bytes: int = 0


class Rtt(Struct, gc=False):
    """In ms."""

    count: int = 0
    p50: float = 0.0
    max: float = 0.0


_NOBODY = Opened()


class Ended(Struct, gc=False):
    """The end of a connection (``ws_close``)."""

    code: int = field(default=1006, name="code_observed")
    cause: str = "error"
    initiator: str = "none"
    clean: bool = False
    age_s: Span = 0.0
    idle_s: Span = 0.0
    to_server: Totals = field(default_factory=Totals)
    to_client: Totals = field(default_factory=Totals)
    rtt: Rtt = field(default_factory=Rtt, name="ping_rtt_ms")
    keepalive: Keepalive | None = None
    caused_by_len: int | None = None  # with 1009: the message that was too big
    framing: Framings | None = None
    # Beside the object.
    opened: Opened = field(default_factory=lambda: _NOBODY, name="*opened")
    at_us: int = field(default=0, name="*at_us")  # when it was recorded
    age_us: int = field(default=0, name="*age_us")
    idle_us: int = field(default=0, name="*idle_us")
    end_us: int = field(default=0, name="*end_us")  # its first sign, which may be earlier
    abrupt: bool = field(default=False, name="*abrupt")  # no Close frame, and not by this proxy

    def of(self, opened: Opened, at_us: int) -> Ended:
        """Whose end, and when it was recorded. Returns itself."""
        self.opened = opened
        self.at_us = at_us
        self.age_us = age_us = round(self.age_s * SECOND)
        self.idle_us = round(self.idle_s * SECOND)
        self.end_us = opened.at_us + age_us
        self.abrupt = self.code == 1006 and self.cause in _ABRUPT
        return self

    @property
    def silent(self) -> bool:
        """Nothing ever passed, or only right after the beginning: idle and age are the same."""
        return self.age_us - self.idle_us <= max(SECOND, self.age_us // 50)
