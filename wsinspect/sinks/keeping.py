"""When what passes is kept: while little passes, and a dashboard could come.

Owns: the measure of how much passes, switching the readers of all connections that nobody watches,
the bare rows of what passed while nothing is kept. Must not know: what a dashboard is, sockets.

Reading with payload costs some ten times what reading without costs. What may be spent on it is a
purse: each frame and each 4 KiB of content cost one coin, 500 come in a second. A burst that
empties it switches keeping off at once, for all; a second in which little passes switches it on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from heapq import merge
from typing import Final, NamedTuple

from wsinspect.model.connection import Connection
from wsinspect.model.events import Action
from wsinspect.protocol.messages import MessageFacts
from wsinspect.relay.direction import Direction
from wsinspect.sinks.history import Frames, History, Message
from wsinspect.sinks.past import Missing, Past
from wsinspect.sinks.reading import WHOLE_LEN, Reading
from wsinspect.sinks.rows import Batch, told_of
from wsinspect.sinks.watched import Key, whole_payload

__all__ = ["Keeping"]

PURSE: Final = 2000
COINS_A_SECOND: Final = 500
_COIN_BYTES: Final = 12  # 4 KiB, as a shift
_LOOK_COINS: Final = 4  # rules that only note look at it alone: else at hundreds in one scan
_LOOK_BYTES: Final = 9
CALM_FRAMES: Final = 250  # a second
CALM_BYTES: Final = 1024 * 1024  # on the wire, a second
FEW: Final = 8
"""Connections that may keep messages of 1 MiB: at most 16 MiB of unfinished ones."""
_PART_LEN: Final = 64 * 1024  # with more connections: no more than the reader itself holds
_RECENT_FRAMES: Final = 20_000
_TOGETHER: Final = 16  # frames that are kept, and go, together


type _Waiting = tuple[int, Direction, int, MessageFacts, Action, bool, Sequence[str]]


class _Group(NamedTuple):
    turn: int
    frames: int
    batches: list[Batch]


class Keeping:
    """``on``: what passes is kept. ``watched``: connections that somebody else reads as they pass;
    their readers are left alone. ``turn`` is another number whenever it is switched.
    """

    def __init__(
        self,
        connections: Mapping[int, Connection],
        reading: Reading,
        clock: Callable[[], int],
        problem: Callable[[str], None],
    ) -> None:
        self.on = False
        self.watched: set[int] = set()
        self.history = History()
        self.turn = 0
        self._connections = connections
        self._reading = reading
        self._clock = clock
        self._problem = problem
        self._wanted = False
        self._purse = 0.0
        self._filled_ns = 0
        self._waiting: list[_Waiting] = []
        self._recent: deque[_Group] = deque()
        self._recent_frames = 0
        self._passed = (0, 0, 0)  # at the last tick: ns, frames, bytes

    @property
    def limit(self) -> int:
        """Up to how many bytes a message is kept whole."""
        return WHOLE_LEN if len(self._connections) <= FEW else _PART_LEN

    # --- when ---

    def begin(self) -> None:
        """From now on somebody could come and look."""
        self._wanted = True
        self._passed = self._clock(), 0, 0
        self._switch_on()

    def end(self) -> None:
        """Nobody can come any more."""
        self._wanted = False
        self._switch_off()
        self._waiting.clear()
        self.history.clear()

    def tick(self, frames: int, wire_bytes: int) -> None:
        """About once a second; what has passed since the start."""
        now_ns = self._clock()
        then_ns, frames_then, bytes_then = self._passed
        self._passed = now_ns, frames, wire_bytes
        elapsed_s = (now_ns - then_ns) / 1e9
        calm = (
            elapsed_s > 0
            and frames - frames_then <= CALM_FRAMES * elapsed_s
            and wire_bytes - bytes_then <= CALM_BYTES * elapsed_s
        )
        if self._wanted and not self.on and calm:
            self._switch_on()

    def _switch_on(self) -> None:
        if self.on:
            return
        self.on = True
        self.turn += 1
        self._purse = PURSE
        self._filled_ns = self._clock()
        limit = self.limit
        for flow_id, connection in self._connections.items():
            if flow_id not in self.watched:
                self._reading.show(connection, limit)

    def _switch_off(self) -> None:
        if not self.on:
            return
        self.on = False
        self.turn += 1
        for flow_id, connection in self._connections.items():
            if flow_id not in self.watched:
                self._reading.hide(connection)

    def _pay(self, coins: int) -> bool:
        now_ns = self._clock()
        earned = max(0, now_ns - self._filled_ns) * COINS_A_SECOND / 1e9
        self._filled_ns = now_ns
        self._purse = min(PURSE, self._purse + earned) - coins
        if self._purse < 0:
            self._switch_off()
        return self.on

    # --- connections ---

    def opened(self, connection: Connection) -> None:
        if self.on:
            self.history.opened(connection.flow_id, self.turn)
            self._reading.show(connection, self.limit)

    def closed(self, connection: Connection) -> None:
        turn = self.turn if self.on else -1
        self.history.closed(connection.flow_id, *_totals(connection), turn)

    def unwatched(self, connection: Connection) -> None:
        """Nobody watches it any more: it is read as all others."""
        self.watched.discard(connection.flow_id)
        if self.on:
            self._reading.show(connection, self.limit)
        else:
            self._reading.hide(connection)

    def forget(self, known: set[int]) -> None:
        """Bare rows of ended connections that are not ``known``: each holds a whole relay."""
        kept = []
        for group in self._recent:
            batches = [
                batch
                for batch in group.batches
                if not (connection := batch[0].relay.connection).closed
                or connection.flow_id in known
            ]
            kept.append(_Group(group.turn, sum(len(batch[3]) for batch in batches), batches))
        self._recent = deque(kept)
        self._recent_frames = sum(group.frames for group in kept)

    # --- what passes ---

    def frames(self, batches: list[Batch], count: int) -> None:
        if self.on:
            kept = self._pay(count)
            if kept:
                self._guarded(lambda: self._keep(batches))
            self._guarded(self._settle)
            if kept:
                return
        recent = self._recent
        recent.append(_Group(self.turn, count, batches))
        self._recent_frames += count
        while self._recent_frames > _RECENT_FRAMES and len(recent) > 1:
            self._recent_frames -= recent.popleft().frames

    def _keep(self, batches: list[Batch]) -> None:
        """Each message behind its last frame, so that they go together."""
        turn, keep = self.turn, self.history.frames
        told: dict[Direction, deque[_Waiting]] = {}
        for one in self._waiting:
            told.setdefault(one[1], deque()).append(one)
        self._waiting.clear()
        for direction, now_ns, seq, records, _, previews in batches:
            flow_id, messages = direction.relay.connection.flow_id, told.get(direction)
            for at in range(0, len(records), _TOGETHER):
                some, seen = records[at : at + _TOGETHER], previews[at : at + _TOGETHER]
                keep(flow_id, Frames(turn, direction.to_client, now_ns, seq + at, some, seen))
                while messages and messages[0][3].last_seq < seq + at + len(some):
                    self._keep_message(*messages.popleft())
        self._waiting += [one for messages in told.values() for one in messages]

    def message(
        self,
        direction: Direction,
        now_ns: int,
        facts: MessageFacts,
        action: Action,
        injected: bool,
        rules: Sequence[str],
    ) -> None:
        """Waits until its frames are handed over: its bytes have not left yet."""
        if self._purse >= 0:
            if direction.watch is None:
                self._purse -= facts.payload_len >> _COIN_BYTES
            else:
                self._purse -= _LOOK_COINS + (facts.payload_len >> _LOOK_BYTES)
            self._waiting.append((self.turn, direction, now_ns, facts, action, injected, rules))

    def _settle(self) -> None:
        """What waits still, to what is kept."""
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            self._keep_message(*one)

    def _keep_message(
        self,
        turn: int,
        direction: Direction,
        now_ns: int,
        facts: MessageFacts,
        action: Action,
        injected: bool,
        rules: Sequence[str],
    ) -> None:
        told = told_of(now_ns, direction.to_client, facts, action, injected, rules)
        flow_id = direction.relay.connection.flow_id
        self.history.message(flow_id, Message(turn, told, whole_payload(facts, action)))

    def _guarded(self, keep: Callable[[], None]) -> None:
        try:
            keep()
        except Exception as error:  # noqa: BLE001 - a sink's fault is never the traffic's
            self.end()
            # Not its text: that may quote a payload.
            self._problem(f"{type(error).__name__} while keeping what passes: nothing is kept now")

    # --- what has passed ---

    def past(self, flow_id: int) -> Past:
        """What is there of a connection, live or not. The hub was flushed before."""
        self._guarded(self._settle)
        connection = self._connections.get(flow_id)
        bare: list[Frames] = []
        for turn, _, batches in self._recent:
            for direction, now_ns, seq, records, _, previews in batches:
                one = direction.relay.connection
                if one.flow_id == flow_id:
                    connection = one
                    bare.append(Frames(turn, direction.to_client, now_ns, seq, records, previews))
        kept = self.history.find(flow_id)
        entries = [] if kept is None else kept.entries
        missing = Missing(None, None, 0, 0)
        if kept is not None and kept.totals is not None:
            frames, messages, all_kept = kept.totals
            missing = Missing(frames, messages, kept.older, 0 if all_kept else frames - kept.frames)
        elif connection is not None:
            frames, messages = _totals(connection)
            missing = Missing(frames, messages, 0, frames)
            if kept is not None:
                all_kept = self.on and kept.turn == self.turn
                busy = 0 if all_kept else max(0, frames - kept.frames)
                missing = Missing(frames, messages, kept.older, busy)
        return Past(flow_id, list(merge(entries, bare, key=lambda each: each.turn)), missing)

    def payload(self, key: Key) -> bytes | str | None:
        self._guarded(self._settle)
        return self.history.payload(key)


def _totals(connection: Connection) -> tuple[int, int]:
    """Frames and messages that have passed."""
    to_server, to_client = connection.to_server, connection.to_client
    return (
        to_server.frames + to_client.frames,
        to_server.joiner.messages + to_client.joiner.messages,
    )
