"""One side of an upgraded connection as the relay sees it: bytes in the clear, in and out.

Owns: the TLS of a leg, where there is one: mitmproxy made the handshake, the same session goes on
here. Must not know: frames, layers.
"""

from __future__ import annotations

import contextlib
from typing import Literal

from OpenSSL import SSL

from wsinspect.proxy.leg import Leg

__all__ = ["Side"]

type Over = Literal["closed", "broken"]

_READ = 65536
# pyOpenSSL's family has no narrower common root for what a vanished peer raises.
_TLS_ERRORS = (SSL.Error, ConnectionError)


class Side:
    """``tls`` is None for a plain socket."""

    __slots__ = ("leg", "tls", "write")

    def __init__(self, leg: Leg, tls: SSL.Connection | None) -> None:
        self.leg = leg
        self.tls = tls
        self.write = leg.write if tls is None else self._encrypt

    def decrypt(self, data: bytes) -> tuple[bytes, Over | None]:
        """What ``data`` says in the clear, and whether the session is over with it."""
        tls = self.tls
        assert tls is not None
        tls.bio_write(data)
        clear = []
        over: Over | None = None
        try:
            while True:
                clear.append(tls.recv(_READ))
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            over = "closed"
        except _TLS_ERRORS:
            over = "broken"
        self._pump(tls)  # reading may have to answer: a new key, an alert
        return clear[0] if len(clear) == 1 else b"".join(clear), over

    def goodbye(self) -> None:
        """Send the close_notify alert, if this side has TLS."""
        tls = self.tls
        if tls is not None and not tls.get_shutdown() & SSL.SENT_SHUTDOWN:
            with contextlib.suppress(*_TLS_ERRORS):
                tls.shutdown()
            self._pump(tls)

    def _encrypt(self, data: bytes) -> None:
        tls = self.tls
        assert tls is not None
        with contextlib.suppress(*_TLS_ERRORS):  # it may have closed its side already
            tls.sendall(data)
        self._pump(tls)

    def _pump(self, tls: SSL.Connection) -> None:
        transport = self.leg.transport
        with contextlib.suppress(SSL.WantReadError):
            while True:
                data = tls.bio_read(_READ)
                if not transport.is_closing():
                    transport.write(data)
