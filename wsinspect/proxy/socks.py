"""A TCP connection to a target by way of another proxy: SOCKS5, or HTTP CONNECT.

Owns: the dialogue with that proxy, its time limit, and saying what went wrong in words for the
user. Must not know: mitmproxy, which way a connection takes, or what it carries. Credentials go to
the proxy and nowhere else: no text made here has one.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from typing import Any

from python_socks import (
    ProxyConnectionError,
    ProxyError,
    ProxyTimeoutError,
    ProxyType,
)
from python_socks.async_.asyncio import Proxy

from wsinspect.check.connecting import system_words
from wsinspect.routing import Upstream

__all__ = ["DIAL_S", "DialFailed", "dial"]

type Address = tuple[str, int]
type Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

DIAL_S = 20.0  # for all of it: to the proxy, the dialogue, and its own way on
_HEAD_LIMIT = 65536


class DialFailed(OSError):
    """No connection. ``reason`` is one bounded word for metrics; the text is for the user."""

    def __init__(self, reason: str, say: str) -> None:
        super().__init__(say)
        self.reason = reason


async def dial(
    upstream: Upstream, target: Address, key: str = "", local_addr: Address | None = None
) -> Streams:
    """Open a connection to ``target``. ``key`` fills the templates of user and password.

    Raises:
        DialFailed: with what to look at.
        OSError: on the direct way, as the system says it.
    """
    if not _is_name(target[0]):  # a line end in it would add lines of its own to a CONNECT
        raise DialFailed("target", "the server's name cannot be one")
    if upstream.kind == "direct":
        return await asyncio.open_connection(*target, local_addr=local_addr)
    user, password = _filled(upstream.user, key), _filled(upstream.password, key)
    try:
        async with asyncio.timeout(DIAL_S):
            if upstream.kind.startswith("socks"):
                return await _socks(upstream, target, user, password, local_addr)
            return await _connect(upstream, target, user, password, local_addr)
    except TimeoutError as error:
        if isinstance(error, DialFailed):
            raise
        raise DialFailed("timeout", f"{upstream.label} did not answer in {DIAL_S:g} s") from None


def _is_name(host: str) -> bool:
    """Whether a resolver or a proxy can be asked for it: labels of 1 to 63 bytes, nothing odd."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return host.isprintable() and not set(" /@\\") & set(host)


def _filled(template: str | None, key: str) -> str | None:
    return None if template is None else template.replace("{key}", key)


# --- SOCKS5 (RFC 1928, RFC 1929) ---


async def _socks(
    upstream: Upstream,
    target: Address,
    user: str | None,
    password: str | None,
    local_addr: Address | None,
) -> Streams:
    proxy = Proxy(
        ProxyType.SOCKS5,
        upstream.host,
        upstream.port,
        user,
        # RFC 1929 has no empty one, and python-socks offers no authentication without one.
        (password or " ") if user else None,
        rdns=upstream.kind == "socks5h",
    )
    more: dict[str, Any] = {} if local_addr is None else {"local_addr": local_addr}
    try:
        sock = await proxy.connect(*target, timeout=DIAL_S, **more)
    except ProxyTimeoutError:
        raise DialFailed("timeout", f"{upstream.label} did not answer in {DIAL_S:g} s") from None
    except ProxyConnectionError as error:
        raise _unreachable(upstream, error) from None
    except ProxyError as error:
        raise _refused(upstream, target, error) from None
    except OSError as error:  # it broke off, or our own name resolution did
        raise DialFailed("handshake", f"{upstream.label}: {_named(error)}") from None
    except ValueError:  # also one of encoding: its text may quote a credential
        raise DialFailed("handshake", f"{upstream.label} cannot be asked for such a name") from None
    return await asyncio.open_connection(sock=sock)


def _refused(upstream: Upstream, target: Address, error: ProxyError) -> DialFailed:
    if error.error_code is not None:
        return DialFailed(
            "target", f"{upstream.label} could not reach {_place(target)}: {str(error).lower()}"
        )
    text = str(error)
    if "authentication failure" in text:
        return DialFailed("credentials", f"{upstream.label} refused our user name and password")
    if "authentication method" in text.lower():
        wants = "other credentials" if upstream.user else "a user name and a password"
        return DialFailed("credentials", f"{upstream.label} wants {wants}")
    return DialFailed("handshake", f"{upstream.label} does not speak SOCKS5, or broke off")


# --- HTTP CONNECT (RFC 9110 section 9.3.6) ---


async def _connect(
    upstream: Upstream,
    target: Address,
    user: str | None,
    password: str | None,
    local_addr: Address | None,
) -> Streams:
    tls = ssl.create_default_context(cafile=upstream.ca) if upstream.kind == "https" else None
    try:
        reader, writer = await asyncio.open_connection(
            upstream.host, upstream.port, ssl=tls, local_addr=local_addr, limit=_HEAD_LIMIT
        )
    except ssl.SSLError as error:
        raise DialFailed("tls", f"TLS with {upstream.label} failed: {error.reason}") from None
    except OSError as error:
        raise _unreachable(upstream, error) from None
    try:
        writer.write(_connect_request(target, user, password))
        head = await reader.readuntil(b"\r\n\r\n")
        status = _status(head)
    except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
        writer.close()
        raise DialFailed(
            "handshake", f"{upstream.label} does not speak HTTP, or broke off"
        ) from None
    except BaseException:
        writer.close()
        raise
    if 200 <= status < 300:
        if tls is not None:  # TLS cannot end one direction only
            writer.write_eof = writer.close  # type: ignore[method-assign]
        return reader, writer
    writer.close()
    if status == 407:
        wants = "refused our user name and password" if user else "wants a user name and a password"
        raise DialFailed("credentials", f"{upstream.label} {wants}")
    raise DialFailed(
        "target", f"{upstream.label} would not connect to {_place(target)}: status {status}"
    )


def _connect_request(target: Address, user: str | None, password: str | None) -> bytes:
    host = target[0] if target[0].isascii() else target[0].encode("idna").decode()
    place = _place((host, target[1]))
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
    if user is not None:
        token = base64.b64encode(f"{user}:{password or ''}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {token}")
    return "\r\n".join([*lines, "", ""]).encode()


def _status(head: bytes) -> int:
    version, status, *_ = head.split(b"\r\n", 1)[0].split(b" ", 2)
    if not version.startswith(b"HTTP/1.") or len(status) != 3 or not status.isdigit():
        raise ValueError("not HTTP")
    return int(status)


# --- words ---


def _unreachable(upstream: Upstream, error: OSError) -> DialFailed:
    return DialFailed("unreachable", f"cannot reach {upstream.label}: {_named(error)}")


def _named(error: OSError) -> str:
    """The system's words alone: a library's own may repeat what it was given."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    return system_words(cause) if cause.strerror else type(cause).__name__.lower()


def _place(address: Address) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
