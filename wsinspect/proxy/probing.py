"""A WebSocket of our own through our own listeners: proof that the data path works.

Owns: the echo endpoint, the connections that go there, and telling them apart from everybody
else's: they are in no log, total, dashboard or rule. An addon of mitmproxy's beside ours. Must not
know: HTTP servers, who asks.

Each probe does what a client does: it connects to a listener, asks for a WebSocket, sends a
message and a ping, and wants both back – through accept, mitmproxy's HTTP layers, our layer, the
relay and the way out. Whatever the listener's mode, the way leads to the echo endpoint and not to
the user's server: an upstream that is down is not this proxy's illness.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import time
from typing import Any

from mitmproxy import ctx, http
from mitmproxy.connection import Client
from mitmproxy.proxy import mode_specs
from wsproto.utilities import generate_accept_token

from wsinspect.check.opening import BadAnswer, Opening, header_lines
from wsinspect.check.wire import Wire
from wsinspect.model.connection import Connection
from wsinspect.protocol.frames import encode_frame
from wsinspect.protocol.messages import MessageFacts
from wsinspect.protocol.opcodes import CLOSE, PING, PONG, TEXT
from wsinspect.protocol.reader import Record
from wsinspect.proxy import private
from wsinspect.relay.direction import Direction
from wsinspect.relay.relay import Relay

__all__ = ["PROBE_FLOW_ID", "Prober"]

type Address = tuple[str, int]

PROBE_FLOW_ID = 0  # real ones begin at 1
TIMEOUT_S = 2.0
_STEPS = ("accept", "handshake", "message", "ping", "relay")
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where to reach it


class _Nothing:
    """A recorder that keeps nothing but the count (``relay.Recorder``)."""

    def __init__(self) -> None:
        self.seen = 0

    def frames(
        self,
        direction: Direction,  # noqa: ARG002
        now_ns: int,  # noqa: ARG002
        seq: int,  # noqa: ARG002
        records: list[Record],
        forwarded: bool,  # noqa: ARG002
        previews: list[bytes | None],  # noqa: ARG002
    ) -> bool:
        self.seen += len(records)
        return True

    def message(self, direction: Direction, now_ns: int, facts: MessageFacts, **_: Any) -> None:
        """Nobody is told."""

    def inspection_failed(self, connection: Connection, say: str) -> None:
        """The probe will miss its answer."""


class Prober:
    """``address`` is the echo endpoint's, once it was started."""

    def __init__(self) -> None:
        self.address: Address = ("", 0)
        self._token = secrets.token_urlsafe(18)
        self._recorders: dict[str, _Nothing] = {}  # by mitmproxy's id of the client
        self._by_port: dict[Address, _Nothing] = {}  # by our client's own address
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._echo, "127.0.0.1", 0)
        self.address = self._server.sockets[0].getsockname()[:2]

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    # --- mitmproxy's events ---

    def client_connected(self, client: Client) -> None:
        """One of ours: it is an HTTP proxy's client whatever the mode, and needs no password."""
        recorder = self._by_port.get((client.peername[0], client.peername[1]))
        if recorder is None:
            return
        self._recorders[client.id] = recorder
        private.treat_as_proxy_client(client)
        auth = ctx.master.addons.get("proxyauth")
        if auth is not None and auth.validator:
            auth.authenticated[client] = ("wsinspect", "")

    def client_disconnected(self, client: Client) -> None:
        self._recorders.pop(client.id, None)

    # --- for the inspector ---

    def knows(self, flow: http.HTTPFlow) -> bool:
        return flow.client_conn.id in self._recorders

    def relay(self, flow: http.HTTPFlow, clock: Any) -> Relay:
        """For a connection of ours: as any other's, recorded by nobody."""
        target = f"/{self._token}"
        opening = Opening(target, "", key=flow.request.headers.get("Sec-WebSocket-Key", ""))
        connection = Connection(
            flow_id=PROBE_FLOW_ID,
            client=("", 0),
            server=self.address,
            handshake=opening.examine(None),
            opened_ns=clock(),
            envelope=b"",
        )
        return Relay(connection, self._recorders[flow.client_conn.id], clock=clock)

    # --- the echo endpoint ---

    async def _echo(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            async with asyncio.timeout(2 * TIMEOUT_S):
                head = await reader.readuntil(b"\r\n\r\n")
                found = {name.lower(): value for name, value in header_lines(head)}
                key = found.get(b"sec-websocket-key", b"")
                if head.split(b" ", 2)[1].endswith(self._token.encode()):
                    writer.write(
                        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                        b"Connection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n\r\n"
                        % generate_accept_token(key)
                    )
                    await _echo_frames(reader, writer)
        writer.close()

    # --- the probe ---

    async def probe(self) -> dict[str, Any]:
        """What was exercised, and whether all of it worked."""
        begun = time.monotonic()
        server = ctx.master.addons.get("proxyserver")
        done, passed_over = [], []
        for instance in server.servers:
            mode = instance.mode
            fit = mode.transport_protocol in ("tcp", "both") and not isinstance(
                mode, mode_specs.TransparentMode | mode_specs.WireGuardMode | mode_specs.LocalMode
            )
            for host, port, *_ in dict.fromkeys(instance.listen_addrs):
                listener = f"{_bracketed(host)}:{port} ({mode.full_spec})"
                if fit:
                    done.append(self._listener(listener, (_EVERYWHERE.get(host, host), port)))
                else:
                    passed_over.append(listener)
        listeners = list(await asyncio.gather(*done))
        report: dict[str, Any] = {
            "healthy": bool(listeners or passed_over) and all(one["ok"] for one in listeners),
            "exercised": listeners,
            "not_exercised": ["the way to the user's server", "rules", "the log", *passed_over],
            "took_ms": round((time.monotonic() - begun) * 1e3, 3),
        }
        return report

    async def _listener(self, name: str, address: Address) -> dict[str, Any]:
        steps: list[str] = []
        problem = None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._exercise(address, steps)
        except TimeoutError:
            problem = f"no answer in {TIMEOUT_S:g} s"
        except (OSError, EOFError, BadAnswer) as error:
            problem = str(error) or type(error).__name__
        if problem is None and len(steps) < len(_STEPS):
            problem = "the connection ended early"
        found: dict[str, Any] = {"listener": name, "ok": problem is None, "steps": steps}
        if problem is not None:
            found["failed"] = next(step for step in _STEPS if step not in steps)
            found["problem"] = problem
        return found

    async def _exercise(self, address: Address, steps: list[str]) -> None:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        recorder = _Nothing()
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setblocking(False)
        own = None
        writer = None
        try:
            # Bound first: our address is known before the listener sees it.
            sock.bind((_own_address(family, address), 0))
            own = sock.getsockname()[:2]
            self._by_port[own] = recorder
            await asyncio.get_running_loop().sock_connect(sock, address)
            steps.append("accept")
            reader, writer = await asyncio.open_connection(sock=sock)
            echo = f"{self.address[0]}:{self.address[1]}"
            opening = Opening(f"http://{echo}/{self._token}", echo, extensions="")
            answer = await opening.shake(reader, writer)
            if answer.status != 101 or not opening.examine(answer).accept_valid:
                say = answer.body.decode("utf-8", "replace").strip()[:200]
                raise BadAnswer(f"status {answer.status}: {say}")
            steps.append("handshake")
            await _exchange(Wire(reader, writer), steps)
            if recorder.seen >= 4:  # message and ping, there and back
                steps.append("relay")
        finally:
            if own is not None:
                self._by_port.pop(own, None)
            if writer is not None:
                writer.close()
            else:
                sock.close()


async def _exchange(wire: Wire, steps: list[str]) -> None:
    token = secrets.token_bytes(8).hex().encode()
    wire.send(TEXT, token)
    while not wire.frames and wire.end is None:
        await wire.step()
    if wire.bytes_in != len(encode_frame(TEXT, token)):
        raise BadAnswer("the message did not come back as it was")
    steps.append("message")
    if await wire.pong(token, TIMEOUT_S) is None:
        raise BadAnswer("no pong")
    steps.append("ping")
    await wire.close()


async def _echo_frames(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Small masked frames, as the probe sends them."""
    while True:
        b0, b1 = await reader.readexactly(2)
        mask = await reader.readexactly(4)
        payload = await reader.readexactly(b1 & 0x7F)
        clear = bytes(byte ^ mask[i & 3] for i, byte in enumerate(payload))
        opcode = b0 & 0x0F
        writer.write(encode_frame(PONG if opcode == PING else opcode, clear))
        if opcode == CLOSE:
            return


def _own_address(family: socket.AddressFamily, address: Address) -> str:
    """From where this machine would call ``address``; nothing is sent."""
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.connect(address)
        own: str = asking.getsockname()[0]
        return own


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
