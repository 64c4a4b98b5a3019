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
from wsinspect.sinks.client import Client
from wsinspect.sinks.hub import Hub
from wsinspect.sinks.rows import Batch, encode, totals_line
from wsinspect.sinks.runtime import running_sockets, runtime_dir, somebody_listens
from wsinspect.sinks.watching import Watching

__all__ = ["DashboardServer", "running_sockets", "runtime_dir", "somebody_listens"]

_TICK_S = 0.05
_LINE_LIMIT = 64 * 1024  # of what a dashboard may send
_GREETED_AT_ONCE = 25  # connections; about half a millisecond
_GREETING_BUFFER = 256 * 1024
_REASON_LIMIT = 123  # bytes (RFC 6455 §5.5.1)

type CloseOrder = Callable[[int, int, str], bool]


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
        self._greetings: set[asyncio.Task[None]] = set()
        self.path: Path | None = None
        self._clients: set[Client] = set()
        self._watching = Watching(hub, self._clients)
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
        self.hub.keeping.begin()

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self.hub.keeping.end()
        self._watching.stop()
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
                self._watching.frames(client, batches)

    def message(
        self,
        direction: Direction,
        now_ns: int,
        facts: MessageFacts,
        action: events.Action,
        injected: bool,
        rules: Sequence[str],
    ) -> None:
        self._watching.message(direction, now_ns, facts, action, injected, rules)

    # --- clients ---

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(writer)
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
            self._watching.watch(client, None)
            writer.close()
            if not self._clients:
                self.hub.viewer = None
                self._watching.payloads.clear()

    def _greet(self, client: Client) -> None:
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

    def _tell_some(self, client: Client) -> None:
        untold = client.untold
        now = [untold.pop(flow_id) for flow_id in list(untold)[:_GREETED_AT_ONCE]]
        opened = [events.open_event(each, each.opened_ns, 101) for each in now]
        client.writer.write(b"".join(opened) + totals_line(now, self.hub.clock()))
        if not untold:
            client.writer.write(self.hub.recent_notes())

    async def _tell_others(self, client: Client) -> None:
        """A little at a time: traffic does not wait for ten thousand lines."""
        untold = client.untold
        while client.untold is untold and untold and client in self._clients:
            if client.waiting_len > _GREETING_BUFFER:
                await asyncio.sleep(_TICK_S)
            else:
                await asyncio.sleep(0.001)
                self._tell_some(client)

    # --- orders ---

    def _obey(self, client: Client, line: bytes) -> None:
        try:
            order = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        if not isinstance(order, dict):
            return
        match order.get("type"):
            case "watch":
                flow_id = order.get("flow_id")
                self._watching.watch(client, flow_id if type(flow_id) is int else None)
            case "detach":
                client.writer.close()
            case "close":
                self._close(client, order)
            case "payload":
                self._payload(client, order)

    def _close(self, client: Client, order: dict[str, Any]) -> None:
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

    def _payload(self, client: Client, order: dict[str, Any]) -> None:
        key = tuple(order.get(name) for name in ("flow_id", "direction", "seq"))
        if not all(type(each) is int for each in key):
            return
        found = self._watching.payload(key)  # type: ignore[arg-type]
        answer: dict[str, object] = dict(zip(("flow_id", "direction", "seq"), key, strict=True))
        if isinstance(found, bytes):
            answer |= {"content": base64.b64encode(found).decode(), "whole": True, "say": ""}
        else:
            answer |= {"content": None, "whole": False, "say": found}
        client.send(encode({"type": "payload", **answer}) + b"\n")

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
                elif self.hub.keeping.on:
                    self._watching.go_on(client)

    def _tell(self, client: Client) -> None:
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
        self._watching.tick(client)

    def _to_all(self, lines: bytes, clients: Sequence[Client] | None = None) -> None:
        for client in self._clients if clients is None else clients:
            if not client.send(lines):
                self.hub.dashboard_dropped += 1
                client.behind = True


def _problem(say: str) -> bytes:
    return encode({"type": "problem", "say": say}) + b"\n"
