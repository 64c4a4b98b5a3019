"""Target of the reader: no exception, bounded memory, the same in any pieces and at any limit."""

import zlib

from tests.fuzz.targets_protocol import cut
from tests.protocol import naive
from tests.protocol.test_reader import VECTORS, Reading
from wsinspect.protocol.messages import MessageJoiner
from wsinspect.protocol.reader import FrameReader

_LIMITS = (0, 1, 30, 200)


def fuzz_reader(data: bytes) -> None:
    """Input: masked, deflate and limit in a byte, the cutting in another, then the stream."""
    settings, plan, stream = (data[:1] or b"\0")[0], (data[1:2] or b"\0")[0], data[2:]
    masked, deflate = bool(settings & 1), bool(settings & 2)
    limit = _LIMITS[settings >> 2 & 3]
    whole = Reading(masked=masked, deflate=deflate, preview=True).feed(stream)
    pieces = Reading(masked=masked, deflate=deflate, preview=True)
    kept = Reading(masked=masked, deflate=deflate, keep=True, whole_frame_limit=limit)
    for piece in cut(stream, plan):
        pieces.feed(piece)
        kept.feed(piece)
        # A header is kept until it is whole, whatever the limit.
        assert len(kept.reader.tail()) <= max(limit, 14)
    assert pieces.result == whole.result
    raw = b"".join(one.raw for one in kept.wholes)
    assert raw + kept.reader.tail() == stream
    assert kept.controls == whole.controls
    assert [record[1][:3] for record in kept.records] == [r[1][:3] for r in whole.records]
    if not deflate:  # corrupt or bombs: which breach is told first depends on the pieces
        assert kept.records == whole.records
        assert kept.messages == whole.messages
    try:
        seen = naive.read(stream, masked=masked, deflate=deflate)
    except zlib.error:
        return
    if not deflate:
        assert whole.records == seen.records
        plain = FrameReader(masked=masked, joiner=MessageJoiner())
        records, pos = [], 0
        for _, (_, _, frame_len, _) in seen.records:
            records += plain.walk(stream[pos : pos + frame_len])
            pos += frame_len
        assert records == seen.records
        assert plain.joiner.messages == len(seen.messages)
        assert [(m.opcode, m.payload) for m in whole.messages] == seen.messages
    assert [record[:1] for record in whole.records] == [record[:1] for record in seen.records]


def seed_reader() -> list[bytes]:
    """The small vectors, one by one and all together."""
    small = [
        bytes([vector[2] | limit << 2, plan]) + b"".join(raw for raw, _ in vector[3])
        for vector in VECTORS
        for limit, plan in ((0, 0), (3, 0xFF))
    ]
    deflated = bytes.fromhex("c107f248cdc9c90700c105f200110000")
    return [data for data in small if len(data) < 500] + [b"\x02\x00" + deflated]
