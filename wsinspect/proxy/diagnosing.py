"""The diagnosis of a running proxy: fed from its connections, told through the hub.

Owns: turning live connections into the events of ``diagnose/`` (the same values as in the log),
what needs payload or a cookie (both only as keyed or short hashes), and telling in time. Must not
know: how a diagnosis is found.

What it costs: a flag that is asked a chunk. A look at each connection once a second, and at up to
5,000 chunks a second that servers send, for fan-outs.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from zlib import crc32

from wsinspect.diagnose.engine import Diagnoser
from wsinspect.diagnose.facts import Code, Ended, Opened, Rtt, Totals
from wsinspect.diagnose.fanout import FanOuts, HostFanOuts
from wsinspect.diagnose.sessions import is_masked
from wsinspect.diagnose.sizes import MESSAGE_TOO_BIG
from wsinspect.model.diagnosis import Diagnosis, diagnosis_line
from wsinspect.model.events import keepalive_of, timestamp
from wsinspect.model.framing import framings_of
from wsinspect.proxy.spots import read_spot

if TYPE_CHECKING:
    from mitmproxy import http

    from wsinspect.model.connection import Connection
    from wsinspect.protocol.messages import MessageFacts
    from wsinspect.protocol.reader import FrameReader
    from wsinspect.relay.direction import Direction
    from wsinspect.sinks.hub import Hub

__all__ = ["Diagnosing", "Lookout", "upgrade_was_lost"]

type Lookout = tuple[HostFanOuts, Callable[[bytes], None]]

_LOOKED_AT = 256  # bytes of a chunk
_SHORTEST = 18  # a frame: below it, answers and heartbeats of many connections look alike
_ANSWER_NS = 500_000_000  # what comes so soon after a client's frame answers it
_FIRST_MESSAGES = 8  # greetings of Engine.IO and such come before the one that says who it is
_GREETING_NS = 2_000_000_000


class Diagnosing:
    """For the life of a proxy."""

    def __init__(
        self,
        hub: Hub,
        *,
        pong_deadline_ms: float,
        session_names: Sequence[str],
        session_path: str = "",
        sequence_path: str = "",
    ) -> None:
        """Raises ValueError for a path that is none."""
        self._hub = hub
        self._engine = Diagnoser(pong_deadline_ms=pong_deadline_ms, session_names=session_names)
        self.fan_outs = FanOuts(self._engine.findings)
        self._pong_deadline_ms = pong_deadline_ms
        self._session_names = {name.lower() for name in session_names}
        key = os.environ.get("WSINSPECT_FINGERPRINT_KEY", "").encode() or secrets.token_bytes(16)
        self._key = hashlib.blake2b(key, digest_size=32).digest()
        self._opened: dict[int, Opened] = {}
        self._broken = False
        self._session_spot = read_spot(session_path) if session_path else None
        self._sequence_spot = read_spot(sequence_path) if sequence_path else None
        if self._session_spot is not None or self._sequence_spot is not None:
            hub.listen(self.heard)
        self._blind = False  # a look has failed: there are no more

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        """A fault of the diagnosis is loud, once, and never the traffic's."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - see above
            self._fault(error)

    def _fault(self, error: Exception) -> None:
        if not self._broken:
            self._broken = True
            # Not its text: that may quote a header.
            self._hub.problem(f"{type(error).__name__} in the diagnosis: it may be incomplete")

    # --- handshakes ---

    def examine(self, connection: Connection, flow: http.HTTPFlow) -> None:
        """What of a handshake the events need beside what is in it."""
        connection.pong_deadline_ms = self._pong_deadline_ms
        with self._guard():
            self._examine(connection, flow)

    def _examine(self, connection: Connection, flow: http.HTTPFlow) -> None:
        user = flow.metadata.get("proxyauth")
        if user:
            connection.user = str(user[0])
        connection.session = self._session(flow.request.headers.get_all("cookie"))

    def _session(self, cookies: Iterable[str]) -> str | None:
        for text in cookies:
            try:
                jar = SimpleCookie(text)
            except CookieError:
                continue
            for name, morsel in jar.items():
                if name.lower() in self._session_names:
                    return self._hashed(morsel.value)
        return None

    def _hashed(self, session: str) -> str:
        return hashlib.blake2b(session.encode(), key=self._key, digest_size=8).hexdigest()

    def opened(self, connection: Connection, status: int) -> None:
        """After its ``ws_open``; other statuses than 101 are handshakes that failed."""
        with self._guard():
            self._open(connection, status)

    def _open(self, connection: Connection, status: int) -> None:
        shake = connection.handshake
        ip, port = connection.server
        opened = Opened(
            host=connection.conceal(connection.host),
            uri=connection.conceal(shake.uri),
            status=status,
            codes=[Code(finding.code) for finding in shake.findings],
            session=connection.session,
            user=connection.user,
            subprotocol=shake.subprotocol or "",
        ).of(
            connection.flow_id,
            connection.opened_ns // 1000,
            connection.client[0],
            f"{ip}:{port}" if ip else "",
        )
        self._engine.opened(opened)
        if status == 101:
            self._opened[connection.flow_id] = opened
            self.fan_outs.host(opened.host).connections += 1

    # --- ends ---

    def ended(self, connection: Connection) -> None:
        """Before its ``ws_close``, which says what is known of it then."""
        with self._guard():
            self._end(connection)

    def _end(self, connection: Connection) -> None:
        opened = self._opened.pop(connection.flow_id, None)
        if opened is None or connection.closed:
            return
        self.fan_outs.host(opened.host).connections -= 1
        ending = connection.ending
        if ending.code_observed == MESSAGE_TOO_BIG:
            connection.caused_by_len = self._too_big(connection)
        rtt = connection.pings.summary_ms()
        end = Ended(
            code=ending.code_observed,
            cause=ending.cause,
            initiator=ending.initiator,
            clean=ending.clean,
            age_s=round(connection.age_s(), 6),
            idle_s=round(connection.idle_s(), 6),
            to_server=_totals(connection.to_server),
            to_client=_totals(connection.to_client),
            rtt=Rtt()
            if rtt is None
            else Rtt(connection.pings.count, round(rtt[1], 3), round(rtt[2], 3)),
            keepalive=keepalive_of(connection),
            caused_by_len=connection.caused_by_len,
            framing=framings_of(connection.to_server, connection.to_client),
        ).of(opened, self._hub.clock() // 1000)
        connection.diagnosis = self._engine.ended(end)

    def _too_big(self, connection: Connection) -> int | None:
        """The message that a 1009 answers: the largest, whole or on its way. Those before it were
        below the cap, those behind it were sent before its sender knew. None: it was short."""
        server = connection.ending.initiator == "server"
        reader = connection.to_server if server else connection.to_client
        on_its_way = 0 if reader.large is None else reader.large.payload_len
        joiner = reader.joiner
        return max(joiner.largest_len, joiner.payload_len, on_its_way) or None

    # --- time ---

    def tick(self) -> None:
        """Once a second: how long each is silent, and what should be told."""
        with self._guard():
            self._look()

    def _look(self) -> None:
        now_ns = self._hub.clock()
        for connection in self._hub.connections.values():
            idle_ns = now_ns - (connection.last_frame_ns or connection.opened_ns)
            if idle_ns > connection.longest_idle_ns and connection.ending.began_ns is None:
                connection.longest_idle_ns = idle_ns
        self.fan_outs.advance(now_ns)
        if not self._blind:
            self.fan_outs.turn(now_ns)
        self._engine.advance(now_ns // 1000)
        self._tell(self._engine.due())

    def finish(self) -> None:
        """After the last end, before the log is complete."""
        with self._guard():
            self.fan_outs.advance(self._hub.clock() + 10**12)
            self._engine.finish()
            self._tell(self._engine.findings.rest())

    def _tell(self, diagnoses: Iterable[Diagnosis]) -> None:
        for diagnosis in diagnoses:
            now = timestamp(self._hub.clock())
            self._hub.diagnosis(diagnosis_line(diagnosis, now, self._hub.host))

    # --- on the way of traffic ---

    def heard(self, direction: Direction, facts: MessageFacts) -> None:
        """A message, where a person has said what is in it. It never raises."""
        with self._guard():
            self._hear(direction, facts)

    def _hear(self, direction: Direction, facts: MessageFacts) -> None:
        opened = self._opened.get(direction.relay.connection.flow_id)
        if opened is None or facts.payload is None:
            return
        if direction.to_client:
            if self._sequence_spot is not None:
                number = self._sequence_spot(facts.payload)
                if number is not None and number.isascii() and number.isdigit():
                    self._engine.number(opened, int(number))
        elif (
            self._session_spot is not None
            and opened.session is None
            and direction.reader.joiner.messages <= _FIRST_MESSAGES
        ):
            session = self._session_spot(facts.payload)
            if session is not None and not is_masked(session):
                self._engine.session(opened, self._hashed(session))

    def lookout(self, connection: Connection) -> Lookout:
        """While its host is ``on``, each chunk that the server sends is looked at before it goes
        on. It never raises."""
        host = self.fan_outs.host(connection.conceal(connection.host))

        def look(data: bytes) -> None:
            try:
                self._look_at(connection, host, data)
            except Exception as error:  # noqa: BLE001 - see _guard
                self._blind = True
                self.fan_outs.stop()
                self._fault(error)

        return host, look

    def _look_at(self, connection: Connection, host: HostFanOuts, data: bytes) -> None:
        fan_outs = self.fan_outs
        fan_outs.left -= 1
        if fan_outs.left <= 0:
            fan_outs.stop()
        if len(data) < _SHORTEST or data[0] & 0x08:  # a control frame
            return
        now_ns = self._hub.clock()
        last_ns = connection.last_frame_ns
        if now_ns - connection.opened_ns < _GREETING_NS or (
            last_ns is not None
            and not connection.last_frame_to_client
            and now_ns - last_ns < _ANSWER_NS
        ):
            return  # what comes so soon greets it, or answers
        host.saw((len(data), crc32(data[:_LOOKED_AT])), connection.flow_id, now_ns)


def upgrade_was_lost(fields: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request has all of a WebSocket's but Upgrade: a hop before us has taken it."""
    return any(name.lower() == b"sec-websocket-key" for name, _ in fields)


def _totals(reader: FrameReader) -> Totals:
    return Totals(reader.frames, reader.joiner.messages, reader.payload_bytes, reader.wire_bytes)
