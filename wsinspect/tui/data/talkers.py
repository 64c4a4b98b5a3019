"""Who talks most: bytes and connection-time for each host and each client. Pure, bounded.

Ended connections are summed up as they end (O(1) each), live ones when somebody asks.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from wsinspect.tui.data.connection import Connection

NAMES_MAX = 2_000  # names with a sum of their own; the rest shares one
REST = "…"
TOP = 50

type By = Literal["bytes", "time"]
type Per = Literal["host", "client"]


@dataclass(slots=True)
class Talker:
    """The sums of one host or client."""

    name: str
    connections: int = 0
    live: int = 0
    frames: int = 0
    bytes_to_server: int = 0  # on the wire
    bytes_to_client: int = 0
    connection_s: float = 0.0

    @property
    def bytes(self) -> int:
        return self.bytes_to_server + self.bytes_to_client

    @property
    def connection_hours(self) -> float:
        return self.connection_s / 3600

    def add(self, connection: Connection, now_ns: int) -> None:
        self.connections += 1
        self.frames += connection.frames
        self.bytes_to_server += connection.to_server[2]
        self.bytes_to_client += connection.to_client[2]
        self.connection_s += connection.age_s(now_ns)


def client_name(connection: Connection) -> str:
    """The client's address without its port, which is another one each time."""
    return connection.client.rpartition(":")[0] or connection.client


def host_name(connection: Connection) -> str:
    return connection.facts.host or connection.server


class Talkers:
    """The sums of connections that have ended."""

    def __init__(self) -> None:
        self._hosts: dict[str, Talker] = {}
        self._clients: dict[str, Talker] = {}

    def ended(self, connection: Connection) -> None:
        """Once for each, with its final totals."""
        _of(self._hosts, host_name(connection)).add(connection, connection.ended_ns)
        _of(self._clients, client_name(connection)).add(connection, connection.ended_ns)

    def add(
        self,
        host: str,
        client: str,
        *,
        frames: int,
        to_server: int,
        to_client: int,
        seconds: float,
    ) -> None:
        """The same by its figures; `client` with or without its port."""
        address = client.rpartition(":")[0] or client
        for talker in (_of(self._hosts, host), _of(self._clients, address)):
            talker.connections += 1
            talker.frames += frames
            talker.bytes_to_server += to_server
            talker.bytes_to_client += to_client
            talker.connection_s += seconds

    def top(
        self, live: Iterable[Connection], now_ns: int, by: By = "bytes", per: Per = "host"
    ) -> list[Talker]:
        """The TOP ones, the largest first; the live connections as they are now."""
        ended, name_of = (self._hosts, host_name) if per == "host" else (self._clients, client_name)
        sums = {name: replace(talker) for name, talker in ended.items()}
        for connection in live:
            talker = _of(sums, name_of(connection))
            talker.add(connection, now_ns)
            talker.live += 1
        if by == "bytes":
            order = sorted(sums.values(), key=lambda t: (-t.bytes, t.name))
        else:
            order = sorted(sums.values(), key=lambda t: (-t.connection_s, t.name))
        return order[:TOP]


def _of(sums: dict[str, Talker], name: str) -> Talker:
    talker = sums.get(name)
    if talker is None:
        if len(sums) >= NAMES_MAX:
            name = REST
        talker = sums.setdefault(name, Talker(name))
    return talker
