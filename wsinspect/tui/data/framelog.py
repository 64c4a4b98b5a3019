"""The frames of the watched connection: bounded, in order, gaps made visible. No Textual."""

from dataclasses import dataclass

from wsinspect.tui.data.wire import PREVIEW_LEN_MAX, Frame

FRAMES_MAX = 50_000
_TRIM = 1_000  # dropped at once, so that trimming costs little per frame


@dataclass(frozen=True, slots=True)
class Gap:
    """Frames that are not here: older than the attach, or left out because they were too many."""

    timestamp_ns: int
    to_server: int
    to_client: int


type Entry = Frame | Gap


class FrameLog:
    """Entries by position from 0; `trimmed` says how many went before position 0.

    Sequence numbers per direction tell repeated frames (dropped) and missing ones (a `Gap`).
    """

    __slots__ = ("_next_seq", "entries", "flow_id", "skipped", "trimmed")

    def __init__(self, flow_id: int | None = None) -> None:
        self.flow_id = flow_id
        self.entries: list[Entry] = []
        self.trimmed = 0
        self.skipped = 0
        self._next_seq = [0, 0]

    @property
    def total(self) -> int:
        """Entries ever appended."""
        return self.trimmed + len(self.entries)

    def _start(self, frames: list[Frame]) -> None:
        """One gap for all that went before the first frames."""
        first = [0, 0]
        for frame in reversed(frames):
            first[1 if frame.direction else 0] = frame.seq
        if any(first):
            self.entries.append(Gap(frames[0].timestamp_ns, *first))
        self._next_seq = first

    def extend(self, frames: list[Frame], skipped: int = 0) -> None:
        self.skipped += skipped
        if not self.total:
            self._start(frames)
        for frame in frames:
            direction = 1 if frame.direction else 0
            missing = frame.seq - self._next_seq[direction]
            if missing < 0:
                continue
            if missing:
                gap = (0, missing) if direction else (missing, 0)
                self.entries.append(Gap(frame.timestamp_ns, *gap))
            if frame.preview is not None and len(frame.preview) > PREVIEW_LEN_MAX:
                frame.preview = frame.preview[:PREVIEW_LEN_MAX]
            self._next_seq[direction] = frame.seq + 1
            self.entries.append(frame)
        excess = len(self.entries) - FRAMES_MAX
        if excess > 0:
            excess = max(excess, _TRIM)
            del self.entries[:excess]
            self.trimmed += excess
