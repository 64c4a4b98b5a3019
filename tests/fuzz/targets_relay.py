"""Target of the relay: random decisions; what leaves is legal as far as what came was."""

import zlib

from tests.fuzz.targets_protocol import cut
from tests.protocol import naive
from tests.protocol.test_reader import VECTORS
from tests.relay.harness import Judge, Wire
from wsinspect.protocol.extensions import DeflateParams
from wsinspect.relay.observation import Observation, UnchangeableFrame

_HEAD = 12


def fuzz_relay(data: bytes) -> None:
    """Input: settings in two bytes, the cutting in one, nine decisions, then one direction."""
    head, stream = data[:_HEAD].ljust(_HEAD, b"\0"), data[_HEAD:]
    what, how, plan, *decisions = head
    name = "to_server" if what & 1 else "to_client"
    deflate = None
    if what & 2:
        takeover = bool(what & 4)
        deflate = DeflateParams(8 + (how & 7), 8 + (how & 7), not takeover, not takeover)
    script = _Script(name, decisions)
    policy = Judge(
        script.decide, frames=bool(what & 8), messages=bool(what & 16), outside=bool(what & 32)
    )
    judged = what & 64
    wire = Wire(
        policy if judged else None,
        deflate=deflate,
        audit=bool(what & 128),
        on_violation="close" if how & 16 else "pass",
        on_error="closed" if how & 32 else "open",
        hold_limit=60 if how & 64 else 1 << 20,
    )
    if how & 128:
        wire.notes.write = lambda: decisions[len(wire.notes.frames_seen) % 9] < 250
    script.wire = wire

    for number, piece in enumerate(cut(stream, plan)):
        wire.send(name, piece)
        if number == decisions[0] % 16:
            wire.inject(name, 9, b"ping")
        if number == decisions[1] % 32:
            wire.inject(name, 2, b"in")
        if number == decisions[2]:
            wire.close(1001)
        if number & 1:
            script.answer()
    wire.end(name)
    script.answer()
    _check(wire, name, stream, deflate)


class _Script:
    """Somebody who decides at random, from within or from outside."""

    wire: Wire

    def __init__(self, name: str, decisions: list[int]) -> None:
        self.name = name
        self.decisions = decisions
        self.turn = 0

    def decide(self, seen: Observation) -> None:
        self.turn += 1
        match self.decisions[self.turn % len(self.decisions)] % 12:
            case 0:
                seen.drop()
            case 1:
                seen.rewrite("€" * (self.turn % 40))
            case 2:
                seen.close(1008)
            case 3:
                raise LookupError
            case 4:
                self.wire.relay.close(4000, "", "policy")
            case 5:
                self.wire.direction(self.name).inject(1, b"in")

    def answer(self) -> None:
        direction = self.wire.direction(self.name)
        while (question := direction.question) is not None:
            try:
                self.decide(question)
            except (LookupError, UnchangeableFrame, ValueError) as error:
                self.wire.relay.inspection_failed(question, error)
            self.wire.took(self.name, direction.answer())


def _check(wire: Wire, name: str, stream: bytes, deflate: DeflateParams | None) -> None:
    direction = wire.direction(name)
    told = len(wire.notes.of(name))
    assert direction.seq == told
    assert told - direction.reader.frames in ({0, 1} if wire.relay.audit else {0})
    assert direction.question is None
    masked = name == "to_server"
    out = wire.out[name]
    if not wire.relay.closing and not wire.relay.connection.ending.closed_by:
        assert direction.reader.unfinished_len or direction.reader.large is None
    takeover = deflate is None or not deflate.server_no_context_takeover
    try:
        came = naive.read(stream, masked=masked, deflate=deflate is not None, takeover=takeover)
    except zlib.error:
        return
    if any(record[1][3] is not None for record in came.records) or came.left:
        return
    left = naive.read(out, masked=masked, deflate=deflate is not None, takeover=takeover)
    wrong = {record[1][3] for record in left.records} - {None}
    if direction.policy is not None and direction.policy.frames:
        wrong.discard("invalid-utf8")  # who drops half a character gets half a character
    assert not wrong
    assert not left.left
    assert sum(opcode == 8 for opcode, _ in left.controls) <= 1


def seed_relay() -> list[bytes]:
    """The small vectors under each kind of policy."""
    seeds = []
    for number, vector in enumerate(VECTORS):
        stream = b"".join(raw for raw, _ in vector[3])
        if len(stream) < 300:
            kind = (0x40 | 8 << number % 3 | (number & 1) << 5) | vector[2]
            decisions = bytes((number + i) % 12 for i in range(9))
            seeds.append(bytes([kind, number & 0xFF, 0xFF]) + decisions + stream * 2)
    return seeds
