"""The client's side of the opening handshake, to the byte: what was sent, what came back.

Owns: writing the request and reading the answer's head as it is (RFC 6455 section 4). Must not
know: verdicts (``protocol/handshake.py`` examines), how the connection was made.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from wsinspect.check.model import printable
from wsinspect.protocol.handshake import Handshake, Request, Response, examine

__all__ = ["Answer", "BadAnswer", "Opening", "header_lines"]

type HeaderLines = Sequence[tuple[bytes, bytes]]

BODY_LIMIT = 4096  # bytes of a refusal's body that are looked at
_BODY_WAIT_S = 0.5
_INTERIM_LIMIT = 10


class BadAnswer(Exception):
    """What came is no HTTP/1 response. ``came`` counts its bytes."""

    def __init__(self, say: str, came: int = 0) -> None:
        super().__init__(say)
        self.came = came


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    body: bytes = field(default=b"", repr=False)  # its beginning, of a refusal

    def value(self, name: str) -> str | None:
        """Of the first header of that name; what a terminal would obey is written out."""
        wanted = name.lower().encode()
        for key, value in self.headers:
            if key.lower() == wanted:
                return printable(value.decode("utf-8", "backslashreplace"))
        return None


@dataclass(frozen=True, slots=True)
class Opening:
    """One request. ``target`` is the request target, absolute where a proxy is asked for it."""

    target: str = field(repr=False)
    host: str
    extra: HeaderLines = field(default=(), repr=False)
    subprotocols: str = field(default="", repr=False)
    extensions: str = "permessage-deflate; client_max_window_bits"
    key: str = field(default_factory=lambda: base64.b64encode(os.urandom(16)).decode(), repr=False)

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Those of ``extra`` take the place of ours of the same name."""
        lines = [
            (b"Host", self.host.encode()),
            (b"Upgrade", b"websocket"),
            (b"Connection", b"Upgrade"),
            (b"Sec-WebSocket-Key", self.key.encode()),
            (b"Sec-WebSocket-Version", b"13"),
        ]
        if self.extensions:
            lines.append((b"Sec-WebSocket-Extensions", self.extensions.encode()))
        if self.subprotocols:
            lines.append((b"Sec-WebSocket-Protocol", self.subprotocols.encode()))
        replaced = {name.lower() for name, _ in self.extra}
        return [line for line in lines if line[0].lower() not in replaced] + list(self.extra)

    @property
    def request(self) -> bytes:
        lines = b"".join(b"%b: %b\r\n" % line for line in self.headers)
        return b"GET %b HTTP/1.1\r\n%b\r\n" % (self.target.encode(), lines)

    def examine(self, answer: Answer | None) -> Handshake:
        request = Request("GET", self.target, "HTTP/1.1", self.headers)
        response = None if answer is None else Response(answer.status, answer.headers)
        return examine(request, response)

    async def shake(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Answer:
        """Send the request, read the answer's head, and of a refusal the begin of its body.

        Raises:
            BadAnswer: it is not HTTP, or there is none.
            OSError: the connection broke.
        """
        writer.write(self.request)
        await writer.drain()
        for _ in range(_INTERIM_LIMIT):
            status, headers = await _next_head(reader)
            if status == 101 or not 100 <= status < 200:  # others say that the answer is to come
                break
        answer = Answer(status, headers)
        length = answer.value("Content-Length") or ""
        if status == 101 or not (length.isascii() and length.isdigit()):
            return answer
        return Answer(status, headers, await _some(reader, min(BODY_LIMIT, int(length[:9]))))


def header_lines(head: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """Name and value of each header line of an HTTP head, as they are but for the space between."""
    found = []
    for line in head.split(b"\r\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            found.append((name, value.strip(b" \t")))
    return tuple(found)


async def _next_head(
    reader: asyncio.StreamReader,
) -> tuple[int, tuple[tuple[bytes, bytes], ...]]:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        came = len(error.partial)
        what = "closed the connection without an answer" if not came else "broke off its answer"
        raise BadAnswer(f"the other side {what}", came) from None
    except asyncio.LimitOverrunError:
        raise BadAnswer("the answer's head is too long", 1) from None
    return _read_head(head)


def _read_head(head: bytes) -> tuple[int, tuple[tuple[bytes, bytes], ...]]:
    version, _, rest = head.partition(b" ")
    status = rest[:3]
    if not version.startswith(b"HTTP/1.") or not status.isdigit() or len(status) != 3:
        raise BadAnswer("the answer is not HTTP/1", len(head))
    return int(status), header_lines(head)


async def _some(reader: asyncio.StreamReader, length: int) -> bytes:
    body = b""
    try:
        async with asyncio.timeout(_BODY_WAIT_S):
            while len(body) < length and (data := await reader.read(length - len(body))):
                body += data
    except (TimeoutError, OSError):
        pass
    return body
