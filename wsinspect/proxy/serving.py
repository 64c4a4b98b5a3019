"""The proxy's own HTTP server, for whoever runs it: ``/healthz``, ``/readyz``, ``/metrics``.

Owns: the server, what its answers say, and that a health check costs at most one probe a second
however many ask. Must not know: how a probe works (``probing.py``), what is counted
(``sinks/metrics.py``).

``/healthz`` is about this process: 503 means restart it. ``/readyz`` is about new connections: 503
means send none, as while it drains.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import socket
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.http import HttpProcessingError

from wsinspect.proxy.probing import Prober
from wsinspect.sinks.exposition import CONTENT_TYPE

__all__ = ["Serving", "is_loopback", "parse_place"]

type Address = tuple[str, int]

_logger = logging.getLogger("wsinspect.http")

CACHE_S = 1.0
MOST_CONNECTIONS = 64  # the data path needs its descriptors


class Serving:
    """Serves on ``sock``, which listens. ``unready`` says why no new connections are taken, or
    None; ``metrics`` makes the page.
    """

    def __init__(
        self,
        sock: socket.socket,
        prober: Prober,
        *,
        unready: Callable[[], str | None],
        draining: Callable[[], bool],
        metrics: Callable[[], str],
    ) -> None:
        self._sock = sock
        self.url = ""
        self._prober = prober
        self._unready = unready
        self._draining = draining
        self._metrics = metrics
        self._runner: web.AppRunner | None = None
        self._web: web.Server | None = None
        self._server: asyncio.Server | None = None
        self._probing: asyncio.Task[dict[str, Any]] | None = None
        self._probed_at = -CACHE_S
        self._found: dict[str, Any] = {}

    async def start(self) -> None:
        await self._prober.start()
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics_page)
        app.on_response_prepare.append(_one_answer)
        runner = web.AppRunner(
            app, access_log=None, logger=_logger, handle_signals=False, shutdown_timeout=0.2
        )
        await runner.setup()
        loop = asyncio.get_running_loop()
        self._web = runner.server
        self._server = await loop.create_server(self._accepted, sock=self._sock)
        self._runner = runner
        host, port = self._sock.getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def stop(self) -> None:
        """The port is free at once, before anything is awaited."""
        self._prober.stop()
        if self._server is None or self._runner is None:
            self._sock.close()
            return
        self._server.close()
        await self._runner.cleanup()

    def _accepted(self) -> asyncio.Protocol:
        """Where there are too many the oldest go: they have had the time for one answer."""
        assert self._web is not None
        for one in self._web.connections[:-MOST_CONNECTIONS]:
            if one.transport is not None:
                one.transport.abort()
        return self._web()

    # --- answers ---

    async def _healthz(self, _: web.Request) -> web.Response:
        if self._draining():  # the listeners are closed: only that the loop runs can be said
            return _answer(
                200,
                {
                    "status": "draining",
                    "exercised": ["event loop"],
                    "not_exercised": ["the listeners: they are closed"],
                },
            )
        found = await self._probe()
        good = found["healthy"]
        shown = {key: value for key, value in found.items() if key != "healthy"}
        shown["age_ms"] = round((time.monotonic() - self._probed_at) * 1e3)
        return _answer(200 if good else 503, {"status": "ok" if good else "broken", **shown})

    async def _probe(self) -> dict[str, Any]:
        """The last second's result, or a new one that all who ask meanwhile wait for."""
        if time.monotonic() - self._probed_at < CACHE_S:
            return self._found
        if self._probing is None or self._probing.done():
            self._probing = asyncio.ensure_future(self._take())
        return await asyncio.shield(self._probing)

    async def _take(self) -> dict[str, Any]:
        begun = time.monotonic()
        self._found = await self._prober.probe()
        self._probed_at = begun
        return self._found

    async def _readyz(self, _: web.Request) -> web.Response:
        why = self._unready()
        if why is None:
            return _answer(200, {"status": "ready"})
        return _answer(503, {"status": "not ready", "why": why})

    async def _metrics_page(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics().encode(), headers={"Content-Type": CONTENT_TYPE})


def _is_ours(record: logging.LogRecord) -> bool:
    """Junk that somebody sends is answered with 400, and no line on stderr."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


_logger.addFilter(_is_ours)


async def _one_answer(_: web.Request, response: web.StreamResponse) -> None:
    """For each connection: requests in a pipeline would keep the loop from everybody else."""
    response.force_close()


def _answer(status: int, body: dict[str, Any]) -> web.Response:
    return web.Response(
        status=status,
        text=json.dumps(body, ensure_ascii=False) + "\n",
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def parse_place(text: str) -> Address:
    """``HOST:PORT``, ``[::1]:PORT``, ``:PORT`` or ``PORT``; loopback unless a host is named.

    Raises ValueError.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not port.isascii() or not port.isdigit() or int(port) > 65535 or "/" in host:
        raise ValueError(f"{text!r} is not HOST:PORT")
    return host, int(port)


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
