"""What a proxy does to the headers of a handshake: sent on one side, looked at on the other.

Owns: an endpoint of our own on loopback behind the proxy, and the comparison. Must not know:
verdicts. Only names are told: values may be secrets.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from wsproto.utilities import generate_accept_token

from wsinspect.check.model import Asked, printable
from wsinspect.check.opening import BadAnswer, HeaderLines, Opening, header_lines

__all__ = ["differences", "through_proxy"]

_MARKER = (b"X-Wsinspect-Check", b' Aa\xc3\xbc  "z" '.strip())


async def through_proxy(asked: Asked) -> dict[str, Any]:
    """``{request: {added, removed, changed, renamed, moved}, response: …}``, or ``{error}``."""
    came: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    answered = [
        (b"Upgrade", b"websocket"),
        (b"Connection", b"Upgrade"),
        (b"Sec-WebSocket-Accept", b""),
        _MARKER,
    ]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError):
            head = await reader.readuntil(b"\r\n\r\n")
            if not came.done():
                came.set_result(head)
            keys = [value for name, value in header_lines(head) if name.lower() == _KEY]
            answered[2] = answered[2][0], generate_accept_token(keys[0] if keys else b"")
            lines = b"".join(b"%b: %b\r\n" % line for line in answered)
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\n%b\r\n" % lines)
            await reader.read(1)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        async with asyncio.timeout(asked.open_limit_s):
            reader, writer = await asked.dial((host, port))
            try:
                extra = (*asked.headers, _MARKER)
                opening = Opening("/", f"{host}:{port}", extra, asked.subprotocols)
                answer = await opening.shake(reader, writer)
                if not came.done():
                    return {"error": f"the proxy answered {answer.status} itself"}
                return {
                    "request": differences(opening.headers, header_lines(came.result())),
                    "response": differences(answered, answer.headers),
                }
            finally:
                writer.close()
    except TimeoutError:
        return {"error": "the proxy did not reach an endpoint of ours on loopback in time"}
    except (OSError, BadAnswer) as error:
        return {"error": str(error)}
    finally:
        server.close()


_KEY = b"sec-websocket-key"


def differences(sent: HeaderLines, came: HeaderLines) -> dict[str, list[str]]:
    """By name. ``renamed``: the name in other letters; ``moved``: another place among the rest."""
    before, after = _by_name(sent), _by_name(came)
    both = [name for name in before if name in after]
    order = [name for name in after if name in before]
    return {
        "added": [_shown(after[name][0][0]) for name in after if name not in before],
        "removed": [_shown(before[name][0][0]) for name in before if name not in after],
        "changed": [
            _shown(before[name][0][0])
            for name in both
            if [value for _, value in before[name]] != [value for _, value in after[name]]
        ],
        "renamed": [
            _shown(before[name][0][0])
            for name in both
            if [written for written, _ in before[name]] != [written for written, _ in after[name]]
        ],
        "moved": [
            _shown(before[name][0][0])
            for name, instead in zip(both, order, strict=True)
            if name != instead
        ],
    }


def _by_name(lines: HeaderLines) -> dict[bytes, list[tuple[bytes, bytes]]]:
    found: dict[bytes, list[tuple[bytes, bytes]]] = {}
    for name, value in lines:
        found.setdefault(name.lower(), []).append((name, value))
    return found


def _shown(name: bytes) -> str:
    return printable(name.decode("utf-8", "backslashreplace"))
