"""From a target to an answered handshake, with the time that each step took.

Owns: TCP, TLS, the request, and what to call a failure of each. Must not know: verdicts.
"""

from __future__ import annotations

import asyncio
import os
import re
import ssl
import time
from dataclasses import dataclass, field

from wsinspect.check.model import Asked
from wsinspect.check.opening import Answer, BadAnswer, Opening

__all__ = ["Failed", "Shaken", "reach", "system_words"]


class Failed(Exception):
    """``stage``: where it failed; the text says how."""

    def __init__(self, stage: str, say: str) -> None:
        super().__init__(say)
        self.stage = stage


@dataclass(slots=True)
class Shaken:
    opening: Opening
    answer: Answer
    reader: asyncio.StreamReader = field(repr=False)
    writer: asyncio.StreamWriter = field(repr=False)
    connect_ms: float = 0.0
    tls_ms: float | None = None
    handshake_ms: float = 0.0
    opened_at: float = 0.0  # monotonic


async def reach(asked: Asked) -> Shaken:
    """Raises Failed."""
    target = asked.target
    try:
        async with asyncio.timeout(asked.open_limit_s):
            return await _reach(asked)
    except TimeoutError:
        raise Failed(
            "timeout", f"{target.host}:{target.port} did not answer in {asked.open_limit_s:g} s"
        ) from None


async def _reach(asked: Asked) -> Shaken:
    target = asked.target
    begun = time.monotonic()
    try:
        reader, writer = await asked.dial((target.host, target.port))
    except TimeoutError:
        raise
    except OSError as error:
        raise Failed("connect", _named(error, f"{target.host}:{target.port}")) from None
    connected = time.monotonic()
    tls_ms = None
    try:
        if asked.tls is not None:
            try:
                await writer.start_tls(asked.tls, server_hostname=target.host)
            except ssl.SSLCertVerificationError as error:
                raise Failed(
                    "tls", f"the certificate is not trusted: {error.verify_message}"
                ) from None
            except (ssl.SSLError, OSError) as error:
                reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
                raise Failed("tls", f"TLS failed: {str(reason).lower()}") from None
            tls_ms = _ms(time.monotonic() - connected)
        asked_at = time.monotonic()
        opening = Opening(target.resource, target.authority, asked.headers, asked.subprotocols)
        try:
            answer = await opening.shake(reader, writer)
        except BadAnswer as error:
            raise Failed("answer", str(error)) from None
        except OSError as error:
            raise Failed("answer", f"the connection broke: {system_words(error)}") from None
    except BaseException:
        writer.close()
        raise
    now = time.monotonic()
    return Shaken(
        opening, answer, reader, writer, _ms(connected - begun), tls_ms, _ms(now - asked_at), now
    )


def _named(error: OSError, place: str) -> str:
    text = system_words(error)
    # A proxy's own words name it already.
    return text if "://" in text else f"cannot connect to {place}: {text}"


def system_words(error: OSError) -> str:
    """asyncio puts "Connect call failed (ADDRESS)" in place of the system's words."""
    found = re.search(r"\[Errno (\d+)\] Connect call failed", str(error))
    if found:
        return os.strerror(int(found[1])).lower()
    return (error.strerror or str(error) or type(error).__name__).lower()


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 3)
