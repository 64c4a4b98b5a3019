"""One connection as the dashboard knows it: facts, totals, state, recent activity. No Textual."""

from enum import Enum

from wsinspect.tui.data.moments import NS, timestamp_ns
from wsinspect.tui.data.wire import AlertFacts, CloseFacts, DiagnosisFacts, OpenFacts, TotalsRow

__all__ = [
    "ACTIVITY_S",
    "CLOSED",
    "ENDED",
    "NS",
    "Activity",
    "Connection",
    "State",
    "state_after",
    "timestamp_ns",
]

ALERTS_KEPT = 50
DIAGNOSES_KEPT = 16
RTTS_KEPT = 32
ACTIVITY_S = 16  # seconds of activity kept, one bucket each
OPCODE_CLOSE = 8


class State(Enum):
    """Where a connection is in its life. The glyph means the same as the colour."""

    OPENING = "opening"  # traffic seen, its opening not yet
    OPEN = "open"
    CLOSING = "closing"  # a Close frame passed, the connection still stands
    CLEAN = "ended cleanly"
    UNCLEAN = "ended uncleanly"
    STOPPED = "ended by the proxy"  # on purpose: a rule, a person, a drain
    REFUSED = "refused"  # the opening handshake failed
    UNSEEN = "ended unseen"  # it was gone when the dashboard came back


CLOSED = frozenset({State.CLEAN, State.UNCLEAN, State.STOPPED})  # its `ws_close` is here
ENDED = CLOSED | {State.REFUSED, State.UNSEEN}


def state_after(close: CloseFacts) -> State:
    """What a connection is once it ended so."""
    if close.clean:
        return State.CLEAN
    return State.UNCLEAN if close.unclean else State.STOPPED


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
        "alerts",
        "alerts_seen",
        "alerts_told",
        "asked",
        "client",
        "close",
        "deflate",
        "diagnoses",
        "ended_ns",
        "facts",
        "flow_id",
        "generation",
        "last_direction",
        "last_frame_ns",
        "last_opcode",
        "message_bytes",
        "opened_ns",
        "rtt_ms",
        "rtts",
        "rules",
        "server",
        "state",
        "to_client",
        "to_server",
        "violations",
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
        self.asked: tuple[int, str] | None = None  # code and reason that its user closed it with
        # frames, payload bytes, wire bytes, messages
        self.to_server = (0, 0, 0, 0)
        self.to_client = (0, 0, 0, 0)
        # content of finished messages, decompressed: to the server, to the client
        self.message_bytes = (0, 0)
        self.alerts = 0  # the larger of what the proxy counts and what was told here
        self.alerts_told = 0
        self.alerts_seen: list[AlertFacts] = []  # the last ALERTS_KEPT
        self.rules: dict[str, int] = {}  # rule id -> alerts told here
        self.diagnoses: list[DiagnosisFacts] = []
        self.violations = 0
        self.rtt_ms: float | None = None  # of the last answered ping
        self.rtts: list[float] = []  # ms, the last RTTS_KEPT
        self.deflate = False  # permessage-deflate was negotiated
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

    @property
    def app(self) -> str:
        """The application protocol, or nothing."""
        return self.facts.app_proto or ""

    @property
    def payload_bytes(self) -> int:
        """As on the wire: compressed."""
        return self.to_server[1] + self.to_client[1]

    def ratio(self) -> float | None:
        """Content of messages over payload on the wire: 3.0 means deflate saved two thirds."""
        content, payload = sum(self.message_bytes), self.payload_bytes
        return content / payload if self.deflate and content and payload else None

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
        self.message_bytes = (row.message_bytes_to_server, row.message_bytes_to_client)
        self.alerts = max(row.alerts, self.alerts_told)
        self.violations = row.violations
        self.deflate = self.deflate or row.deflate != 0
        if row.rtt_us is not None:
            self.add_rtt(row.rtt_us / 1000)
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

    def add_rtt(self, rtt_ms: float) -> None:
        """The newest round trip of a ping; told again and again until there is a newer one."""
        if rtt_ms != self.rtt_ms:
            self.rtt_ms = rtt_ms
            self.rtts.append(rtt_ms)
            del self.rtts[:-RTTS_KEPT]

    def add_alert(self, alert: AlertFacts) -> bool:
        """False: it was told before, as on a new attach."""
        if alert in self.alerts_seen:
            return False
        self.alerts_told += 1
        self.alerts = max(self.alerts, self.alerts_told)
        self.rules[alert.rule] = self.rules.get(alert.rule, 0) + 1
        self.alerts_seen.append(alert)
        del self.alerts_seen[:-ALERTS_KEPT]
        return True

    def add_diagnosis(self, diagnosis: DiagnosisFacts) -> None:
        if diagnosis not in self.diagnoses:
            self.diagnoses = [known for known in self.diagnoses if not diagnosis.replaces(known)]
            self.diagnoses.append(diagnosis)
            del self.diagnoses[:-DIAGNOSES_KEPT]
