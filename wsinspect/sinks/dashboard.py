"""The dashboards' socket: exact totals for all, frames and messages for what is watched, never a
wait.

Owns: a Unix socket (its directory 0700), its clients, their subscriptions and orders, and the
counts of what was left out. Must not know: how it is drawn. Newline-delimited JSON both ways; the
protocol is in ``docs/dashboard-socket.md``.

A dashboard that is slow or stopped costs the traffic nothing: what does not fit into its bounded
buffer is left out and counted; once it reads again it is greeted anew, and all is exact.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from wsinspect import __version__
from wsinspect.model import events
from wsinspect.model.connection import Connection
from wsinspect.protocol.close_codes import is_valid_on_wire
from wsinspect.protocol.messages import MessageFacts
from wsinspect.relay.direction import Direction
from wsinspect.sinks.hub import Batch, Hub
from wsinspect.sinks.rows import Told, encode, frame_rows, is_whole, message_rows, totals_line
from wsinspect.sinks.runtime import running_sockets, runtime_dir, somebody_listens
from wsinspect.sinks.watched import PayloadRing, Watched

__all__ = ["DashboardServer", "running_sockets", "runtime_dir", "somebody_listens"]

_TICK_S = 0.05
_ROWS_A_TICK = 400  # frames, and messages, for one dashboard; more are counted as skipped
_MESSAGES_WAITING = 2048  # until the tick
_CONTENT_A_TICK = 256 * 1024  # bytes of messages
_BUFFER_LIMIT = 4 * 1024 * 1024  # bytes that may wait for a slow dashboard
_LINE_LIMIT = 64 * 1024  # of what a dashboard may send
_GREETED_AT_ONCE = 25  # connections; about half a millisecond
_GREETING_BUFFER = 256 * 1024
_REASON_LIMIT = 123  # bytes (RFC 6455 §5.5.1)

type CloseOrder = Callable[[int, int, str], bool]


class _Client:
    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.watched: int | None = None
        self.behind = False  # it must be told everything anew once it can take it
        self.untold: dict[int, Connection] = {}  # live ones that it was not told of yet
        self.dirty: set[Connection] = set()
        self.rows: list[list[object]] = []
        self.skipped = 0
        self.messages: list[Told] = []
        self.messages_skipped = 0

    @property
    def full(self) -> bool:
        transport = self.writer.transport
        return transport.is_closing() or transport.get_write_buffer_size() > _BUFFER_LIMIT

    def send(self, line: bytes) -> bool:
        if self.full:
            return False
        self.writer.write(line)
        return True

    def send_rows(self) -> None:
        """The frames of this tick, then the messages that they make."""
        overflow = self.skipped > 0
        taken = {(row[1], row[2]) for row in self.rows} if overflow else set()
        if self.rows or self.skipped:
            message = self._batch("frames", self.rows, self.skipped)
            if not self.send(message):
                return
            self.rows = []
            self.skipped = 0
        if not self.messages and not self.messages_skipped:
            return
        told = self.messages
        if overflow:  # of frames that were left out there is no use in the message
            told = [each for each in told if (each.to_client, each.facts.last_seq) in taken]
        told = told[-_ROWS_A_TICK:]
        skipped = self.messages_skipped + len(self.messages) - len(told)
        if self.send(self._batch("messages", message_rows(told, _CONTENT_A_TICK), skipped)):
            self.messages = []
            self.messages_skipped = 0

    def _batch(self, kind: str, rows: list[list[object]], skipped: int) -> bytes:
        batch = {"type": kind, "flow_id": self.watched, "rows": rows, "skipped": skipped}
        return encode(batch) + b"\n"


class DashboardServer:
    """A ``hub.Viewer``: it makes itself the hub's viewer while somebody is attached.

    ``close`` ends a connection by its id with a code and a reason; False: it is not open.
    """

    def __init__(
        self, hub: Hub, hello: Callable[[], dict[str, Any]], close: CloseOrder | None = None
    ) -> None:
        self.hub = hub
        self.hello = hello
        self.close = close
        self._watched: dict[int, Watched] = {}
        self._payloads = PayloadRing()
        self._greetings: set[asyncio.Task[None]] = set()
        self.path: Path | None = None
        self._clients: set[_Client] = set()
        self._server: asyncio.Server | None = None
        self._ticker: asyncio.Task[None] | None = None

    async def start(self, path: str = "") -> None:
        """Listen at ``path`` or at the default place. Raises OSError."""
        self.path = Path(path) if path else runtime_dir() / f"{os.getpid()}.sock"
        if self.path.is_socket():
            if somebody_listens(self.path):
                raise OSError(errno.EADDRINUSE, f"another proxy has the socket {self.path}")
            self.path.unlink()
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(
                self._serve, str(self.path), limit=_LINE_LIMIT
            )
        finally:
            os.umask(mask)

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in (self._ticker, *self._greetings):
            if task is not None:
                task.cancel()
        for client in self._clients:
            client.writer.close()
        if self._server is not None and self.path is not None:  # else it is not ours
            with contextlib.suppress(OSError):
                self.path.unlink()

    # --- hub.Viewer ---

    def opened(self, line: bytes) -> None:
        self._to_all(line)

    def closed(self, connection: Connection, line: bytes) -> None:
        totals = totals_line([connection], self.hub.clock())
        for client in self._clients:
            client.dirty.discard(connection)
            if client.untold.pop(connection.flow_id, None) is not None:
                client.send(self.hub.recent_closed[-1][0])
        self._to_all(totals + line)

    def alert(self, line: bytes) -> None:
        self._to_all(line)

    def diagnosis(self, line: bytes) -> None:
        self._to_all(line)

    def stats(self, line: bytes) -> None:
        # It settles who is there: whoever is not told of all connections gets the next.
        self._to_all(line, [client for client in self._clients if not client.untold])

    def problem(self, say: str) -> None:
        self._to_all(_problem(say))

    def cut(self) -> None:
        for client in self._clients:
            client.writer.transport.abort()

    def frames(self, batches: list[Batch]) -> None:
        touched = {batch[0].relay.connection for batch in batches}
        for client in self._clients:
            client.dirty |= touched
            if client.watched is not None:
                for batch in batches:
                    if batch[0].relay.connection.flow_id == client.watched:
                        self._take(client, batch)

    def _take(self, client: _Client, batch: Batch) -> None:
        direction, now_ns, seq, records, _, previews = batch
        room = _ROWS_A_TICK - len(client.rows)
        if len(records) > room:
            skip = len(records) - room
            client.skipped += skip
            seq += skip
            records = records[skip:] if room else []
            previews = previews[skip:] if previews else []
        client.rows += frame_rows(direction, now_ns, seq, records, previews)
        if len(client.rows) >= _ROWS_A_TICK:
            watched = self._watched.get(direction.relay.connection.flow_id)
            if watched is not None:
                watched.rest()

    def message(
        self,
        direction: Direction,
        now_ns: int,
        facts: MessageFacts,
        action: events.Action,
        injected: bool,
        rules: Sequence[str],
    ) -> None:
        flow_id = direction.relay.connection.flow_id
        if flow_id not in self._watched:
            return
        if facts.first_seq >= 0:
            key = flow_id, int(direction.to_client), facts.first_seq
            self._payloads.add(key, facts, action)
        whole = is_whole(facts)
        facts = facts._replace(payload=None)
        told = Told(now_ns, direction.to_client, facts, action, injected, rules, whole)
        for client in self._clients:
            if client.watched != flow_id:
                continue
            if len(client.messages) < _MESSAGES_WAITING:
                client.messages.append(told)
            else:
                client.messages_skipped += 1

    # --- clients ---

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(writer)
        writer.transport.set_write_buffer_limits(high=_BUFFER_LIMIT)
        try:
            self._clients.add(client)  # first: the greeting's task may run at once
            self._greet(client)
            self.hub.viewer = self
            if self._ticker is None:
                self._ticker = asyncio.create_task(self._tick())
            while line := await reader.readline():
                self._obey(client, line)
        except (OSError, ValueError):
            pass  # it went away, or sent a line that is too long
        finally:
            self._clients.discard(client)
            self._watch(client, None)
            writer.close()
            if not self._clients:
                self.hub.viewer = None
                self._payloads.clear()

    def _greet(self, client: _Client) -> None:
        """Who we are, who has ended, and who is here: the first now, the others soon."""
        hub = self.hub
        hello = {
            "type": "hello",
            "pid": os.getpid(),
            "version": __version__,
            "schema_version": events.SCHEMA_VERSION,
            "started_ns": hub.started_ns,
            "can": ["payload"] if self.close is None else ["close", "payload"],
            "payloads": hub.payloads,
            **self.hello(),
        }
        out = [encode(hello), b"\n"]
        for open_line, close_line in hub.recent_closed:
            out += (open_line, close_line)
        client.writer.write(b"".join(out))
        client.untold = dict(hub.connections)
        self._tell_some(client)
        if client.untold:
            task = asyncio.create_task(self._tell_others(client))
            self._greetings.add(task)
            task.add_done_callback(self._greetings.discard)

    def _tell_some(self, client: _Client) -> None:
        untold = client.untold
        now = [untold.pop(flow_id) for flow_id in list(untold)[:_GREETED_AT_ONCE]]
        opened = [events.open_event(each, each.opened_ns, 101) for each in now]
        client.writer.write(b"".join(opened) + totals_line(now, self.hub.clock()))
        if not untold:
            client.writer.write(self.hub.recent_notes())

    async def _tell_others(self, client: _Client) -> None:
        """A little at a time: traffic does not wait for ten thousand lines."""
        untold = client.untold
        while client.untold is untold and untold and client in self._clients:
            if client.writer.transport.get_write_buffer_size() > _GREETING_BUFFER:
                await asyncio.sleep(_TICK_S)
            else:
                await asyncio.sleep(0.001)
                self._tell_some(client)

    # --- orders ---

    def _obey(self, client: _Client, line: bytes) -> None:
        try:
            order = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        if not isinstance(order, dict):
            return
        match order.get("type"):
            case "watch":
                flow_id = order.get("flow_id")
                self._watch(client, flow_id if type(flow_id) is int else None)
            case "detach":
                client.writer.close()
            case "close":
                self._close(client, order)
            case "payload":
                self._payload(client, order)

    def _close(self, client: _Client, order: dict[str, Any]) -> None:
        flow_id, code, reason = (order.get(name) for name in ("flow_id", "code", "reason"))
        say = None
        if self.close is None:
            say = "this proxy closes nothing for a dashboard"
        elif type(flow_id) is not int:
            say = "which connection?"
        elif type(code) is not int or not is_valid_on_wire(code):
            say = f"nobody may send the close code {code} (RFC 6455 7.4)"
        elif not isinstance(reason := reason or "", str) or len(reason.encode()) > _REASON_LIMIT:
            say = f"a close reason is text of at most {_REASON_LIMIT} bytes (RFC 6455 5.5.1)"
        elif not self.close(flow_id, code, reason):
            say = f"connection {flow_id} is not open"
        if say is not None:
            client.send(_problem(f"not closed: {say}"))

    def _payload(self, client: _Client, order: dict[str, Any]) -> None:
        key = tuple(order.get(name) for name in ("flow_id", "direction", "seq"))
        if not all(type(each) is int for each in key):
            return
        found = self._payloads.find(key)  # type: ignore[arg-type]
        answer: dict[str, object] = dict(zip(("flow_id", "direction", "seq"), key, strict=True))
        if isinstance(found, bytes):
            answer |= {"content": base64.b64encode(found).decode(), "whole": True, "say": ""}
        else:
            answer |= {"content": None, "whole": False, "say": found}
        client.send(encode({"type": "payload", **answer}) + b"\n")

    def _watch(self, client: _Client, flow_id: int | None) -> None:
        hub = self.hub
        hub.flush()  # before it watches: what waits is among the recent frames then, once
        before, client.watched = client.watched, flow_id
        client.rows.clear()
        client.messages.clear()
        client.skipped = client.messages_skipped = 0
        if before is not None and not any(other.watched == before for other in self._clients):
            watched = self._watched.pop(before, None)
            if watched is not None:
                watched.end()
        if flow_id is None:
            return
        recent = [batch for batch in hub.recent if batch[0].relay.connection.flow_id == flow_id]
        for batch in recent:
            self._take(client, batch)
            client.send_rows()
        connection = hub.connections.get(flow_id)
        if connection is not None and flow_id not in self._watched:
            watched = self._watched[flow_id] = Watched(
                connection, tells=hub.tells_messages, keeps=hub.keeps_payloads
            )
            watched.begin()

    # --- out ---

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            if not self._clients:
                continue
            self.hub.flush()
            for client in self._clients:
                if not client.full:
                    self._tell(client)

    def _tell(self, client: _Client) -> None:
        """What is new since the last tick."""
        if client.behind:
            # It missed who came and went: the whole picture again.
            client.behind = False
            client.dirty.clear()
            self._greet(client)
        if client.dirty:
            dirty = client.dirty
            if client.untold:  # their totals come with them
                dirty = {each for each in dirty if each.flow_id not in client.untold}
            client.send(totals_line(dirty, self.hub.clock()))
            client.dirty.clear()
        watched = None if client.watched is None else self._watched.get(client.watched)
        if watched is not None and not watched.on:
            untold = watched.go_on()
            for other in self._clients:
                if other.watched == client.watched:
                    other.messages_skipped += untold
        client.send_rows()

    def _to_all(self, lines: bytes, clients: Sequence[_Client] | None = None) -> None:
        for client in self._clients if clients is None else clients:
            if not client.send(lines):
                self.hub.dashboard_dropped += 1
                client.behind = True


def _problem(say: str) -> bytes:
    return encode({"type": "problem", "say": say}) + b"\n"
