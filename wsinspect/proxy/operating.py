"""What a running proxy offers to whoever operates it: routes, health, metrics. Put together here.

Owns: which of these parts there are, by the settings, and their start and end. Must not know: how
any of them works; with neither ``--config`` nor ``--http`` nothing here costs anything.
"""

from __future__ import annotations

import importlib.metadata
import socket
from typing import TYPE_CHECKING

from mitmproxy import ctx, exceptions, http

from wsinspect.model.connection import Connection
from wsinspect.proxy import options, private
from wsinspect.proxy.hooks import ScriptHooks
from wsinspect.proxy.probing import PROBE_FLOW_ID, Prober
from wsinspect.proxy.routes import Router
from wsinspect.proxy.serving import Serving, is_loopback, parse_place
from wsinspect.relay.relay import Relay
from wsinspect.sinks.hub import Hub
from wsinspect.sinks.jsonl import JsonLog
from wsinspect.sinks.metrics import MeteredHub, exposition

if TYPE_CHECKING:
    from wsinspect.proxy.addon import Inspector

__all__ = ["Operating", "is_probe"]

_BACKLOG = 128


def is_probe(connection: Connection) -> bool:
    """One of our own, for the health check: it is nobody's business."""
    return connection.flow_id == PROBE_FLOW_ID


class Operating:
    """Of one inspector."""

    def __init__(self, inspector: Inspector) -> None:
        self._inspector = inspector
        self.router: Router | None = None
        self.prober: Prober | None = None
        self.serving: Serving | None = None

    # --- beginning and end ---

    def hub(self, settings: options.Settings, log: JsonLog | None) -> Hub:
        kind = MeteredHub if settings.http else Hub
        return kind(
            log=log, record=settings.record, payloads=settings.payloads, audit=settings.audit
        )

    def open(self, settings: options.Settings) -> None:
        """Before anything listens. Raises OptionsError."""
        inspector = self._inspector
        if settings.config:
            config = options.config_of(settings.config)
            if config.routes:
                self.router = Router(
                    config.routes, inspector.hub.problem, inspector.troubles.explained
                )
                self.router.adjust(ctx.options)
                private.install_dialer(self.router.dial)
                inspector.addons.append(self.router)
        if settings.http:
            place = parse_place(settings.http)
            sock = _listening(place)
            if not is_loopback(place[0]):
                inspector.hub.problem(
                    f"--http {settings.http} is open beyond this machine: whoever reaches it can "
                    "read the metrics – there is no password"
                )
            self.prober = Prober()
            inspector.addons.append(self.prober)
            self.serving = Serving(
                sock,
                self.prober,
                unready=self._unready,
                draining=lambda: inspector.draining,
                metrics=self._metrics,
            )

    async def start(self) -> None:
        if self.serving is None or self.prober is None:
            return
        await self.serving.start()
        if self.router is not None:
            self.router.direct.add(self.prober.address)
        self._inspector.hub.problem(f"http on {self.serving.url} (/healthz /readyz /metrics)")

    def stop(self) -> None:
        if self.serving is not None:
            self._inspector.spawn(self.serving.stop())

    # --- probes ---

    def is_own(self, flow: http.HTTPFlow) -> bool:
        return self.prober is not None and self.prober.knows(flow)

    def relay(self, flow: http.HTTPFlow, hooks: ScriptHooks) -> Relay:
        """Of a probe's connection."""
        assert self.prober is not None
        hooks.silence()
        return self.prober.relay(flow, self._inspector.hub.clock)

    # --- what is served ---

    def _unready(self) -> str | None:
        inspector = self._inspector
        if inspector.draining:
            return "it is shutting down"
        if inspector.refusing:
            return "its log cannot be written"
        return None

    def _metrics(self) -> str:
        hub = self._inspector.hub
        assert isinstance(hub, MeteredHub)
        return exposition(
            hub,
            versions={"mitmproxy": importlib.metadata.version("mitmproxy")},
            draining=self._inspector.draining,
            dials={} if self.router is None else self.router.dials,
        )


def _listening(place: tuple[str, int]) -> socket.socket:
    """Early, so that a port in use stops the start. Raises OptionsError."""
    host, port = place
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server(place, family=family, backlog=_BACKLOG)
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise exceptions.OptionsError(
            f"cannot serve HTTP on {host}:{port}: {why} – choose another place with --http"
        ) from None
