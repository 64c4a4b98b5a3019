"""One connection as the dashboard knows it: facts, totals, state, recent activity. No Textual."""

from datetime import datetime
from enum import Enum

from wsinspect.tui.data.wire import CloseFacts, OpenFacts, TotalsRow

NS = 1_000_000_000
ACTIVITY_S = 16  # seconds of activity kept, one bucket each
OPCODE_CLOSE = 8


class State(Enum):
    """Where a connection is in its life. The glyph means the same as the colour."""

    OPENING = "opening"  # traffic seen, its opening not yet
    OPEN = "open"
    CLOSING = "closing"  # a Close frame passed, the connection still stands
    CLEAN = "ended cleanly"
    UNCLEAN = "ended uncleanly"
    REFUSED = "refused"  # the opening handshake failed
    UNSEEN = "ended unseen"  # it was gone when the dashboard came back


ENDED = frozenset({State.CLEAN, State.UNCLEAN, State.REFUSED, State.UNSEEN})


def timestamp_ns(text: str) -> int:
    """A log timestamp (RFC 3339) in ns; 0 if it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 0
    return int(moment.timestamp()) * NS + moment.microsecond * 1000


class Activity:
    """Frames per second over the last ACTIVITY_S seconds, in a ring of buckets."""

    __slots__ = ("_buckets", "_second")

    def __init__(self) -> None:
        self._buckets = [0] * ACTIVITY_S
        self._second = 0

    def _turn_to(self, second: int) -> None:
        ahead = second - self._second
        if ahead <= 0:
            return
        for step in range(1, min(ahead, ACTIVITY_S) + 1):
            self._buckets[(self._second + step) % ACTIVITY_S] = 0
        if ahead > ACTIVITY_S:
            self._buckets = [0] * ACTIVITY_S
        self._second = second

    def add(self, second: int, amount: int) -> None:
        self._turn_to(second)
        if second > self._second - ACTIVITY_S:
            self._buckets[second % ACTIVITY_S] += amount

    def recent(self, second: int, length: int = ACTIVITY_S) -> list[int]:
        """The last `length` buckets up to and including `second`, oldest first."""
        out = []
        for at in range(second - length + 1, second + 1):
            known = self._second - ACTIVITY_S < at <= self._second
            out.append(self._buckets[at % ACTIVITY_S] if known else 0)
        return out

    def per_s(self, second: int, over: int = 3) -> float:
        """The mean of the last `over` complete seconds."""
        if second - over > self._second:
            return 0.0  # most of a long list: it is asked of each when ordered by rate
        return sum(self.recent(second - 1, over)) / over


class Connection:
    """Mutable, owned by the store; views only read it."""

    __slots__ = (
        "activity",
        "client",
        "close",
        "ended_ns",
        "facts",
        "flow_id",
        "generation",
        "last_direction",
        "last_frame_ns",
        "last_opcode",
        "opened_ns",
        "server",
        "state",
        "to_client",
        "to_server",
    )

    def __init__(self, flow_id: int) -> None:
        self.flow_id = flow_id
        self.state = State.OPENING
        self.client = ""
        self.server = ""
        self.facts = OpenFacts()
        self.opened_ns = 0
        self.ended_ns = 0
        self.close: CloseFacts | None = None
        # frames, payload bytes, wire bytes, messages
        self.to_server = (0, 0, 0, 0)
        self.to_client = (0, 0, 0, 0)
        self.last_direction: int | None = None
        self.last_opcode: int | None = None
        self.last_frame_ns = 0
        self.activity = Activity()
        self.generation = 0

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def frames(self) -> int:
        return self.to_server[0] + self.to_client[0]

    @property
    def wire_bytes(self) -> int:
        return self.to_server[2] + self.to_client[2]

    def age_s(self, now_ns: int) -> float:
        """Seconds from the opening to now, or to the end."""
        if self.close is not None and self.close.age_s is not None:
            return self.close.age_s
        if not self.opened_ns:
            return 0.0
        return ((self.ended_ns or now_ns) - self.opened_ns) / NS

    def idle_s(self, now_ns: int) -> float:
        """Seconds since the last frame (or the opening), until now or until the end."""
        if self.close is not None and self.close.idle_s is not None:
            return self.close.idle_s
        since = self.last_frame_ns or self.opened_ns
        return ((self.ended_ns or now_ns) - since) / NS if since else 0.0

    def frames_per_s(self, now_ns: int) -> float:
        return 0.0 if self.ended else self.activity.per_s(now_ns // NS)

    def apply(self, row: TotalsRow) -> tuple[int, int, int, int]:
        """Take new totals; returns the growth: frames and wire bytes, each direction."""
        before_server, before_client = self.to_server, self.to_client
        self.to_server = (
            row.frames_to_server,
            row.payload_bytes_to_server,
            row.wire_bytes_to_server,
            row.messages_to_server,
        )
        self.to_client = (
            row.frames_to_client,
            row.payload_bytes_to_client,
            row.wire_bytes_to_client,
            row.messages_to_client,
        )
        self.last_direction = row.last_direction
        self.last_opcode = row.last_opcode
        self.last_frame_ns = row.last_frame_ns or self.last_frame_ns
        if row.last_opcode == OPCODE_CLOSE and self.state is State.OPEN:
            self.state = State.CLOSING
        return (
            self.to_server[0] - before_server[0],
            self.to_server[2] - before_server[2],
            self.to_client[0] - before_client[0],
            self.to_client[2] - before_client[2],
        )
