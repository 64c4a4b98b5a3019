"""The reader: vectors, any chunking, a naive second reader, other libraries, bounded memory."""

import itertools
import os
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame
from websockets.streams import StreamReader
from wsproto import frame_protocol

from tests.protocol import naive
from tests.support.raw import BINARY, CLOSE, CONT, PING, PONG, TEXT, close_frame, frame
from wsinspect.protocol.deflate import Deflater, Inflater
from wsinspect.protocol.messages import MessageJoiner
from wsinspect.protocol.reader import WHOLE_FRAME_LIMIT, FrameReader
from wsinspect.protocol.records import Piece

KEY = b"\x37\xfa\x21\x3d"
EURO = "€".encode()
GRIN = "😀".encode()


class Reading:
    """A reader with all that it told, piece by piece."""

    def __init__(
        self, *, masked: bool = False, deflate: bool = False, cap: int = 1 << 20, **kept: Any
    ) -> None:
        inflater = Inflater(15, False, cap) if deflate else None
        self.reader = FrameReader(masked=masked, joiner=MessageJoiner(inflater))
        self.reader.tell_messages = True
        self.reader.joiner.keep_payload = True
        for name, value in kept.items():
            setattr(self.reader, name, value)
        self.records: list[Any] = []
        self.controls: list[Any] = []
        self.messages: list[Any] = []
        self.previews: list[bytes] = []
        self.wholes: list[Any] = []

    def feed(self, data: bytes) -> "Reading":
        reader = self.reader
        self.records += reader.walk(data)
        pairs: list[tuple[list[Any], list[Any]]] = [
            (reader.controls, self.controls),
            (reader.finished, self.messages),
            (reader.previews, self.previews),
            (reader.wholes, self.wholes),
        ]
        for told, mine in pairs:
            mine += told
            told.clear()
        return self

    def feed_all(self, pieces: list[bytes]) -> "Reading":
        for piece in pieces:
            self.feed(piece)
        return self

    @property
    def result(self) -> tuple[Any, ...]:
        """All that must not depend on the chunking."""
        reader = self.reader
        totals = reader.frames, reader.payload_bytes, reader.wire_bytes, reader.joiner.messages
        state = reader.closed, reader.unfinished_len, reader.joiner.opcode
        return totals, state, self.records, self.controls, self.messages, self.previews


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """``data`` cut at ``places``."""
    at = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in itertools.pairwise(at)]


def byte_by_byte(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def shape(data: bytes, violation: str | None = None) -> tuple[int, int, int, str | None]:
    """The expected shape of one unfragmented frame, from its own header."""
    b1 = data[1]
    width = {126: 2, 127: 8}.get(b1 & 127, 0)
    payload_len = int.from_bytes(data[2 : 2 + width]) if width else b1 & 127
    return data[0], payload_len, 2 + width + (4 if b1 & 128 else 0) + payload_len, violation


def one(data: bytes, violation: str | None = None) -> list[tuple[bytes, str | None]]:
    return [(data, violation)]


def legal(*frames: bytes) -> list[tuple[bytes, str | None]]:
    return [(data, None) for data in frames]


# name, section, masked, [(frame, violation)…]
type Vector = tuple[str, str, bool, list[tuple[bytes, str | None]]]
VECTORS: list[Vector] = [
    *(
        (
            f"{size}-bytes-{'masked' if key else 'unmasked'}",
            "5.2",
            bool(key),
            one(frame(BINARY, b"a" * size, mask=key)),
        )
        for size in (0, 1, 125, 126, 127, 65535, 65536, 65537)
        for key in (None, KEY)
    ),
    *(
        (
            f"{size}-in-{form}-bytes",
            "5.2",
            False,
            one(frame(TEXT, b"a" * size, length_bytes=form), "non-minimal-length"),
        )
        for size, form in ((0, 2), (125, 2), (0, 8), (125, 8), (126, 8), (65535, 8))
    ),
    *(
        (
            f"{size}-in-{form}-bytes-is-minimal",
            "5.2",
            False,
            one(frame(TEXT, b"a" * size, length_bytes=form)),
        )
        for size, form in ((126, 2), (65535, 2), (65536, 8))
    ),
    ("unmasked-to-server", "5.1", True, one(frame(TEXT, b"hi"), "unmasked")),
    ("masked-to-client", "5.1", False, one(frame(TEXT, b"hi", mask=KEY), "masked")),
    ("zero-key", "5.3", True, one(frame(TEXT, EURO, mask=bytes(4)))),
    *((f"rsv-{rsv}", "5.2", False, one(frame(TEXT, b"hi", rsv=rsv), "rsv")) for rsv in range(1, 8)),
    *(
        (f"rsv-{rsv}-on-control", "5.2", False, one(frame(PING, rsv=rsv), "rsv"))
        for rsv in range(1, 8)
    ),
    *(
        (f"opcode-{opcode}", "5.2", False, one(frame(opcode, b"x", fin=fin), "reserved-opcode"))
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
        for fin in (True, False)
    ),
    *(
        (f"control-{opcode}-of-125", "5.5", False, one(frame(opcode, b"\x03\xe8" + b"a" * 123)))
        for opcode in (CLOSE, PING, PONG)
    ),
    *(
        (
            f"control-{opcode}-of-{size}",
            "5.5",
            False,
            one(frame(opcode, b"\x03\xe8" + b"a" * (size - 2)), "control-too-long"),
        )
        for opcode in (CLOSE, PING, PONG)
        for size in (126, 65535, 65536, 70000)
    ),
    *(
        (
            f"control-{opcode}-fragmented",
            "5.5",
            False,
            one(frame(opcode, fin=False), "control-fragmented"),
        )
        for opcode in (CLOSE, PING, PONG)
    ),
    ("continuation-alone", "5.4", False, one(frame(CONT, b"x"), "unexpected-continuation")),
    (
        "continuation-alone-no-fin",
        "5.4",
        False,
        [
            (frame(CONT, b"x", fin=False), "unexpected-continuation"),
            (frame(CONT, b"x"), "unexpected-continuation"),
        ],
    ),
    (
        "message-in-a-message",
        "5.4",
        False,
        [
            (frame(TEXT, b"a", fin=False), None),
            (frame(BINARY, b"b"), "expected-continuation"),
            (frame(CONT, b"c"), "unexpected-continuation"),
        ],
    ),
    (
        "ping-between-fragments",
        "5.4",
        False,
        [
            (frame(TEXT, b"a", fin=False), None),
            (frame(PING, b"p"), None),
            (frame(CONT, b"b"), None),
        ],
    ),
    (
        "empty-fragments",
        "5.4",
        True,
        [
            (frame(TEXT, fin=False, mask=KEY), None),
            (frame(CONT, fin=False, mask=KEY), None),
            (frame(CONT, mask=KEY), None),
        ],
    ),
    ("close-empty", "5.5.1", False, one(close_frame(None))),
    ("close-1000", "5.5.1", True, one(close_frame(1000, "bye", mask=KEY))),
    ("close-one-byte", "5.5.1", False, one(frame(CLOSE, b"\x03"), "close-length")),
    *(
        (
            f"close-{code}",
            "7.4",
            False,
            one(close_frame(code), None if code in naive.CODES else "close-code"),
        )
        for code in (
            0,
            999,
            1000,
            1003,
            1004,
            1005,
            1006,
            1007,
            1014,
            1015,
            1016,
            2999,
            3000,
            4999,
            5000,
            65535,
        )
    ),
    ("close-bad-reason", "5.5.1", False, one(frame(CLOSE, b"\x03\xe8\xff"), "close-utf8")),
    (
        "after-close",
        "5.5.1",
        False,
        [
            (close_frame(1000), None),
            (frame(TEXT, b"late"), "after-close"),
            (close_frame(1001), "after-close"),
            (frame(3), "after-close"),
            (frame(BINARY, b"x" * 70000), "after-close"),
        ],
    ),
    ("text-valid", "8.1", False, one(frame(TEXT, EURO))),
    ("text-invalid", "8.1", False, one(frame(TEXT, b"a\xffb"), "invalid-utf8")),
    ("text-invalid-masked", "8.1", True, one(frame(TEXT, b"a\xffb", mask=KEY), "invalid-utf8")),
    ("text-ends-inside", "8.1", False, one(frame(TEXT, EURO[:2]), "invalid-utf8")),
    ("text-surrogate", "8.1", False, one(frame(TEXT, b"\xed\xa0\x80"), "invalid-utf8")),
    *(
        (
            f"text-split-after-{n}",
            "8.1",
            False,
            legal(frame(TEXT, GRIN[:n], fin=False), frame(CONT, GRIN[n:])),
        )
        for n in range(5)
    ),
    (
        "text-wrong-in-the-second",
        "8.1",
        False,
        [
            (frame(TEXT, EURO[:1], fin=False), None),
            (frame(CONT, b"x", fin=False), "invalid-utf8"),
            (frame(CONT, b"\xff"), None),
        ],
    ),
    (
        "text-never-ends-its-character",
        "8.1",
        False,
        [(frame(TEXT, EURO[:1], fin=False), None), (frame(CONT), "invalid-utf8")],
    ),
    ("binary-is-not-text", "8.1", False, one(frame(BINARY, b"\xff\xfe"))),
    ("large-text", "8.1", True, one(frame(TEXT, EURO * 30000, mask=KEY))),
    (
        "large-text-wrong",
        "8.1",
        True,
        one(frame(TEXT, EURO * 30000 + b"\xff" + EURO * 30000, mask=KEY), "invalid-utf8"),
    ),
    (
        "large-text-ends-inside",
        "8.1",
        True,
        one(frame(TEXT, EURO * 30000 + EURO[:2], mask=KEY), "invalid-utf8"),
    ),
    (
        "large-fragments",
        "5.4",
        True,
        [
            (frame(TEXT, EURO * 30000 + EURO[:1], fin=False, mask=KEY), None),
            (frame(CONT, EURO[1:] + EURO * 30000, mask=b"abcd"), None),
        ],
    ),
]


@pytest.mark.parametrize(
    ("masked", "frames"), [vector[2:] for vector in VECTORS], ids=[v[0] for v in VECTORS]
)
@pytest.mark.parametrize("how", ["whole", "byte by byte", "trailing", "in 1000s", "no large ones"])
def test_vector(masked: bool, frames: list[tuple[bytes, str | None]], how: str) -> None:
    data = b"".join(raw for raw, _ in frames)
    expected = [shape(raw, violation) for raw, violation in frames]
    reading = Reading(masked=masked, preview=True)
    left = 0
    if how == "whole":
        reading.feed(data)
    elif how == "byte by byte":
        reading.feed_all(byte_by_byte(data[:70050])).feed(data[70050:])
    elif how == "trailing":
        reading.feed(data + b"\x81")
        left = 1
    elif how == "in 1000s":
        reading.feed_all([data[i : i + 1000] for i in range(0, len(data), 1000)])
    else:
        reading.reader.whole_frame_limit = 1 << 40
        reading.feed(data[:1]).feed(data[1:])
    assert [record[1] for record in reading.records] == expected
    assert reading.reader.unfinished_len == left
    assert reading.reader.wire_bytes == len(data)
    assert reading.reader.frames == len(reading.previews) == len(frames)
    assert reading.result[2:5] == Reading(masked=masked).feed(data).result[2:5]


def test_the_most_significant_bit_of_a_length_must_be_0() -> None:
    """§5.2: it can never complete, so it never becomes a record; nor does it cost memory."""
    head = b"\x82\x7f\x80" + bytes(7)
    reading = Reading(keep=True).feed(head + b"x" * 100000)
    assert not reading.records
    assert reading.reader.large is not None
    assert reading.reader.large.violation == "length-msb"
    assert reading.reader.unfinished_len == len(head) + 100000


def test_masked_frame_is_unmasked_with_the_key_turned_to_where_the_piece_begins() -> None:
    payload = os.urandom(100_003)
    data = frame(BINARY, payload, mask=KEY)
    for first in (WHOLE_FRAME_LIMIT + n for n in range(1, 6)):
        reading = Reading(masked=True).feed_all(cut(data, [first, first + 1, first + 4097]))
        assert reading.messages[0].payload == payload


def chunkings() -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, 1 << 20), max_size=12)


any_frames = st.lists(
    st.builds(
        frame,
        st.sampled_from([CONT, TEXT, BINARY, CLOSE, PING, PONG, 0, 1, 2, 0, 1, 3, 11]),
        st.one_of(
            st.binary(max_size=140),
            st.text(max_size=60).map(str.encode),
            st.sampled_from([EURO[:1], EURO[1:], b"\x03\xe8", b"a" * 126, b"a" * 600]),
        ),
        fin=st.booleans(),
        rsv=st.sampled_from([0, 0, 0, 0, 4, 2]),
        mask=st.sampled_from([KEY, KEY, None, bytes(4)]),
        length_bytes=st.sampled_from([None, None, None, 8]),
    ),
    max_size=8,
).map(b"".join)
any_bytes = st.one_of(any_frames, st.tuples(any_frames, st.binary(max_size=40)).map(b"".join))


@given(any_bytes, chunkings(), st.booleans(), st.sampled_from([0, 1, 20, 130, 1 << 16]))
@example(frame(TEXT, b"\xff", fin=False) + frame(TEXT, b"\xff"), [], False, 0)
@settings(max_examples=400)
def test_any_chunking_and_any_limit_give_what_a_naive_reader_gives(
    data: bytes, places: list[int], masked: bool, limit: int
) -> None:
    expected = naive.read(data, masked=masked)
    whole = Reading(masked=masked, preview=True).feed(data)
    pieces = Reading(masked=masked, preview=True, whole_frame_limit=limit)
    pieces.feed_all(cut(data, places))
    assert whole.records == expected.records
    assert [(m.opcode, m.payload) for m in whole.messages] == expected.messages
    assert [(c.opcode, c.payload) for c in whole.controls] == expected.controls
    assert whole.reader.unfinished_len == expected.left
    # The open message differs where a large frame has begun its message already.
    assert pieces.result[2:] == whole.result[2:]
    assert pieces.result[0] == whole.result[0]
    assert pieces.result[1][:2] == whole.result[1][:2]


@given(any_bytes, chunkings())
@settings(max_examples=200)
def test_the_usual_way_and_the_long_way_read_the_same(data: bytes, places: list[int]) -> None:
    short = FrameReader(masked=True, joiner=MessageJoiner())
    records = [record for piece in cut(data, places) for record in short.walk(piece)]
    long = Reading(masked=True, keep=True).feed(data)
    assert records == long.records
    assert short.joiner.messages == long.reader.joiner.messages
    assert [control[:2] for control in short.controls] == [c[:2] for c in long.controls]


@pytest.mark.parametrize(
    ("masked", "frames"), [vector[2:] for vector in VECTORS], ids=[v[0] for v in VECTORS]
)
def test_vector_frame_by_frame(masked: bool, frames: list[tuple[bytes, str | None]]) -> None:
    """Nothing kept, nothing told: the shortest way through."""
    reader = FrameReader(masked=masked, joiner=MessageJoiner())
    records = [record for raw, _ in frames for record in reader.walk(raw)]
    long = Reading(masked=masked).feed(b"".join(raw for raw, _ in frames)).reader
    assert [record[1] for record in records] == [shape(raw, word) for raw, word in frames]
    assert (reader.frames, reader.payload_bytes, reader.wire_bytes, reader.joiner.messages) == (
        long.frames, long.payload_bytes, long.wire_bytes, long.joiner.messages,
    )  # fmt: skip


@given(any_bytes, chunkings(), st.sampled_from([0, 20, 1 << 16]), st.booleans())
@settings(max_examples=200)
def test_what_is_kept_joins_to_what_came(
    data: bytes, places: list[int], limit: int, early: bool
) -> None:
    """Each record has its Whole, or its Pieces; together with the tail they are the input."""
    reading = Reading(keep=True, whole_frame_limit=limit, early=early).feed_all(cut(data, places))
    tail = reading.reader.tail()
    assert b"".join(whole.raw for whole in reading.wholes) + tail == data
    with_record = [
        whole
        for whole in reading.wholes
        if not isinstance(whole, Piece) or (whole.first if early else whole.last)
    ]
    assert len(with_record) == len(reading.records)
    for whole, (_, (b0, payload_len, *_)) in zip(with_record, reading.records, strict=True):
        if isinstance(whole, Piece):
            assert (whole.frame.b0, whole.frame.payload_len) == (b0, payload_len)
        else:
            assert (whole.raw[0], len(whole.payload)) == (b0, payload_len)
    at_end = naive.read(data, masked=False)
    assert [r[1][:3] for r in reading.records[: len(at_end.records)]] == [
        r[1][:3] for r in at_end.records
    ]


texts = st.text(max_size=300).map(str.encode)


@st.composite
def legal_streams(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, bytes]], bool, bool]:
    """Frames of a strict endpoint, its messages, whether masked and compressed."""
    masked, deflate = draw(st.booleans()), draw(st.booleans())
    deflater = Deflater(15, False)
    data = b""
    messages = []

    def add(opcode: int, payload: bytes, **header: Any) -> None:
        nonlocal data
        key = draw(st.binary(min_size=4, max_size=4)) if masked else None
        data += frame(opcode, payload, mask=key, **header)

    for _ in range(draw(st.integers(0, 6))):
        opcode = draw(st.sampled_from([TEXT, BINARY]))
        payload = draw(texts if opcode == TEXT else st.binary(max_size=300))
        messages.append((opcode, payload))
        rsv = 4 if deflate and draw(st.booleans()) else 0
        on_wire = deflater.compress(payload) if rsv else payload
        parts = cut(on_wire, draw(st.lists(st.integers(0, 400), max_size=3))) or [b""]
        for i, part in enumerate(parts):
            header = {"fin": i == len(parts) - 1, "rsv": 0 if i else rsv}
            add(CONT if i else opcode, part, **header)
            if draw(st.booleans()):
                add(draw(st.sampled_from([PING, PONG])), draw(st.binary(max_size=125)))
    return data, messages, masked, deflate


@given(legal_streams(), chunkings(), st.sampled_from([0, 30, 1 << 16]))
@settings(max_examples=250)
def test_a_legal_stream_has_no_violation_and_its_messages(
    stream: tuple[bytes, list[tuple[int, bytes]], bool, bool], places: list[int], limit: int
) -> None:
    data, messages, masked, deflate = stream
    reading = Reading(masked=masked, deflate=deflate, whole_frame_limit=limit)
    reading.feed_all(cut(data, places))
    assert [(m.opcode, m.payload) for m in reading.messages] == messages
    assert all(record[1][3] is None for record in reading.records)
    assert reading.records == naive.read(data, masked=masked, deflate=deflate).records
    assert sum(message.wire_len for message in reading.messages) == sum(
        record[1][2] for record in reading.records if record[1][0] & 15 < 3
    )
    assert (reading.reader.unfinished_len, reading.reader.joiner.opcode) == (0, 0)


@given(legal_streams())
@settings(max_examples=150)
def test_as_websockets_and_wsproto_read_it(
    stream: tuple[bytes, list[tuple[int, bytes]], bool, bool],
) -> None:
    data, messages, masked, deflate = stream
    reading = Reading(masked=masked, deflate=deflate, keep=True).feed(data)
    theirs = websockets_frames(data, masked, deflate)
    assert [
        (record[1][0] & 0xBF, whole.payload if record[1][0] & 8 else whole.content)
        for record, whole in zip(reading.records, reading.wholes, strict=True)
    ] == theirs
    if not deflate:
        decoder = frame_protocol.FrameProtocol(client=not masked, extensions=[])
        decoder.receive_bytes(data)
        joined: list[tuple[int, bytes]] = []
        open_message = b""
        for told in decoder.received_frames():
            if told.opcode in (frame_protocol.Opcode.TEXT, frame_protocol.Opcode.BINARY):
                part: Any = told.payload
                open_message += part.encode() if isinstance(part, str) else bytes(part)
                if told.message_finished:
                    joined.append((int(told.opcode), open_message))
                    open_message = b""
        assert joined == messages == [(m.opcode, m.payload) for m in reading.messages]


def websockets_frames(data: bytes, masked: bool, deflate: bool) -> list[tuple[int, bytes]]:
    """First byte (without RSV1) and content of each frame, by websockets' own parser."""
    extensions = [PerMessageDeflate(False, False, 15, 15)] if deflate else []
    stream = StreamReader()
    stream.feed_data(data)
    stream.feed_eof()
    found = []
    while stream.buffer:
        parser = Frame.parse(stream.read_exact, mask=masked, extensions=extensions)
        try:
            next(parser)
        except StopIteration as stopped:
            parsed = stopped.value
        else:
            raise AssertionError("websockets wants more bytes")
        rsv = parsed.rsv1 << 6 | parsed.rsv2 << 5 | parsed.rsv3 << 4
        found.append((parsed.fin << 7 | rsv | int(parsed.opcode), bytes(parsed.data)))
    return found


# --- permessage-deflate ---


def test_ping_between_compressed_fragments_and_context_takeover() -> None:
    deflater = Deflater(15, False)
    text = "tick €".encode() * 20
    first, second = deflater.compress(text), deflater.compress(text)
    assert len(second) < len(first)
    data = (
        frame(TEXT, first[:5], fin=False, rsv=4)
        + frame(PING)
        + frame(CONT, first[5:])
        + frame(TEXT, second, rsv=4)
    )
    for pieces in ([data], byte_by_byte(data)):
        reading = Reading(deflate=True).feed_all(pieces)
        assert [m.payload for m in reading.messages] == [text, text]
        assert {record[1][3] for record in reading.records} == {None}


@pytest.mark.parametrize("opcode", [CONT, PING, CLOSE])
def test_rsv1_belongs_on_the_first_frame_of_a_message_only(opcode: int) -> None:
    data = frame(TEXT, fin=False, rsv=4) + frame(opcode, rsv=4)
    assert [r[1][3] for r in Reading(deflate=True).feed(data).records] == [None, "rsv"]


def bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (packer.compress(bytes(size)) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


@pytest.mark.parametrize("fragments", [1, 2, 50])
@pytest.mark.parametrize("limit", [10, WHOLE_FRAME_LIMIT])
def test_a_bomb_is_told_and_the_message_after_it_is_read(fragments: int, limit: int) -> None:
    """Only the message over the cap is unread (it was: everything after it in the direction)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    payloads = [
        (packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
        for part in (os.urandom(2000) + bytes(300_000), b"hello hello" * 3, b"hello hello" * 3)
    ]
    step = len(payloads[0]) // fragments + 1
    parts = [payloads[0][i : i + step] for i in range(0, len(payloads[0]), step)]
    data = b"".join(
        frame(CONT if i else BINARY, part, fin=i == len(parts) - 1, rsv=0 if i else 4)
        for i, part in enumerate(parts)
    )
    data += frame(TEXT, payloads[1], rsv=4) + frame(TEXT, payloads[2], rsv=4)
    for places in ([], [5, 100, 1500], list(range(0, 3000, 7))):
        reading = Reading(deflate=True, cap=100_000, whole_frame_limit=limit)
        reading.feed_all(cut(data, places))
        assert [m.payload for m in reading.messages] == [None, *[b"hello hello" * 3] * 2]
        assert [m.violation for m in reading.messages] == ["inflate-limit", None, None]
        violations = [r[1][3] for r in reading.records]
        assert violations.count("inflate-limit") == 1
        assert set(violations) <= {"inflate-limit", None}


def test_a_message_too_long_to_keep_costs_only_itself() -> None:
    deflater = Deflater(15, False)
    payloads = [deflater.compress(text) for text in (b"first " * 100, b"second " * 10, b"third")]
    reading = Reading(deflate=True)
    reading.reader.joiner.payload_limit = 100
    half = len(payloads[0]) // 2
    reading.feed(frame(TEXT, payloads[0][:half], fin=False, rsv=4))
    reading.feed(frame(CONT, payloads[0][half:]))
    reading.feed(frame(TEXT, payloads[1], rsv=4) + frame(TEXT, payloads[2], rsv=4))
    assert [m.payload for m in reading.messages] == [None, b"second " * 10, b"third"]
    assert [m.payload_len for m in reading.messages] == [600, 70, 5]
    assert {r[1][3] for r in reading.records} == {None}


def test_an_abandoned_compressed_message_leaves_the_window_in_step() -> None:
    deflater = Deflater(15, False)
    first, second = deflater.compress(b"some words " * 9), deflater.compress(b"some words " * 9)
    data = frame(TEXT, first, fin=False, rsv=4) + frame(TEXT, second, rsv=4)
    reading = Reading(deflate=True).feed(data)
    assert [r[1][3] for r in reading.records] == [None, "expected-continuation"]
    assert reading.messages[0].payload == b"some words " * 9


def test_corrupt_compression_is_told_once_and_later_plain_messages_are_read() -> None:
    data = (
        frame(TEXT, b"\xff" * 20, rsv=4) + frame(TEXT, b"\xff" * 20, rsv=4) + frame(TEXT, b"plain")
    )
    reading = Reading(deflate=True).feed(data)
    assert [r[1][3] for r in reading.records] == ["deflate", None, None]
    assert [m.payload for m in reading.messages] == [None, None, b"plain"]


@given(
    st.lists(st.tuples(st.binary(max_size=80), st.booleans(), st.booleans()), max_size=6),
    chunkings(),
)
@settings(max_examples=150)
def test_any_compressed_bytes_in_any_chunking(
    parts: list[tuple[bytes, bool, bool]], places: list[int]
) -> None:
    """Whole frames give the same in any chunking, be they DEFLATE or not."""
    data = b"".join(
        frame(CONT if cont else BINARY, part, fin=fin, rsv=0 if cont else 4)
        for part, fin, cont in parts
    )
    whole = Reading(deflate=True, cap=1000).feed(data)
    assert Reading(deflate=True, cap=1000).feed_all(cut(data, places)).result == whole.result


def test_rsv_bits_of_a_foreign_extension_leave_the_payload_unread() -> None:
    """What it did to the payload is unknown: neither a violation nor text."""
    foreign = FrameReader(masked=False, joiner=MessageJoiner(), rsv_reserved=False)
    foreign.joiner.keep_payload = foreign.tell_messages = True
    data = frame(TEXT, b"\xff", rsv=2) + frame(TEXT, b"\xff") + frame(TEXT, b"ok")
    assert [r[1][3] for r in foreign.walk(data)] == [None, "invalid-utf8", None]
    assert [m.payload for m in foreign.finished] == [None, b"\xff", b"ok"]


# --- memory ---


def peak_bytes(run: Any) -> int:
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_frame_of_64_mib_is_read_in_pieces_and_never_kept() -> None:
    piece = b"ab" * (1 << 15)
    reading = Reading(masked=True)
    reading.reader.joiner.keep_payload = False
    head = frame(TEXT, b"", mask=KEY)[:1] + b"\xff" + (1 << 26).to_bytes(8) + KEY

    def run() -> None:
        reading.feed(head)
        for _ in range(1 << 10):
            reading.feed(piece)

    assert peak_bytes(run) < 2 << 20
    # unmasked with the key it is garbage, so no text
    assert [r[1] for r in reading.records] == [(0x81, 1 << 26, (1 << 26) + 14, "invalid-utf8")]


def test_a_frame_that_never_ends_is_kept_up_to_the_limit_only() -> None:
    reader = FrameReader(masked=False, joiner=MessageJoiner())
    head = b"\x82\x7f" + (WHOLE_FRAME_LIMIT - 10).to_bytes(8)
    assert peak_bytes(lambda: [reader.walk(b) for b in (head, b"x" * 65000)]) < 300_000
    assert reader.unfinished_len == 65010


def test_a_frame_in_crumbs_costs_its_length() -> None:
    reader = FrameReader(masked=False, joiner=MessageJoiner())
    reader.whole_frame_limit = 1 << 24
    reader.walk(b"\x82\x7f" + (1 << 23).to_bytes(8))
    crumbs = [bytes([i & 255, 1]) for i in range(1 << 16)]

    def run() -> None:
        for crumb in crumbs:
            reader.walk(crumb)

    assert peak_bytes(run) < 1 << 20
    assert reader.tail()[10:] == b"".join(crumbs)


def test_an_open_message_of_a_million_fragments_takes_no_memory() -> None:
    reader = FrameReader(masked=False, joiner=MessageJoiner())
    reader.walk(frame(TEXT, fin=False))
    many = frame(CONT, b"a", fin=False) * 1000

    def run() -> None:
        for _ in range(50):
            reader.walk(many)

    assert peak_bytes(run) < 1 << 20
