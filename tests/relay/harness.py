"""A relay without a proxy: what it was told and recorded, what a strict endpoint makes of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side, State

from tests.protocol import naive
from tests.support.raw import KEY, frame
from wsinspect.model.connection import Connection
from wsinspect.protocol.extensions import DeflateParams
from wsinspect.protocol.handshake import Handshake
from wsinspect.relay.direction import Direction
from wsinspect.relay.observation import Observation
from wsinspect.relay.policy import StreamJudge
from wsinspect.relay.relay import Relay

SECOND = 10**9


@dataclass
class Judge:
    """A policy that is a function."""

    decide: Callable[[Observation], None] = lambda seen: None
    frames: bool = False
    messages: bool = True
    outside: bool = False
    controls: bool = False
    masks: bool = False
    seen: list[Observation] = field(default_factory=list)

    def judge(self, observation: Observation) -> None:
        self.seen.append(observation)
        self.decide(observation)

    def large(self, opcode: int, *, compressed: bool, seq: int) -> StreamJudge | None:
        return None

    def unreadable(self, now_ns: int, seq: int) -> bool | None:
        return None


@dataclass
class Notes:
    """The recorder. ``write`` is what ``frames`` answers."""

    frames_seen: list[tuple[str, int, Any, bool]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    messages: list[Any] = field(default_factory=list)
    write: Callable[[], bool] = lambda: True
    before: Callable[[], None] = lambda: None

    def frames(
        self,
        direction: Direction,
        now_ns: int,
        seq: int,
        records: list[Any],
        forwarded: bool,
        previews: list[bytes | None],
    ) -> bool:
        self.before()
        assert len(previews) in (0, len(records))
        for i, record in enumerate(records):
            self.frames_seen.append((direction.name, seq + i, record, forwarded))
        return self.write()

    def message(
        self,
        direction: Direction,
        now_ns: int,
        facts: Any,
        *,
        action: str = "pass",
        injected: bool = False,
        rules: Sequence[str] = (),
    ) -> None:
        self.messages.append((direction.name, action, injected, facts, len(self.frames_seen)))

    def inspection_failed(self, connection: Connection, say: str) -> None:
        self.failures.append(say)

    def of(self, name: str) -> list[tuple[int, bool]]:
        """First byte and ``forwarded`` of the frames of a direction; each number is there once.

        Not always in order: a control frame that overtakes a held message is on record before it.
        """
        mine = sorted(
            (told for told in self.frames_seen if told[0] == name), key=lambda told: told[1]
        )
        assert [told[1] for told in mine] == list(range(len(mine)))
        return [(told[2][1][0], told[3]) for told in mine]


class Wire:
    """A relay with the bytes that left in each direction, and a clock that is set by hand."""

    def __init__(
        self, policy: Any = None, *, deflate: DeflateParams | None = None, **options: Any
    ) -> None:
        handshake = Handshake(
            host="example.test", uri="/chat", http_version="HTTP/1.1", user_agent=None,
            origin=None, versions=("13",), key=None, client_protocols=(), subprotocol=None,
            client_extensions=(), server_extensions=(), status=101, accept_valid=True,
            deflate=deflate, deflate_unreadable=False, other_extensions=(), findings=(),
        )  # fmt: skip
        self.now_ns = 1000 * SECOND
        self.connection = Connection(
            1, ("127.0.0.1", 5), ("127.0.0.1", 9000), handshake, self.now_ns, b""
        )
        self.notes = Notes()
        self.relay = Relay(
            self.connection, self.notes, policy=policy, clock=lambda: self.now_ns, **options
        )
        self.out = {"to_server": b"", "to_client": b""}

    def direction(self, name: str) -> Direction:
        return self.relay.to_server if name == "to_server" else self.relay.to_client

    def took(self, name: str, data: bytes) -> "Wire":
        self.out[name] += data
        for direction, more in self.relay.outbox:
            self.out[direction.name] += more
        self.relay.outbox.clear()
        return self

    def send(self, name: str, *pieces: bytes) -> "Wire":
        for piece in pieces:
            self.took(name, self.direction(name).receive(piece))
        return self

    def client(self, *pieces: bytes) -> "Wire":
        return self.send("to_server", *pieces)

    def server(self, *pieces: bytes) -> "Wire":
        return self.send("to_client", *pieces)

    def inject(self, name: str, opcode: int, payload: bytes) -> "Wire":
        return self.took(name, self.direction(name).inject(opcode, payload))

    def close(self, code: int = 1008, reason: str = "no", cause: Any = "policy") -> "Wire":
        self.relay.close(code, reason, cause)
        return self.took("to_client", b"")

    def answer(self, name: str) -> "Wire":
        return self.took(name, self.direction(name).answer())

    def end(self, name: str) -> "Wire":
        return self.took(name, self.direction(name).end())


def masked(opcode: int, payload: bytes = b"", **header: Any) -> bytes:
    """A frame of the client."""
    return frame(opcode, payload, mask=KEY, **header)


def encode(name: str) -> Callable[..., bytes]:
    """The frame writer of the direction's sender."""
    return masked if name == "to_server" else frame


def strict(data: bytes, name: str, deflate: DeflateParams | None = None) -> list[tuple[int, bytes]]:
    """The messages and control frames that a strict endpoint gets; it must not complain.

    A message's opcode stands for the joined message.
    """
    to_server = name == "to_server"
    endpoint = Protocol(Side.SERVER if to_server else Side.CLIENT, state=State.OPEN, max_size=None)
    if deflate is not None:
        takeover = (deflate.client_no_context_takeover, deflate.server_no_context_takeover)
        bits = (deflate.client_max_window_bits, deflate.server_max_window_bits)
        remote = 0 if to_server else 1
        endpoint.extensions = [
            # our side of it writes nothing here
            PerMessageDeflate(takeover[remote], False, bits[remote], 15)
        ]
    endpoint.receive_data(data)
    if endpoint.parser_exc is not None:
        raise AssertionError(f"a strict endpoint refuses it: {endpoint.parser_exc!r}")
    got: list[tuple[int, bytes]] = []
    parts: list[bytes] = []
    opcode = 0
    for event in endpoint.events_received():
        assert isinstance(event, Frame)
        payload = bytes(event.data)
        if event.opcode >= Opcode.CLOSE:
            got.append((int(event.opcode), payload))
            continue
        if event.opcode is not Opcode.CONT:
            assert not parts
            opcode = int(event.opcode)
        parts.append(payload)
        if event.fin:
            content = b"".join(parts)
            if opcode == 1:
                content.decode()
            got.append((opcode, content))
            parts = []
    if deflate is None:
        records = naive.read(data, masked=to_server).records
        assert all(record[1][3] is None for record in records), records
    return got


def frames_of(data: bytes, name: str) -> list[tuple[int, bytes]]:
    """First byte and unmasked payload of each frame, legal or not; the bytes end with a frame."""
    seen = naive.read(data, masked=name == "to_server")
    assert not seen.left
    found = []
    pos = 0
    for mask, (b0, payload_len, frame_len, _) in seen.records:
        payload = data[pos + frame_len - payload_len : pos + frame_len]
        if mask >= 0:
            key = mask.to_bytes(4)
            payload = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
        found.append((b0, payload))
        pos += frame_len
    return found
