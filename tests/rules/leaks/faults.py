"""A mitmproxy script: everything that can break in a proxy breaks here, quoting payload.

Loaded by the leak tests with ``-s``; what it does is chosen by ``LEAK_FAULTS``.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import threading
from typing import Any

WANTED = os.environ.get("LEAK_FAULTS", "").split()
_turn = itertools.count(1)


class Unlucky(Exception):
    """Its text is what it was given."""


def _broken(what: Any, *arguments: Any) -> None:
    raise Unlucky(f"cannot read {what!r} of {arguments!r}")


class _Bad:
    def __init__(self, payload: bytes) -> None:
        self.payload = payload

    def __del__(self) -> None:
        _broken(self.payload)


def _every_way(payload: bytes) -> None:
    """Exceptions that nobody catches."""
    threading.Thread(target=_broken, args=(payload,)).start()
    _Bad(payload)
    loop = asyncio.get_running_loop()
    loop.call_soon(_broken, payload)

    async def task() -> None:
        _broken(payload)

    asyncio.ensure_future(task())  # noqa: RUF006 - nobody awaits it: that is the fault


if "message" in WANTED:

    def wsinspect_message(observation: Any) -> None:
        if next(_turn) % 3 == 0:
            _broken(observation.payload, observation)


if "frame" in WANTED:

    def wsinspect_frame(observation: Any) -> None:
        if next(_turn) % 5 == 0:
            _broken(observation.payload, observation)


if "finding" in WANTED:

    def wsinspect_finding(found: Any) -> None:
        if next(_turn) % 3 == 0:
            _broken(found)


if "uncaught" in WANTED:

    def wsinspect_open(connection: Any) -> None:
        _every_way(connection.handshake.uri.encode())
        _broken(connection.handshake.uri, connection)

    def wsinspect_close(connection: Any) -> None:
        _broken(connection.handshake.uri, connection)


def _break_engine() -> None:
    from wsinspect.rules.engine.scanner import Scanner
    from wsinspect.rules.views import rebuild
    from wsinspect.rules import forming

    scan, confirm = Scanner.scan, Scanner.confirm
    scan_joined = Scanner.scan_joined
    written = rebuild.rebuild

    def bad_scan(self: Scanner, data: bytes) -> Any:
        if next(_turn) % 7 == 0:
            _broken(data)
        return scan(self, data)

    def bad_confirm(self: Scanner, data: bytes, *rest: Any) -> Any:
        if next(_turn) % 4 == 0:
            _broken(data)
        return confirm(self, data, *rest)

    def bad_scan_joined(self: Scanner, data: bytes) -> Any:
        if next(_turn) % 2 == 0:
            _broken(data)
        return scan_joined(self, data)

    def bad_rebuild(expansion: Any, edits: Any) -> Any:
        if next(_turn) % 4 == 0:
            _broken(expansion.root.data, edits)
        return written(expansion, edits)

    Scanner.scan = bad_scan  # type: ignore[method-assign]
    Scanner.confirm = bad_confirm  # type: ignore[method-assign]
    Scanner.scan_joined = bad_scan_joined  # type: ignore[method-assign]
    forming.rebuild = bad_rebuild


def _break_telling() -> None:
    from wsinspect.sinks.dashboard import DashboardServer
    from wsinspect.sinks.hub import Hub

    alert = Hub.alert

    def bad_alert(self: Hub, connection: Any, now_ns: int, told: Any) -> None:
        if next(_turn) % 5 == 0:
            _broken(connection.handshake.uri, told)
        alert(self, connection, now_ns, told)

    def bad_take(self: DashboardServer, client: Any, batch: Any) -> None:
        _broken(batch)

    Hub.alert = bad_alert  # type: ignore[method-assign]
    DashboardServer._take = bad_take  # type: ignore[method-assign] # noqa: SLF001


def load(loader: Any) -> None:  # noqa: ARG001 - mitmproxy's interface
    if "engine" in WANTED:
        _break_engine()
    if "telling" in WANTED:
        _break_telling()
    if "die" in WANTED:
        asyncio.get_running_loop().call_later(600, os.kill, os.getpid(), signal.SIGSEGV)
