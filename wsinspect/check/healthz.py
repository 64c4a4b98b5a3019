"""Does the health check say the same as the WebSocket?

Owns: asking it, and the verdict on the disagreement: a sidecar that says "healthy" beside a broken
WebSocket is how such outages last. Must not know: how the WebSocket was judged.
"""

from __future__ import annotations

import ssl
from typing import Any

import aiohttp

from wsinspect.check.model import Check, without_secrets

__all__ = ["ask"]


async def ask(url: str, *, works: bool, tls: ssl.SSLContext | None, limit_s: float) -> Check:
    """``works``: whether the WebSocket was found good."""
    evidence: dict[str, Any] = {"healthz": without_secrets(url), "websocket": works}
    timeout = aiohttp.ClientTimeout(total=limit_s)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, ssl=tls if tls is not None else True) as response,
        ):
            status: int | None = response.status
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        status = None
        evidence["error"] = type(error).__name__
    evidence["status"] = status
    healthy = status is not None and 200 <= status < 300
    evidence["agree"] = healthy == works
    said = "does not answer" if status is None else f"says {status}"
    if healthy and works:
        return Check("healthz", "good", evidence, f"The health check {said}, and it is so.")
    if healthy:
        say = f"The health check {said} – healthy – but the WebSocket is broken: they disagree."
    elif works:
        say = f"The health check {said}, but the WebSocket works: they disagree."
    else:
        say = f"The health check {said}, and the WebSocket is broken, too."
    return Check("healthz", "bad", evidence, say)
