"""The reader's sums and numbers are those of its records, in whatever chunks the bytes come."""

from __future__ import annotations

import random
import zlib

import pytest

from tests.support.raw import BINARY, CONT, KEY, PING, TEXT, frame
from wsinspect.protocol.deflate import Inflater
from wsinspect.protocol.messages import MessageJoiner
from wsinspect.protocol.reader import FrameReader


def traffic(rng: random.Random) -> tuple[bytes, list[tuple[int, int, int]], int]:
    """Bytes; first frame, last frame and length of each message; frames with a violation."""
    frames: list[bytes] = []
    messages: list[tuple[int, int, int]] = []
    wrong = 0
    for _ in range(40):
        kind = rng.randrange(7)
        text = bytes(rng.choices(b"abc ", k=rng.choice([0, 5, 300, 70_000])))
        first = len(frames)
        if kind == 0:
            frames.append(frame(PING, b"x", mask=KEY))
        elif kind == 1:
            frames.append(frame(TEXT, b"\xff" + text, mask=KEY))
            messages.append((first, first, len(text) + 1))
            wrong += 1
        elif kind == 2:
            frames.append(frame(CONT, text, mask=KEY))  # of no message
            wrong += 1
        elif kind == 3:
            frames += [
                frame(BINARY, text, fin=False, mask=KEY),
                frame(PING, b"", mask=KEY),
                frame(CONT, text, mask=KEY),
            ]
            messages.append((first, first + 2, 2 * len(text)))
        elif kind == 4:
            squeezer = zlib.compressobj(wbits=-15)
            squeezed = (squeezer.compress(text) + squeezer.flush(zlib.Z_SYNC_FLUSH))[:-4]
            frames.append(frame(TEXT, squeezed, rsv=4, mask=KEY))
            messages.append((first, first, len(text)))
        else:
            frames.append(frame(TEXT, text, mask=KEY))
            messages.append((first, first, len(text)))
    return b"".join(frames), messages, wrong


@pytest.mark.parametrize("tell", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_sums_and_numbers(seed: int, tell: bool) -> None:
    rng = random.Random(seed)
    data, messages, wrong = traffic(rng)
    reader = FrameReader(masked=True, joiner=MessageJoiner(Inflater(15, False, 1 << 24)))
    reader.tell_messages = tell
    violations, at = 0, 0
    while at < len(data):
        size = rng.choice([1, 50, 5000, 200_000])
        violations += sum(shape[3] is not None for _, shape in reader.walk(data[at : at + size]))
        at += size
    assert reader.joiner.messages == len(messages)
    assert reader.message_bytes == sum(length for _, _, length in messages)
    assert reader.violations == violations == wrong
    if tell:
        facts = reader.finished
        assert [(f.first_seq, f.last_seq, f.payload_len) for f in facts] == messages
