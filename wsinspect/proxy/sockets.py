"""The two sockets of an upgraded connection: finding them, taking them over, ending them.

Owns: both legs, both sides in the clear where we can get at both, and every way to end them.
Must not know: the relay, or why a socket ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal, NamedTuple

from mitmproxy.connection import Connection
from mitmproxy.proxy import layer

from wsinspect.proxy import private
from wsinspect.proxy.leg import Leg
from wsinspect.proxy.side import Side

__all__ = ["SideName", "Sides", "Sockets"]

type SideName = Literal["client", "server"]
type Straight = Callable[[bytes], None]


class Sides(NamedTuple):
    client: Side
    server: Side


_LONGEST_PAUSE_S = 60.0
_TIMER_SLACK_S = 0.001


class Sockets:
    """``legs`` is (client, server), or empty where there are not two TCP sockets of asyncio's.

    ``sides`` is None where one of them cannot be had in the clear: TLS in TLS, or HTTP/2.
    ``conns`` are mitmproxy's connections that have these sockets.
    """

    def __init__(
        self,
        our_layer: layer.Layer,
        handler: private.Handler | None,
        *,
        on_lost: Callable[[], None],
    ) -> None:
        self.layer = our_layer
        self.handler = handler
        self.on_lost = on_lost
        context = our_layer.context
        self.conns: dict[str, Connection] = {"client": context.client, "server": context.server}
        self.legs: tuple[Leg, Leg] | tuple[()] = ()
        self.sides: Sides | None = None
        # By the loop's clock; of each side here a timer runs.
        self._paused_until: dict[str, float] = {}

    def take(self, lane: Callable[[SideName], Straight | None] | None) -> None:
        """Take the sockets over; ``lane`` gives the straight way from a side on, None: never."""
        handler = self.handler
        if handler is None:
            return
        private.without_timeout(handler)
        found = private.sockets(handler, self.layer)
        if found is None:
            return
        (client, *client_io), (server, *server_io) = found
        self.conns = {"client": client, "server": server}
        client_leg = Leg(*client_io, on_lost=self.on_lost)
        server_leg = Leg(*server_io, on_lost=self.on_lost)
        client_leg.peer = server_leg
        server_leg.peer = client_leg
        self.legs = client_leg, server_leg
        self.sides = self._sides(client_leg, server_leg)
        if self.sides is not None and lane is not None:
            client_leg.lane = lambda: lane("client")
            server_leg.lane = lambda: lane("server")

    def _sides(self, client_leg: Leg, server_leg: Leg) -> Sides | None:
        """One TLS session or none on each side: then both can be had in the clear."""
        client, server = self.layer.context.client, self.layer.context.server
        client_tls = private.tls_sessions(self.layer, client)
        server_tls = private.tls_sessions(self.layer, server, self.conns["server"])
        outer_tls = server.via is not None and server.via[0] != "http"
        if (
            len(client_tls) != int(client.tls)
            or len(server_tls) != int(server.tls) + int(outer_tls)
            or len(server_tls) > 1
            or {client.alpn, server.alpn} & {b"h2", b"h3"}
        ):
            return None
        return Sides(
            Side(client_leg, next(iter(client_tls), None)),
            Side(server_leg, next(iter(server_tls), None)),
        )

    def leg(self, side: SideName) -> Leg | None:
        return self.legs[side == "server"] if self.legs else None

    def pause(self, side: SideName, pause_s: float) -> None:
        """Read nothing from ``side`` for so long from now on, a minute at most."""
        leg = self.leg(side)
        if leg is None or leg.lost:
            return
        loop = asyncio.get_running_loop()
        until = loop.time() + min(pause_s, _LONGEST_PAUSE_S)
        begun = self._paused_until.get(side)
        self._paused_until[side] = until if begun is None else max(begun, until)
        leg.hold("throttle")
        if begun is None:
            loop.call_at(until, self._go_on, side, leg)

    def _go_on(self, side: SideName, leg: Leg) -> None:
        loop = asyncio.get_running_loop()
        until = self._paused_until[side]
        if until > loop.time() + _TIMER_SLACK_S:
            loop.call_at(until, self._go_on, side, leg)
            return
        del self._paused_until[side]
        if not leg.lost:
            leg.release("throttle")

    # --- ending ---

    def half_close(self, side: SideName) -> None:
        """Tell ``side`` that nothing more comes; it may go on sending."""
        if self.sides is not None:
            self.sides[side == "server"].goodbye()
        conn = self.conns[side]
        if self.handler is not None and conn in self.handler.transports:
            self.handler.close_connection(conn, half_close=True)

    def close(self) -> None:
        """End both, after what was written has left."""
        for each in self.sides or ():
            each.goodbye()
        for side in ("server", "client"):
            conn = self.conns[side]
            if self.handler is not None and conn in self.handler.transports:
                self.handler.close_connection(conn)

    async def abort(self, side: SideName) -> None:
        """End ``side`` with a RST, and then the other."""
        leg = self.leg(side)
        if leg is not None:
            await leg.abort()
        # Then the books: mitmproxy ends all sockets as soon as the client's is closed.
        self.close()

    def abort_later(self, delay_s: float) -> None:
        """A peer that does not read would keep its socket, and what waits for it, for ever."""
        loop = asyncio.get_running_loop()
        for leg in self.legs:
            if not leg.lost:
                loop.call_later(delay_s, leg.transport.abort)
