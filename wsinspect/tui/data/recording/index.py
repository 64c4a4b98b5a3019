"""Where everything is in a recording: offsets, seconds and checkpoints in flat arrays. Pure.

Per line 8 bytes, per connection some hundred, and per checkpoint one row for each connection that
changed since the one before. A checkpoint is made so seldom that these are fewer than a quarter of
the lines. Written by the one ledger that reads the file to its end; others only read it.
"""

from array import array
from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import NamedTuple

from wsinspect.tui.data.wire import AlertFacts, CloseFacts, DiagnosisFacts, OpenFacts

ROW_LEN = 17  # numbers in a row of a track's history, the checkpoint's number first
SAMPLES_MAX = 16_384
HITS_KEPT = 20_000  # alerts that are kept with their hits


class Track:
    """One connection of the recording: what does not change with the position."""

    __slots__ = (
        "alerts",
        "alerts_at",
        "client",
        "close",
        "flow_id",
        "frames_at",
        "history",
        "host",
        "log_id",
        "messages_at",
        "open",
        "opened_ns",
        "server",
    )

    def __init__(self, flow_id: int, log_id: int, client: str, server: str) -> None:
        self.flow_id = flow_id
        self.log_id = log_id  # the same, but where a second run gave the number anew
        self.client = client
        self.server = server
        self.host = ""
        self.opened_ns = 0
        self.open: OpenFacts | None = None  # read when it is first shown
        self.close: CloseFacts | None = None
        self.frames_at = array("q")
        self.messages_at = array("q")
        self.history = array("q")
        self.alerts_at: array[int] | None = None
        self.alerts: list[AlertFacts] | None = None

    def has_message(self, at: int) -> bool:
        """Whether the line at offset `at` is one of its messages."""
        place = bisect_left(self.messages_at, at)
        return place < len(self.messages_at) and self.messages_at[place] == at

    def row(self, checkpoint: int) -> "array[int] | None":
        """Its newest row up to `checkpoint`."""
        history = self.history
        low, high = 0, len(history) // ROW_LEN
        while low < high:
            middle = (low + high) // 2
            if history[middle * ROW_LEN] <= checkpoint:
                low = middle + 1
            else:
                high = middle
        return history[(low - 1) * ROW_LEN : low * ROW_LEN] if low else None


class Samples:
    """The time of every n-th line, n doubling as the file grows: at most SAMPLES_MAX of them."""

    __slots__ = ("clocks", "lines", "mask")

    def __init__(self) -> None:
        self.clocks = array("q")
        self.mask = 0  # a line whose number has no bit of it is sampled
        self.lines = 0  # the number of lines so far

    def add(self, clock_ns: int) -> None:
        """Line number `lines` (which has no bit of `mask`)."""
        self.clocks.append(clock_ns)
        if len(self.clocks) >= SAMPLES_MAX:
            self.clocks = self.clocks[::2]
            self.mask = self.mask << 1 | 1

    def line_at(self, clock_ns: int) -> float:
        """About how many lines are not later than that."""
        clocks, step = self.clocks, self.mask + 1
        at = bisect_right(clocks, clock_ns)
        if not at:
            return 0
        if at == len(clocks):
            return self.lines
        if step == 1:
            return at
        before, after = clocks[at - 1], clocks[at]
        return step * (at - 1 + (clock_ns - before) / max(1, after - before))

    def density(self, start_ns: int, end_ns: int, columns: int) -> list[int]:
        """Lines in each of `columns` equal parts of the time between."""
        span = max(1, end_ns - start_ns)
        edges = [self.line_at(start_ns + span * i // columns) for i in range(1, columns)]
        edges = [0, *edges, self.lines]
        return [max(0, round(b) - round(a)) for a, b in pairwise(edges)]


class Moments:
    """Times of things that happened, in order: at most SAMPLES_MAX, then every second goes."""

    __slots__ = ("_skip", "_weight", "times")

    def __init__(self) -> None:
        self.times = array("q")
        self._weight = 1
        self._skip = 0

    def add(self, at_ns: int) -> None:
        self._skip += 1
        if self._skip < self._weight:
            return
        self._skip = 0
        self.times.append(at_ns)
        if len(self.times) >= SAMPLES_MAX:
            self.times = self.times[::2]
            self._weight *= 2

    def columns(self, start_ns: int, end_ns: int, columns: int) -> list[int]:
        """How many are in each of `columns` equal parts of the time between."""
        found = [0] * columns
        span = max(1, end_ns - start_ns)
        for at_ns in self.times:
            at = (at_ns - start_ns) * columns // span
            found[min(columns - 1, max(0, at))] += self._weight
        return found


class Checkpoint(NamedTuple):
    """What a ledger holds at one position, beside the tallies (their rows are in the tracks)."""

    tallies: int
    ended: int
    unclean: int
    refused: int
    broken: int
    gone: int
    booked: int
    sums: tuple[int, ...]
    framed: bool
    contents: int
    books: bytes


class Index:
    """All of it; `tracks` in the order of their first lines."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self.start_ns = 0
        self.samples = Samples()
        self.unclean = Moments()
        self.alerted = Moments()
        # Seconds with lines: their number, the offset of the first line, frames and wire bytes
        # up to there (to the server, to the client).
        self.seconds = array("q")
        self.seconds_at = array("q")
        self.seconds_sums = array("q")  # four each
        # Connections that went, in order: the line's offset, the track's number.
        self.gone_at = array("q")
        self.gone = array("q")
        self.alerts_at = array("q")
        self.alerts: list[tuple[int, AlertFacts]] = []
        self.diagnoses_at = array("q")
        self.diagnoses: list[DiagnosisFacts] = []
        self.stats_at = array("q")
        # Checkpoints: offset of the next line, clock up to there, and what a ledger holds.
        self.checkpoints_at = array("q")
        self.checkpoints_ns = array("q")
        self.checkpoints: list[Checkpoint] = []

    def checkpoint_before(self, clock_ns: int) -> int:
        """The last checkpoint whose lines are all not later than that; -1 for the beginning."""
        return bisect_right(self.checkpoints_ns, clock_ns) - 1
