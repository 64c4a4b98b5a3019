"""The layer that carries an upgraded connection between mitmproxy's sockets and a relay.

Owns: the ways in and out. Data comes as mitmproxy events, or – plain TCP on both sides, no
script that wants to see frames – by the express lane (``leg.py``) straight from one socket to the
other. The ends of sockets always come as events, so they come after all data. Must not know:
frames, rules, logs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING, cast

from mitmproxy import http
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.websocket import (
    WebsocketEndHook,
    WebSocketMessageInjected,
    WebsocketStartHook,
)

from wsinspect.model.connection import Cause
from wsinspect.proxy import private
from wsinspect.proxy.hooks import Job, ScriptHooks, script_failed
from wsinspect.proxy.sockets import SideName, Sockets
from wsinspect.relay.direction import Direction
from wsinspect.relay.relay import CLOSE_WAIT_S, Relay

if TYPE_CHECKING:
    from wsinspect.proxy.addon import Inspector
    from wsinspect.proxy.diagnosing import Lookout

__all__ = ["GOING_AWAY", "InspectingLayer"]

type Commands = layer.CommandGenerator[None]

GOING_AWAY: tuple[int, str, Cause] = (1012, "the proxy is shutting down", "shutdown")

TIMED = 7
"""A mask: in the express lane every eighth chunk is timed (0.4 µs each)."""

_inspector: Inspector | None = None


def serve(inspector: Inspector | None) -> None:
    """Whose connections the layers are; mitmproxy makes layers without asking."""
    global _inspector  # noqa: PLW0603 - mitmproxy's own ctx is a global, too
    _inspector = inspector


class InspectingLayer(layer.Layer):
    """One upgraded connection. mitmproxy makes it with the 101 (``private.install``)."""

    def __init__(self, context: Context, flow: http.HTTPFlow) -> None:
        super().__init__(context)
        self._handle_event: Callable[[events.Event], Commands] = self._start  # type: ignore[assignment]
        assert _inspector is not None
        self.inspector = _inspector
        self.flow = flow
        self.handler = private.find_handler(context.client)
        self.hooks = ScriptHooks(flow, self.inspector.keep_messages)
        self.relay: Relay = self.inspector.relay_for(flow, self.hooks)
        self.sockets = Sockets(self, self.handler, on_lost=self._leg_lost)
        self.ended: set[str] = set()  # sides whose socket will send nothing more
        self.finished = False
        self._closing_timer: asyncio.TimerHandle | None = None

    # --- the beginning ---

    def _start(self, _: events.Event) -> Commands:
        self.sockets.take(None if self.hooks.wanted else self._lane)
        self.inspector.opened(self)
        yield from self._blocked(WebsocketStartHook(self.flow))
        if self.hooks.opens:
            failure = yield from self._job(lambda: self.hooks.opened(self.relay.connection))
            if failure is not None:
                self._open_failed(failure)
        self._handle_event = self._relay_event
        private.shortcut(self, self._is_mine)
        if self.inspector.draining:
            self.relay.close(*GOING_AWAY)
        yield from self._empty_outbox()

    def _open_failed(self, failure: Exception) -> None:
        connection = self.relay.connection
        name = type(failure).__name__
        script_failed(failure)
        self.inspector.hub.inspection_failed(connection, f"{name} in wsinspect_open")
        if self.relay.on_error == "closed":
            self.relay.close(1011, "inspection failed", "error")

    def _is_mine(self, event: events.Event) -> bool:
        if isinstance(event, events.ConnectionEvent):
            return event.connection in (self.context.client, self.context.server)
        if isinstance(event, events.CommandCompleted):
            return private.waits_for(self, event)
        return isinstance(event, private.Nudge | WebSocketMessageInjected)

    # --- by the express lane ---

    def _lane(self, side: SideName) -> Callable[[bytes], None] | None:
        """The straight way from ``side`` on, if nothing is on the long way any more."""
        handler = self.handler
        if (
            handler is None
            or self._handle_event != self._relay_event
            or private.is_blocked(self)
            or private.is_in_event(handler)
        ):
            return None
        relay = self.relay
        sides = self.sockets.sides
        assert sides is not None
        source, target, direction = sides.client, sides.server, relay.to_server
        if side == "server":
            source, target, direction = target, source, relay.to_client
        write = target.write
        is_closing = target.leg.transport.is_closing

        host, look = self._lookout(side)
        took = self.inspector.hub.pace.took
        turn = -1

        def straight(data: bytes) -> None:
            nonlocal turn
            turn += 1
            began_ns = 0 if turn & TIMED else perf_counter_ns()
            if host is not None and host.on and look is not None:
                look(data)
            try:
                out = direction.receive(data)
            except Exception as error:  # noqa: BLE001 - a fault of ours follows --on-error, too
                out = self._fault(direction, data, error)
            if out and not is_closing():
                write(out)
            if began_ns:
                took(perf_counter_ns() - began_ns)
            if relay.outbox or relay.closing:
                self.push()

        if source.tls is None:
            return straight
        decrypt = source.decrypt
        leg, socket = source.leg, self.sockets.conns[side]

        def straight_tls(data: bytes) -> None:
            clear, over = decrypt(data)
            if clear:
                straight(clear)
            if over:
                leg.leave_lane()
            if over == "closed":
                # mitmproxy's TLS layer finds the same end in the session, and tells it.
                self.inspector.spawn(handler.server_event(events.DataReceived(socket, b"")))
            elif over == "broken":
                relay.connection.ends(relay.clock()).by_proxy("error", None)
                self.end_now()

        return straight_tls

    def _lookout(self, side: SideName) -> Lookout | tuple[None, None]:
        diagnosing = self.inspector.diagnosing
        if side == "client" or diagnosing is None:
            return None, None
        return diagnosing.lookout(self.relay.connection)

    # --- by mitmproxy's layers ---

    def _relay_event(self, event: events.Event) -> Commands:
        if isinstance(event, events.DataReceived):
            from_client = event.connection is self.context.client
            direction = self.relay.to_server if from_client else self.relay.to_client
            began_ns = perf_counter_ns()
            try:
                out = direction.receive(event.data)
            except Exception as error:  # noqa: BLE001 - a fault of ours follows --on-error, too
                out = self._fault(direction, event.data, error)
            if out:
                yield self._send(direction, out)
            while direction.question is not None:
                yield from self._ask(direction)
            self.inspector.hub.pace.took(perf_counter_ns() - began_ns)
        elif isinstance(event, events.ConnectionClosed):
            yield from self._side_ended(
                "client" if event.connection is self.context.client else "server"
            )
        elif isinstance(event, WebSocketMessageInjected):
            message = event.message
            direction = self.relay.to_server if message.from_client else self.relay.to_client
            out = direction.inject(int(message.type), message.content)
            if out:
                yield self._send(direction, out)
        yield from self._empty_outbox()

    def _ask(self, direction: Direction) -> Commands:
        question = direction.question
        assert question is not None
        failure = yield from self._job(lambda: self.hooks.observe(question))
        if failure is not None:
            script_failed(failure)
            self.relay.inspection_failed(question, failure)
        out = direction.answer()
        if out:
            yield self._send(direction, out)

    def _job(self, run: Callable[[], Awaitable[None]]) -> layer.CommandGenerator[Exception | None]:
        """Wait for ``run``; returns what it raised."""
        failure: Exception | None = None

        async def guarded() -> None:
            nonlocal failure
            try:
                await run()
            except Exception as error:  # noqa: BLE001 - a script may raise anything
                failure = error

        yield from self._blocked(Job(guarded))
        return failure

    def _blocked(self, hook: commands.StartHook) -> Commands:
        """Wait for a hook, and read nothing meanwhile: mitmproxy alone would read on."""
        for leg in self.sockets.legs:
            leg.hold("hook")
        yield hook
        for leg in self.sockets.legs:
            leg.release("hook")

    def _empty_outbox(self) -> Commands:
        relay = self.relay
        while relay.outbox:
            direction, out = relay.outbox.pop(0)
            yield self._send(direction, out)
        if relay.closing:
            self._end_when_answered()

    def _send(self, direction: Direction, data: bytes) -> commands.SendData:
        to = self.context.client if direction.to_client else self.context.server
        return commands.SendData(to, data)

    def _fault(self, direction: Direction, data: bytes, error: Exception) -> bytes:
        """Our own inspection broke on ``data``. Returns what is forwarded all the same."""
        script_failed(error)
        name = type(error).__name__
        relay = self.relay
        relay.recorder.inspection_failed(relay.connection, f"{name} while inspecting a chunk")
        if relay.on_error == "open":
            return data if direction.open else b""
        relay.close(1011, "inspection failed", "error")
        return b""

    # --- from outside ---

    def close(self, code: int, reason: str, cause: Cause) -> None:
        """Send a Close frame to both sides, and end them soon."""
        self.relay.close(code, reason, cause)
        self.push()

    def push(self) -> None:
        """Let out what waits in the outbox, by the shortest way."""
        relay = self.relay
        sides = self.sockets.sides
        if sides is None:
            if self.handler is not None and relay.outbox:
                nudge = private.Nudge(self.flow, None)
                self.inspector.spawn(self.handler.server_event(nudge))
            elif relay.closing:
                self._end_when_answered()
            return
        while relay.outbox:
            direction, out = relay.outbox.pop(0)
            side = sides.client if direction.to_client else sides.server
            if not side.leg.transport.is_closing():
                side.write(out)
        if relay.closing:
            self._end_when_answered()

    # --- the end ---

    def _side_ended(self, side: SideName) -> Commands:
        """A socket will send nothing more: the other side learns it in the same way."""
        if side in self.ended:
            return
        self.ended.add(side)
        relay = self.relay
        sockets = self.sockets
        leg = sockets.leg(side)
        other: SideName = "server" if side == "client" else "client"
        direction, back = relay.to_server, relay.to_client
        if side == "server":
            direction, back = back, direction
        out = direction.end()
        if out:
            yield self._send(direction, out)
        while direction.question is not None:  # about a message that will never be whole
            yield from self._ask(direction)
        reset = leg is not None and leg.reset
        # When it happened, not when it has its turn: a hook may have taken its time.
        ended_ns = leg.ended_ns if leg is not None else None
        ending = relay.connection.ends(ended_ns or relay.clock())
        ending.socket_end(side, reset=reset, timeout=leg is not None and leg.timed_out)
        yield from self._empty_outbox()
        direction.open = False  # its receiver learns now that nothing more comes
        if reset:
            back.open = False
            if other not in self.ended and sockets.legs:
                self.ended.add(other)
                self.inspector.spawn(sockets.abort(other))
            else:
                self._close_sockets()
        elif other in self.ended or self.handler is None:
            self._close_sockets()
        else:
            sockets.half_close(other)
        if self.ended == {"client", "server"}:
            self.finish()

    def _close_sockets(self) -> None:
        self.relay.to_server.open = self.relay.to_client.open = False
        self.sockets.close()

    def _end_when_answered(self) -> None:
        """After a Close frame of ours: end both sockets once both sides answered, or soon."""
        if self.finished:
            return
        if self.relay.closed_by_both:
            self.end_now()
        elif self._closing_timer is None:
            loop = asyncio.get_running_loop()
            self._closing_timer = loop.call_later(CLOSE_WAIT_S, self.end_now)

    def end_now(self) -> None:
        """End both sockets (what was written still leaves) and close the books."""
        self.finish()
        self._close_sockets()
        self.sockets.abort_later(CLOSE_WAIT_S)

    def _leg_lost(self) -> None:
        client, server = self.sockets.leg("client"), self.sockets.leg("server")
        assert client is not None
        assert server is not None
        if client.lost:
            self.relay.to_client.open = False
        if server.lost:
            self.relay.to_server.open = False
        if client.lost and server.lost:
            client.peer = server.peer = None
            asyncio.get_running_loop().call_soon(self.finish)
            return
        # A RST behind a FIN: mitmproxy hears of no more than the FIN.
        lost, other = (client, "server") if client.lost else (server, "client")
        if lost.gone and lost.ended:
            self.ended |= {"client", "server"}
            self.inspector.spawn(self._abort_and_finish(cast(SideName, other)))

    async def _abort_and_finish(self, side: SideName) -> None:
        await self.sockets.abort(side)
        self.finish()

    def finish(self) -> None:
        """Once: the connection is over."""
        if self.finished:
            return
        self.finished = True
        if self._closing_timer is not None:
            self._closing_timer.cancel()
        ending = self.relay.connection.ending
        data = self.flow.websocket
        self.flow.live = False
        if data is not None:
            data.timestamp_end = self.relay.clock() / 1e9
            data.closed_by_client = ending.initiator == "client"
            data.close_code = ending.code_observed
            data.close_reason = ending.reason
        self.inspector.closed(self)
        self.inspector.spawn(self._tell_end())

    async def _tell_end(self) -> None:
        await self.inspector.trigger(WebsocketEndHook(self.flow))
        if self.hooks.closes:
            try:
                await self.hooks.closed(self.relay.connection)
            except Exception as error:  # noqa: BLE001 - a script may raise anything
                script_failed(error)
