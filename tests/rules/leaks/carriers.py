"""Messages that carry a secret, as the applications that leak it would send them.

Owns: contents (a secret within something) and frames (a content on the wire). Shares no code with
wsinspect.
"""

from __future__ import annotations

import base64
import gzip
import json
import random
import struct
import urllib.parse
import zlib
from collections.abc import Callable, Iterator

from tests.rules.leaks.planted import Secret
from tests.support.raw import BINARY, CONT, PING, PONG, TEXT, frame

CANARY = "please note"  # it may be shown: so the places where secrets could be are looked at
Content = tuple[int, bytes]


def contents(secret: Secret) -> Iterator[Content]:
    """All the ways."""
    if secret.kind == "password":
        yield from _passwords(secret.text)
        return
    said = f"{CANARY} {secret.text} thanks"
    raw = said.encode()
    encoded = base64.b64encode(raw).decode()
    texts = [
        said,
        json.dumps({"id": 7, CANARY: "", "text": said}),
        json.dumps({"a": {secret.text: {"b": secret.text}}}),
        json.dumps({secret.text: 1}),
        '{"text":"' + "".join(f"\\u{ord(char):04x}" for char in said) + '"}',
        json.dumps({"event": json.dumps({"text": said})}),
        json.dumps({"event": json.dumps({"text": json.dumps({"text": said})})}),
        json.dumps({"data": encoded}),
        json.dumps({"data": encoded, "more": encoded, "last": [encoded]}),
        f"{encoded} and {encoded}",
        json.dumps({"data": base64.urlsafe_b64encode(raw).decode().rstrip("=")}),
        json.dumps({"data": base64.b64encode(encoded.encode()).decode()}),
        json.dumps({"data": raw.hex()}),
        f"a=1&b={urllib.parse.quote(said, safe='')}&c={urllib.parse.quote(said, safe='')}",
        "".join(f"%{byte:02X}" for byte in raw),
        "".join(f"&#{ord(char)};" for char in said),
        f'42["msg",{json.dumps({"text": said})}]',
        json.dumps({"data": base64.b64encode(gzip.compress(raw * 3)).decode()}),
        f"{said}\n{said}",
        "\ufeff" + said,
    ]
    yield from ((TEXT, text.encode()) for text in texts)
    yield from (
        (BINARY, data)
        for data in (
            raw,
            said.encode("utf-16-le"),
            said.encode("utf-16"),
            gzip.compress(raw * 3),
            zlib.compress(raw * 3),
            b"\x82\xa2id\x07\xa4text" + _msgpack_text(raw),
            b"\x08\x07\x12" + _varint(len(raw)) + raw,
        )
    )


def _passwords(password: str) -> Iterator[Content]:
    body = {"user": CANARY, "password": password}
    plain = json.dumps(body)
    escaped = "".join(f"\\u{ord(char):04x}" for char in password)
    texts = [
        plain,
        json.dumps(body, ensure_ascii=False),
        '{"user":"' + CANARY + '","password":"' + escaped + '"}',
        json.dumps({"list": [1, {"login": body}]}),
        json.dumps({"event": plain}),
        f'42["auth",{plain}]',
        json.dumps([body, body]),
    ]
    yield from ((TEXT, text.encode()) for text in texts)


def _msgpack_text(raw: bytes) -> bytes:
    return b"\xd9" + bytes([len(raw)]) + raw


def _varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 0x7F | 0x80, value >> 7])


# --- on the wire ---


def compressed(data: bytes) -> bytes:
    """For permessage-deflate without context takeover (RFC 7692 §7.2.1)."""
    squeezer = zlib.compressobj(wbits=-15)
    return (squeezer.compress(data) + squeezer.flush(zlib.Z_SYNC_FLUSH))[:-4]


class Framer:
    """One direction: the same content goes whole, in fragments, compressed, both."""

    def __init__(self, rng: random.Random, mask: bytes | None) -> None:
        self.rng = rng
        self.mask = mask

    def message(self, content: Content) -> bytes:
        opcode, data = content
        rsv = 0
        if self.rng.random() < 0.3:
            data, rsv = compressed(data), 4
        if self.rng.random() < 0.6 or len(data) < 4:
            return frame(opcode, data, rsv=rsv, mask=self.mask)
        cuts = sorted(self.rng.sample(range(1, len(data)), min(3, len(data) - 1)))
        parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        out = b""
        for place, part in enumerate(parts):
            out += frame(
                CONT if place else opcode,
                part,
                fin=place == len(parts) - 1,
                rsv=0 if place else rsv,
                mask=self.mask,
            )
            if self.rng.random() < 0.1:
                out += frame(PING, b"between", mask=self.mask)
        return out

    def control(self, secret: Secret) -> bytes:
        said = f"{CANARY} {secret.text}"
        if secret.kind == "password":
            said = json.dumps({"password": secret.text})
        return frame(self.rng.choice((PING, PONG)), said.encode()[:125], mask=self.mask)

    def dribbled(self, secret: Secret) -> bytes:
        """Eight characters a message."""
        text = secret.text
        return b"".join(
            frame(TEXT, json.dumps({"delta": text[at : at + 8]}).encode(), mask=self.mask)
            for at in range(0, len(text), 8)
        )

    def huge(self, secret: Secret) -> bytes:
        """Beyond what is held whole, with the secret where a preview would begin, and later."""
        filler = ("-. +\n" * 150_000).encode()
        said = f"{CANARY} {secret.text} ".encode()
        data = said + filler[:700_000] + said + filler[:600_000] + said
        if self.rng.random() < 0.5:
            return frame(TEXT, data, mask=self.mask)
        return frame(TEXT, data[:65_000], fin=False, mask=self.mask) + frame(
            CONT, data[65_000:], mask=self.mask
        )

    def over_a_limit(self, secret: Secret) -> Iterator[bytes]:
        said = f"{CANARY} {secret.text} ".encode()
        yield frame(BINARY, gzip.compress(said + bytes(12 << 20) + said, 1), mask=self.mask)
        deep = b'{"a":' * 4_000 + json.dumps(said.decode()).encode() + b"}" * 4_000
        yield frame(TEXT, deep, mask=self.mask)
        yield frame(TEXT, said * 1100, mask=self.mask)
        nested = said
        for _ in range(9):
            nested = base64.b64encode(nested)
        yield frame(TEXT, said + nested, mask=self.mask)


def close_payload(secret: Secret) -> bytes:
    said = f"{CANARY} {secret.text}"
    if secret.kind == "password":
        said = json.dumps({"password": secret.text})
    return struct.pack("!H", 1000) + said.encode()[:120]


Pick = Callable[[str], Secret]
