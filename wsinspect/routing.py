"""The ways on that a configuration names: which targets, by which proxies, under which key.

Owns: the shapes. No repr shows a credential. Must not know: files, mitmproxy, sockets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

__all__ = ["DIRECT", "Key", "Route", "Upstream", "UpstreamKind"]

type UpstreamKind = Literal["direct", "http", "https", "socks5", "socks5h"]
DIRECT: Final = "direct"


@dataclass(frozen=True, slots=True)
class Upstream:
    """One way on. ``user`` and ``password`` may hold ``{key}``, the connection's own."""

    kind: UpstreamKind
    host: str = ""
    port: int = 0
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    ca: str | None = None

    @property
    def label(self) -> str:
        """For people and metrics: without credentials."""
        if self.kind == DIRECT:
            return DIRECT
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}://{host}:{self.port}"

    @property
    def wants_key(self) -> bool:
        return "{key}" in (self.user or "") or "{key}" in (self.password or "")


@dataclass(frozen=True, slots=True)
class Key:
    """What tells connections apart: ``proxy-user``, ``client`` (its address) or a ``header``."""

    kind: Literal["proxy-user", "client", "header"]
    header: str = ""

    def __str__(self) -> str:
        return f"header {self.header}" if self.header else self.kind


@dataclass(frozen=True, slots=True)
class Route:
    """How connections to some targets go on. Globs; an empty tuple fits all."""

    name: str
    line: int
    hosts: tuple[str, ...] = ()
    ports: frozenset[int] = frozenset()
    paths: tuple[str, ...] = ()
    via: tuple[Upstream, ...] = (Upstream(DIRECT),)
    choose: Literal["round-robin", "key"] = "round-robin"
    key: Key | None = None
    headers: tuple[tuple[bytes, bytes | None], ...] = field(default=(), repr=False)
    subprotocol: bytes | None = field(default=None, repr=False)

    @property
    def needs_request(self) -> bool:
        """Whether the way on cannot be known before the request has come."""
        return bool(self.paths) or (self.key is not None and self.key.kind == "header")
