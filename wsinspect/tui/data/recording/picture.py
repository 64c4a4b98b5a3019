"""A ledger -> the store: connections, totals, rates and ends as they were at its position.

Owns the store's connections while a recording is shown: one object each, kept over all moves, so
that a choice in a list stays where it is.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator

from wsinspect.tui.data.bounds import UNREADABLE
from wsinspect.tui.data.connection import (
    ACTIVITY_S,
    ALERTS_KEPT,
    DIAGNOSES_KEPT,
    NS,
    Activity,
    Connection,
    State,
    state_after,
)
from wsinspect.tui.data.recording.index import Index, Track
from wsinspect.tui.data.recording.ledger import Ledger
from wsinspect.tui.data.recording.lines import read_stats
from wsinspect.tui.data.recording.tally import CONTENT, LIVE, REFUSED, UNSEEN, WAY, Tally
from wsinspect.tui.data.store import ALERTS_RECENT_MAX, DIAGNOSES_MAX, Store, deflates, losses
from wsinspect.tui.data.wire import OpenFacts, WsClose, WsOpen, decode

ENDED_SHOWN_MAX = 20_000
_STEP = 250  # connections shown between two breaths

type ReadLine = Callable[[int], bytes]  # the line at an offset


class Picture:
    """`show` writes the store; in steps, so that the screen stays alive."""

    def __init__(self, store: Store, index: Index, read_line: ReadLine) -> None:
        self.store = store
        self.index = index
        self._read_line = read_line
        self._connections: dict[int, Connection] = {}
        store.ended_max = ENDED_SHOWN_MAX

    def show(self, ledger: Ledger, *, anew: bool) -> Iterator[None]:
        """All of the ledger, or only what changed in it since it was last shown."""
        changed = ledger.changed()
        ledger.shown()
        if anew:
            yield from self._all(ledger)
        else:
            yield from self._some(ledger, changed)
        self._whole(ledger)

    def _all(self, ledger: Ledger) -> Iterator[None]:
        first = max(0, ledger.gone_count - ENDED_SHOWN_MAX)
        gone = [ledger.tallies[n] for n in self.index.gone[first : ledger.gone_count]]
        live = [tally for tally in ledger.tallies if tally.gone == LIVE]
        for at, tally in enumerate([*live, *gone]):
            self._update(tally, ledger)
            if at % _STEP == 0:
                yield
        store = self.store
        store.live = {t.track.flow_id: self._connections[t.track.flow_id] for t in live}
        store.ended = {t.track.flow_id: self._connections[t.track.flow_id] for t in gone}
        store.membership += 1
        if len(self._connections) > 2 * ENDED_SHOWN_MAX + len(live):
            self._connections = {**store.live, **store.ended}

    def _some(self, ledger: Ledger, changed: Iterable[Tally]) -> Iterator[None]:
        store = self.store
        gone = []
        for at, tally in enumerate(sorted(changed, key=lambda tally: tally.number)):
            connection = self._update(tally, ledger)
            if tally.gone == LIVE:
                if tally.track.flow_id not in store.live:
                    store.live[tally.track.flow_id] = connection
                    store.membership += 1
            elif tally.track.flow_id not in store.ended:
                gone.append((tally, connection))
            if at % _STEP == 0:
                yield
        if gone:
            # In the order in which they went, as the index has it.
            recent = self.index.gone[max(0, ledger.gone_count - 2 * len(gone)) : ledger.gone_count]
            place = {number: at for at, number in enumerate(recent)}
            gone.sort(key=lambda pair: place.get(pair[0].number, -1))
        store.membership += len(gone)
        for tally, connection in gone:
            store.live.pop(tally.track.flow_id, None)
            store.ended[tally.track.flow_id] = connection
        while len(store.ended) > ENDED_SHOWN_MAX:
            del store.ended[next(iter(store.ended))]

    # The whole

    def _whole(self, ledger: Ledger) -> None:
        store, index, position = self.store, self.index, ledger.position
        store.version += 1
        store.ended_count = ledger.ended
        store.unclean_count = ledger.unclean
        store.refused_count = ledger.refused
        store.unreadable = ledger.broken
        store.ends = ledger.book
        store.settle_talkers(ledger.talkers)
        count = bisect_left(index.alerts_at, position)
        store.alerts = count
        store.alerts_recent.clear()
        store.alerts_recent.extend(index.alerts[max(0, count - ALERTS_RECENT_MAX) : count])
        self._diagnoses(bisect_left(index.diagnoses_at, position))
        stats = bisect_left(index.stats_at, position)
        store.losses = self._losses(index.stats_at[stats - 1]) if stats else {}
        self._rates(ledger)

    def _losses(self, at: int) -> dict[str, int]:
        try:
            return losses(read_stats(self._read_line(at)).stats)
        except UNREADABLE:
            return {}

    def _diagnoses(self, count: int) -> None:
        store = self.store
        for diagnosis in store.diagnoses:
            for flow_id in diagnosis.flow_ids:
                connection = store.find(flow_id)
                if connection is not None:
                    connection.diagnoses.clear()
        store.diagnoses = self.index.diagnoses[max(0, count - DIAGNOSES_MAX) : count]
        for diagnosis in store.diagnoses:
            for flow_id in diagnosis.flow_ids:
                connection = store.find(flow_id)
                if connection is not None and len(connection.diagnoses) < DIAGNOSES_KEPT:
                    connection.add_diagnosis(diagnosis)

    def _rates(self, ledger: Ledger) -> None:
        """Frames and bytes of all, in each of the last seconds."""
        index, store = self.index, self.store
        rings = [Activity() for _ in range(4)]
        end = bisect_left(index.seconds_at, ledger.position)
        oldest = ledger.clock_ns // NS - ACTIVITY_S
        after = list(ledger.sums)
        for at in range(end - 1, max(-1, end - 1 - ACTIVITY_S), -1):
            before = index.seconds_sums[4 * at : 4 * at + 4]
            if index.seconds[at] <= oldest:
                break
            grown = [b - a for a, b in zip(before, after, strict=True)]
            after = list(before)
            for ring, amount in zip(rings, grown, strict=True):
                ring.add(index.seconds[at], amount)
        store.frames_to_server, store.frames_to_client = rings[0], rings[1]
        store.bytes_to_server, store.bytes_to_client = rings[2], rings[3]

    # One connection

    def _update(self, tally: Tally, ledger: Ledger) -> Connection:
        track = tally.track
        connection = self._connections.get(track.flow_id)
        if connection is None:
            connection = self._connections[track.flow_id] = Connection(track.flow_id)
        self._facts(connection, tally)
        sums = tally.sums
        connection.to_server = (sums[0], sums[1], sums[2], sums[3])
        connection.to_client = (sums[WAY], sums[WAY + 1], sums[WAY + 2], sums[WAY + 3])
        connection.message_bytes = (sums[CONTENT], sums[WAY + CONTENT])
        connection.violations = tally.violations
        connection.last_direction = tally.last_direction
        connection.last_opcode = tally.last_opcode
        connection.last_frame_ns = tally.last_ns
        connection.ended_ns = tally.gone_ns
        self._alerts(connection, track, ledger.position)
        self._activity(connection, tally, ledger)
        return connection

    def _facts(self, connection: Connection, tally: Tally) -> None:
        track = tally.track
        connection.client = track.client
        connection.server = track.server
        opened = tally.open_at >= 0
        if opened and track.open is None:
            event = decode(self._read_line(tally.open_at))
            if isinstance(event, WsOpen):
                track.open = event.open
        connection.facts = (track.open if opened else None) or OpenFacts()
        connection.opened_ns = track.opened_ns if opened else 0
        connection.deflate = deflates(connection.facts)
        if opened:
            connection.server = connection.facts.upstream or track.server
            self.store.measure_open(connection)
        closed = tally.close_at >= 0
        if closed and track.close is None:
            event = decode(self._read_line(tally.close_at))
            if isinstance(event, WsClose):
                track.close = event.close
        connection.close = track.close if closed else None
        connection.state = self._state(connection, tally)
        rtt = None if connection.close is None else connection.close.ping_rtt_ms.get("p50")
        connection.rtt_ms = rtt
        connection.rtts = [] if rtt is None else [rtt]

    def _state(self, connection: Connection, tally: Tally) -> State:
        if tally.close_at >= 0:
            return State.UNCLEAN if connection.close is None else state_after(connection.close)
        if tally.gone in (REFUSED, UNSEEN):
            return State.REFUSED if tally.gone == REFUSED else State.UNSEEN
        if tally.closing:
            return State.CLOSING
        return State.OPEN if tally.open_at >= 0 else State.OPENING

    def _alerts(self, connection: Connection, track: Track, position: int) -> None:
        connection.alerts = 0
        if track.alerts_at is None or track.alerts is None:
            return
        count = bisect_left(track.alerts_at, position)
        if count == connection.alerts_told:
            connection.alerts = count
            return
        connection.alerts = connection.alerts_told = count
        connection.alerts_seen = track.alerts[max(0, count - ALERTS_KEPT) : count]
        connection.rules = {}
        for alert in track.alerts[:count]:
            connection.rules[alert.rule] = connection.rules.get(alert.rule, 0) + 1

    def _activity(self, connection: Connection, tally: Tally, ledger: Ledger) -> None:
        """Frames in each of the last seconds, counted from where they lie in the file."""
        index, position = self.index, ledger.position
        ring = connection.activity = Activity()
        track = tally.track
        places = track.frames_at if tally.framed else track.messages_at
        end = bisect_left(places, position)
        if not end:
            return
        at = bisect_right(index.seconds_at, places[end - 1]) - 1
        oldest = ledger.clock_ns // NS - ACTIVITY_S
        while end and at >= 0 and index.seconds[at] > oldest:
            start = bisect_left(places, index.seconds_at[at], 0, end)
            ring.add(index.seconds[at], end - start)
            end = start
            at = bisect_right(index.seconds_at, places[end - 1]) - 1 if end else -1
