"""One WebSocket connection as a set of facts: who, how it began, what passed, how it ended.

Owns: the facts and the rules by which the end of a connection is named (docs: the log's
``ws_close``). Must not know: sockets, sinks, policies; time comes in as nanoseconds since the
epoch with each fact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from wsinspect.model.app_protocol import app_protocol
from wsinspect.model.diagnosis import PONG_DEADLINE_MS, KeepaliveBook
from wsinspect.model.pings import PingBook
from wsinspect.protocol.close_codes import ABNORMAL, NO_STATUS
from wsinspect.protocol.deflate import Inflater
from wsinspect.protocol.frames import parse_close
from wsinspect.protocol.handshake import Handshake
from wsinspect.protocol.messages import MessageJoiner
from wsinspect.protocol.reader import FrameReader

__all__ = ["Cause", "Connection", "Ending", "Initiator", "Side"]

Cause = Literal["close_frame", "fin", "rst", "timeout", "policy", "error", "shutdown"]
Initiator = Literal["client", "server", "proxy", "none"]
Side = Literal["client", "server"]

INFLATED_LIMIT = 64 * 1024 * 1024  # bytes a message may decompress to before it counts as a bomb


@dataclass(slots=True)
class Ending:
    """How a connection ended, as the facts come in. The first of a kind counts.

    A Close frame outranks the end of a socket, even an earlier one (a half-closed connection may
    still close cleanly); what this proxy did by policy or at shutdown counts where it came first.
    """

    began_ns: int | None = None
    last_frame_ns: int | None = None  # before it began
    code: int | None = None
    reason: str = field(default="", repr=False)  # a person's or a program's words
    closed_by: Side | None = None
    closed_by_both: bool = False
    ended_by: Side | None = None
    reset: bool = False
    timed_out: bool = False
    proxy_cause: Cause | None = None
    relayed_code: int | None = None

    def begin(self, now_ns: int, last_frame_ns: int | None) -> None:
        """The first sign of the end, of whatever kind; later calls change nothing."""
        if self.began_ns is None:
            self.began_ns = now_ns
            self.last_frame_ns = last_frame_ns

    def close_frame(self, side: Side, payload: bytes, *, forwarded: bool = False) -> None:
        """``side`` sent a Close frame with this (unmasked) payload (RFC 6455 §5.5.1).

        ``forwarded``: and it reached the other side so; else :meth:`close_relayed` says it later.
        """
        if self.closed_by is None:
            self.closed_by = side
            if self.proxy_cause is None:  # else it answers ours, and may repeat our reason
                facts = parse_close(payload)
                self.code = facts.code
                self.reason = facts.reason
        elif side != self.closed_by:
            self.closed_by_both = True
        if forwarded:
            self.close_relayed(side, payload)

    def close_relayed(self, side: Side, payload: bytes) -> None:
        """The Close frame that ``side`` sent reached the other side, with this payload."""
        if side == self.closed_by and self.relayed_code is None:
            self.relayed_code = parse_close(payload).code

    def socket_end(self, side: Side, *, reset: bool, timeout: bool = False) -> None:
        """``side``'s socket ended: FIN, or RST where ``reset``.

        ``timeout``: nothing came from ``side``; the system gave the socket up (ETIMEDOUT and such).
        """
        if self.ended_by is None:
            self.ended_by = side
            self.reset = reset
            self.timed_out = timeout

    def by_proxy(self, cause: Cause, relayed_code: int | None) -> None:
        """This proxy ended it, and sent ``relayed_code`` to both sides (None: no Close frame)."""
        if self.proxy_cause is None and self.closed_by is None and self.ended_by is None:
            self.proxy_cause = cause
            self.relayed_code = relayed_code

    @property
    def cause(self) -> Cause:
        if self.proxy_cause is not None:
            return self.proxy_cause
        if self.closed_by is not None:
            return "close_frame"
        if self.ended_by is not None:
            if self.timed_out:
                return "timeout"
            return "rst" if self.reset else "fin"
        return "error"

    @property
    def initiator(self) -> Initiator:
        if self.proxy_cause is not None:
            return "proxy"
        return self.closed_by or self.ended_by or "none"

    @property
    def code_observed(self) -> int:
        """The first Close frame's code; 1005 where it had none, 1006 without a Close frame."""
        if self.proxy_cause is not None or self.closed_by is None:
            return ABNORMAL
        return NO_STATUS if self.code is None else self.code

    @property
    def clean(self) -> bool:
        """Whether both sides sent a Close frame (RFC 6455 §7.1.4)."""
        return self.closed_by_both and self.proxy_cause is None


@dataclass(slots=True, eq=False)
class Connection:
    """The facts of one connection. ``to_server`` and ``to_client`` count as they read."""

    flow_id: int
    client: tuple[str, int]
    server: tuple[str, int]
    handshake: Handshake = field(repr=False)  # a query may hold a secret
    opened_ns: int
    envelope: bytes = field(repr=False)  # its constant part of every log line
    tls: bool = False
    handshake_ms: float | None = None
    upstream: str | None = None
    to_server: FrameReader = field(init=False)
    to_client: FrameReader = field(init=False)
    last_frame_ns: int | None = None
    last_frame_to_client: bool = False
    last_b0: int = 0  # the first byte of the last frame in either direction
    ending: Ending = field(default_factory=Ending)
    pings: PingBook = field(default_factory=PingBook)
    closed: bool = False
    alerts: int = 0  # lines about it
    counted: tuple[int, int, int, int] = (0, 0, 0, 0)  # what the sums of all have of it
    keepalive: KeepaliveBook | None = None  # from its first ping on
    longest_idle_ns: int = 0  # the longest silence that it survived, to a second
    session: str | None = None  # a keyed hash of the session id in its cookie
    user: str | None = None  # who authenticated to this proxy
    diagnosis: list[str] = field(default_factory=list)  # kinds known at its end
    caused_by_len: int | None = None  # ended with 1009: the message that was too big
    pong_deadline_ms: float = PONG_DEADLINE_MS
    _data_to_client: bool | None = field(default=None, init=False)  # before a control frame
    conceal: Callable[[str], str] = field(default=str, repr=False)
    """Masks what is secret in words of the handshake or a close reason, wherever they are shown."""

    def __post_init__(self) -> None:
        rsv_reserved = not self.handshake.other_extensions
        deflate = self.handshake.deflate
        unreadable = self.handshake.deflate_unreadable
        to_server = to_client = None
        if deflate is not None:
            to_server = Inflater(
                deflate.client_max_window_bits, deflate.client_no_context_takeover, INFLATED_LIMIT
            )
            to_client = Inflater(
                deflate.server_max_window_bits, deflate.server_no_context_takeover, INFLATED_LIMIT
            )
        self.to_server = FrameReader(
            masked=True,
            joiner=MessageJoiner(to_server, deflate_unreadable=unreadable),
            rsv_reserved=rsv_reserved,
        )
        self.to_client = FrameReader(
            masked=False,
            joiner=MessageJoiner(to_client, deflate_unreadable=unreadable),
            rsv_reserved=rsv_reserved,
        )

    @property
    def app_proto(self) -> str:
        """The application protocol that the handshake tells of; empty if none."""
        return app_protocol(self.handshake.subprotocol or "", self.handshake.uri)

    @property
    def unanswered(self) -> bool:
        """Whether the last data frame was the client's: it got no answer in data."""
        if self.last_b0 and self.last_opcode < 3:
            return not self.last_frame_to_client
        return self._data_to_client is False

    def _saw_control(self) -> None:
        """Whose data came last, before ``last_b0`` is that of a control frame."""
        for reader in (self.to_server, self.to_client):
            if reader.controls and reader.with_data:
                self._data_to_client = reader is self.to_client
                return
        if self.last_b0 and self.last_opcode < 3:
            self._data_to_client = self.last_frame_to_client

    def saw_ping(self, now_ns: int, *, to_client: bool) -> None:
        self._saw_control()
        if self.keepalive is None:
            self.keepalive = KeepaliveBook()
        self.keepalive.ping(now_ns, self._passed, to_client=to_client)

    def saw_pong(self, rtt_ns: int | None) -> None:
        """``rtt_ns`` is None where it answers no ping."""
        self._saw_control()
        if rtt_ns is not None and self.keepalive is not None:
            self.keepalive.pong(rtt_ns, self._passed, self.pong_deadline_ms)

    @property
    def _passed(self) -> tuple[int, int]:
        return self.to_server.wire_bytes, self.to_client.wire_bytes

    @property
    def host(self) -> str:
        return self.handshake.host or ""

    @property
    def last_opcode(self) -> int:
        """Of the last frame in either direction; 0 before the first."""
        return self.last_b0 & 0x0F

    @property
    def path(self) -> str:
        """The request target without its query, which may hold a secret."""
        return self.handshake.uri.partition("?")[0]

    def ends(self, now_ns: int) -> Ending:
        """Something ends it now: the record of how, with the time of the first sign kept."""
        self._saw_control()
        self.ending.begin(now_ns, self.last_frame_ns)
        return self.ending

    def age_s(self) -> float:
        """Seconds from the 101 to the first sign of the end."""
        end = self.ending.began_ns
        return 0.0 if end is None else max(0, end - self.opened_ns) / 1e9

    def idle_s(self) -> float:
        """Seconds from the last frame before the end to the first sign of the end."""
        end = self.ending.began_ns
        if end is None:
            return 0.0
        last = self.ending.last_frame_ns
        if last is None:
            last = self.opened_ns
        return max(0, end - last) / 1e9
