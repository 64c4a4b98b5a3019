"""One connection's totals and state at one position of a recording. Pure."""

from collections.abc import Sequence

from wsinspect.tui.data.bounds import held
from wsinspect.tui.data.recording.index import Track

LIVE, CLEAN, UNCLEAN, REFUSED, UNSEEN = range(5)  # what became of it; CLEAN: as somebody wanted
# In `sums`, for each direction: frames, payload bytes, wire bytes, messages, bytes of content.
FRAMES, PAYLOAD, WIRE, MESSAGES, CONTENT = range(5)
WAY = 5


class Tally:
    """Mutable, owned by its ledger; `row` and `restore` are a checkpoint's form of it."""

    __slots__ = (
        "close_at",
        "closing",
        "envelope",
        "framed",
        "gone",
        "gone_ns",
        "last_direction",
        "last_ns",
        "last_opcode",
        "number",
        "open_at",
        "sums",
        "track",
        "violations",
    )

    def __init__(self, number: int, track: Track) -> None:
        self.number = number  # of the track
        self.track = track
        self.sums = [0] * (2 * WAY)
        self.violations = 0
        self.last_direction: int | None = None
        self.last_opcode: int | None = None
        self.last_ns = 0
        self.closing = False  # a Close frame passed while it was open
        self.framed = False  # its frames are on record, not only its messages
        self.gone = LIVE
        self.gone_ns = 0
        self.open_at = -1  # offset of its `ws_open`
        self.close_at = -1
        self.envelope: bytes | None = None  # by which its ledger knows its frames

    def row(self, checkpoint: int) -> tuple[int, ...]:
        packed = (
            (0 if self.last_direction is None else self.last_direction + 1)
            | (0 if self.last_opcode is None else self.last_opcode + 1) << 2
            | self.closing << 8
            | self.framed << 9
            | self.gone << 10
        )
        return (
            checkpoint, *map(held, self.sums), self.violations, packed, self.last_ns,
            self.gone_ns, self.open_at, self.close_at,
        )  # fmt: skip

    def restore(self, row: Sequence[int]) -> None:
        self.sums = list(row[1 : 1 + 2 * WAY])
        self.violations, packed, self.last_ns, self.gone_ns, self.open_at, self.close_at = row[
            1 + 2 * WAY :
        ]
        self.last_direction = (packed & 3) - 1 if packed & 3 else None
        self.last_opcode = (packed >> 2 & 31) - 1 if packed >> 2 & 31 else None
        self.closing = bool(packed >> 8 & 1)
        self.framed = bool(packed >> 9 & 1)
        self.gone = packed >> 10 & 7
