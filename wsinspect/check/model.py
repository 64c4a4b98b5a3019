"""What a check is asked, and what it finds. The JSON form is the contract (docs/check.md).

Owns: the shapes, and reading a URL. Must not know: how anything is found out.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlsplit

__all__ = [
    "Asked", "Check", "Dial", "NotAUrl", "Report", "Target", "Verdict", "parse_target",
    "printable", "without_secrets",
]  # fmt: skip

type Verdict = Literal["good", "bad"]
type Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
#: Opens a connection to (host, port), straight or by a proxy. Raises OSError.
type Dial = Callable[[tuple[str, int]], Awaitable[Streams]]

PING_LIMIT_MS: Final = 100.0
_SCHEMES: Final = {"ws": False, "http": False, "wss": True, "https": True}


class NotAUrl(ValueError):
    """The text is for the user."""


@dataclass(frozen=True, slots=True)
class Target:
    """``resource`` is the request target: path and query."""

    url: str = field(repr=False)
    host: str
    port: int
    tls: bool
    resource: str = field(repr=False)

    @property
    def authority(self) -> str:
        """For the Host header: the port only where it is not the scheme's."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Asked:
    """One run of ``wsinspect check``."""

    target: Target
    dial: Dial
    tls: ssl.SSLContext | None = None
    healthz_tls: ssl.SSLContext | None = None
    headers: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    subprotocols: str = ""
    idle_s: float | None = None
    herd: int | None = None
    healthz: str | None = None
    proxied: bool = False
    open_limit_s: float = 10.0
    pong_limit_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Check:
    """``evidence`` has measured numbers with units in their names; ``say`` is for people."""

    name: Literal["upgrade", "ping", "idle", "healthz", "herd"]
    verdict: Verdict
    evidence: dict[str, Any]
    say: str


@dataclass(frozen=True, slots=True)
class Report:
    url: str
    checks: tuple[Check, ...]

    @property
    def verdict(self) -> Verdict:
        return "bad" if any(check.verdict == "bad" for check in self.checks) else "good"

    def as_json(self) -> dict[str, Any]:
        checks = [
            {"name": c.name, "verdict": c.verdict, "evidence": c.evidence, "say": c.say}
            for c in self.checks
        ]
        return {"url": self.url, "verdict": self.verdict, "checks": checks}


def printable(text: str) -> str:
    """What a terminal would obey, written out: it came from the other side."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def without_secrets(url: str) -> str:
    """Without user, password and query, for people."""
    return re.sub(r"//[^/?#]*@", "//", url).partition("?")[0]


def parse_target(url: str) -> Target:
    """Raises NotAUrl."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise NotAUrl(f"not a URL: {error}") from None
    scheme = parts.scheme.lower()
    if scheme not in _SCHEMES:
        raise NotAUrl(f"not a WebSocket URL: {without_secrets(url)!r} – ws://host/ or wss://host/")
    if not host or any(char.isspace() or not char.isprintable() for char in url):
        raise NotAUrl("not a URL: it has no host, or a space – ws://host:port/path")
    if parts.fragment:
        raise NotAUrl("a WebSocket URL has no fragment (RFC 6455 section 3)")
    if parts.username is not None:
        raise NotAUrl("no user in the URL, please – say --header 'Authorization: …'")
    if port == 0:
        raise NotAUrl("not a URL: nobody listens on port 0")
    tls = _SCHEMES[scheme]
    try:
        host = host.encode("idna").decode()  # a label is 1 to 63 bytes
    except UnicodeError:
        raise NotAUrl("not a URL: the host's name cannot be encoded") from None
    resource = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not resource.isascii():
        raise NotAUrl("not a URL: percent-encode what is not ASCII")
    return Target(url, host, port or (443 if tls else 80), tls, resource)
