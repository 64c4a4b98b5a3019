"""RFC 7692 section 7.2: reading and writing compressed messages, hostile ones too."""

import itertools
import random
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate as WebsocketsDeflate
from websockets.frames import Frame
from websockets.frames import Opcode as WebsocketsOpcode
from wsproto.extensions import PerMessageDeflate as WsprotoDeflate
from wsproto.frame_protocol import Opcode, RsvBits

from tests.protocol.inflating import as_a_whole, in_pieces
from tests.protocol.puff import Puff
from tests.vectors import ids, load
from wsinspect.protocol.deflate import TAIL, Deflater, Inflater
from wsinspect.protocol.errors import DeflateError, OutputLimit, ProtocolError

VECTORS = load("deflate")
CAP = 1 << 20

# Text that repeats itself, over more than small windows.
words = st.sampled_from([b"alpha", b"beta", b'{"id":', b"0" * 300, b"\x00\xff", b"}"])
payloads = st.one_of(
    st.lists(words, max_size=40).map(b"".join), st.binary(max_size=64), st.just(b"")
)
windows = st.integers(8, 15)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """``data`` in pieces; the places wrap around."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def outcome(inflater: Inflater, pieces: list[bytes] | None, payload: bytes = b"") -> bytes | str:
    """In pieces, or the payload as a whole if there are none."""
    return as_a_whole(inflater, payload) if pieces is None else in_pieces(inflater, pieces)


@pytest.mark.parametrize("chunking", ["message", "whole", "bytewise"])
@pytest.mark.parametrize("vector", VECTORS, ids=ids(VECTORS))
def test_vectors(vector: dict[str, Any], chunking: str) -> None:
    inflater = Inflater(15, vector["no_context_takeover"], CAP)
    for payload_hex, expected in zip(vector["hex"], vector["expected"], strict=True):
        payload = bytes.fromhex(payload_hex)
        pieces = {
            "message": None,
            "whole": [payload],
            "bytewise": cut(payload, list(range(len(payload)))),
        }[chunking]
        got = outcome(inflater, pieces, payload)
        assert (got if isinstance(got, str) else got.hex()) == expected
    assert inflater.unreadable == ("DeflateError" in vector["expected"])


@given(windows, st.booleans(), st.lists(payloads, max_size=6), st.lists(st.integers(0)))
def test_round_trip_in_any_chunking(
    window: int, no_takeover: bool, messages: list[bytes], places: list[int]
) -> None:
    deflater = Deflater(window, no_takeover)
    whole, pieced = Inflater(window, no_takeover, CAP), Inflater(window, no_takeover, CAP)
    for message in messages:
        payload = deflater.compress(message)
        assert whole.message(payload) == message
        assert outcome(pieced, cut(payload, places)) == message


@given(windows, st.booleans(), st.lists(payloads, max_size=5))
def test_deflater_keeps_to_its_window(
    window: int, no_takeover: bool, messages: list[bytes]
) -> None:
    deflater = Deflater(window, no_takeover)
    puff = Puff()
    for message in messages:
        if no_takeover:
            puff.history.clear()
        assert puff.message(deflater.compress(message)) == message
    assert puff.max_distance <= 1 << window


def test_deflater_with_window_of_256_bytes() -> None:
    """zlib cannot do it for raw streams; a wider window really would reach too far."""
    block = random.Random(8).randbytes(600)
    puff = Puff()
    deflater = Deflater(8, False)
    assert puff.message(deflater.compress(block + block)) == block + block
    assert puff.message(deflater.compress(b"a" * 1000)) == b"a" * 1000
    assert puff.max_distance == 1
    wide = Puff()
    wide.message(Deflater(10, False).compress(block + block))
    assert wide.max_distance > 256
    for strict in (zlib.decompressobj(-8), zlib.decompressobj(-15)):
        again = Deflater(8, False)
        for message in (block, block, b"a" * 1000):
            assert strict.decompress(again.compress(message) + TAIL) == message


def test_deflater_takes_context_over_or_not() -> None:
    message = random.Random(1).randbytes(200)
    keeping, fresh = Deflater(15, False), Deflater(15, True)
    assert len(keeping.compress(message)) > 200 > len(keeping.compress(message))
    assert fresh.compress(message) == fresh.compress(message)


def test_deflater_leaves_out_the_tail_and_writes_empty_messages() -> None:
    deflater = Deflater(15, False)
    for message in (b"", b"Hello", b"", b"", b"Hello"):
        payload = deflater.compress(message)
        assert payload
        assert not payload.endswith(TAIL)
        assert (payload == b"\x00") == (message == b"")


def test_inflates_what_a_wider_window_than_agreed_refers_to() -> None:
    """And does so in whatever pieces it comes: zlib with a narrow window would not."""
    block = random.Random(2).randbytes(5000)
    payload = Deflater(15, False).compress(block + block)
    assert Inflater(9, False, CAP).message(payload) == block + block
    assert outcome(Inflater(9, False, CAP), cut(payload, list(range(6000)))) == block + block


@given(st.integers(9, 15), st.booleans(), st.lists(st.lists(payloads, min_size=1), max_size=4))
def test_reads_what_wsproto_writes(
    window: int, no_takeover: bool, messages: list[list[bytes]]
) -> None:
    writer = WsprotoDeflate(server_max_window_bits=window, server_no_context_takeover=no_takeover)
    protocol: Any = type("Protocol", (), {"client": False})()
    inflater = Inflater(window, no_takeover, CAP)
    for fragments in messages:
        output = b""
        for number, fragment in enumerate(fragments):
            last = number == len(fragments) - 1
            opcode = Opcode.CONTINUATION if number else Opcode.BINARY
            rsv = RsvBits(False, False, False)
            _, payload = writer.frame_outbound(protocol, opcode, rsv, fragment, last)
            output += inflater.feed(payload)
        assert output + inflater.finish() == b"".join(fragments)


@given(st.integers(9, 15), st.booleans(), st.lists(payloads, max_size=5))
def test_wsproto_and_websockets_read_what_deflater_writes(
    window: int, no_takeover: bool, messages: list[bytes]
) -> None:
    deflater = Deflater(window, no_takeover)
    wsproto = WsprotoDeflate(server_max_window_bits=window, server_no_context_takeover=no_takeover)
    protocol: Any = type("Protocol", (), {"client": True})()
    websockets = WebsocketsDeflate(no_takeover, False, window, 15)
    for message in messages:
        payload = deflater.compress(message)
        wsproto.frame_inbound_header(
            protocol, Opcode.BINARY, RsvBits(True, False, False), len(payload)
        )
        read = wsproto.frame_inbound_payload_data(protocol, payload)
        rest = wsproto.frame_inbound_complete(protocol, True)
        assert isinstance(read, bytes)
        assert isinstance(rest, bytes)
        assert read + rest == message
        frame = Frame(WebsocketsOpcode.BINARY, payload, True, True)
        assert bytes(websockets.decode(frame).data) == message


def with_final_block(message: bytes, history: bytes) -> bytes:
    """A message in blocks of which the last is final, with the octet that the RFC asks for."""
    encoder = zlib.compressobj(-1, zlib.DEFLATED, -15, zdict=history)
    return encoder.compress(message) + encoder.flush(zlib.Z_FINISH) + b"\x00"


@given(
    st.integers(12, 15),
    st.lists(st.tuples(payloads, st.sampled_from(["final", "sync", "both", "cut"])), max_size=6),
    st.lists(st.integers(0)),
)
def test_final_blocks_anywhere(
    window: int, messages: list[tuple[bytes, str]], places: list[int]
) -> None:
    """Every message may refer to all that came before, across final blocks."""
    whole, pieced = Inflater(window, False, CAP), Inflater(window, False, CAP)
    puff = Puff()
    history = b""
    for message, way in messages:
        # Not all of a window is used by zlib: 4096 bytes are there in the narrowest one here.
        known = history[-(4096 - 600) :] if len(message) <= 600 else b""
        payload = with_final_block(message, known)
        expected = message
        if way == "cut":
            payload = payload[:-1]
        elif way == "sync":
            encoder = zlib.compressobj(-1, zlib.DEFLATED, -15, zdict=known)
            payload = (encoder.compress(message) + encoder.flush(zlib.Z_SYNC_FLUSH))[:-4]
        elif way == "both":
            payload = payload[:-1] + with_final_block(b"again", (known + message)[-3000:])
            expected = message + b"again"
        assert whole.message(payload) == expected
        assert outcome(pieced, cut(payload, places)) == expected
        assert puff.message(payload) == expected
        history += expected


def test_window_after_a_final_block_is_the_whole_window() -> None:
    """32 KiB back, gathered from many messages and across a final block."""
    inflater = Inflater(15, False, CAP)
    random_bytes = random.Random(3).randbytes(33000)
    plain = Deflater(15, False)
    for start in range(0, 33000, 100):
        part = random_bytes[start : start + 100]
        assert inflater.message(plain.compress(part)) == part
    assert inflater.message(b"\x03\x00\x00") == b""
    known = random_bytes[-32768:]
    message = known[:258]
    # zlib itself refers back 32506 bytes at most; written by hand: length 258, distance 32768.
    bits = "0" + "10" + "11000101" + "11101" + f"{32768 - 24577:013b}"[::-1] + "0000000" + "000"
    bits += "0" * (-len(bits) % 8)
    payload = bytes(int(bits[n : n + 8][::-1], 2) for n in range(0, len(bits), 8))
    puff = Puff(bytearray(known))
    assert puff.message(payload) == message
    assert puff.max_distance == 32768
    assert inflater.message(payload) == message


def test_no_context_takeover_forgets_after_final_blocks_too() -> None:
    inflater = Inflater(15, True, CAP)
    assert inflater.message(bytes.fromhex("f348cdc9c9070000")) == b"Hello"
    with pytest.raises(DeflateError):
        inflater.message(bytes.fromhex("f200110000"))
    inflater = Inflater(15, True, CAP)
    assert inflater.feed(bytes.fromhex("f348cdc9c90700")) == b"Hello"
    assert inflater.finish() == b""
    with pytest.raises(DeflateError):
        inflater.message(bytes.fromhex("0300f200110000"))


def test_history_of_negotiated_size_is_all_that_is_kept() -> None:
    tracemalloc.start()
    inflaters = [Inflater(8, False, CAP) for _ in range(20)]
    deflater = Deflater(8, False)
    payloads = [deflater.compress(random.Random(n).randbytes(1000)) for n in range(50)]
    before = tracemalloc.get_traced_memory()[0]
    for inflater in inflaters:
        for payload in payloads:
            inflater.message(payload)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 20 * (32768 + 3 * 1024)  # zlib's window, and a little history


def test_many_small_messages_do_not_pile_up() -> None:
    inflater, deflater = Inflater(15, False, CAP), Deflater(15, False)
    for _ in range(100):
        inflater.message(deflater.compress(b"warm up"))
    payloads = [deflater.compress(b"%d" % (n % 97)) for n in range(20000)]
    tracemalloc.start()
    for payload in payloads:
        inflater.message(payload)
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert grown < 200_000


@pytest.mark.parametrize("chunking", ["message", "pieces"])
@pytest.mark.parametrize("no_takeover", [False, True])
@pytest.mark.parametrize("size", [CAP - 1, CAP, CAP + 1, CAP + 300_000])
def test_cap(size: int, no_takeover: bool, chunking: str) -> None:
    """To the byte; and what comes after an unread message is read."""
    inflater, deflater = Inflater(15, no_takeover, CAP), Deflater(15, no_takeover)
    filler = random.Random(4).randbytes(size)
    for message in (b"before", filler, b"after", filler[-2000:] + b"after"):
        payload = deflater.compress(message)
        pieces = None if chunking == "message" else cut(payload, list(range(0, CAP, 9999)))
        expected = "OutputLimit" if len(message) > CAP else message
        assert outcome(inflater, pieces, payload) == expected
    assert not inflater.unreadable


@pytest.mark.parametrize("chunking", ["message", "pieces"])
def test_bomb_stays_within_the_cap(chunking: str) -> None:
    deflater = Deflater(15, False)
    bomb = deflater.compress(bytes(100 << 20))
    after = deflater.compress(b"after")
    inflater = Inflater(15, False, CAP)
    pieces = None if chunking == "message" else cut(bomb, list(range(0, len(bomb), 1000)))
    tracemalloc.start()
    result = outcome(inflater, pieces, bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert result == "OutputLimit"
    assert peak < 3 * CAP
    assert inflater.message(after) == b"after"


def test_cap_across_final_blocks() -> None:
    part = with_final_block(bytes(1000), b"")[:-1]
    inflater = Inflater(15, False, 4000)
    assert inflater.message(part * 4) == bytes(4000)
    with pytest.raises(OutputLimit) as caught:
        inflater.message(part * 5)
    assert caught.value.max_output == 4000
    assert inflater.message(part) == bytes(1000)


def test_cap_of_nothing() -> None:
    inflater = Inflater(15, False, 0)
    assert inflater.message(b"\x00") == b""
    with pytest.raises(OutputLimit):
        inflater.message(bytes.fromhex("f248cdc9c90700"))


def test_corrupt_beyond_the_cap_is_corrupt() -> None:
    encoder = zlib.compressobj(-1, zlib.DEFLATED, -15)
    payload = encoder.compress(bytes(5000)) + encoder.flush(zlib.Z_SYNC_FLUSH) + b"\x07"
    for pieces in (None, [payload], cut(payload, list(range(40)))):
        inflater = Inflater(15, True, 1000)
        assert outcome(inflater, pieces, payload) == "DeflateError"
        assert inflater.unreadable


def test_unreadable_direction_stays_unreadable() -> None:
    inflater = Inflater(15, False, CAP)
    with pytest.raises(DeflateError):
        inflater.message(b"\x07secret")
    assert inflater.unreadable
    with pytest.raises(DeflateError):
        inflater.message(b"\x00")
    with pytest.raises(DeflateError):
        inflater.feed(b"\x00")
    with pytest.raises(DeflateError):
        inflater.finish()


def test_many_final_blocks_cost_no_more_than_their_length(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """zlib copies what is left of its input behind each: slices keep that from growing."""
    copied = 0

    def counting(wbits: int, **zdict: bytes) -> Any:
        real = zlib.decompressobj(wbits, **zdict)

        class Counting:
            eof = property(lambda self: real.eof)
            unconsumed_tail = property(lambda self: real.unconsumed_tail)

            @property
            def unused_data(self) -> bytes:
                nonlocal copied
                copied += len(real.unused_data)
                return real.unused_data

            def decompress(self, data: bytes, max_length: int) -> bytes:
                return real.decompress(data, max_length)

        return Counting()

    fake = type("zlib", (), {"decompressobj": staticmethod(counting), "error": zlib.error})
    monkeypatch.setattr("wsinspect.protocol.deflate.zlib", fake)
    payload = b"\x03\x00" * 3000
    assert Inflater(15, False, CAP).message(payload) == b""
    assert len(payload) < copied < 300 * len(payload)


def test_message_ends_what_feed_began() -> None:
    payload = Deflater(15, False).compress(bytes(range(100)))
    inflater = Inflater(15, False, 100)
    assert inflater.feed(payload[:50]) + inflater.message(payload[50:]) == bytes(range(100))
    inflater = Inflater(15, True, 99)
    inflater.feed(payload[:50])
    with pytest.raises(OutputLimit):
        inflater.message(payload[50:])


@given(
    windows,
    st.booleans(),
    st.sampled_from([0, 10, 1000]),
    st.lists(st.one_of(st.binary(max_size=40), payloads.map(lambda p: zlib.compress(p)[2:-4]))),
    st.lists(st.integers(0)),
)
def test_hostile_bytes(
    window: int, no_takeover: bool, cap: int, messages: list[bytes], places: list[int]
) -> None:
    """Documented errors only, the same ones however it is cut, and no more than the cap."""
    whole, pieced = Inflater(window, no_takeover, cap), Inflater(window, no_takeover, cap)
    for payload in messages:
        expected = outcome(whole, None, payload)
        assert outcome(pieced, cut(payload, places)) == expected
        assert whole.unreadable == pieced.unreadable
        if isinstance(expected, bytes):
            assert len(expected) <= cap


# Whole blocks, each ending at a byte: any of them may follow any other.
blocks = st.sampled_from(
    [
        bytes.fromhex("f348cdc9c90700"),  # final
        bytes.fromhex("f248cdc9c907000000ffff"),
        bytes.fromhex("0300"),  # final, empty
        bytes.fromhex("000000ffff"),  # stored, empty
        bytes.fromhex("010500faff48656c6c6f"),  # stored, final
        bytes.fromhex("000500faff48656c6c6f"),
    ]
)


@given(st.lists(st.tuples(st.lists(blocks), st.booleans()), max_size=5))
def test_any_blocks_read_as_the_second_opinion_reads_them(
    messages: list[tuple[list[bytes], bool]],
) -> None:
    inflater, puff = Inflater(15, False, CAP), Puff()
    for parts, octet in messages:
        payload = b"".join(parts) + b"\x00"
        if parts and parts[-1][0] & 1 and not octet:
            payload = payload[:-1]
        content = inflater.message(payload)
        assert content == puff.message(payload)
        assert content.count(b"Hello") == sum(len(part) > 5 for part in parts)


@pytest.mark.parametrize("bits", [7, 16, 0, -15])
def test_window_out_of_range(bits: int) -> None:
    for make in (lambda: Inflater(bits, False, CAP), lambda: Deflater(bits, False)):
        with pytest.raises(ValueError, match="8 to 15"):
            make()


def test_negative_cap() -> None:
    with pytest.raises(ValueError, match="number of bytes"):
        Inflater(15, False, -1)


def test_errors_carry_no_payload() -> None:
    encoder = zlib.compressobj(-1, zlib.DEFLATED, -15)
    payload = encoder.compress(b"secret" * 9) + encoder.flush(zlib.Z_SYNC_FLUSH)
    for cap, message in ((CAP, payload + b"\x07"), (3, payload[:-4])):
        with pytest.raises(ProtocolError) as caught:
            Inflater(15, False, cap).message(message)
        assert "secret" not in repr((caught.value, vars(caught.value), caught.value.__cause__))
