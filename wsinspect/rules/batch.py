"""Messages that have passed, looked at together: one scan for hundreds of them.

Owns: the batch. All messages of all connections joined by newlines are scanned at once; only a
message in which that scan saw something, a candidate or a sign of a view, is looked at alone.
Streams are fed with all messages of their direction at once. Must not know: verdicts (nothing
here can be stopped any more).

Bounded: 256 KiB or 20 ms. Patterns that a rule anchors (^ $) take a newline for an edge there.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from wsinspect.protocol.opcodes import OPCODE_NAMES, TEXT
from wsinspect.rules.engine.scanner import Scanner
from wsinspect.rules.streams import StreamHit

if TYPE_CHECKING:
    from wsinspect.relay.direction import Direction
    from wsinspect.relay.policy import Seqs, Tapped
    from wsinspect.rules.policy import Guard

__all__ = ["BATCH_LEN", "BATCH_S", "Batch"]

BATCH_LEN: Final = 256 * 1024
BATCH_S: Final = 0.02
_first = itemgetter(0)
_ITEM_COST: Final = 64  # bytes that one more message costs beside its own

type Item = tuple[Guard, int, Tapped, Seqs]


class Batch:
    """See the module. ``later(seconds, call)`` calls back once."""

    def __init__(self, later: Callable[[float, Callable[[], None]], object]) -> None:
        self._later = later
        self._items: list[Item] = []
        self._cost = 0
        self._waiting = False

    def add(
        self, guard: Guard, direction: Direction, now_ns: int, seen: Tapped, seqs: Seqs
    ) -> None:
        """Take ``(opcode, payload)`` of messages and control frames in order, and their numbers as
        :class:`~wsinspect.relay.policy.Watch` gives them."""
        self._items.append((guard, now_ns, seen, seqs))
        reader = direction.reader
        if reader.joiner.deflate:  # it may be much more than came
            self._cost += sum(len(payload) for _, payload in seen)
        else:
            self._cost += reader.wire_bytes - guard.counted
            guard.counted = reader.wire_bytes
        self._cost += _ITEM_COST * len(seen)
        if self._cost > BATCH_LEN:
            self.flush()
        elif not self._waiting:
            self._waiting = True
            self._later(BATCH_S, self._due)

    def _due(self) -> None:
        self._waiting = False
        self.flush()

    def flush(self) -> None:
        """Look at all of it. Never raises."""
        items, self._items = self._items, []
        self._cost = 0
        if not items:
            return
        by_guard: dict[Guard, list[tuple[int, int, bytes]]] = {}
        numbers: dict[Guard, list[tuple[int, Seqs]]] = {}
        for guard, now_ns, seen, seqs in items:
            own = by_guard.get(guard)
            if own is None:
                own = by_guard[guard] = []
                numbers[guard] = []
            numbers[guard].append((len(own), seqs))
            own += [(now_ns, opcode, payload) for opcode, payload in seen]
        try:
            suspects = _suspects(by_guard)
        except Exception as error:  # noqa: BLE001 - each is looked at alone, then
            next(iter(by_guard)).failed_late(error, "text", items[0][1])
            suspects = {guard: list(range(len(own))) for guard, own in by_guard.items()}
        for guard, own in by_guard.items():
            _look(guard, own, suspects.get(guard, []), numbers[guard])


def _suspects(
    by_guard: dict[Guard, list[tuple[int, int, bytes]]],
) -> dict[Guard, list[int]]:
    """Which messages of each guard must be looked at alone."""
    suspects: dict[Guard, list[int]] = {}
    joinable: list[Guard] = []
    for guard, own in by_guard.items():
        plan = guard.scope.plan
        if plan.leaf_rules or plan.when_rules or plan.all_leaves:
            suspects[guard] = list(range(len(own)))
        elif plan.wanted:
            joinable.append(guard)
    if not joinable:
        return suspects
    ruleset = joinable[0].inspector.ruleset
    decodes = any(guard.scope.plan.decode for guard in joinable)
    scanner = ruleset.scanner if decodes else ruleset.bare
    if any(guard.inspector.ruleset is not ruleset for guard in joinable):
        # Rules were reloaded in between.
        return suspects | {guard: list(range(len(by_guard[guard]))) for guard in joinable}
    payloads = [payload for guard in joinable for _, _, payload in by_guard[guard]]
    found, signs = scanner.scan_joined(b"\n".join(payloads))
    if not found and not signs:
        return suspects
    owners = [(guard, i) for guard in joinable for i in range(len(by_guard[guard]))]
    marked = _signed(owners, payloads, scanner) if signs and decodes else set()
    if found:
        marked |= _near(found, owners, payloads)
    for at in sorted(marked):
        guard, i = owners[at]
        suspects.setdefault(guard, []).append(i)
    return suspects


def _signed(owners: list[tuple[Guard, int]], payloads: list[bytes], scanner: Scanner) -> set[int]:
    """Those in which a view could matter: in each of them the scan alone sees a sign."""
    scan = scanner.scan
    return {
        at
        for at, (guard, _) in enumerate(owners)
        if guard.scope.plan.decode and scan(payloads[at])[1]
    }


def _near(
    found: list[tuple[int, int]], owners: list[tuple[Guard, int]], payloads: list[bytes]
) -> set[int]:
    """Those in which, or next to which, a candidate ends."""
    ends = list(accumulate(len(payload) + 1 for payload in payloads))
    marked: set[int] = set()
    for pattern, end in found:
        if end == 0:  # it may be anywhere
            return set(range(len(owners)))
        at = bisect_left(ends, end)
        for near in (at - 1, at, at + 1):
            if 0 <= near < len(owners) and pattern in owners[near][0].scope.plan.wanted:
                marked.add(near)
    return marked


def _look(
    guard: Guard,
    own: list[tuple[int, int, bytes]],
    suspects: list[int],
    numbers: list[tuple[int, Seqs]],
) -> None:
    hits: dict[int, list[StreamHit]] = {}
    scope = guard.scope
    try:
        if scope.streams is not None:
            data = [
                (i, opcode, payload) for i, (_, opcode, payload) in enumerate(own) if opcode < 3
            ]
            for hit in guard.inspector.feed(
                scope, [(opcode == TEXT, payload) for _, opcode, payload in data]
            ):
                hits.setdefault(data[hit.message][0], []).append(hit)
    except Exception as error:  # noqa: BLE001 - the messages themselves are looked at all the same
        guard.failed_late(error, "text", own[0][0])
    for i in sorted({*suspects, *hits}):
        now_ns, opcode, payload = own[i]
        if opcode == 8:
            payload = payload[2:]
        seq = _number(i, numbers)
        guard.look_late(payload, OPCODE_NAMES[opcode], now_ns, hits.get(i, ()), seq)


def _number(i: int, numbers: list[tuple[int, Seqs]]) -> int:
    """Of the first frame of message ``i``; -1 if it is not known."""
    begin, seqs = numbers[bisect_right(numbers, i, key=_first) - 1]
    at, seq = seqs[bisect_right(seqs, i - begin, key=_first) - 1]
    return seq + i - begin - at if seq >= 0 else -1
