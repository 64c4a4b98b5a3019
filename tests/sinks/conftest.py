"""A hub with real relays, a log on disk and no sockets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.facts import NOW_NS, SECOND_NS, Headers, make_connection
from tests.support.raw import KEY, TEXT, frame
from wsinspect.relay.relay import Relay
from wsinspect.sinks.hub import Hub
from wsinspect.sinks.jsonl import JsonLog

Event = dict[str, Any]
HELLO = frame(TEXT, b"hello", mask=KEY)
WELCOME = frame(TEXT, b"welcome")


class Clock:
    """Nanoseconds that go on by themselves, one microsecond a look."""

    def __init__(self) -> None:
        self.now_ns = NOW_NS

    def __call__(self) -> int:
        self.now_ns += 1000
        return self.now_ns

    def advance(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND_NS)


class Bench:
    """One hub; ``connect`` gives relays that report to it."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.path = path
        self.clock = Clock()
        self.problems: list[str] = []
        self.log: JsonLog | None = None
        if options.pop("with_log", True):
            self.log = JsonLog(
                str(options.pop("log_path", path)),
                direct=options.get("audit", False),
                on_problem=self.problems.append,
            )
        self.hub = Hub(log=self.log, host="box", clock=self.clock, **options)
        self.numbers = iter(range(1, 10**6))

    def connect(self, *, asked: Headers = (), answered: Headers = (), **options: Any) -> Relay:
        connection = make_connection(next(self.numbers), asked=asked, answered=answered)
        relay = Relay(connection, self.hub, clock=self.clock, audit=self.hub.audit, **options)
        self.hub.opened(connection, 101)
        return relay

    def close(self, relay: Relay) -> None:
        relay.connection.ends(self.clock()).socket_end("client", reset=False)
        self.hub.closed(relay.connection)

    def events(self) -> list[Event]:
        """What is in the file after the end of the hub."""
        self.hub.end()
        return [json.loads(line) for line in self.path.read_text().splitlines()]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(**options: Any) -> Bench:
        made.append(Bench(tmp_path / f"log{len(made)}", **options))
        return made[-1]

    yield make
    for each in made:
        if each.log is not None and each.log._thread is not None:
            each.log._queue.put(None)
            each.log._thread.join(5)
