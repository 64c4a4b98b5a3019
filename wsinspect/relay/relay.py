"""Two directions of one connection, and what concerns both.

Owns: the closing handshake as it happens, pings and pongs, closing by a policy or a person, and
what to do when inspection itself fails. Must not know: sockets or mitmproxy; its owner (the
carrier) moves the bytes, tells it about the ends of sockets, and keeps its timer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from wsinspect.model.connection import Cause, Connection, Side
from wsinspect.model.events import Action
from wsinspect.protocol.deflate import Deflater
from wsinspect.protocol.frames import close_payload
from wsinspect.protocol.messages import MessageFacts
from wsinspect.protocol.opcodes import CLOSE, PING, PONG
from wsinspect.protocol.reader import Record
from wsinspect.relay.direction import HOLD_LIMIT, Direction
from wsinspect.relay.fate import tell_message
from wsinspect.relay.observation import Observation
from wsinspect.relay.policy import OnError, OnViolation, Policy, Watch
from wsinspect.relay.rewrite import MessageWriter

__all__ = ["CLOSE_WAIT_S", "Recorder", "Relay"]

_VIOLATION_CODES: Final = {"invalid-utf8": 1007, "close-utf8": 1007, "deflate": 1007}
CLOSE_WAIT_S = 2.0  # how long both sides have to answer a Close frame that we sent


class Recorder(Protocol):
    """Who takes the facts. Calls are cheap and never block or raise."""

    def frames(
        self,
        direction: Direction,
        now_ns: int,
        seq: int,
        records: list[Record],
        forwarded: bool,
        previews: list[bytes | None],
    ) -> bool:
        """Frames ``seq`` and on of a direction; ``previews`` is empty or has one for each (None:
        its payload may not be shown).

        False: their record had to be written before they leave (``--audit``), and could not be.
        """

    def message(
        self,
        direction: Direction,
        now_ns: int,
        facts: MessageFacts,
        *,
        action: Action = "pass",
        injected: bool = False,
        rules: Sequence[str] = (),
    ) -> None:
        """A data message, after its frames. ``facts`` has no payload that was not forwarded."""

    def inspection_failed(self, connection: Connection, say: str) -> None: ...


class Relay:
    """See the module.

    ``outbox`` holds bytes that must leave beside those that ``receive`` returned, as
    ``(direction, bytes)``: the owner looks at it after every call and empties it. ``closing`` is
    set once a Close frame of ours was sent; the owner then ends both sockets when
    :attr:`closed_by_both` or after :data:`CLOSE_WAIT_S`. ``policies`` and ``watches`` are
    those of the direction to the server and to the client; ``policy`` is one for both.
    """

    __slots__ = (
        "audit",
        "clock",
        "closing",
        "connection",
        "on_error",
        "on_violation",
        "outbox",
        "recorder",
        "to_client",
        "to_server",
    )

    def __init__(
        self,
        connection: Connection,
        recorder: Recorder,
        *,
        policy: Policy | None = None,
        policies: tuple[Policy | None, Policy | None] | None = None,
        watches: tuple[Watch | None, Watch | None] = (None, None),
        on_violation: OnViolation = "pass",
        on_error: OnError = "open",
        audit: bool = False,
        hold_limit: int = HOLD_LIMIT,
        clock: Callable[[], int],
    ) -> None:
        self.connection = connection
        self.recorder = recorder
        self.on_violation: OnViolation = on_violation
        self.on_error: OnError = on_error
        self.audit = audit
        self.clock = clock
        self.outbox: list[tuple[Direction, bytes]] = []
        self.closing = False
        policies = policies or (policy, policy)
        deflate = connection.handshake.deflate
        server_writer = client_writer = None
        if deflate is not None:
            server_writer = Deflater(
                deflate.client_max_window_bits, deflate.client_no_context_takeover
            )
            client_writer = Deflater(
                deflate.server_max_window_bits, deflate.server_no_context_takeover
            )
        self.to_server = Direction(
            "to_server",
            connection.to_server,
            MessageWriter(
                masked=True,
                deflater=server_writer,
                context_takeover=deflate is not None and not deflate.client_no_context_takeover,
            ),
            policies[0],
            self,
            hold_limit,
            watches[0],
        )
        self.to_client = Direction(
            "to_client",
            connection.to_client,
            MessageWriter(
                masked=False,
                deflater=client_writer,
                context_takeover=deflate is not None and not deflate.server_no_context_takeover,
            ),
            policies[1],
            self,
            hold_limit,
            watches[1],
        )

    # --- what the directions report ---

    def saw_controls(self, direction: Direction, now_ns: int) -> None:
        """Control frames passed: pings and pongs are matched, a Close frame is noted."""
        controls = direction.reader.controls
        for control in controls:
            self.saw_control(direction, control.opcode, control.payload, now_ns)
            if control.opcode == CLOSE:
                self.close_left(direction, control.payload)
        controls.clear()

    def saw_control(self, direction: Direction, opcode: int, payload: bytes, now_ns: int) -> None:
        """A control frame has come. Reserved opcodes are none of our business."""
        connection = self.connection
        if opcode == CLOSE:
            side: Side = "server" if direction.to_client else "client"
            connection.ends(now_ns).close_frame(side, payload)
        elif opcode == PING:
            connection.pings.ping(payload, now_ns, to_client=direction.to_client)
            connection.saw_ping(now_ns, to_client=direction.to_client)
        elif opcode == PONG:
            rtt_ns = connection.pings.pong(payload, now_ns, to_client=direction.to_client)
            connection.saw_pong(rtt_ns)

    def close_left(self, direction: Direction, payload: bytes) -> None:
        """A Close frame of the sender's went on to the receiver, with this payload."""
        if direction.open:
            side: Side = "server" if direction.to_client else "client"
            self.connection.ending.close_relayed(side, payload)

    def saw_messages(self, direction: Direction, now_ns: int) -> None:
        """Messages passed – or did not, as the destination is gone."""
        reader = direction.reader
        # Also where `tell_messages` has just been switched off: they were read for being told.
        action: Action = "pass" if direction.open else "close"
        rules = direction.rules_of or [[]] * len(reader.finished)
        for facts, ids in zip(reader.finished, rules, strict=True):
            tell_message(direction, now_ns, facts, action, rules=ids)
        reader.finished.clear()
        direction.rules_of = []

    # --- closing ---

    def close(self, code: int, reason: str, cause: Cause) -> None:
        """Send a Close frame to both sides; what arrives from now on is not forwarded.

        The rest of a frame that is half way out leaves before it.

        Raises:
            EncodeError: nobody may send such a code (RFC 6455 §7.4); nothing happened.
        """
        if self.closing:
            return
        payload = close_payload(code, reason)
        self.closing = True
        self.connection.ends(self.clock()).by_proxy(cause, code)
        for direction in (self.to_server, self.to_client):
            out = direction.shut(payload)
            if out:
                self.outbox.append((direction, out))

    @property
    def closed_by_both(self) -> bool:
        return self.to_server.reader.closed and self.to_client.reader.closed

    def refuses(self, violation: str | None) -> bool:
        """Whether a frame that breaks the protocol so is not forwarded; then all is closed."""
        if violation is None or self.on_violation == "pass":
            return False
        self.close(_VIOLATION_CODES.get(violation, 1002), violation, "policy")
        return True

    # --- when inspection fails ---

    def inspection_failed(self, question: Observation, error: BaseException) -> None:
        """A policy or script raised: forward (open) or close with 1011 (closed); never quietly."""
        name = type(error).__name__  # its text may quote payload
        self.recorder.inspection_failed(
            self.connection, f"{name} while inspecting a {question.kind}"
        )
        if self.on_error == "closed":
            question.close(1011, "inspection failed")

    def large_failed(self, error: Exception) -> bool:
        """Likewise of a message in pieces. Returns whether its rest is forwarded uninspected."""
        self.recorder.inspection_failed(
            self.connection, f"{type(error).__name__} while inspecting a large message"
        )
        return self.on_error == "open"

    def unrecorded(self) -> bool:
        """A frame's record could not be written. Returns whether it is forwarded all the same."""
        if self.on_error == "open":
            return True
        self.close(1011, "cannot record", "error")
        return False

    def too_large(self, direction: Direction, *, compressed: bool, seq: int = -1) -> bool:
        """A message cannot be inspected. Returns whether it is forwarded all the same.

        Never where the receiver could not read it: its window is another one by now.
        """
        policy = direction.policy
        goes = None if policy is None else policy.unreadable(self.clock(), seq)
        goes = self.on_error == "open" if goes is None else goes
        say = "a message too large to inspect, or unreadable,"
        if goes and not (compressed and direction.writer.recompress):
            self.recorder.inspection_failed(self.connection, f"{say} passed uninspected")
            return True
        self.recorder.inspection_failed(self.connection, f"{say} was stopped")
        self.close(1009, "message too big to inspect", "policy")
        return False
