"""The dashboards' socket: exact totals for all, frames for what is watched, never a wait.

Owns: a Unix socket (its directory 0700), its clients, their subscriptions, and the counts of what
was left out. Must not know: how it is drawn. Newline-delimited JSON both ways; the protocol is in
``docs/dashboard-socket.md``.

A dashboard that is slow or stopped costs the traffic nothing: what does not fit into its bounded
buffer is left out and counted; once it reads again it is greeted anew, and all is exact.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import errno
import os
import socket
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from wsinspect import __version__
from wsinspect.model import events
from wsinspect.model.connection import Connection
from wsinspect.sinks.hub import Batch, Hub

__all__ = ["DashboardServer", "running_sockets", "runtime_dir", "somebody_listens"]

_TICK_S = 0.05
_ROWS_A_TICK = 400  # frames for one dashboard; more are counted as skipped
_BUFFER_LIMIT = 4 * 1024 * 1024  # bytes that may wait for a slow dashboard
_LINE_LIMIT = 64 * 1024  # of what a dashboard may send

_encode = msgspec.json.Encoder().encode


def runtime_dir() -> Path:
    """Where the sockets of this user's proxies are; made with mode 0700. Raises OSError."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    if base and Path(base).is_dir():
        path = Path(base) / "wsinspect"
    else:
        path = Path(tempfile.gettempdir()) / f"wsinspect-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()  # in a folder that all may write to, it may be anybody's link
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(f"{path} is not a directory of this user's own")
    if found.st_mode & 0o077:
        path.chmod(0o700)
    return path


def running_sockets() -> list[Path]:
    """The sockets of proxies that live; those of dead ones are removed."""
    found = []
    for path in sorted(runtime_dir().glob("*.sock")):
        if somebody_listens(path):
            found.append(path)
        else:
            with contextlib.suppress(OSError):
                path.unlink()
    return found


def somebody_listens(path: Path) -> bool:
    """Whether a proxy answers there. One that is too busy to take us counts."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except BlockingIOError:
            return True
        except OSError:
            return False
    return True


class _Client:
    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.watched: int | None = None
        self.behind = False  # it must be told everything anew once it can take it
        self.dirty: set[Connection] = set()
        self.rows: list[list[object]] = []
        self.skipped = 0

    @property
    def full(self) -> bool:
        transport = self.writer.transport
        return transport.is_closing() or transport.get_write_buffer_size() > _BUFFER_LIMIT

    def send(self, line: bytes) -> bool:
        if self.full:
            return False
        self.writer.write(line)
        return True


class DashboardServer:
    """A ``hub.Viewer``: it makes itself the hub's viewer while somebody is attached."""

    def __init__(self, hub: Hub, hello: Callable[[], dict[str, Any]]) -> None:
        self.hub = hub
        self.hello = hello
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
        if self._ticker is not None:
            self._ticker.cancel()
        for client in self._clients:
            client.writer.close()
        if self._server is not None and self.path is not None:  # else it is not ours
            with contextlib.suppress(OSError):
                self.path.unlink()

    # --- hub.Viewer ---

    def opened(self, line: bytes) -> None:
        self._to_all(line)

    def closed(self, connection: Connection, line: bytes) -> None:
        totals = self._totals([connection])
        for client in self._clients:
            client.dirty.discard(connection)
        self._to_all(totals + line)

    def alert(self, line: bytes) -> None:
        self._to_all(line)

    def stats(self, line: bytes) -> None:
        self._to_all(line)

    def problem(self, say: str) -> None:
        self._to_all(_encode({"type": "problem", "say": say}) + b"\n")

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
            client.skipped += len(records) - room
            skip = len(records) - room
            seq += skip
            records = records[skip:] if room else []
            previews = previews[skip:] if previews else []
        for number, (mask, (b0, payload_len, frame_len, violation)) in enumerate(records):
            shown = previews[number] if previews else None
            preview = None if shown is None else base64.b64encode(shown).decode()
            client.rows.append(
                [
                    now_ns,
                    int(direction.to_client),
                    seq + number,
                    b0,
                    None if mask < 0 else mask,
                    payload_len,
                    frame_len,
                    violation,
                    preview,
                ]
            )
        if len(client.rows) >= _ROWS_A_TICK:
            # Enough for this tick: no more previews, they make the walk slower.
            self._preview(direction.relay.connection, on=False)

    # --- clients ---

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(writer)
        writer.transport.set_write_buffer_limits(high=_BUFFER_LIMIT)
        try:
            self._greet(client)
            self._clients.add(client)
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

    def _greet(self, client: _Client) -> None:
        hub = self.hub
        hello = {
            "type": "hello",
            "pid": os.getpid(),
            "version": __version__,
            "schema_version": events.SCHEMA_VERSION,
            **self.hello(),
        }
        out = [_encode(hello), b"\n"]
        for open_line, close_line in hub.recent_closed:
            out += (open_line, close_line)
        for connection in hub.connections.values():
            out.append(events.open_event(connection, connection.opened_ns, 101))
        client.writer.write(b"".join(out))
        client.writer.write(self._totals(hub.connections.values()))

    def _obey(self, client: _Client, line: bytes) -> None:
        try:
            order = msgspec.json.decode(line)
        except msgspec.DecodeError:
            return
        if not isinstance(order, dict):
            return
        if order.get("type") == "watch":
            flow_id = order.get("flow_id")
            self._watch(client, flow_id if isinstance(flow_id, int) else None)
        elif order.get("type") == "detach":
            client.writer.close()

    def _watch(self, client: _Client, flow_id: int | None) -> None:
        hub = self.hub
        hub.flush()  # before it watches: what waits is among the recent frames then, once
        before, client.watched = client.watched, flow_id
        client.rows.clear()
        client.skipped = 0
        if before is not None and not any(other.watched == before for other in self._clients):
            connection = hub.connections.get(before)
            if connection is not None:
                self._preview(connection, on=False)
        if flow_id is None:
            return
        recent = [batch for batch in hub.recent if batch[0].relay.connection.flow_id == flow_id]
        for batch in recent:
            self._take(client, batch)
            self._send_rows(client)
        connection = hub.connections.get(flow_id)
        if connection is not None:
            self._preview(connection, on=True)

    def _preview(self, connection: Connection, *, on: bool) -> None:
        connection.to_server.preview = connection.to_client.preview = on

    # --- out ---

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            if not self._clients:
                continue
            self.hub.flush()
            for client in self._clients:
                if client.full:
                    continue
                if client.behind:
                    # It missed who came and went: the whole picture again.
                    client.behind = False
                    client.dirty.clear()
                    self._greet(client)
                if client.dirty:
                    client.send(self._totals(client.dirty))
                    client.dirty.clear()
                self._send_rows(client)
                if client.watched is not None:
                    connection = self.hub.connections.get(client.watched)
                    if connection is not None:
                        self._preview(connection, on=True)

    def _send_rows(self, client: _Client) -> None:
        if not client.rows and not client.skipped:
            return
        message = {
            "type": "frames",
            "flow_id": client.watched,
            "rows": client.rows,
            "skipped": client.skipped,
        }
        if client.send(_encode(message) + b"\n"):
            client.rows = []
            client.skipped = 0

    def _to_all(self, lines: bytes) -> None:
        for client in self._clients:
            if not client.send(lines):
                self.hub.dashboard_dropped += 1
                client.behind = True

    def _totals(self, connections: Any) -> bytes:
        rows = []
        for c in connections:
            to_server, to_client = c.to_server, c.to_client
            rows.append(
                (
                    c.flow_id,
                    to_server.frames,
                    to_server.payload_bytes,
                    to_server.wire_bytes,
                    to_client.frames,
                    to_client.payload_bytes,
                    to_client.wire_bytes,
                    to_server.joiner.messages,
                    to_client.joiner.messages,
                    int(c.last_frame_to_client),
                    c.last_opcode,
                    c.last_frame_ns or 0,
                )
            )
        if not rows:
            return b""
        totals = {"type": "totals", "timestamp_ns": self.hub.clock(), "rows": rows}
        return _encode(totals) + b"\n"
