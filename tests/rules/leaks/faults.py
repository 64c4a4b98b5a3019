"""A mitmproxy script: everything that can break in a proxy breaks here, quoting payload.

Loaded by the leak tests with ``-s``; what it does is chosen by ``LEAK_FAULTS``.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
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
    from wsinspect.rules import forming as own
    from wsinspect.rules.engine.scanner import Scanner

    forming: Any = own

    begin, written = Scanner.__init__, forming.rebuild

    def unlucky(function: Any, every: int) -> Any:
        def bad(data: bytes, *rest: Any) -> Any:
            if b"that is all" not in data and next(_turn) % every == 0:
                _broken(data)
            return function(data, *rest)

        return bad

    def bad_init(self: Scanner, *arguments: Any, **named: Any) -> None:
        begin(self, *arguments, **named)
        begin_again(self)

    def begin_again(self: Scanner) -> None:
        self.scan = unlucky(self.scan, 97)
        self.confirm = unlucky(self.confirm, 23)
        self.scan_joined = unlucky(self.scan_joined, 11)

    def bad_rebuild(expansion: Any, edits: Any) -> Any:
        if next(_turn) % 11 == 0:
            _broken(expansion.root.data, edits)
        return written(expansion, edits)

    Scanner.__init__ = bad_init  # type: ignore[method-assign]
    for scanner in [one for one in gc.get_objects() if isinstance(one, Scanner)]:
        begin_again(scanner)
    forming.rebuild = bad_rebuild


def _break_telling() -> None:
    from wsinspect.sinks.client import Client
    from wsinspect.sinks.hub import Hub

    alert = Hub.alert

    def bad_alert(self: Hub, connection: Any, now_ns: int, told: Any) -> None:
        if told.direction in ("to_server", "to_client") and next(_turn) % 5 == 0:
            _broken(connection.handshake.uri, told)
        alert(self, connection, now_ns, told)

    def bad_take(self: Client, batch: Any) -> bool:
        _broken(batch)
        return True

    Hub.alert = bad_alert  # type: ignore[method-assign, assignment]
    Client.take = bad_take  # type: ignore[method-assign]


def _unmask() -> None:
    """What the search is for: a leak."""
    from wsinspect.relay.observation import Shown
    from wsinspect.rules.policy import Guard

    def tell(
        self: Guard, inspection: Any, payload: bytes, opcode: str, now_ns: int, seq: int
    ) -> Shown:
        return Shown(payload, [])

    Guard.tell = tell  # type: ignore[method-assign]


def load(loader: Any) -> None:
    if "engine" in WANTED:
        _break_engine()
    if "telling" in WANTED:
        _break_telling()
    if "unmasked" in WANTED:
        _unmask()
