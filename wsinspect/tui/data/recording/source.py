"""A recording in a file as the dashboard's source. No Textual.

`run` does all the work in slices of a few milliseconds: reads what is new in the file into the
index, moves the cursor's ledger to where the timeline wants it, shows it, and fills the entries of
the watched connection. While it reads, the newest is shown; a file that grows is followed.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from wsinspect.tui.data.moments import timestamp_ns
from wsinspect.tui.data.recording.entries import EntriesReader
from wsinspect.tui.data.recording.file import RecordingFile
from wsinspect.tui.data.recording.har import read_har
from wsinspect.tui.data.recording.index import Index, Track
from wsinspect.tui.data.recording.kinds import Kind, NotARecording, kind_of
from wsinspect.tui.data.recording.ledger import Ledger
from wsinspect.tui.data.recording.lines import read_head
from wsinspect.tui.data.recording.picture import Picture
from wsinspect.tui.data.recording.timeline import FileTimeline
from wsinspect.tui.data.source import Link
from wsinspect.tui.data.store import Store
from wsinspect.tui.data.wire import Hello, Payload

SLICE_S = 0.006
LINES_A_STEP = 400  # about a millisecond
SHOW_EVERY_S = 0.2
SHOW_TIMES = 8  # showing while it reads takes a ninth of the time at most
LOOK_EVERY_S = 0.25  # for a file that grows
TICK_S = 0.04
NO_PAYLOADS = "payload not recorded (the log was written with --payloads none)"


class RecordingSource:
    """A `Source`. `lines`: of a log, made from another format; they go to a temporary file.

    Making them may raise ValueError, whose text is shown.
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
        self.link = Link.CONNECTING
        self.reason = ""
        self.changed_ns = store.clock()
        self.index = Index()
        self.timeline = FileTimeline(self.index, store.clock)
        self._lines = lines
        self._newest = Ledger(self.index, writing=True)
        self._moved: Ledger | None = None  # where the cursor is, if it is not at the end
        self._moved_to_ns = -1  # the moment that `_moved` shows
        self._file: RecordingFile | None = None
        self._picture = Picture(store, self.index, self._read_line)
        self._shown: Ledger | None = None
        self._checkpointing: Iterator[None] | None = None
        self._show_at = 0.0  # while the file is being read
        self._entries: EntriesReader | None = None
        self._watched: int | None = None
        self._tracks: dict[int, Track] = {}
        self._cut = False  # the line at the end has no end yet, but was taken

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
            except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
                pass
        if answer is None:
            answer = Payload(flow_id, direction, seq, say="it could not be read")
        self.store.apply(answer)

    async def run(self) -> None:
        """Until cancelled. What cannot be read is told by `link` and `reason`."""
        try:
            self._open()
            for _ in self._work():
                await asyncio.sleep(0 if self._busy else TICK_S)
        except (OSError, NotARecording) as error:
            self._set(Link.LOST, getattr(error, "strerror", None) or str(error))
            self.store.add_problem(f"{self.path}: {self.reason}")
            await asyncio.Event().wait()
        finally:
            if self._file is not None:
                self._file.close()

    # Work, in slices

    _busy = True

    def settle(self) -> None:
        """Do all that is to be done now, at once. For tests and tools. Raises OSError."""
        if self._file is None:
            self._open()
        work = self._work()
        next(work)
        while self._busy:
            next(work)

    def _open(self) -> None:
        lines = self._lines
        if lines is None and kind_of(self.path) is Kind.HAR:
            lines = read_har(self.path)
        if lines is None:
            self._file = RecordingFile(self.path)
        self._lines = lines
        self.store.apply(Hello(mode=["recording"], listen=[], log=str(self.path)))
        self._set(Link.LIVE)

    def _work(self) -> Iterator[None]:
        """Never ends; each step takes at most about SLICE_S. `_busy`: there is more to do."""
        if self._lines is not None:
            yield from self._convert(self._lines)
        reading, look_at = True, 0.0
        moving: Iterator[None] | None = None
        filling: Iterator[None] | None = None
        while True:
            end = time.perf_counter() + SLICE_S
            now = time.perf_counter()
            if moving is None and (reading or now >= look_at):
                reading = self._read(end)
                look_at = now + LOOK_EVERY_S
            self.timeline.tick()
            if moving is None and (
                self._wants_move() or (self._wants_show() and self._due(now, reading))
            ):
                moving = self._move()
            moving = _go_on(moving, time.perf_counter() + SLICE_S)
            if moving is None and filling is None and self._wants_entries():
                filling = self._fill()
            if moving is None:
                filling = _go_on(filling, time.perf_counter() + SLICE_S)
            more = self._wants_move() or self._wants_entries()
            self._busy = reading or moving is not None or filling is not None or more
            if not self._busy and self._wants_show():
                self._busy = True
            yield

    def _convert(self, lines: Iterable[bytes]) -> Iterator[None]:
        """Another format, made into a file of lines: unnamed, gone when it is closed."""
        with tempfile.NamedTemporaryFile(prefix="wsinspect-") as out:
            end = time.perf_counter() + SLICE_S
            try:
                for line in lines:
                    out.write(line)
                    if time.perf_counter() >= end:
                        yield
                        end = time.perf_counter() + SLICE_S
            except ValueError as error:  # whoever makes the lines cannot read the file
                raise NotARecording(str(error)) from error
            out.flush()
            self._file = RecordingFile(Path(out.name))
        self._lines = None

    # Reading

    def _read(self, until_s: float) -> bool:
        """Read on; False at the end of the file."""
        file, newest = self._file, self._newest
        if file is None:
            return False
        while True:
            self._checkpointing = _go_on(self._checkpointing, until_s)
            if self._checkpointing is not None:
                return True
            size = file.size()
            if size < newest.position - 1:
                self._begin_anew()
                return True
            chunk = file.chunk(newest.position) if size > newest.position else b""
            if not chunk:
                self._last_line(file, size)
                self.timeline.progress = 1.0
                self.timeline.grew(newest.clock_ns)
                return False
            self._take(newest, chunk, until_s)
            self.timeline.progress = min(1.0, newest.position / max(1, size))
            self.timeline.grew(newest.clock_ns)
            if time.perf_counter() >= until_s:
                return True

    def _take(self, newest: Ledger, chunk: bytes, until_s: float) -> None:
        """Lines of `chunk`, until the time is over or a checkpoint is due."""
        lines = chunk.split(b"\n")
        if not lines[-1]:
            lines.pop()
        whole_end = newest.position + len(chunk)
        for start in range(0, len(lines), LINES_A_STEP):
            newest.apply(lines[start : start + LINES_A_STEP])
            if newest.checkpoint_due:
                self._checkpointing = newest.checkpoint()
                break
            if time.perf_counter() >= until_s:
                break
        newest.position = min(newest.position, whole_end)  # a line without an end

    def _last_line(self, file: RecordingFile, size: int) -> None:
        """A last line without its end: taken if it is whole all the same."""
        newest = self._newest
        if size <= newest.position:
            return
        tail = file.tail(newest.position)
        if tail == b"\n":
            newest.position += 1
            return
        try:
            read_head(tail)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return  # still being written, or cut off
        newest.apply([tail])
        newest.position = min(newest.position, size)

    def _begin_anew(self) -> None:
        """The file became shorter: what was read is no longer there."""
        self.store.add_problem("the recording was cut while it was read: it is read anew")
        index = Index()
        self.index = self._picture.index = self.timeline.index = index
        self._newest, self._moved, self._shown = Ledger(index, writing=True), None, None
        self._checkpointing = None
        self._picture = Picture(self.store, index, self._read_line)
        self._tracks.clear()
        self._entries = None
        self.timeline.seek(self.timeline.end_ns)

    def _read_line(self, at: int) -> bytes:
        return b"" if self._file is None else self._file.line(at)

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
            yield from self._replay(ledger, wanted_ns)
            anew = anew or self._shown is not ledger
            self._moved = ledger
        self._moved_to_ns = wanted_ns
        cursor, began_s = self._cursor, time.perf_counter()
        yield from self._picture.show(cursor, anew=anew)
        self._shown = cursor
        now_s = time.perf_counter()
        self._show_at = now_s + max(SHOW_EVERY_S, SHOW_TIMES * (now_s - began_s))
        self.store.frozen_ns = t.now_ns

    def _replay(self, ledger: Ledger, until_ns: int) -> Iterator[None]:
        file, end = self._file, self._newest.position
        while file is not None and ledger.position < end:
            chunk = file.chunk(ledger.position) or file.tail(ledger.position)
            lines = chunk[: end - ledger.position].split(b"\n")
            if not lines[-1]:
                lines.pop()
            for start in range(0, len(lines), LINES_A_STEP):
                if not ledger.apply(lines[start : start + LINES_A_STEP], until_ns):
                    return
                yield
            if not lines:
                return

    def _step(self) -> None:
        """The time of the next or previous event, as the timeline's wish."""
        t = self.timeline
        forward, t.stepping = t.stepping > 0, 0
        cursor, now_ns = self._cursor, t.now_ns
        for at in self._places(forward, cursor.position):
            try:
                at_ns = timestamp_ns(read_head(self._read_line(at)).timestamp)
            except (msgspec.MsgspecError, UnicodeDecodeError):
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
        elif self._file is not None and forward:
            yield from (at for at, _ in self._file.lines(position, self._newest.position))
        elif self._file is not None:
            start = max(0, position - 64 * 1024)
            found = [at for at, _ in self._file.lines(start, position)]
            yield from reversed(found[1 if start else 0 :])

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


def _go_on(steps: Iterator[None] | None, until_s: float) -> Iterator[None] | None:
    """Take steps until the time is over; None once there are no more."""
    if steps is None:
        return None
    for _ in steps:
        if time.perf_counter() >= until_s:
            return steps
    return None
