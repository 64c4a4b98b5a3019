"""One socket of an upgraded connection, under our hand: the express lane.

Owns: the asyncio protocol of that socket from the upgrade on. It sits between the transport and
mitmproxy's stream reader, and does four things: it learns how the socket ends (RST or FIN, which
mitmproxy folds into one), it stops reading when somebody must not be overrun, it can end the
socket with a RST, and – once mitmproxy's reader is idle – it leads data straight to the relay and
on to the other socket, past all layers. Must not know: frames, policies.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Callable
from typing import cast

from wsinspect.proxy import private

__all__ = ["Leg"]

_SIOCOUTQ_POLL_S = 0.01
_RESET_WAIT_S = 1.0  # how long bytes on their way may take before a RST discards them


class Leg(asyncio.Protocol):
    """Takes over ``writer``'s transport at once.

    ``lane`` is asked for with each chunk while the layers still carry it: it returns the function
    that takes data straight, or None while the way is not free. ``ended``: a FIN has come;
    ``reset``: an error came instead of one, ``timed_out`` where it was the system giving up;
    ``gone``: an error, also one after a FIN; ``ended_ns``: when the first of these was.
    ``lost``: the transport is closed, ``on_lost`` has been called.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        on_lost: Callable[[], None],
    ) -> None:
        self.transport = cast(asyncio.Transport, writer.transport)
        self.write = self.transport.write
        self.reset = False
        self.ended = False
        self.lost = False
        self.timed_out = False
        self.gone = False  # by an error: a RST, also one after its FIN
        self.ended_ns: int | None = None
        self.peer: Leg | None = None
        self._reader = reader
        self._below = cast(asyncio.Protocol, self.transport.get_protocol())
        self.lane: Callable[[], Callable[[bytes], None] | None] | None = None
        self._on_lost = on_lost
        self._holds: set[str] = set()
        self._stash: list[bytes] = []
        self._stashed_eof = False
        self.transport.set_protocol(self)

    # --- reading ---

    def data_received(self, data: bytes) -> None:
        if self._holds:
            # mitmproxy's reader may have resumed the transport by itself.
            self._stash.append(data)
            self.transport.pause_reading()
            return
        if self.lane is not None and private.reader_is_idle(self._reader):
            straight = self.lane()
            if straight is not None:
                self._enter_lane(straight)
                straight(data)
                return
        self._below.data_received(data)

    def _enter_lane(self, straight: Callable[[bytes], None]) -> None:
        # Nothing in between: in the lane only we pause and resume this transport, so nothing
        # arrives while it is held.
        self.data_received = straight  # type: ignore[method-assign,assignment]
        # uvloop keeps a reference to the bound method from set_protocol.
        self.transport.set_protocol(self)

    def leave_lane(self) -> None:
        """Back to mitmproxy's layers, for good."""
        self.lane = None
        self.__dict__.pop("data_received", None)
        if not self.transport.is_closing():
            self.transport.set_protocol(self)

    def hold(self, why: str) -> None:
        """Read nothing more until every ``why`` is released."""
        if not self._holds and not self.transport.is_closing():
            self.transport.pause_reading()
        self._holds.add(why)

    def release(self, why: str) -> None:
        self._holds.discard(why)
        while self._stash and not self._holds:
            self.data_received(self._stash.pop(0))
        if self._holds:
            return
        if self._stashed_eof:
            self._stashed_eof = False
            self._below.eof_received()
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def eof_received(self) -> bool:
        self.ended = True
        self.ended_ns = time.time_ns()
        if self._stash:
            self._stashed_eof = True
        else:
            self._below.eof_received()
        return True  # the transport stays open for what we still have to write

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if exc is not None:
            self.gone = True
            if not self.ended:
                self.reset = True
                self.timed_out = isinstance(exc, TimeoutError)
        if self.ended_ns is None:
            self.ended_ns = time.time_ns()
        try:
            self._holds.clear()
            stash, self._stash = self._stash, []
            for data in stash:
                self.data_received(data)
            # Not `exc`: it would make the reader forget what it has buffered.
            self._below.connection_lost(None)
            if self.peer is not None:
                self.peer.release("peer")
        finally:
            self._on_lost()

    # --- writing ---

    def pause_writing(self) -> None:
        self._below.pause_writing()
        if self.peer is not None:
            self.peer.hold("peer")

    def resume_writing(self) -> None:
        self._below.resume_writing()
        if self.peer is not None:
            self.peer.release("peer")

    # --- ending ---

    async def abort(self) -> None:
        """End with a RST, after what was written has left (for a second at most)."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _RESET_WAIT_S
        while not self.lost and loop.time() < deadline and self._unsent_len():  # noqa: ASYNC110
            await asyncio.sleep(_SIOCOUTQ_POLL_S)
        sock = self.transport.get_extra_info("socket")
        if sock is not None and not self.lost:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()

    def _unsent_len(self) -> int:
        """Bytes that the other side has not acknowledged, as far as the system tells."""
        unsent = self.transport.get_write_buffer_size()
        sock = self.transport.get_extra_info("socket")
        if unsent or sock is None:
            return unsent
        try:
            import fcntl
            import termios

            out = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        except (ImportError, OSError):
            return 0
        return cast(int, struct.unpack("i", out)[0])
