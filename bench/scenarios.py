"""What is measured: each scenario puts one load on one running proxy and returns figures.

Owns: the loads and their sizes. Must not know: how proxies are started, targets, the table.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import Final

from bench import client, wire
from bench.client import Endpoint
from bench.contenders import Proxy
from bench.processes import cpu_s, rss_bytes

MIB: Final = 1 << 20
STOPPED_LIMIT_BYTES: Final = 512 * MIB
"""A sender that gets rid of so much has felt nothing."""

CLOSE_FRAMES: Final = 1
"""Each connection of a load ends with one Close frame from the client."""

OURS: Final = ("wsinspect",)
BOTH: Final = ("stock", "wsinspect")
RULED: Final = ("stock", "log-plain", "log", "block-plain", "block")
PEERS: Final = (*BOTH, "haproxy-tcp", "haproxy-http", "mockttp", "node-ws")


@dataclass(frozen=True, slots=True)
class Effort:
    """How long a run lasts, and how large the loads of fixed size are."""

    seconds: float
    big_bytes: int
    memory_messages: int
    connections: int


FULL: Final = Effort(seconds=2.0, big_bytes=64 * MIB, memory_messages=1_000_000, connections=500)
QUICK: Final = Effort(seconds=0.4, big_bytes=16 * MIB, memory_messages=100_000, connections=100)


@dataclass(slots=True)
class Figures:
    """What one run gave, by metric; the metric ``""`` is the scenario's own."""

    values: dict[str, float]
    messages: int = 0
    """Messages relayed while the processor time was taken, both directions."""
    frames_to_server: int = 0
    """All frames the client sent to this proxy: exactly so many must be in its log."""
    frames_to_client: int = 0
    """At least so many the other way; the answers to Close frames come on top."""
    cpu_s: float = 0.0


Run = Callable[[Proxy, Effort], Figures]
Blast = Callable[[Endpoint, int], client.Blast]
"""Sends or receives a batch so many times."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A load, and who is put under it."""

    name: str
    unit: str
    run: Run
    contenders: tuple[str, ...] = BOTH
    tls: bool = False
    lower_is_better: bool = False
    rounds: int | None = None
    """At most so many rounds, for loads that hardly vary or take long."""


def _measured(proxy: Proxy, load: Callable[[], Figures]) -> Figures:
    """The load's figures, with the processor time that the proxy spent on it."""
    before = cpu_s(proxy.pid) if proxy.pid else 0.0
    figures = load()
    if proxy.pid:
        figures.cpu_s = cpu_s(proxy.pid) - before
    return figures


def _rate(blast: Blast, *, to_server: bool = True) -> Run:
    """Messages a second, pipelined on one connection.

    First the number of repeats is found that takes as long as wished: the contenders' rates are
    up to a thousand times apart.
    """

    def run(proxy: Proxy, effort: Effort) -> Figures:
        sent, closed, repeat = 0, CLOSE_FRAMES, 1
        while True:
            trial = blast(proxy.endpoint, repeat)
            sent += trial.frames
            closed += CLOSE_FRAMES
            if trial.elapsed_s >= effort.seconds / 4:
                break
            wished = repeat * effort.seconds / 2 / max(trial.elapsed_s, 1e-3)
            repeat = max(2 * repeat, min(round(wished), 32 * repeat))
        repeat = max(round(repeat * effort.seconds / trial.elapsed_s), 1)

        def load() -> Figures:
            measured = blast(proxy.endpoint, repeat)
            rate = measured.frames / measured.elapsed_s
            return Figures(
                {"": rate},
                messages=measured.frames,
                frames_to_server=(sent + measured.frames) * to_server + closed,
                frames_to_client=(sent + measured.frames) * (not to_server),
            )

        return _measured(proxy, load)

    return run


@cache
def _part(payload_len: int, *, compressed: bool = False) -> wire.Batch:
    """A batch, built once a run of the benchmark."""
    make = wire.compressed_batch if compressed else wire.batch
    return make(payload_len)


def _send(payload_len: int) -> Blast:
    return lambda endpoint, repeat: client.blast(endpoint, _part(payload_len), repeat)


def _send_compressed(endpoint: Endpoint, repeat: int) -> client.Blast:
    return client.blast(endpoint, _part(1024, compressed=True), repeat, deflate=True)


def _receive(endpoint: Endpoint, repeat: int) -> client.Blast:
    return client.drain(endpoint, 1024, repeat)


def _ping_pong(connections: int) -> Run:
    def run(proxy: Proxy, effort: Effort) -> Figures:
        warm = client.ping_pong(proxy.endpoint, connections, effort.seconds / 8)

        def load() -> Figures:
            measured = client.ping_pong(proxy.endpoint, connections, effort.seconds)
            asked = warm.questions + measured.questions
            return Figures(
                {"": measured.round_trips / measured.elapsed_s, "p50_us": measured.p50_us},
                messages=2 * measured.round_trips,
                frames_to_server=asked + 2 * connections * CLOSE_FRAMES,
                frames_to_client=asked,
            )

        return _measured(proxy, load)

    return run


def _latency(proxy: Proxy, effort: Effort) -> Figures:
    """The p50 of one connection's round trips, as the scenario's own figure."""
    figures = _ping_pong(1)(proxy, effort)
    figures.values = {"": figures.values["p50_us"]}
    return figures


def _big_message(proxy: Proxy, effort: Effort) -> Figures:
    """One unfragmented message; the time until the server has the last byte, and the first."""

    def load() -> Figures:
        text = next(wire.payloads(MIB, 1)) * (effort.big_bytes // MIB)
        batch = wire.Batch(wire.frame(text, mask=b"\x9a\x01\x5c\xe3"), 1)
        blast = client.blast(proxy.endpoint, batch, 1)
        return Figures(
            {"": blast.elapsed_s, "first_byte_s": blast.first_byte_s},
            messages=1,
            frames_to_server=1 + CLOSE_FRAMES,
        )

    return _measured(proxy, load)


def _memory(proxy: Proxy, effort: Effort) -> Figures:
    """MiB that the proxy has grown by over many 1 KiB messages on one connection.

    It is looked at while the connection is open, after an equal start of a twentieth.
    """
    batch = _part(1024)
    twentieth = effort.memory_messages // 20 // batch.frames + 1
    with closing(client.connect(proxy.endpoint, "/count")) as connection:
        client.send_counted(connection, batch, twentieth)
        before = rss_bytes(proxy.pid)
        client.send_counted(connection, batch, 20 * twentieth)
        grown = rss_bytes(proxy.pid) - before
        client.say_goodbye(connection)
    announcements = 2
    sent = 21 * twentieth * batch.frames + announcements + CLOSE_FRAMES
    return Figures({"": grown / MIB}, messages=sent, frames_to_server=sent)


def _stopped(proxy: Proxy, _: Effort) -> Figures:
    """MiB that a server that does not read makes the proxy grow by, and MiB it has swallowed."""
    batch = _part(1024)
    client.blast(proxy.endpoint, batch, 8)
    before = rss_bytes(proxy.pid)
    taken, connection = client.push_until_blocked(proxy.endpoint, batch, STOPPED_LIMIT_BYTES)
    with closing(connection):
        grown = rss_bytes(proxy.pid) - before
    return Figures({"": grown / MIB, "taken_mib": taken / MIB})


def _connections(proxy: Proxy, effort: Effort) -> Figures:
    def load() -> Figures:
        rate = client.open_connections(proxy.endpoint, effort.connections)
        return Figures({"": rate}, messages=effort.connections, frames_to_server=effort.connections)

    return _measured(proxy, load)


SCENARIOS: Final = (
    Scenario("pipelined-64", "messages/s", _rate(_send(64)), PEERS),
    Scenario("pipelined-1k", "messages/s", _rate(_send(1024)), PEERS),
    Scenario("to-client-1k", "messages/s", _rate(_receive, to_server=False)),
    Scenario("compressed-1k", "messages/s", _rate(_send_compressed)),
    Scenario("ping-pong-16", "round trips/s", _ping_pong(16), ("direct", *PEERS)),
    Scenario(
        "latency-1",
        "µs (p50)",
        _latency,
        ("direct", *BOTH, "haproxy-tcp", "haproxy-http"),
        lower_is_better=True,
    ),
    Scenario("wss-ping-pong-1", "round trips/s", _ping_pong(1), (*BOTH, "haproxy-http"), tls=True),
    Scenario(
        "wss-ping-pong-16", "round trips/s", _ping_pong(16), (*BOTH, "haproxy-http"), tls=True
    ),
    Scenario("big-message", "s", _big_message, BOTH, lower_is_better=True, rounds=3),
    Scenario("memory", "MiB", _memory, OURS, lower_is_better=True, rounds=1),
    Scenario("stopped-receiver", "MiB", _stopped, BOTH, lower_is_better=True, rounds=1),
    Scenario("rules-64", "messages/s", _rate(_send(64)), RULED),
    Scenario("rules-1k", "messages/s", _rate(_send(1024)), RULED),
    Scenario("rules-ping-pong-16", "round trips/s", _ping_pong(16), RULED),
    Scenario("connections", "opened/s", _connections, (*BOTH, "haproxy-http")),
)
