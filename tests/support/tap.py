"""An independent witness: a TCP forwarder that records what passes and how it ends.

It shares no code with wsinspect. It copies bytes as they come, a FIN as a FIN and an RST as an
RST, and afterwards reads the frames out of the recorded bytes with a parser of its own, as
naive as RFC 6455, 5.2 allows.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import re
import socket
import ssl
import struct
from typing import Literal, NamedTuple, Self

Direction = Literal["to_server", "to_client"]
DIRECTIONS: tuple[Direction, Direction] = ("to_server", "to_client")
UPGRADE = re.compile(rb"^Upgrade:", re.IGNORECASE | re.MULTILINE)
OPCODES = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}


class TapFrame(NamedTuple):
    """A complete frame as it was on the wire; `payload` is unmasked."""

    fin: bool
    rsv: int
    opcode: str
    mask: int | None
    payload_len: int
    frame_len: int
    payload: bytes


def parse_frames(data: bytes) -> tuple[list[TapFrame], int]:
    """Read frames one after the other; return them and how many bytes are left over."""
    frames = []
    at = 0
    while len(data) - at >= 2:
        first, second = data[at], data[at + 1]
        start, length = at + 2, second & 0x7F
        if length == 126:
            if len(data) < start + 2:
                break
            length = int.from_bytes(data[start : start + 2])
            start += 2
        elif length == 127:
            if len(data) < start + 8:
                break
            length = int.from_bytes(data[start : start + 8])
            start += 8
        key = None
        if second & 0x80:
            key = data[start : start + 4]
            start += 4
        end = start + length
        if len(data) < end:
            break
        payload = data[start:end]
        if key is not None:
            payload = unmask(payload, key)
        opcode = first & 0x0F
        frames.append(
            TapFrame(
                fin=first >= 0x80,
                rsv=first >> 4 & 7,
                opcode=OPCODES.get(opcode, f"unknown-{opcode}"),
                mask=None if key is None else int.from_bytes(key),
                payload_len=length,
                frame_len=end - at,
                payload=payload,
            )
        )
        at = end
    return frames, len(data) - at


def unmask(payload: bytes, key: bytes) -> bytes:
    """XOR with the repeated key; as one big integer, since payloads of 16 MiB pass here."""
    size = len(payload)
    repeated = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(repeated)).to_bytes(size)


@dataclasses.dataclass(slots=True)
class Passage:
    """One TCP connection that passed the tap."""

    raw: dict[Direction, bytearray] = dataclasses.field(
        default_factory=lambda: {"to_server": bytearray(), "to_client": bytearray()}
    )
    ends: list[tuple[Direction, Literal["fin", "rst"]]] = dataclasses.field(default_factory=list)
    """How each direction ended, in the order it was seen; the sender of the end is upstream."""
    order: list[tuple[Direction, int]] = dataclasses.field(default_factory=list)
    """What arrived when: a direction and how many of its bytes there were then."""
    finished: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    def _parts(self, direction: Direction) -> tuple[bytes, bytes]:
        """The head of the opening handshake, whatever requests came before it, and the rest."""
        data = bytes(self.raw[direction])
        if direction == "to_server":
            asks = UPGRADE.search(data)
            start = data.rfind(b"GET ", 0, asks.start()) if asks else 0
        else:
            start = max(data.find(b"HTTP/1.1 101 "), 0)
        head, _, rest = data[start:].partition(b"\r\n\r\n")
        return head, rest

    @property
    def target(self) -> str:
        """The request target, e.g. ``/chat?x=1``."""
        words = self._parts("to_server")[0].split(b" ", 2)
        return words[1].decode() if len(words) == 3 else ""

    @property
    def status(self) -> int:
        return int(self._parts("to_client")[0].split(b" ", 2)[1])

    def wire(self, direction: Direction) -> bytes:
        """All bytes after the opening handshake."""
        return self._parts(direction)[1]

    def frames(self, direction: Direction) -> list[TapFrame]:
        return parse_frames(self.wire(direction))[0]

    def left_over(self, direction: Direction) -> int:
        """How many bytes of a frame that was never completed there are."""
        return parse_frames(self.wire(direction))[1]

    def first_close(self) -> tuple[Direction, TapFrame] | None:
        """The Close frame that was complete first, and where it went."""
        ends_at: dict[Direction, tuple[int, TapFrame]] = {}
        for direction in DIRECTIONS:
            at = len(self.raw[direction]) - len(self.wire(direction))
            for frame in self.frames(direction):
                at += frame.frame_len
                if frame.opcode == "close":
                    ends_at[direction] = (at, frame)
                    break
        for direction, total in self.order:
            if direction in ends_at and total >= ends_at[direction][0]:
                return direction, ends_at[direction][1]
        return None


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with an RST: SO_LINGER with a time of 0."""
    raw = writer.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Tap:
    """Listens on a free loopback port and forwards to `target`."""

    def __init__(
        self,
        target: int,
        *,
        server_ssl: ssl.SSLContext | None = None,
        client_ssl: ssl.SSLContext | None = None,
    ) -> None:
        self.target = target
        self.server_ssl = server_ssl
        self.client_ssl = client_ssl
        self.passages: list[Passage] = []
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self.server_ssl)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def passage(self, target: str, timeout_s: float = 20.0) -> Passage:
        """The finished passage whose request target is `target`."""
        async with asyncio.timeout(timeout_s):
            while True:
                for passage in self.passages:
                    if passage.target == target:
                        await passage.finished.wait()
                        return passage
                await asyncio.sleep(0.02)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        passage = Passage()
        self.passages.append(passage)
        onward: asyncio.StreamWriter | None = None
        try:
            back, onward = await asyncio.open_connection(
                "127.0.0.1", self.target, ssl=self.client_ssl
            )
            await asyncio.gather(
                self._copy(passage, "to_server", reader, onward),
                self._copy(passage, "to_client", back, writer),
            )
        except ConnectionRefusedError:
            pass
        finally:
            self._tasks.discard(task)
            for end in (writer, onward):
                if end is not None:
                    end.close()
                    with contextlib.suppress(OSError, asyncio.CancelledError):
                        await end.wait_closed()
            passage.finished.set()

    @staticmethod
    async def _copy(
        passage: Passage,
        direction: Direction,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        total = passage.raw[direction]
        while True:
            try:
                data = await reader.read(65536)
            except OSError:
                passage.ends.append((direction, "rst"))
                reset(writer)
                return
            if not data:
                passage.ends.append((direction, "fin"))
                try:
                    if writer.can_write_eof():
                        writer.write_eof()
                    else:
                        writer.close()
                except OSError:
                    pass  # the other side is gone; its own reader has the story
                return
            total += data
            passage.order.append((direction, len(total)))
            try:
                writer.write(data)
                await writer.drain()
            except OSError:
                pass  # what follows is still recorded: it was sent
