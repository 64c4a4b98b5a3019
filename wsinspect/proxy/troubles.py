"""What fails before there is a WebSocket: TLS on either side, a server that cannot be reached.

Owns: saying it once, in words that lead on, to whoever watches. Must not know: connections of the
log – no opening handshake was seen, so there is no ``ws_open``. Bounded: each place and trouble
once a minute, at most 256 of them remembered.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.tls import TlsData

__all__ = ["Troubles"]

_AGAIN_S = 60.0
_REMEMBERED = 256
_SAID_MAX = 200  # characters of what a library says


class Troubles:
    """mitmproxy's events of failure, as problems. ``tell`` shows one to the user."""

    def __init__(
        self, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._told: dict[str, float] = {}
        self._explained: set[str] = set()  # ids of server connections that fail right now

    def tls_failed_client(self, data: TlsData) -> None:
        where = data.conn.sni or _place(data.context.server.address)
        why = _words(data.conn.error)
        advice = (
            "the client must trust this proxy's CA: see the README, or the empty dashboard"
            if "trust" in why or "unknown ca" in why.lower() or "certificate" in why.lower()
            else "is it TLS at all, and a version that both know?"
        )
        self._say(f"no TLS with a client that wants {where}: {why} – {advice}")

    def tls_failed_server(self, data: TlsData) -> None:
        where = data.conn.sni or _place(data.conn.peername)
        self._say(
            f"no TLS with the server {where}: {_words(data.conn.error)} – a certificate of your "
            "own is trusted with --set ssl_verify_upstream_trusted_ca=FILE, any with "
            "--set ssl_insecure=true"
        )

    def explained(self, server_id: str) -> None:
        """Somebody who knows more has told why this connection is about to fail."""
        self._explained.add(server_id)

    def server_connect_error(self, data: ServerConnectionHookData) -> None:
        if data.server.id in self._explained:
            self._explained.discard(data.server.id)
            return
        where = _place(data.server.address)
        self._say(f"cannot reach {where}: {_words(data.server.error)} – its clients get a 502")

    def _say(self, say: str) -> None:
        now = self._clock()
        if now - self._told.get(say, -_AGAIN_S) < _AGAIN_S:
            return
        self._told.pop(say, None)
        self._told[say] = now
        if len(self._told) > _REMEMBERED:
            del self._told[next(iter(self._told))]
        self._tell(say)


def _words(error: str | None) -> str:
    """One harmless line: a name that a client sent may be in it."""
    line = " ".join((error or "no reason given").split())
    return "".join(c if c.isprintable() else "�" for c in line)[:_SAID_MAX]


def _place(address: tuple[object, ...] | None) -> str:
    return "a server" if not address else _words(f"{address[0]}:{address[1]}")
