"""``FrameLines`` writes what ``events.FrameLine`` says, on its fast path as on its slow one."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.facts import NOW_NS, make_connection
from wsinspect.model import lines
from wsinspect.model.events import EveWebsocket, FrameLine, Ws, encode, timestamp
from wsinspect.model.lines import FrameLines
from wsinspect.protocol.opcodes import OPCODE_NAMES
from wsinspect.protocol.reader import Record

CONNECTION = make_connection(7)
decode_line = msgspec.json.Decoder(FrameLine, strict=True).decode

lengths = st.sampled_from([0, 1, 125, 126, 65535, 65536, 2**63 - 1]) | st.integers(0, 70_000)
violations = st.none() | st.sampled_from(["reserved-opcode", "invalid-utf8", "rsv"])
shapes = st.tuples(st.integers(0, 255), lengths, lengths, violations)
masks = st.just(-1) | st.sampled_from([0, 1, 2**32 - 1]) | st.integers(0, 2**32 - 1)
records = st.lists(st.tuples(masks, shapes), min_size=1, max_size=8)


def expected(record: Record, seq: int, direction: str, *, forwarded: bool) -> FrameLine:
    """The event as the schema has it, made from the facts alone."""
    mask, (b0, payload_len, frame_len, violation) = record
    ws = Ws(
        direction=direction,  # type: ignore[arg-type]
        seq=seq,
        rsv=(b0 & 0x70) >> 4,
        payload_len=payload_len,
        frame_len=frame_len,
        forwarded=forwarded,
    )
    if violation is not None:
        ws.violation = violation
    websocket = EveWebsocket(fin=b0 >= 0x80, opcode=OPCODE_NAMES[b0 % 16])
    if mask >= 0:
        websocket.mask = mask
    return FrameLine(
        timestamp=timestamp(NOW_NS).decode(),
        flow_id=7,
        src_ip="127.0.0.1",
        src_port=50_000,
        dest_ip="127.0.0.1",
        dest_port=9000,
        proto="TCP",
        host="box",
        websocket=websocket,
        ws=ws,
    )


@given(
    batches=st.lists(st.tuples(records, st.booleans()), min_size=1, max_size=4),
    direction=st.sampled_from(["to_server", "to_client"]),
    seq=st.sampled_from([0, 1, 10**12]),
)
def test_every_line_is_the_event(
    batches: list[tuple[list[Record], bool]], direction: str, seq: int
) -> None:
    """Each batch goes through twice: unknown shapes take the slow path, known ones the fast."""
    rendering = FrameLines(direction)
    for batch, forwarded in batches * 2:
        text = rendering.render(CONNECTION, NOW_NS, seq, batch, forwarded=forwarded)
        assert text.endswith(b"\n")
        found = text.splitlines()
        wanted = [
            expected(record, number, direction, forwarded=forwarded)
            for number, record in enumerate(batch, seq)
        ]
        assert [decode_line(line) for line in found] == wanted
        # The same fields, and no other: a decoder would pass over what it does not know.
        assert [json.loads(line) for line in found] == [json.loads(encode(w)) for w in wanted]


@pytest.mark.parametrize("mask", [-1, 0, 0xDEADBEEF])
@pytest.mark.parametrize("forwarded", [True, False])
@pytest.mark.parametrize("violation", [None, "rsv"])
def test_all_first_bytes(mask: int, forwarded: bool, violation: str | None) -> None:
    batch: list[Record] = [(mask, (b0, 5, 11, violation)) for b0 in range(256)]
    rendering = FrameLines("to_server")
    slow = rendering.render(CONNECTION, NOW_NS, 3, batch, forwarded=forwarded)
    fast = rendering.render(CONNECTION, NOW_NS, 3, batch, forwarded=forwarded)
    one_by_one = b"".join(
        rendering.render(CONNECTION, NOW_NS, 3 + number, [record], forwarded=forwarded)
        for number, record in enumerate(batch)
    )
    assert slow == fast == one_by_one
    assert [decode_line(line) for line in fast.splitlines()] == [
        expected(record, 3 + number, "to_server", forwarded=forwarded)
        for number, record in enumerate(batch)
    ]


def test_the_field_order_is_the_contracts_example() -> None:
    """Not required by JSON; people read these lines, and golden files hold them."""
    text = FrameLines("to_server").render(
        CONNECTION, NOW_NS, 0, [(123, (0x81, 5, 11, None))], forwarded=True
    )
    assert text == (
        b'{"timestamp":"2026-11-22T13:00:00.123456Z","event_type":"websocket","flow_id":7,'
        b'"src_ip":"127.0.0.1","src_port":50000,"dest_ip":"127.0.0.1","dest_port":9000,'
        b'"proto":"TCP","host":"box","websocket":{"mask":123,"fin":true,"opcode":"text"},'
        b'"ws":{"direction":"to_server","rsv":0,"payload_len":5,"frame_len":11,'
        b'"forwarded":true,"seq":0}}\n'
    )


def test_what_it_remembers_is_bounded() -> None:
    rendering = FrameLines("to_client")
    for size in range(3 * lines._TAILS_LIMIT):
        rendering.render(
            CONNECTION, NOW_NS, 0, [(-1, (0x82, size, size + 2, None))], forwarded=True
        )
    assert len(rendering._tails) <= lines._TAILS_LIMIT + 1
