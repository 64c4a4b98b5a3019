"""Going down without a herd: live connections are told one after the other, not all at once.

Owns: when each connection gets its Close 1012, and how long the proxy waits for the answers. Must
not know: mitmproxy, sockets, logs; it is handed what is alive and a way to close it.

Clients that learn of the end at one instant come back at one instant. So the ends are spread over
the first three quarters of the grace, one in each of as many equal slots as there are
connections, at a random place in its slot: evenly, and without a beat. The last quarter is for the
last ones to answer. The first is told at once, so a single one waits for nothing.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Hashable

__all__ = ["SPREAD", "drain", "schedule"]

SPREAD = 0.75  # of the grace
_LOOK_S = 0.02


def schedule(
    count: int, grace_s: float, chance: Callable[[], float] = random.random
) -> list[float]:
    """Seconds from now at which each of ``count`` connections is told; ascending, the first is 0.

    ``chance`` gives a number from 0 up to 1.
    """
    slot_s = grace_s * SPREAD / max(1, count)
    return [0.0 if not i else (i + chance()) * slot_s for i in range(count)]


async def drain[T: Hashable](
    live: Collection[T], close: Callable[[T], None], grace_s: float
) -> int:
    """Tell all of ``live``, and wait until it is empty, ``grace_s`` seconds at most.

    ``live`` shrinks as connections end, whoever ends them; those that have gone by their turn are
    passed over. What joins it meanwhile is not told here. Returns how many are left.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    told = list(live)
    random.shuffle(told)
    for at_s, one in zip(schedule(len(told), grace_s), told, strict=True):
        while live and loop.time() < begun + at_s:  # noqa: ASYNC110 - as below
            await asyncio.sleep(min(_LOOK_S, max(0.0, begun + at_s - loop.time())))
        if not live:
            return 0
        if one in live:
            close(one)
    while live and loop.time() < begun + grace_s:  # noqa: ASYNC110 - once, while draining
        await asyncio.sleep(_LOOK_S)
    return len(live)
