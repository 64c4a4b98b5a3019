"""What has passed, kept for whoever looks later: frames and messages of all connections.

Owns: what is kept of each connection, its bound, and what an answer says is missing. Must not
know: when to keep (``keeping.py``), sockets. No relay is held here: what is kept outlives its
connection. Payload is in it as it may be shown: rules have masked it before.

The bound is one sum of bytes, rows and contents together. Beyond it the connection goes first that
was silent for longest, of those that have more than their share: it loses its oldest rows down to
that share. Where none has more, the one that was silent for longest loses all.

What is kept is held as plain tuples of plain values: the garbage collector leaves those alone, so
that forty thousand of them do not slow down a burst that comes later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from wsinspect.protocol.messages import MessageFacts
from wsinspect.protocol.reader import Record
from wsinspect.sinks.rows import Told
from wsinspect.sinks.watched import Key

__all__ = ["Frames", "History", "Kept", "Message", "one_by_one"]

LIMIT: Final = 16 * 1024 * 1024
SHARE: Final = 256 * 1024  # some 200 short messages with their frames
_AT_ONCE: Final = LIMIT // 256  # taken away at once, so that it costs little a row
# Bytes of memory beside the contents, as measured (tests/sinks/test_history.py).
_FRAME_COST: Final = 300
_BATCH_COST: Final = 400
_MESSAGE_COST: Final = 350


type Plain = tuple[Any, ...]


class Frames(NamedTuple):
    """Some frames of one direction, ``seq`` and on; ``previews`` as in ``relay.Recorder``.

    ``turn`` grows with the time; of one turn they are in order.
    """

    turn: int
    to_client: bool
    now_ns: int
    seq: int
    records: Sequence[Record]
    previews: Sequence[bytes | None]

    @property
    def plain(self) -> Plain:
        return (*self[:4], tuple(self.records), tuple(self.previews))

    def __repr__(self) -> str:  # never payload
        return f"Frames({len(self.records)} from {self.seq}, to_client={self.to_client})"


class Message(NamedTuple):
    """``whole`` is all of it, or says why it is not there."""

    turn: int
    told: Told
    whole: bytes | str

    @property
    def plain(self) -> Plain:
        now_ns, to_client, facts, action, injected, rules, whole = self.told
        plain_facts = tuple(facts._replace(seen=None))
        told = now_ns, to_client, plain_facts, action, injected, tuple(rules), whole
        return self.turn, told, self.whole

    def __repr__(self) -> str:  # never payload
        return f"Message({self.told!r})"


class Kept:
    """Of one connection; ``frames`` counts those that were ever put here, ``older`` those of them
    that had to go. ``turn``: when it began. ``totals``, of one that has ended: its frames and
    messages, and whether all of its frames came here.
    """

    __slots__ = ("_held", "cost", "costs", "frames", "older", "totals", "turn")

    def __init__(self, turn: int) -> None:
        self.turn = turn
        self._held: list[Plain] = []
        self.costs: list[int] = []
        self.cost = 0
        self.frames = 0
        self.older = 0
        self.totals: tuple[int, int, bool] | None = None

    @property
    def entries(self) -> list[Frames | Message]:
        """All that is held, in order."""
        return [_entry(plain) for plain in self._held]

    @property
    def is_empty(self) -> bool:
        return not self._held

    def add(self, entry: Frames | Message, cost: int) -> None:
        self._held.append(entry.plain)
        self.costs.append(cost)
        self.cost += cost

    def trim(self, bytes_: int) -> int:
        """Forget the oldest, so many bytes or some more. Returns how many it were."""
        gone = at = 0
        while at < len(self.costs) and gone < bytes_:
            gone += self.costs[at]
            entry = _entry(self._held[at])
            if isinstance(entry, Frames):
                self.older += len(entry.records)
            at += 1
        del self._held[:at], self.costs[:at]
        self.cost -= gone
        return gone


class History:
    """See the module. Connections are named by their flow ids."""

    def __init__(self, limit: int = LIMIT, share: int = SHARE) -> None:
        self.limit = limit
        self.share = share
        self.cost = 0
        self._all: dict[int, Kept] = {}
        self._silent: dict[int, None] = {}  # those with entries; the longest silent one first
        self._rich: dict[int, None] = {}  # of these those above their share, likewise

    def opened(self, flow_id: int, turn: int) -> None:
        self._all[flow_id] = Kept(turn)

    def closed(self, flow_id: int, frames: int, messages: int, turn: int) -> None:
        kept = self._all.get(flow_id)
        if kept is None:
            return
        kept.totals = frames, messages, kept.turn == turn
        if kept.is_empty:
            del self._all[flow_id]

    def frames(self, flow_id: int, frames: Frames) -> None:
        cost = _BATCH_COST + len(frames.records) * _FRAME_COST
        cost += sum([len(each) for each in frames.previews if each])
        self._add(flow_id, frames, cost).frames += len(frames.records)

    def message(self, flow_id: int, message: Message) -> None:
        start, whole = message.told.facts.start, message.whole
        cost = _MESSAGE_COST + len(start)
        if whole is not start:
            cost += len(whole)
        self._add(flow_id, message, cost)

    def find(self, flow_id: int) -> Kept | None:
        return self._all.get(flow_id)

    def payload(self, key: Key) -> bytes | str | None:
        """Likewise as ``PayloadRing.find``."""
        flow_id, direction, seq = key
        kept = self._all.get(flow_id)
        for entry in reversed(kept.entries if kept is not None else ()):
            if isinstance(entry, Message):
                told = entry.told
                if told.facts.first_seq == seq and told.to_client == direction:
                    return entry.whole
        return None

    def clear(self) -> None:
        self._all.clear()
        self._silent.clear()
        self._rich.clear()
        self.cost = 0

    # --- inside ---

    def _add(self, flow_id: int, entry: Frames | Message, cost: int) -> Kept:
        kept = self._all.get(flow_id)
        if kept is None:
            kept = self._all[flow_id] = Kept(-1)
        kept.add(entry, cost)
        self.cost += cost
        self._silent.pop(flow_id, None)
        self._silent[flow_id] = None
        self._rich.pop(flow_id, None)
        if kept.cost > self.share:
            self._rich[flow_id] = None
        while self.cost > self.limit:
            self._make_room()
        return kept

    def _make_room(self) -> None:
        excess = self.cost - self.limit + min(_AT_ONCE, self.limit // 16)
        if self._rich:
            flow_id = next(iter(self._rich))
            kept = self._all[flow_id]
            self.cost -= kept.trim(min(excess, kept.cost - self.share))
            if kept.cost <= self.share:
                del self._rich[flow_id]
        else:
            flow_id = next(iter(self._silent))
            kept = self._all[flow_id]
            self.cost -= kept.trim(kept.cost)
        if kept.is_empty:
            del self._silent[flow_id]
            if kept.totals is not None:
                del self._all[flow_id]


def _entry(plain: Plain) -> Frames | Message:
    if len(plain) == len(Frames._fields):
        return Frames(*plain)
    turn, (now_ns, to_client, facts, *rest), whole = plain
    return Message(turn, Told(now_ns, to_client, MessageFacts(*facts), *rest), whole)


def one_by_one(frames: Frames) -> Iterator[Frames]:
    for at, record in enumerate(frames.records):
        previews = frames.previews[at : at + 1] if frames.previews else ()
        yield frames._replace(seq=frames.seq + at, records=[record], previews=previews)
