"""The addon: what mitmproxy loads, and where a proxy's parts are put together.

Owns: the hub, the live layers, the options' life, startup and shutdown. Must not know: how bytes
travel (``layer.py``) or where lines go (``sinks``).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from mitmproxy import ctx, exceptions, http
from mitmproxy.addonmanager import Loader
from mitmproxy.hooks import Hook
from mitmproxy.master import Master
from mitmproxy.websocket import WebSocketData

from wsinspect.model.connection import Connection
from wsinspect.protocol.handshake import is_websocket_upgrade
from wsinspect.proxy import layer as inspecting
from wsinspect.proxy import options, private
from wsinspect.proxy.arrivals import connection_of
from wsinspect.proxy.diagnosing import Diagnosing, upgrade_was_lost
from wsinspect.proxy.draining import drain
from wsinspect.proxy.hooks import ScriptHooks
from wsinspect.proxy.layer import GOING_AWAY, InspectingLayer
from wsinspect.proxy.operating import Operating, is_probe
from wsinspect.proxy.ruling import Guards, Ruling
from wsinspect.proxy.troubles import Troubles
from wsinspect.relay.direction import HOLD_LIMIT
from wsinspect.relay.observation import DirectionName
from wsinspect.relay.policy import Policy, Watch
from wsinspect.relay.relay import Relay
from wsinspect.rules import policy as rules
from wsinspect.sinks.dashboard import DashboardServer
from wsinspect.sinks.hub import Hub
from wsinspect.sinks.jsonl import JsonLog

__all__ = ["Inspector"]

logger = logging.getLogger("wsinspect")
_LOOPBACK = "127.0.0.1"


class Inspector:
    """One for each mitmproxy master."""

    name = "wsinspect"

    def __init__(self) -> None:
        self.settings: options.Settings | None = None
        self.hub = Hub()
        self.layers: set[InspectingLayer] = set()
        self.draining = False
        self.keep_messages = 0
        self.dashboard: DashboardServer | None = None
        self.refusing = False  # the log is dead and --on-error is closed
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ticker: asyncio.Task[None] | None = None
        self._started = False
        self._listens_everywhere = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self.ruling: Ruling | None = None
        self.diagnosing: Diagnosing | None = None
        self.config_is_applied = False  # the command line has merged it
        self.operating = Operating(self)
        # mitmproxy tells these what it tells us
        self.troubles = Troubles(lambda say: self.hub.problem(say))
        self.addons: list[object] = [self.troubles]
        self._layers_of: dict[int, InspectingLayer] = {}

    # --- mitmproxy's events ---

    def load(self, loader: Loader) -> None:
        options.declare(loader)
        try:
            loader.master.options.process_deferred()
            options.refuse_unknown(loader.master.options)
            options.read(loader.master.options)
        except exceptions.OptionsError as error:
            for line in getattr(error, "lines", [str(error)]):
                logger.error("wsinspect: %s", line)
            _keep_shut(loader.master)
            raise
        try:
            private.install(InspectingLayer)
        except private.MovedName as error:
            logger.error("wsinspect: cannot work with this mitmproxy: %s has moved", error)
            _keep_shut(loader.master)
            raise
        inspecting.serve(self)
        if not loader.master.options.listen_host:
            loader.master.options.update(listen_host=_LOOPBACK)
            # mitmdump loads scripts when its servers have begun to start with the old value.
            self._listens_everywhere = True

    def configure(self, updated: set[str]) -> None:
        if not any(name.startswith(options.PREFIX) for name in updated):
            return
        settings = options.read(ctx.options, apply_config=not self.config_is_applied)
        if self._started and settings != self.settings:
            raise exceptions.OptionsError("wsinspect's options cannot change while it runs")
        if not self._started:
            self.settings = settings
            self.keep_messages = settings.keep_messages
            try:
                self._open(settings)
            except exceptions.OptionsError as error:
                for line in getattr(error, "lines", [str(error)]):
                    logger.error("wsinspect: %s", line)
                _keep_shut(ctx.master)
                raise

    def _open(self, settings: options.Settings) -> None:
        """Open the log before the first byte: an error here stops the start."""
        if settings.dashboard and settings.socket:
            options.check_socket(settings.socket)
        self._loop = asyncio.get_running_loop()
        log = None
        if settings.log:
            try:
                log = JsonLog(
                    settings.log, direct=settings.audit, on_problem=self._problem_from_thread
                )
            except OSError as error:
                raise exceptions.OptionsError(
                    f"cannot write the log {settings.log}: {error.strerror}"
                ) from error
        self.hub = self.operating.hub(settings, log)
        self.operating.open(settings)
        self.diagnosing = Diagnosing(
            self.hub,
            pong_deadline_ms=settings.pong_deadline_ms,
            session_names=settings.session_names,
            session_path=settings.session_path,
            sequence_path=settings.sequence_path,
        )
        if settings.on_error == "closed":
            self.hub.on_dead_log = self._refuse_all
        if settings.rules:
            self.ruling = Ruling(self, settings.rules)
        self._started = True

    def _problem_from_thread(self, say: str) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.hub.problem, say)

    def running(self) -> asyncio.Task[None]:
        """Not a coroutine function: after a reload mitmproxy calls it, and awaits nothing."""
        return asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        settings = self.settings
        assert settings is not None
        if self._listens_everywhere:
            server = ctx.master.addons.get("proxyserver")
            await server.servers.update([])
            await server.setup_servers()
        self._ticker = asyncio.create_task(self._tick())
        self.hub.pace.begin()
        await self.operating.start()
        with contextlib.suppress(NotImplementedError, ValueError, AttributeError):
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGHUP, self._rotate)
        if settings.dashboard:
            server = DashboardServer(self.hub, self._hello, self.close_connection)
            try:
                await server.start(settings.socket)
            except OSError as error:
                # One that was asked for must be there; the usual one may be missing.
                level = logging.ERROR if settings.socket else logging.WARNING
                logger.log(level, "wsinspect: no dashboard socket: %s", error)
            else:
                self.dashboard = server

    def done(self) -> None:
        """Everything still open gets its ws_close; the log is complete after this."""
        for layer in list(self.layers):
            layer.relay.connection.ends(self.hub.clock()).by_proxy("shutdown", None)
            layer.end_now()  # after a reload nobody would inspect it
        if self._ticker is not None:
            self._ticker.cancel()
        self.hub.pace.end()
        if self.dashboard is not None:
            self.dashboard.stop()
        if self.ruling is not None:
            self.ruling.desk.batch.flush()
        self.operating.stop()
        if self.diagnosing is not None:
            self.diagnosing.finish()
        if self._started:
            self.hub.end()
        inspecting.serve(None)
        private.uninstall()

    def request(self, flow: http.HTTPFlow) -> None:
        if not is_websocket_upgrade(flow.request.headers.fields):
            return
        if self.refusing or self.draining:
            why = "its log cannot be written" if self.refusing else "it is shutting down"
            flow.response = http.Response.make(503, f"wsinspect takes no connections: {why}\n")

    def response(self, flow: http.HTTPFlow) -> None:
        """The handshake's answer: decide that it is a WebSocket, record it if it failed."""
        response = flow.response
        if response is None:
            return
        if not is_websocket_upgrade(flow.request.headers.fields):
            if upgrade_was_lost(flow.request.headers.fields):
                self._failed(flow, response.status_code)
            return
        if self.operating.is_own(flow) and response.status_code != 101:
            return
        if response.status_code != 101:
            self._failed(flow, response.status_code)
        elif flow.websocket is None and ctx.options.websocket:
            # mitmproxy wants exactly `websocket` back and version 13, and would relay all else
            # unseen. Whatever is wrong with the 101 is a finding; both sides go on after it.
            flow.websocket = WebSocketData()

    def error(self, flow: http.HTTPFlow) -> None:
        response = flow.response
        if self.operating.is_own(flow):
            return
        refused = response is None or (response.status_code == 101 and flow.websocket is None)
        if refused and is_websocket_upgrade(flow.request.headers.fields):
            self._failed(flow, 502)

    async def wsinspect_job(self, run: Callable[[], Awaitable[None]]) -> None:
        """What a layer waits for (``hooks.Job``; mitmproxy hands over a hook's fields)."""
        await run()

    # --- connections ---

    def relay_for(self, flow: http.HTTPFlow, hooks: ScriptHooks) -> Relay:
        assert self.settings is not None
        if self.operating.is_own(flow):
            return self.operating.relay(flow, hooks)
        connection = self._connection(flow)
        policies: tuple[Policy | None, Policy | None] = (None, None)
        watches: tuple[Watch | None, Watch | None] = (None, None)
        guards = () if self.ruling is None else self.ruling.guards(connection, flow)
        if hooks.wanted:
            policies = hooks, hooks
            if guards:
                hooks.with_rules(*guards)
        elif guards:
            to_server, to_client = guards
            policies = to_server.as_policy, to_client.as_policy
            watches = to_server.as_watch, to_client.as_watch
        return Relay(
            connection,
            self.hub,
            policies=policies,
            watches=watches,
            hold_limit=HOLD_LIMIT if hooks.wanted or not guards else rules.HOLD_LIMIT,
            on_violation=self.settings.on_violation,
            on_error=self.settings.on_error,
            audit=self.settings.audit,
            clock=self.hub.clock,
        )

    def _connection(self, flow: http.HTTPFlow) -> Connection:
        connection = connection_of(flow, self.hub)
        if self.diagnosing is not None:
            self.diagnosing.examine(connection, flow)
        return connection

    def opened(self, layer: InspectingLayer) -> None:
        if is_probe(layer.relay.connection):
            return
        self.layers.add(layer)
        self._layers_of[layer.relay.connection.flow_id] = layer
        self.hub.opened(layer.relay.connection, 101)
        if self.diagnosing is not None:
            self.diagnosing.opened(layer.relay.connection, 101)
        if self.ruling is not None:
            self.ruling.opened(layer.relay.connection)

    def closed(self, layer: InspectingLayer) -> None:
        connection = layer.relay.connection
        if is_probe(connection):
            return
        self.layers.discard(layer)
        self._layers_of.pop(connection.flow_id, None)
        if self.ruling is not None:
            self.ruling.closed(connection)
        if self.diagnosing is not None:
            self.diagnosing.ended(connection)
        self.hub.closed(connection)

    def _failed(self, flow: http.HTTPFlow, status: int) -> None:
        connection = self._connection(flow)
        if self.ruling is not None:
            self.ruling.guards(connection, flow)  # what its request says may be secret, too
        self.hub.opened(connection, status)
        if self.diagnosing is not None:
            self.diagnosing.opened(connection, status)
        if self.ruling is not None:
            self.ruling.opened(connection)
            self.ruling.closed(connection)

    def close_connection(self, flow_id: int, code: int, reason: str) -> bool:
        """A person ends it, as a policy would. False: it is not open."""
        layer = self._layers_of.get(flow_id)
        if layer is None or layer.relay.closing:
            return False
        layer.close(code, reason, "policy")
        return True

    def slow_down(self, flow_id: int, direction: DirectionName, pause_s: float) -> None:
        """A rule throttles this direction: its sender is not read for a while."""
        layer = self._layers_of.get(flow_id)
        if layer is not None:
            layer.sockets.pause("client" if direction == "to_server" else "server", pause_s)

    def rules_renewed(self, guards: Mapping[int, Guards]) -> None:
        """Directions whose new rules can stop messages hold them from now on."""
        for flow_id, (to_server, to_client) in guards.items():
            layer = self._layers_of.get(flow_id)
            if layer is not None and not layer.hooks.wanted:
                layer.relay.to_server.govern(to_server.as_policy, to_server.as_watch)
                layer.relay.to_client.govern(to_client.as_policy, to_client.as_watch)

    # --- failures ---

    def _refuse_all(self) -> None:
        """The log is dead and the user chose ``--on-error closed``."""
        self.refusing = True
        for layer in self.layers:
            if not layer.relay.closing:
                asyncio.get_running_loop().call_soon(layer.close, 1011, "cannot record", "error")

    # --- time ---

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.ensure_future(coroutine)
        if not task.done():
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def trigger(self, hook: Hook) -> None:
        await ctx.master.addons.handle_lifecycle(hook)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1)
            self.hub.tick()
            if self.diagnosing is not None:
                self.diagnosing.tick()
            if self.ruling is not None:
                self.ruling.look_for_changes()
            if self.refusing and self.hub.log is not None and self.hub.log.error is None:
                self.refusing = False

    def _rotate(self) -> None:
        self.hub.flush()
        if self.hub.log is not None:
            self.hub.log.reopen()
        if self.ruling is not None:
            self.ruling.reload()

    async def drain(self, grace_s: float) -> None:
        """No new connections; those that live get 1012, spread over ``grace_s`` seconds."""
        if self.draining:
            return
        self.draining = True
        server = ctx.master.addons.get("proxyserver")
        await server.servers.update([])
        count = len(self.layers)
        if count > 1:
            self.hub.problem(
                f"ending {count} connections one by one, {grace_s:g} s at most – again: at once"
            )
        await drain(self.layers, lambda layer: layer.close(*GOING_AWAY), grace_s)

    def _hello(self) -> dict[str, Any]:
        assert self.settings is not None
        server = ctx.master.addons.get("proxyserver")
        return {
            "listen": [f"{address[0]}:{address[1]}" for address in server.listen_addrs()],
            "mode": list(ctx.options.mode),
            "log": self.settings.log or None,
            "ca": str(Path(ctx.options.confdir).expanduser() / "mitmproxy-ca-cert.pem"),
            "record": self.settings.record,
            "rules": list(self.settings.rules),
        }


def _keep_shut(master: Master) -> None:
    """mitmproxy alone would listen for a moment, or go on without us: traffic uninspected.

    A proxy of ours makes one line of the error. mitmdump loads scripts while its servers start
    and looks for errors too late: it ends here. After a reload it stops listening.
    """
    master.options.update(server=False)
    server = master.addons.get("proxyserver")
    if type(master) is not Master and not server.is_running:
        raise SystemExit(1)
