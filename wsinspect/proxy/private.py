"""Every private name of mitmproxy and asyncio that wsinspect touches, in one place.

Owns: the reach into others' internals, and :func:`canary`, which fails loudly when one of them
moved. Checked with mitmproxy 12.2.3 (sources named at each function) and CPython 3.12/3.13;
``tests/proxy/test_private.py`` runs the canary, the end-to-end tests prove the behaviour.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Generator
from contextvars import ContextVar
from typing import Any

from mitmproxy import ctx
from mitmproxy.connection import Client, Connection, Server
from mitmproxy.http import Request
from mitmproxy.net.http import http1
from mitmproxy.proxy import commands, events, layer, tunnel
from mitmproxy.proxy import server as proxy_server
from mitmproxy.proxy.layers import http as http_layers
from mitmproxy.proxy.layers import tls as tls_layers
from mitmproxy.proxy.layers import websocket as websocket_layers
from mitmproxy.proxy.layers.http import HttpLayer, HTTPMode
from mitmproxy.proxy.layers.http._http1 import Http1Connection, Http1Server
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.proxy.server import ConnectionHandler, TimeoutWatchdog
from OpenSSL import SSL

__all__ = [
    "Handler",
    "MovedName",
    "Nudge",
    "canary",
    "drop_servers",
    "find_handler",
    "install",
    "install_dialer",
    "reader_is_idle",
    "shortcut",
    "sockets",
    "tls_sessions",
    "treat_as_proxy_client",
    "uninstall",
]

Handler = ConnectionHandler
_stock_layer = websocket_layers.WebsocketLayer
_stock_make_pipe = Http1Connection.make_pipe
_stock_read_request_head = http1.read_request_head
_stock_open_connection = ConnectionHandler.open_connection
type _Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
type Dialer = Callable[[Client, Server, tuple[str, int] | None], Awaitable[_Streams]]
type _HandleEvent = Callable[[events.Event], Generator[commands.Command, Any, None]]
_FOR_EVER_S = 10**9


class MovedName(Exception):
    """A private name is not what it was: this mitmproxy or Python cannot be used. Pin an older."""


def canary() -> None:
    """Check that every name is where we know it. Raises MovedName."""
    source = inspect.getsource
    expected: list[tuple[Callable[[], bool], str]] = [
        (
            lambda: "websocket.WebsocketLayer(" in source(http_layers.HttpStream.flow_done),
            "HttpStream.flow_done looks up websocket.WebsocketLayer",
        ),
        (lambda: hasattr(websocket_layers, "WebsocketLayer"), "websocket.WebsocketLayer"),
        (
            lambda: "_handle_event" in vars(HttpLayer) and hasattr(layer.Layer, "handle_event"),
            "HttpLayer._handle_event",
        ),
        (lambda: "_paused" in layer.Layer.__annotations__, "Layer._paused"),
        (
            lambda: "_paused_event_queue" in layer.Layer.__annotations__,
            "Layer._paused_event_queue",
        ),
        (
            lambda: hasattr(ConnectionHandler, "close_connection"),
            "ConnectionHandler.close_connection",
        ),
        (
            lambda: "transports" in ConnectionHandler.__annotations__,
            "ConnectionHandler.transports",
        ),
        (
            lambda: (
                "await asyncio.open_connection(" in source(_stock_open_connection)
                and vars(proxy_server).get("asyncio") is not None
                and hasattr(ConnectionHandler, "open_connection")
            ),
            "ConnectionHandler.open_connection calls asyncio.open_connection",
        ),
        (lambda: "layer" in ConnectionHandler.__annotations__, "ConnectionHandler.layer"),
        (lambda: "timeout" in TimeoutWatchdog.__annotations__, "TimeoutWatchdog.timeout"),
        (
            lambda: "_server_event_lock" in source(ConnectionHandler.server_event),
            "ConnectionHandler._server_event_lock in server_event",
        ),
        (
            lambda: (
                'lstrip(b"\\r\\n")' in source(_stock_make_pipe)
                and hasattr(Http1Connection, "make_pipe")
            ),
            "Http1Connection.make_pipe strips line ends",
        ),
        (
            lambda: "http1.read_request_head(" in source(Http1Server.read_headers),
            "Http1Server.read_headers looks up http1.read_request_head",
        ),
        (lambda: "tls" in tls_layers.TLSLayer.__annotations__, "TLSLayer.tls"),
        (
            lambda: all(
                f"self.{name} =" in source(asyncio.StreamReader) for name in ("_waiter", "_buffer")
            ),
            "asyncio.StreamReader._waiter and ._buffer",
        ),
    ]
    for there, name in expected:
        try:
            found = there()
        except (AttributeError, OSError, TypeError):  # gone, or not Python any more
            found = False
        if not found:
            raise MovedName(name)


# --- the layer ---


def install(inspecting_layer: type[layer.Layer]) -> None:
    """Have upgraded connections use our layer (http/__init__.py, ``HttpStream.flow_done``)."""
    canary()
    websocket_layers.WebsocketLayer = inspecting_layer  # type: ignore[misc,assignment]
    Http1Connection.make_pipe = _make_pipe  # type: ignore[method-assign]
    http1.read_request_head = _read_request_head


def uninstall() -> None:
    websocket_layers.WebsocketLayer = _stock_layer  # type: ignore[misc]
    Http1Connection.make_pipe = _stock_make_pipe  # type: ignore[method-assign]
    http1.read_request_head = _stock_read_request_head
    ConnectionHandler.open_connection = _stock_open_connection  # type: ignore[method-assign]
    vars(proxy_server)["asyncio"] = asyncio


def _read_request_head(lines: list[bytes]) -> Request:
    """As the original, but ``GET ws://host/path`` is a request to us, too (aiohttp sends it)."""
    if lines and b" ws" in lines[0]:
        method, _, target = lines[0].partition(b" ")
        if target.startswith((b"ws://", b"wss://")):
            lines = [b"%b http%b" % (method, target[2:]), *lines[1:]]
    return _stock_read_request_head(lines)


def _make_pipe(self: Http1Connection) -> Generator[commands.Command, Any, None]:
    """As the original, but after a 101 nothing is eaten: 0x0A and 0x0D begin frames, too."""
    if self.response is None or self.response.status_code != 101:
        yield from _stock_make_pipe(self)
        return
    self.state = self.passthrough
    if self.buf:
        received = self.buf.maybe_extract_at_most(len(self.buf)) or b""
        if received:
            yield from self.state(events.DataReceived(self.conn, bytes(received)))


def shortcut(
    our_layer: layer.Layer,
    handles: Callable[[events.Event], bool],
) -> None:
    """Let events that ``handles`` accepts skip the HTTP layers above ``our_layer``.

    What they yield goes straight down as well. All other events keep their way. None is taken
    where the server's connection was opened late or through another proxy: its TLS or tunnel is
    then beside the HTTP layers, not below them, and must not be skipped.
    """
    if _stack_beside(our_layer, our_layer.context.server):
        return
    http = next(x for x in reversed(our_layer.context.layers) if isinstance(x, HttpLayer))
    through_http: _HandleEvent = http._handle_event

    def handle(event: events.Event) -> Generator[commands.Command, Any, None]:
        # handle_event, not _handle_event: while a hook blocks our layer, it queues.
        return our_layer.handle_event(event) if handles(event) else through_http(event)

    http._handle_event = handle  # type: ignore[method-assign]


def is_blocked(our_layer: layer.Layer) -> bool:
    """Whether a layer waits for a hook, or has events queued behind one (proxy/layer.py)."""
    return our_layer._paused is not None or bool(our_layer._paused_event_queue)


def waits_for(our_layer: layer.Layer, event: events.CommandCompleted) -> bool:
    """Whether ``event`` ends what the layer is blocked on; the HTTP layers never saw that begin."""
    return our_layer._paused is not None and our_layer._paused.command is event.command


class Nudge(events.MessageInjected[None]):
    """Wakes our layer from outside; finds it the way injected messages do."""


# --- opening a server's connection ---

_opening: ContextVar[tuple[Client, Server]] = ContextVar("wsinspect_opening")


class _AsyncioWithDialer:
    """asyncio as mitmproxy's server module sees it: only connections are opened otherwise."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def open_connection(
        self, *_: object, local_addr: tuple[str, int] | None = None
    ) -> _Streams:
        client, server = _opening.get()
        return await self._dialer(client, server, local_addr)


def install_dialer(dialer: Dialer) -> None:
    """Have TCP connections to servers opened by ``dialer`` (``ConnectionHandler.open_connection``).

    It may raise OSError; its text is what the client is told. :func:`uninstall` undoes it.
    """
    canary()
    ConnectionHandler.open_connection = _open_connection  # type: ignore[method-assign]
    vars(proxy_server)["asyncio"] = _AsyncioWithDialer(dialer)


async def _open_connection(self: ConnectionHandler, command: commands.OpenConnection) -> None:
    _opening.set((self.client, command.connection))  # each has a task, so a context, of its own
    await _stock_open_connection(self, command)


def drop_servers(client: Client, address: tuple[str, int]) -> None:
    """End a client's server connections to an address: the next request gets a new one."""
    handler = find_handler(client)
    if handler is None:
        return
    for conn in list(handler.transports):
        if isinstance(conn, Server) and conn.address == address and conn.connected:
            handler.close_connection(conn)


# --- the sockets ---


def find_handler(client: Client) -> Handler | None:
    """The connection handler behind a client (addons/proxyserver.py); None in layer tests."""
    master = getattr(ctx, "master", None)
    server = master.addons.get("proxyserver") if master else None
    return server.connections.get(client.id) if server else None


def treat_as_proxy_client(client: Client) -> None:
    """Before its first byte: HTTP proxy requests come from this client, whatever the mode."""
    handler = find_handler(client)
    if handler is not None:
        client.proxy_mode = ProxyMode.parse("regular")
        handler.layer = HttpLayer(handler.layer.context, HTTPMode.regular)


def without_timeout(handler: Handler) -> None:
    """No ``tcp_timeout`` from here on: an idle WebSocket is none of our business."""
    handler.timeout_watchdog.timeout = _FOR_EVER_S


def is_in_event(handler: Handler) -> bool:
    return handler._server_event_lock.locked()


def sockets(
    handler: Handler, our_layer: layer.Layer
) -> tuple[tuple[Connection, Any, Any], tuple[Connection, Any, Any]] | None:
    """(connection, reader, writer) of both sides, or None where there are not two TCP sockets.

    Behind an upstream proxy the server's socket belongs to the connection to that proxy. A
    client's other server connections live in the same handler: nothing is guessed.
    """
    found = []
    for conn in (our_layer.context.client, _bottom(handler, our_layer)):
        io = handler.transports.get(conn) if conn is not None else None
        if io is None or conn is None:
            return None
        if not isinstance(io.reader, asyncio.StreamReader):
            return None
        if not isinstance(io.writer, asyncio.StreamWriter):
            return None
        found.append((conn, io.reader, io.writer))
    return found[0], found[1]


def _bottom(handler: Handler, our_layer: layer.Layer) -> Connection | None:
    """The connection with a socket of its own that carries the server's, perhaps in tunnels."""
    conn: Connection = our_layer.context.server
    tunnels = [*our_layer.context.layers, *_stack_beside(our_layer, conn)]
    for _ in tunnels:
        if conn in handler.transports:
            break
        for each in tunnels:
            if isinstance(each, tunnel.TunnelLayer) and each.conn is conn:
                conn = each.tunnel_connection
                if conn is not each.conn:
                    break
    return conn if conn in handler.transports else None


def _stack_beside(our_layer: layer.Layer, conn: Connection) -> list[tunnel.TunnelLayer]:
    """The tunnels and TLS of a server connection that was opened late: beside ours, not below."""
    http = next(x for x in reversed(our_layer.context.layers) if isinstance(x, HttpLayer))
    stack = []
    beside: object = http.connections.get(conn)
    while isinstance(beside, tunnel.TunnelLayer):
        stack.append(beside)
        beside = beside.child_layer
    return stack


def reader_is_idle(reader: asyncio.StreamReader) -> bool:
    """Whether ``read()`` really waits and nothing is buffered.

    Only then may data go another way than through this reader: clearing the buffer under a woken
    ``read()`` makes it return b"", which mitmproxy takes for the end of the stream.
    """
    waiter = reader._waiter  # type: ignore[attr-defined]
    return waiter is not None and not waiter.done() and not reader._buffer  # type: ignore[attr-defined]


def tls_sessions(our_layer: layer.Layer, *conns: Connection) -> list[SSL.Connection]:
    """The TLS sessions that run on any of ``conns``, outermost first (proxy/layers/tls.py)."""
    layers: list[object] = list(our_layer.context.layers)
    for conn in conns:
        layers += _stack_beside(our_layer, conn)
    found: list[SSL.Connection] = []
    for each in layers:
        if isinstance(each, tls_layers.TLSLayer) and each.conn in conns:
            session: SSL.Connection | None = each.tls  # None before its handshake
            if session is not None and session not in found:
                found.append(session)
    return found
