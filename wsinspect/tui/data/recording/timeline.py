"""The time of a recording: where the cursor stands, whether it moves, what lies where. No I/O.

Owns what is wished; `source` carries it out. `now_ns` is where the cursor is to be: at once.
"""

from collections.abc import Callable

from wsinspect.tui.data.recording.index import Index

SPEEDS = (1, 10, 60)


class FileMarks:
    """Where connections ended uncleanly and where rules fired."""

    def __init__(self, timeline: "FileTimeline") -> None:
        self._timeline = timeline

    def closes(self, columns: int) -> list[int]:
        t = self._timeline
        return t.index.unclean.columns(t.start_ns, t.end_ns, columns)

    def alerts(self, columns: int) -> list[int]:
        t = self._timeline
        return t.index.alerted.columns(t.start_ns, t.end_ns, columns)


class FileTimeline:
    """A `source.Timeline`. At its end it stays there while the file grows."""

    def __init__(self, index: Index, clock: Callable[[], int]) -> None:
        self.index = index
        self._clock = clock
        self._at_ns: int | None = None  # None: at the end
        self._end_ns = 0
        self._played_ns = 0  # when the cursor was moved last by playing
        self.playing = False
        self.speed = 1
        self.progress = 0.0
        self.marks = FileMarks(self)
        self.stepping = 0  # events to go, -1 or 1, until the source has done it
        self._cached: tuple[tuple[int, int, int], list[int]] | None = None

    @property
    def start_ns(self) -> int:
        return self.index.start_ns

    @property
    def end_ns(self) -> int:
        return max(self._end_ns, self.start_ns)

    @property
    def now_ns(self) -> int:
        return self.end_ns if self._at_ns is None else self._at_ns

    @property
    def at_end(self) -> bool:
        """Whether the newest is shown, and stays so."""
        return self._at_ns is None

    def density(self, columns: int) -> list[int]:
        """Lines in each of `columns` equal parts of the recording."""
        key = columns, self._end_ns, self.index.samples.lines
        if self._cached is None or self._cached[0] != key:
            found = self.index.samples.density(self.start_ns, self.end_ns, columns)
            self._cached = key, found
        return self._cached[1]

    def seek(self, at_ns: int) -> None:
        """Show the moment `at_ns`; at or beyond the end: the newest, also as more comes."""
        self._played_ns = self._clock()
        if at_ns >= self.end_ns:
            self._at_ns = None
            self.playing = False
        else:
            self._at_ns = max(at_ns, self.start_ns)

    def step(self, forward: bool) -> None:
        """Go to the next or previous event: of the watched connection, if there is one."""
        self.pause()
        self.stepping = 1 if forward else -1

    def play(self, speed: int | None = None) -> None:
        """Let time pass. From the end: again from the start."""
        if speed is not None:
            self.speed = speed
        if self._at_ns is None:
            self._at_ns = self.start_ns
        self._played_ns = self._clock()
        self.playing = True

    def set_speed(self, speed: int) -> None:
        """How fast it plays, or will."""
        self.speed = speed

    def pause(self) -> None:
        self.playing = False

    # For the source

    def grew(self, end_ns: int) -> None:
        self._end_ns = end_ns

    def tick(self) -> None:
        """Let the time pass that passed since the last tick."""
        if not self.playing or self._at_ns is None:
            return
        now = self._clock()
        passed = max(0, now - self._played_ns) * self.speed
        self._played_ns = now
        self._at_ns += passed
        if self._at_ns >= self.end_ns and self.progress >= 1:
            self._at_ns = None
            self.playing = False
