"""Does it answer pings in time, and does it survive being idle?

Owns: the ping series, the idle probe, and their verdicts. Must not know: how the connection was
made. Which hops cut idle connections when is ``diagnose/limits.py``'s.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from typing import Any

from wsinspect.check.model import PING_LIMIT_MS, Check
from wsinspect.check.wire import Wire
from wsinspect.diagnose.limits import by_age, by_idle

__all__ = ["hold_idle", "ping"]

_PINGS = 5
_PAUSE_S = 0.05
_KEEPALIVE = 0.8  # of the shortest limit: field rule


async def ping(wire: Wire, limit_s: float) -> Check:
    """Several pings one after the other; the median against 100 ms."""
    times: list[float] = []
    for _ in range(_PINGS):
        took_s = await wire.pong(os.urandom(8), limit_s)
        if took_s is None:
            break
        times.append(round(took_s * 1e3, 3))
        await asyncio.sleep(_PAUSE_S)
    evidence: dict[str, Any] = {
        "pongs": len(times),
        "limit_ms": PING_LIMIT_MS,
        "rtt_ms": times,
        "bytes_beside": wire.bytes_in,
    }
    if wire.violations:
        evidence["violations"] = list(wire.violations)
    if len(times) < _PINGS:
        if wire.end is not None:
            evidence["ended"] = wire.end.how
            say = f"The connection ended ({_ended(wire)}) instead of answering a ping."
        else:
            say = f"No pong within {limit_s:g} s, {len(times)} of {_PINGS} came before."
        return Check("ping", "bad", evidence, say)
    median = statistics.median(times)
    evidence["median_ms"] = median
    spread = f"{min(times):.1f} to {max(times):.1f}"
    if wire.violations:
        broken = ", ".join(wire.violations)
        say = f"The server breaks the protocol ({broken}): clients end such a connection."
        return Check("ping", "bad", evidence, say)
    if median > PING_LIMIT_MS:
        say = (
            f"A pong takes {median:.0f} ms ({spread}), more than {PING_LIMIT_MS:.0f}: the server "
            "is busy, far away, or answers pings behind other work."
        )
        return Check("ping", "bad", evidence, say)
    return Check("ping", "good", evidence, f"A pong takes {median:.1f} ms ({spread}).")


async def hold_idle(wire: Wire, idle_s: float, opened_at: float, pong_limit_s: float) -> Check:
    """Send nothing for ``idle_s``; then see whether it is still there."""
    wire.last_at = time.monotonic()
    frames_before, pings_before = wire.frames, wire.pings
    begun = time.monotonic()
    quiet_s = 0.0  # the longest time without anything from the server
    since = begun  # its last bytes, before those that end it
    try:
        async with asyncio.timeout(idle_s):
            while wire.end is None:
                since = wire.last_at
                await wire.step()
                quiet_s = max(quiet_s, time.monotonic() - since)
    except TimeoutError:
        quiet_s = max(quiet_s, time.monotonic() - wire.last_at)
    now = time.monotonic()
    evidence: dict[str, Any] = {
        "asked_s": idle_s,
        "held_s": round(now - begun, 3),
        "longest_quiet_s": round(quiet_s, 3),
        "frames_from_server": wire.frames - frames_before,
        "pings_from_server": wire.pings - pings_before,
    }
    if wire.end is None:
        return await _still_there(wire, idle_s, evidence, pong_limit_s)
    since_s, age_s = now - since, now - opened_at
    # Silence that it survived before is not what ended it.
    silent = since_s > quiet_s * _KEEPALIVE
    evidence |= {
        "how": wire.end.how,
        "idle_s": round(since_s, 3),
        "age_s": round(age_s, 3),
        "candidates": [
            {"hop": one.hop, "limit_s": one.limit_s, "source": one.source}
            for one in (*(by_idle(since_s) if silent else ()), *by_age(age_s))
        ],
    }
    if wire.end.code is not None:
        evidence["code"] = wire.end.code
    hops = ", ".join(one["hop"] for one in evidence["candidates"])
    fit = f", consistent with {hops}" if hops else ""
    if silent:
        every_s = round(since_s * _KEEPALIVE, 0 if since_s > 10 else 1)
        say = (
            f"Cut after {since_s:.1f} s of silence ({_ended(wire)}){fit}. "
            f"Ping at least every {every_s or 0.1:g} s, or raise the limit."
        )
    else:
        say = (
            f"Ended at an age of {age_s:.1f} s ({_ended(wire)}){fit}. It was not for silence: the "
            f"server had sent {since_s:.1f} s before, and {quiet_s:.1f} s of silence had done no "
            "harm."
        )
    return Check("idle", "bad", evidence, say)


async def _still_there(
    wire: Wire, idle_s: float, evidence: dict[str, Any], pong_limit_s: float
) -> Check:
    """A hop that forgot the connection tells nobody: only sending shows it."""
    took_s = await wire.pong(os.urandom(8), pong_limit_s)
    if took_s is None:
        evidence["how"] = "silent" if wire.end is None else wire.end.how
        say = (
            f"After {idle_s:g} s of silence a ping is not answered: a hop on the way forgot the "
            "connection and told nobody."
        )
        return Check("idle", "bad", evidence, say)
    say = f"Still there after {evidence['held_s']:.0f} s"
    if evidence["pings_from_server"]:
        say += f"; the server pings (longest silence {evidence['longest_quiet_s']:.0f} s)"
    elif evidence["frames_from_server"]:
        say += f"; the server sends (longest silence {evidence['longest_quiet_s']:.0f} s)"
    return Check("idle", "good", evidence, say + ".")


def _ended(wire: Wire) -> str:
    end = wire.end
    assert end is not None
    if end.how == "close":
        return f"Close {end.code}"
    return "FIN without a Close frame" if end.how == "fin" else "reset"
