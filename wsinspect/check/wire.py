"""A WebSocket client after its handshake, as plain as can be: frames out, frames in, the end.

Owns: sending masked frames, telling what came, answering pings, and how it ended. Must not know:
what is being checked. It uses this package's own reader, so violations are seen, not raised.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from dataclasses import dataclass, field
from typing import Literal

from wsinspect.protocol.frames import close_payload, encode_frame, parse_close
from wsinspect.protocol.messages import MessageJoiner
from wsinspect.protocol.opcodes import CLOSE, PING, PONG
from wsinspect.protocol.reader import FrameReader

__all__ = ["End", "Wire"]

_READ = 65536
_CLOSE_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class End:
    """How it ended: ``close`` (a Close frame), ``fin`` or ``rst``."""

    how: Literal["close", "fin", "rst"]
    code: int | None = None
    reason: str = field(default="", repr=False)


class Wire:
    """``frames`` counts those that came; ``last_at`` is when the last bytes did (monotonic)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.end: End | None = None
        self.frames = 0
        self.pings = 0  # that the server sent
        self.violations: list[str] = []  # each kind once
        self.last_at = time.monotonic()
        self._pongs: dict[bytes, float | None] = {}  # the payload waited for: when it came
        self._frames = FrameReader(
            masked=False, joiner=MessageJoiner(None, deflate_unreadable=True)
        )

    @property
    def bytes_in(self) -> int:
        return self._frames.wire_bytes

    def send(self, opcode: int, payload: bytes = b"") -> None:
        if not self.writer.is_closing():
            self.writer.write(encode_frame(opcode, payload, mask=os.urandom(4)))

    async def step(self) -> None:
        """Wait for some bytes, or the end."""
        if self.end is not None:
            return
        try:
            data = await self.reader.read(_READ)
        except OSError:
            self.end = End("rst")
            return
        if not data:
            self.end = End("fin")
            return
        self.last_at = time.monotonic()
        for _, shape in self._frames.walk(data):
            self.frames += 1
            if shape[3] is not None and shape[3] not in self.violations:
                self.violations.append(shape[3])
        for control in self._frames.controls:
            self._control(control.opcode, control.payload)
        self._frames.controls.clear()

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PONG:
            if payload in self._pongs and self._pongs[payload] is None:
                self._pongs[payload] = self.last_at
        elif opcode == PING:
            self.pings += 1
            self.send(PONG, payload)
        elif opcode == CLOSE and self.end is None:
            said = parse_close(payload)
            self.end = End("close", said.code, said.reason)
            self.send(CLOSE, payload[:2])

    async def pong(self, payload: bytes, limit_s: float) -> float | None:
        """Send a ping, and wait for its pong. Seconds, or None: it did not come, or an end did."""
        self._pongs = {payload: None}
        begun = time.monotonic()
        self.send(PING, payload)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                while self._pongs[payload] is None and self.end is None:
                    await self.step()
        came = self._pongs[payload]
        return None if came is None else came - begun

    async def close(self, code: int = 1000) -> None:
        """Say goodbye, and wait a moment for the answer."""
        if self.end is None:
            self.send(CLOSE, close_payload(code))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_WAIT_S):
                    while self.end is None:
                        await self.step()
        self.writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_CLOSE_WAIT_S):
                await self.writer.wait_closed()
