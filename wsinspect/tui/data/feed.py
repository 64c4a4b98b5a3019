"""Reads the dashboard socket into the store, and comes back when it is cut. No Textual.

Bounded: it keeps one unfinished line and no queue. A dashboard that falls behind lets the socket
fill, and the proxy, which never waits for it, leaves out and counts. The screen stays alive: the
feed gives the loop a turn after every chunk.
"""

import asyncio

from wsinspect.tui.data.bounds import UNREADABLE
from wsinspect.tui.data.contents import Contents, Place, StoreContents, locate
from wsinspect.tui.data.source import Link, Timeline
from wsinspect.tui.data.store import Store
from wsinspect.tui.data.walking import ProxyContents
from wsinspect.tui.data.wire import Hello, decode, encode_close, encode_payload, encode_watch

__all__ = ["Feed", "Link"]

CHUNK_LEN = 64 * 1024
LINE_LEN_MAX = 16 * 1024 * 1024
RETRY_S = (0.2, 0.5, 1.0, 2.0)


class Feed:
    """A `Source`: `run` until cancelled; `watch` chooses whose frames come."""

    timeline: Timeline | None = None  # time here is now
    content_note = ""

    def __init__(self, address: str, store: Store) -> None:
        self.address = address
        self.store = store
        self.link = Link.CONNECTING
        self.reason = ""
        self.changed_ns = store.clock()
        self._writer: asyncio.StreamWriter | None = None
        self._rest = bytearray()
        self._too_long = False

    def watch(self, flow_id: int | None) -> None:
        self.store.watch(flow_id)
        self._send_watch()

    def _send_watch(self) -> None:
        self._send(encode_watch(self.store.watched.flow_id))

    @property
    def can(self) -> frozenset[str]:
        """What this proxy may be asked for now."""
        hello = self.store.hello
        if hello is None or self._writer is None:
            return frozenset()
        return frozenset(hello.can)

    def close(self, flow_id: int, code: int, reason: str) -> None:
        """End a connection with a Close frame. Only where `can` has `close`."""
        self._send(encode_close(flow_id, code, reason))

    def payload(self, flow_id: int, direction: int, seq: int) -> None:
        """Ask for all of a message: it comes into `store.payloads`. Only where `can` has it."""
        self._send(encode_payload(flow_id, direction, seq))

    def contents(self) -> Contents:
        if self.link is Link.LIVE:
            return ProxyContents(self.address, self.store)
        return StoreContents(self.store)

    def locate(self, place: Place) -> int | None:
        return locate(self.store, place)

    def _send(self, line: bytes) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(line)

    def _set(self, link: Link, reason: str = "") -> None:
        if link is not self.link:
            self.changed_ns = self.store.clock()
        self.link = link
        self.reason = reason
        self.store.frozen_ns = self.changed_ns if link is Link.LOST else None
        self.store.version += 1

    async def run(self) -> None:
        attempt = 0
        while True:
            try:
                heard = await self._attend()
                reason = "the proxy closed the socket"
            except OSError as error:
                heard = False
                reason = error.strerror or str(error)
            attempt = 0 if heard else attempt + 1
            lost = self.store.hello is not None
            self._set(Link.LOST if lost else Link.CONNECTING, reason)
            await asyncio.sleep(RETRY_S[min(attempt, len(RETRY_S) - 1)])

    async def _attend(self) -> bool:
        """One life of the socket; True if anything came. Raises OSError."""
        reader, writer = await asyncio.open_unix_connection(self.address)
        self._writer = writer
        self._rest.clear()
        self._too_long = False
        heard = False
        try:
            while chunk := await reader.read(CHUNK_LEN):
                heard = True
                self.take(chunk)
                await asyncio.sleep(0)
        finally:
            self._writer = None
            writer.close()
        return heard

    def take(self, chunk: bytes) -> None:
        """Apply the lines that `chunk` completes."""
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            if self._too_long:
                self._too_long = False
                continue
            if self._rest:
                line = bytes(self._rest) + line
                self._rest.clear()
            if line:
                self._take_line(line)
        if self._too_long:
            return
        self._rest += rest
        if len(self._rest) > LINE_LEN_MAX:
            self._rest.clear()
            self._too_long = True
            self._unreadable()

    def _take_line(self, line: bytes) -> None:
        try:
            decoded = decode(line)
        except UNREADABLE:
            self._unreadable()
            return
        if decoded is None:
            return
        self.store.apply(decoded)
        if isinstance(decoded, Hello):
            self._set(Link.LIVE)
            if self.store.watched.flow_id is not None:
                self._send_watch()

    def _unreadable(self) -> None:
        self.store.unreadable += 1
        self.store.version += 1
