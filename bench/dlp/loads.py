"""Messages to measure with: an ordinary one, and the worst that somebody might send.

Owns: the payloads. Must not know: who looks at them.
"""

from __future__ import annotations

import base64
import gzip
import json
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.dlp import benign

__all__ = ["WORST", "Load", "chat_json", "ordinary", "quiet_text"]

SOUP: Final = """
akia ghp_ xoxb- sk_live_ AIza token key secret password api access credential bearer eyJ private
begin auth card iban ssn http postgres:// client adafruit heroku stripe
"""
KIB: Final = 1024
MIB: Final = 1024 * KIB


def chat_json(size: int, source: random.Random) -> bytes:
    """A chat's JSON text of exactly ``size`` bytes, with quotes and line ends."""
    words: list[str] = []
    length = 0
    shell = '{"type":"message","room":"r17","data":{"id":%d,"user":"ann","body":""}}'
    room = size - len(shell % 10**9) - 2
    while length < room - 12:
        word = source.choice(benign.WORDS)
        if source.random() < 0.01:
            word = '\\"ok\\"'
        elif source.random() < 0.01:
            word = "so\\n"
        words.append(word)
        length += len(word) + 1
    body = " ".join(words)[:room].rstrip("\\")
    text = shell[:-3].replace("%d", str(10**9)) + body
    return (text + "." * (size - len(text) - 3) + '"}}').encode()


def ordinary(size: int, count: int, seed: int) -> list[bytes]:
    """Different ones of that size."""
    source = random.Random(seed)
    return [chat_json(size, source) for _ in range(count)]


def quiet_text(size: int, source: random.Random) -> bytes:
    """Benign text of that size: what a worst one is compared with."""
    return chat_json(size, source)


def _keyword_soup(size: int, source: random.Random) -> bytes:
    """Words that rule packs wait for, and never what should follow."""
    words = SOUP.split()
    parts: list[str] = []
    length = 0
    while length < size:
        word = source.choice(words) + source.choice((" = ", ": ", "=", " "))
        parts.append(word)
        length += len(word)
    return "".join(parts).encode()[:size]


def _nested(depth: int) -> bytes:
    return b'{"a":' * depth + b'"x"' + b"}" * depth


def _nested_lists(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def _json_in_json(depth: int) -> bytes:
    value = "x"
    for _ in range(depth):
        value = json.dumps({"a": value})
    return value.encode()


def _gzip_bomb(inner: int) -> bytes:
    squeezer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [squeezer.compress(bytes(MIB)) for _ in range(inner // MIB)]
    return b"".join([*parts, squeezer.flush()])


def _gzip_in_gzip(inner: int) -> bytes:
    data = _gzip_bomb(inner)
    for _ in range(4):
        data = gzip.compress(data, mtime=0)
    return base64.b64encode(data)


def _hits(count: int, source: random.Random) -> bytes:
    """So many keys that a pack finds, one beside the other."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return " ".join("AKIA" + "".join(source.choices(alphabet, k=16)) for _ in range(count)).encode()


def _cards(count: int) -> bytes:
    return b"4111111111111111 " * count


def _base64(size: int, source: random.Random) -> bytes:
    return base64.b64encode(source.randbytes(size * 3 // 4))


def _base64_onion(size: int) -> bytes:
    data = b"x" * (size // 8)
    while len(data) < size:
        data = base64.b64encode(data)
    return data


def _escapes(size: int, source: random.Random) -> bytes:
    sign = source.choice
    return "".join(sign(("%41", "&#65;", "\\u0041", "=41", "+")) for _ in range(size // 5)).encode()


def _digits(size: int, source: random.Random) -> bytes:
    return "".join(source.choices("0123456789 -", k=size)).encode()


def _letters(size: int) -> bytes:
    return b"a" * size


def _leaves(count: int) -> bytes:
    """Very many small strings, each with an escape, so that each is to be decoded."""
    return ("[" + ",".join(['"a\\n"'] * count) + "]").encode()


def _lookalikes(size: int) -> bytes:
    return ("а\u200b" * (size // 5)).encode()


def _utf16(size: int) -> bytes:
    return ("key = " * (size // 12)).encode("utf-16-le")


@dataclass(frozen=True, slots=True)
class Load:
    """One worst message."""

    make: Callable[[random.Random], bytes]
    opcode: str = "text"


WORST: Final[dict[str, Load]] = {
    "keyword soup, 60 KB": Load(lambda source: _keyword_soup(60_000, source)),
    "JSON 10,000 deep": Load(lambda _: _nested(10_000)),
    "lists 100,000 deep": Load(lambda _: _nested_lists(100_000)),
    "JSON in JSON, 12 deep": Load(lambda _: _json_in_json(12)),
    "gzip bomb, 256 MiB": Load(lambda _: _gzip_bomb(256 * MIB), "binary"),
    "gzip in gzip in base64": Load(lambda _: _gzip_in_gzip(64 * MIB)),
    "10,000 keys": Load(lambda source: _hits(10_000, source)),
    "10,000 card numbers": Load(lambda _: _cards(10_000)),
    "base64, 1 MiB": Load(lambda source: _base64(MIB, source)),
    "base64 of base64, 256 KiB": Load(lambda _: _base64_onion(256 * KIB)),
    "escapes of all kinds, 256 KiB": Load(lambda source: _escapes(256 * KIB, source)),
    "digits, 256 KiB": Load(lambda source: _digits(256 * KIB, source)),
    "one letter, 1 MiB": Load(lambda _: _letters(MIB)),
    "50,000 escaped strings": Load(lambda _: _leaves(50_000)),
    "lookalikes, 256 KiB": Load(lambda _: _lookalikes(256 * KIB)),
    "UTF-16, 256 KiB": Load(lambda _: _utf16(256 * KIB), "binary"),
}
