"""A recording in a file as the dashboard's source. No Textual.

`run` does all the work in slices of a few milliseconds: reads what is new in the file into the
index, moves the cursor's ledger to where the timeline wants it, shows it, and fills the entries of
the watched connection. While it reads, the newest is shown; a file that grows is followed.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from wsinspect.tui.data.bounds import UNREADABLE
from wsinspect.tui.data.contents import Contents, Place, StoreContents, locate
from wsinspect.tui.data.moments import timestamp_ns
from wsinspect.tui.data.recording.contents import FileContents
from wsinspect.tui.data.recording.entries import EntriesReader
from wsinspect.tui.data.recording.file import RecordingFile
from wsinspect.tui.data.recording.har import read_har
from wsinspect.tui.data.recording.index import Index, Track
from wsinspect.tui.data.recording.kinds import (
    Kind,
    NotARecording,
    is_packed,
    kind_of,
    unpacked_lines,
)
from wsinspect.tui.data.recording.ledger import Ledger
from wsinspect.tui.data.recording.lines import read_head
from wsinspect.tui.data.recording.picture import Picture
from wsinspect.tui.data.recording.reading import SLICE_S, FileCut, Reading, go_on
from wsinspect.tui.data.recording.timeline import FileTimeline
from wsinspect.tui.data.source import Link
from wsinspect.tui.data.store import Store
from wsinspect.tui.data.wire import Hello, Payload

SHOW_EVERY_S = 0.2
SHOW_TIMES = 8  # showing while it reads takes a ninth of the time at most
LOOK_EVERY_S = 0.25  # for a file that grows
TICK_S = 0.04
NO_PAYLOADS = "payload not recorded (the log was written with --payloads none)"


class RecordingSource:
    """A `Source`. `lines`: of a log, made from another format; they go to a temporary file.

    Making them may raise ValueError, whose text is shown, with the lines that came before it.
    """

    def __init__(
        self,
        path: str | Path,
        store: Store,
        lines: Iterable[bytes] | None = None,
    ) -> None:
        self.path = Path(path)
        self.address = str(path)
        self.store = store
        store.logs_max = 0  # the file has them all
        self.link = Link.CONNECTING
        self.reason = ""
        self.changed_ns = store.clock()
        self.index = Index()
        self.timeline = FileTimeline(self.index, store.clock)
        self._lines = lines
        self._reading: Reading | None = None  # once the file is there
        self._newest = Ledger(self.index, writing=True)  # at the end of what was read
        self._moved: Ledger | None = None  # where the cursor is, if it is not at the end
        self._moved_to_ns = -1  # the moment that `_moved` shows
        self._picture = Picture(store, self.index, self._read_line)
        self._shown: Ledger | None = None
        self._show_at = 0.0  # while the file is being read
        self._entries: EntriesReader | None = None
        self._watched: int | None = None
        self._tracks: dict[int, Track] = {}

    # Source

    @property
    def can(self) -> frozenset[str]:
        return frozenset({"payload"} if self._newest.contents else ())

    @property
    def content_note(self) -> str:
        """Why no content is here."""
        done = self.timeline.progress >= 1
        return NO_PAYLOADS if done and not self._newest.contents else ""

    def watch(self, flow_id: int | None) -> None:
        self._watched = flow_id
        self.store.watch(flow_id)
        self._entries = None

    def close(self, flow_id: int, code: int, reason: str) -> None:
        """Nothing: what is recorded is over. `can` never names it."""

    def payload(self, flow_id: int, direction: int, seq: int) -> None:
        reader = self._entries
        answer = None
        if reader is not None and reader.track.flow_id == flow_id:
            try:
                answer = reader.payload(direction, seq)
            except (OSError, *UNREADABLE):
                pass
        if answer is None:
            answer = Payload(flow_id, direction, seq, say="it could not be read")
        self.store.apply(answer)

    def contents(self) -> Contents:
        """All that has been read."""
        return StoreContents(self.store) if self._reading is None else FileContents(self._reading)

    def locate(self, place: Place) -> int | None:
        """`place.key` is the offset of a line."""
        reader = self._entries
        if reader is None or reader.track.flow_id != place.flow_id:
            return None
        if self.store.watched is not reader.log:
            return None
        told = reader.told_at(place.key)
        if told is None:
            return None
        key = told if told < 0 else told >> 1
        return locate(self.store, replace(place, key=key))

    async def run(self) -> None:
        """Until cancelled. What cannot be read is told by `link` and `reason`."""
        try:
            self._open()
            for _ in self._work():
                await asyncio.sleep(0 if self._busy else TICK_S)
        except (OSError, NotARecording) as error:
            self.timeline.progress = 1.0  # nothing more is read
            self._set(Link.LOST, self._of_it(getattr(error, "strerror", None) or str(error)))
            self.store.add_problem(f"{self.path}: {self.reason}")
            await asyncio.Event().wait()
        finally:
            if self._reading is not None:
                self._reading.close()

    def _of_it(self, say: str) -> str:
        """What is wrong with the file, without its name."""
        return say.removeprefix(f"{self.path}: ")

    # Work, in slices

    _busy = True

    def settle(self) -> None:
        """Do all that is to be done now, at once. For tests and tools. Raises OSError."""
        if self._reading is None:
            self._open()
        work = self._work()
        next(work)
        while self._busy:
            next(work)

    def _open(self) -> None:
        if self._lines is None:
            if kind_of(self.path) is Kind.HAR:
                self._lines = read_har(self.path)
            elif is_packed(self.path):
                self._lines = unpacked_lines(self.path)
        if self._lines is None:
            self._begin(Reading(RecordingFile(self.path)))
        self.store.apply(Hello(mode=["recording"], listen=[], log=str(self.path)))
        self._set(Link.LIVE)

    def _work(self) -> Iterator[None]:
        """Never ends; each step takes at most about SLICE_S. `_busy`: there is more to do."""
        if self._lines is not None:
            for made in Reading.converted(self._lines):
                if made is None:
                    yield
                else:
                    self._begin(made)
                    if made.cut:
                        self.store.add_problem(f"{self.path}: {self._of_it(made.cut)}")
            self._lines = None
        more_to_read, look_at = True, 0.0
        moving: Iterator[None] | None = None
        filling: Iterator[None] | None = None
        while True:
            end = time.perf_counter() + SLICE_S
            now = time.perf_counter()
            if moving is None and (more_to_read or now >= look_at):
                more_to_read = self._read(end)
                look_at = now + LOOK_EVERY_S
            self.timeline.tick()
            if moving is None and (
                self._wants_move() or (self._wants_show() and self._due(now, more_to_read))
            ):
                moving = self._move()
            moving = go_on(moving, time.perf_counter() + SLICE_S)
            if moving is None and filling is None and self._wants_entries():
                filling = self._fill()
            if moving is None:
                filling = go_on(filling, time.perf_counter() + SLICE_S)
            more = self._wants_move() or self._wants_entries()
            self._busy = more_to_read or moving is not None or filling is not None or more
            if not self._busy and self._wants_show():
                self._busy = True
            yield

    # Reading

    def _read(self, until_s: float) -> bool:
        """Read on; False at the end of the file."""
        reading = self._reading
        if reading is None:
            return False
        try:
            more = reading.read(until_s)
        except FileCut:
            self.store.add_problem("the recording was cut while it was read: it is read anew")
            self._begin(Reading(reading.file))
            self.timeline.seek(self.timeline.end_ns)
            return True
        self.timeline.progress = reading.progress
        self.timeline.grew(reading.newest.clock_ns)
        return more

    def _begin(self, reading: Reading) -> None:
        """Nothing of the file was read or shown yet."""
        self._reading = reading
        self._newest = reading.newest
        self.index = self.timeline.index = reading.index
        self._moved = self._shown = self._entries = None
        self._picture = Picture(self.store, self.index, self._read_line)
        self._tracks.clear()

    def _read_line(self, at: int) -> bytes:
        return b"" if self._reading is None else self._reading.line(at)

    # Moving and showing

    @property
    def _cursor(self) -> Ledger:
        return self._newest if self._moved is None else self._moved

    def _wants_move(self) -> bool:
        t = self.timeline
        if t.stepping:
            return True
        return (self._moved is not None) if t.at_end else self._moved_to_ns != t.now_ns

    def _wants_show(self) -> bool:
        cursor = self._cursor
        return cursor is not self._shown or bool(cursor.changed())

    def _due(self, now_s: float, reading: bool) -> bool:
        return not reading or now_s >= self._show_at

    def _move(self) -> Iterator[None]:
        """Bring the cursor's ledger to the wanted moment, and the store to the ledger."""
        t = self.timeline
        if t.stepping:
            self._step()
        anew = False
        wanted_ns = -1 if t.at_end else t.now_ns
        if t.at_end:
            anew = self._shown is not self._newest
            self._moved = None
        else:
            ledger = self._moved
            number = self.index.checkpoint_before(wanted_ns)
            ahead = ledger is not None and self._moved_to_ns <= wanted_ns
            near = ledger is not None and (
                number < 0 or self.index.checkpoints_at[number] <= ledger.position
            )
            if ledger is None or not (ahead and near):
                ledger = Ledger(self.index, writing=False)
                yield from ledger.restore(number)
                anew = True
            if self._reading is not None:
                yield from self._reading.replay(ledger, wanted_ns)
            anew = anew or self._shown is not ledger
            self._moved = ledger
        self._moved_to_ns = wanted_ns
        cursor, began_s = self._cursor, time.perf_counter()
        yield from self._picture.show(cursor, anew=anew)
        self._shown = cursor
        now_s = time.perf_counter()
        self._show_at = now_s + max(SHOW_EVERY_S, SHOW_TIMES * (now_s - began_s))
        self.store.frozen_ns = t.now_ns

    def _step(self) -> None:
        """The time of the next or previous event, as the timeline's wish."""
        t = self.timeline
        forward, t.stepping = t.stepping > 0, 0
        cursor, now_ns = self._cursor, t.now_ns
        for at in self._places(forward, cursor.position):
            try:
                at_ns = timestamp_ns(read_head(self._read_line(at)).timestamp)
            except UNREADABLE:
                continue
            if (at_ns > now_ns) if forward else (0 < at_ns < now_ns):
                t.seek(at_ns)
                return
        t.seek(t.end_ns if forward else t.start_ns)

    def _places(self, forward: bool, position: int) -> Iterator[int]:
        """Offsets of events after or before `position`, the nearest first."""
        track = self._track(self._watched)
        if track is not None:
            places = sorted({*track.frames_at, *track.messages_at, *(track.alerts_at or ())})
            if forward:
                yield from (at for at in places if at >= position)
            else:
                yield from (at for at in reversed(places) if at < position)
        elif self._reading is not None:
            yield from self._reading.places(forward, position)

    # The watched connection's entries

    def _track(self, flow_id: int | None) -> Track | None:
        if flow_id is None:
            return None
        for track in self.index.tracks[len(self._tracks) :]:
            self._tracks[track.flow_id] = track
        return self._tracks.get(flow_id)

    def _wants_entries(self) -> bool:
        if self._track(self._watched) is None or self._shown is None:
            return False
        return self._entries is None or self._entries.position != self._shown.position

    def _fill(self) -> Iterator[None]:
        """Entries up to what is shown; further ones join, else they are put together anew."""
        track, shown, watched = self._track(self._watched), self._shown, self._watched
        if track is None or shown is None:
            return
        reader, position = self._entries, shown.position
        if reader is None or reader.track is not track or reader.position > position:
            reader = EntriesReader(track, self._read_line)
        for _ in reader.advance(position):
            if self._watched != watched:
                return
            yield
        self._entries = reader
        self.store.watched = reader.log
        self.store.version += 1

    def _set(self, link: Link, reason: str = "") -> None:
        if link is not self.link:
            self.changed_ns = self.store.clock()
        self.link = link
        self.reason = reason
        self.store.version += 1
