"""A strict echo endpoint, server or client, to hold a proxy against.

Owns: the reference behaviour (RFC 6455 and RFC 7692, by wsproto) and its socket handling.
Must not know: any proxy, the tap, Autobahn's case numbers.

Direct, without a proxy, it scores 244 OK and 3 INFORMATIONAL on Autobahn's 247 core cases, as
server and as client. Its ends are deterministic: the server sends FIN after its Close frame and
reads on until the client's end, so no unread byte turns its end into a reset.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.extensions import Extension, PerMessageDeflate
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

READ_SIZE: Final = 65536
"""Bytes asked from a socket at once."""

LINGER_S: Final = 10.0
"""How long an endpoint waits for the other side's end after its own Close frame."""

EVENT_LOG_LIMIT: Final = 64
"""Messages remembered a connection; the big cases would only cost memory."""


SIGNATURE: Final = "reference: "
"""Begins the reason of every Close frame by which the reference answers a violation."""

_POSITION: Final = re.compile(r" in position \d+(-\d+)?")

CLOSE_REASON_LIMIT: Final = 123
"""Bytes (RFC 6455, section 5.5); the reasons are ASCII."""


class EchoEndpoint:
    """Sans-IO echo endpoint: bytes in, bytes out.

    A message is sent back whole, as one frame, once it is complete. A protocol violation is
    answered by a Close frame with 1002 or 1007, and nothing after it is read.
    """

    def __init__(self, role: ConnectionType, *, host: str = "", target: str = "/") -> None:
        self._connection = WSConnection(role)
        self._text: list[str] = []
        self._binary: list[bytes] = []
        self._host = host
        self._target = target
        self.established = False
        self.closing = False
        """A Close frame was sent, or the opening handshake failed: nothing more to say."""
        self.messages: list[str | bytes] = []
        """The first messages received, for a client that asks for a result."""

    def open(self) -> bytes:
        """The client's opening handshake."""
        # Autobahn's 13.2, 13.5 and 13.6 need a client that can do without context takeover.
        deflate = PerMessageDeflate(client_no_context_takeover=True)
        offer = Request(host=self._host, target=self._target, extensions=[deflate])
        return self._connection.send(offer)

    def feed(self, data: bytes | None) -> bytes:
        """What to answer to these bytes; ``None`` is the other side's end of stream."""
        if self.closing:
            return b""
        try:
            self._connection.receive_data(data)
            return b"".join(self._answers(self._connection.events()))
        except RemoteProtocolError as error:
            self.closing = True
            return self._connection.send(error.event_hint) if error.event_hint else b""
        except LocalProtocolError:  # an answer to a connection that ended meanwhile
            self.closing = True
            return b""

    def _answers(self, events: Iterable[Event]) -> Iterable[bytes]:
        for event in events:
            match event:
                case Request():
                    self.established = True
                    deflate: list[Extension] = [PerMessageDeflate()]
                    yield self._connection.send(AcceptConnection(extensions=deflate))
                case AcceptConnection():
                    self.established = True
                case RejectConnection():
                    self.closing = True
                case TextMessage(data=text, message_finished=finished):
                    self._text.append(text)
                    if finished:
                        yield self._echo("".join(self._text))
                        self._text.clear()
                case BytesMessage(data=binary, message_finished=finished):
                    self._binary.append(bytes(binary))
                    if finished:
                        yield self._echo(b"".join(self._binary))
                        self._binary.clear()
                case Ping():
                    yield self._connection.send(event.response())
                case CloseConnection():
                    self.closing = True
                    yield self._close(event)
                    return
                case _:
                    pass

    def _close(self, received: CloseConnection) -> bytes:
        match self._connection.state:
            case ConnectionState.CLOSED:  # end of stream without a Close frame: nobody to answer
                return b""
            case ConnectionState.REMOTE_CLOSING:
                return self._connection.send(received.response())
            case _:  # a violation: the reason is signed, as proxies answer with wsproto's texts too
                # Where in what was read at once it broke is no matter of the wire.
                said = _POSITION.sub("", received.reason or "")
                reason = f"{SIGNATURE}{said}"[:CLOSE_REASON_LIMIT]
                return self._connection.send(CloseConnection(code=received.code, reason=reason))

    def _echo(self, message: str | bytes) -> bytes:
        if len(self.messages) < EVENT_LOG_LIMIT:
            self.messages.append(message)
        if isinstance(message, str):
            return self._connection.send(TextMessage(data=message))
        return self._connection.send(BytesMessage(data=message))


async def _pump(
    endpoint: EchoEndpoint, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Feed the endpoint until it has nothing more to say or the other side has ended."""
    while not endpoint.closing:
        data = await reader.read(READ_SIZE)
        writer.write(endpoint.feed(data or None))
        await writer.drain()
        if not data:
            return


async def _finish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read and forget until the other side's end, then close."""
    try:
        async with asyncio.timeout(LINGER_S):
            while await reader.read(READ_SIZE):
                pass
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()


async def _serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    endpoint = EchoEndpoint(ConnectionType.SERVER)
    try:
        await _pump(endpoint, reader, writer)
        writer.write_eof()
    except ConnectionError:
        pass
    await _finish(reader, writer)


@asynccontextmanager
async def echo_server() -> AsyncIterator[int]:
    """An echo server on loopback; yields its port."""
    server = await asyncio.start_server(_serve_one, "127.0.0.1", 0, limit=4 * READ_SIZE)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def echo_client(port: int, target: str) -> list[str | bytes]:
    """Connect to ``target``, echo until the server ends it; the first messages received.

    The server is left to end the TCP connection first (RFC 6455, section 7.1.1).
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4 * READ_SIZE)
    endpoint = EchoEndpoint(ConnectionType.CLIENT, host=f"127.0.0.1:{port}", target=target)
    try:
        writer.write(endpoint.open())
        await _pump(endpoint, reader, writer)
    except ConnectionError:
        pass
    await _finish(reader, writer)
    return endpoint.messages
