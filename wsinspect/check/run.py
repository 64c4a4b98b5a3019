"""One check from begin to end: which parts run, in which order, on which connection.

Owns: the order. Must not know: how each part judges.
"""

from __future__ import annotations

from wsinspect.check import headers, healthz, upgrade
from wsinspect.check.connecting import Failed, reach
from wsinspect.check.herd import stampede
from wsinspect.check.liveness import hold_idle, ping
from wsinspect.check.model import Asked, Check, Report
from wsinspect.check.wire import Wire

__all__ = ["run_check"]


async def run_check(asked: Asked) -> Report:
    """Pings and idle only where there is a connection to try them on."""
    checks = await _one_connection(asked)
    # Slow, or cut when idle, is bad; it is not what a health check has to know.
    works = checks[0].verdict == "good" and all(
        c.evidence.get("pongs", 1) and not c.evidence.get("violations") for c in checks
    )
    if asked.herd and checks[0].evidence.get("status") == 101:
        checks.append(await stampede(asked, asked.herd))
    if asked.healthz:
        checks.append(
            await healthz.ask(
                asked.healthz, works=works, tls=asked.healthz_tls, limit_s=asked.open_limit_s
            )
        )
    return Report(asked.target.url, tuple(checks))


async def _one_connection(asked: Asked) -> list[Check]:
    try:
        shaken = await reach(asked)
    except Failed as error:
        return [upgrade.failed(error)]
    first = upgrade.judge(shaken)
    if asked.proxied:
        first = upgrade.compared(first, await headers.through_proxy(asked))
    checks = [first]
    wire = Wire(shaken.reader, shaken.writer)
    try:
        if shaken.answer.status == 101:
            checks.append(await ping(wire, asked.pong_limit_s))
            if asked.idle_s is not None and wire.end is None:
                checks.append(
                    await hold_idle(wire, asked.idle_s, shaken.opened_at, asked.pong_limit_s)
                )
    finally:
        await wire.close()
    return checks
