"""Many connections at one instant, as after a deploy: how many get in, and how fast.

Owns: the herd and its verdict. Must not know: whether the endpoint may be treated so; that is
asked before.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from typing import Any, Final

from wsinspect.check.connecting import Failed, reach
from wsinspect.check.model import Asked, Check
from wsinspect.check.wire import Wire

__all__ = ["HERD_LIMIT", "stampede"]

HERD_LIMIT: Final = 1000


async def stampede(asked: Asked, count: int) -> Check:
    """Connect ``count`` times at once, hold all until the last is answered, then leave."""
    begun = time.monotonic()
    times: list[float] = []
    failures: Counter[str] = Counter()
    wires: list[Wire] = []

    async def one() -> None:
        started = time.monotonic()
        try:
            shaken = await reach(asked)
        except Failed as error:
            failures[error.stage] += 1
            return
        if shaken.answer.status != 101:
            failures[f"status {shaken.answer.status}"] += 1
            shaken.writer.close()
            return
        times.append((time.monotonic() - started) * 1e3)
        wires.append(Wire(shaken.reader, shaken.writer))

    await asyncio.gather(*(one() for _ in range(count)))
    took_s = time.monotonic() - begun
    with contextlib.suppress(OSError):
        await asyncio.gather(*(wire.close() for wire in wires))
    times.sort()
    evidence: dict[str, Any] = {
        "asked": count,
        "opened": len(times),
        "failures": dict(failures),
        "took_s": round(took_s, 3),
        "per_s": round(len(times) / max(took_s, 1e-6), 1),
    }
    if times:
        evidence["handshake_ms"] = {
            "min": round(times[0], 3),
            "p50": round(times[len(times) // 2], 3),
            "p99": round(times[min(len(times) - 1, len(times) * 99 // 100)], 3),
            "max": round(times[-1], 3),
        }
    if failures:
        why = ", ".join(f"{number} × {reason}" for reason, number in failures.most_common(5))
        say = f"{len(times)} of {count} connections at once got in; {why}."
        return Check("herd", "bad", evidence, say)
    say = f"{count} connections at once got in within {took_s:.2f} s ({evidence['per_s']:.0f}/s)."
    return Check("herd", "good", evidence, say)
