"""All contents of a recording, in the order of the file. No Textual.

Lines of frames have no payload, so only those of messages are decoded; the others are passed over
at the speed of a search for bytes.
"""

from collections.abc import Generator, Iterator, Sequence

from wsinspect.tui.data.bounds import UNREADABLE
from wsinspect.tui.data.contents import Place
from wsinspect.tui.data.moments import timestamp_ns
from wsinspect.tui.data.recording.index import Track
from wsinspect.tui.data.recording.lines import Head, MessageLine, read_head, read_message
from wsinspect.tui.data.recording.reading import Reading

_MESSAGE = b'"ws_message"'
_BATCH = 200  # lines of messages: about a millisecond

type Token = tuple[int, Head, MessageLine]  # the line's offset, and what it says


class FileContents:
    """`data.contents.Contents` of what has been read so far."""

    waits = False

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._end = reading.newest.position
        self._position = 0
        self._read = reading.progress
        self._tracks: dict[int, list[Track]] = {}  # by the number in the log
        self._track_count = 0

    @property
    def progress(self) -> float:
        return min(1.0, self._position / max(1, self._end))

    @property
    def scope(self) -> str:
        many = len(self._reading.index.tracks)
        if self._read < 1:
            return f"the {self._read:.0%} of the recording that were read when it began"
        return f"all of the recording, {many:,} connections"

    def batches(self) -> Generator[Sequence[tuple[bytes, Token]]]:
        file = self._reading.file
        while self._position < self._end:
            chunk = file.chunk(self._position) or file.tail(self._position)
            if not chunk:
                break
            chunk = chunk[: self._end - self._position]
            yield from self._chunk(chunk)
            self._position += len(chunk)
        self._position = self._end

    def _chunk(self, chunk: bytes) -> Iterator[Sequence[tuple[bytes, Token]]]:
        batch: list[tuple[bytes, Token]] = []
        looked_at, at = 0, chunk.find(_MESSAGE)
        while at >= 0:
            start = chunk.rfind(b"\n", 0, at) + 1
            end = chunk.find(b"\n", at)
            line = chunk[start : len(chunk) if end < 0 else end]
            found = _content(line, self._position + start)
            if found is not None:
                batch.append(found)
            looked_at += 1
            if looked_at % _BATCH == 0:
                yield batch
                batch = []
            at = -1 if end < 0 else chunk.find(_MESSAGE, end)
        yield batch

    def place(self, token: Token) -> Place | None:
        at, head, line = token
        track = self._track(head.flow_id, at)
        if track is None:
            return None
        return Place(track.flow_id, timestamp_ns(line.timestamp), line.direction, at)

    def _track(self, log_id: int, at: int) -> Track | None:
        """The connection of that number in the log which the line at `at` belongs to."""
        tracks = self._reading.index.tracks
        for track in tracks[self._track_count :]:
            self._tracks.setdefault(track.log_id, []).append(track)
        self._track_count = len(tracks)
        known = self._tracks.get(log_id, [])
        return next((track for track in known if track.has_message(at)), None)


def _content(line: bytes, at: int) -> tuple[bytes, Token] | None:
    try:
        head = read_head(line)
        if head.event_type != "ws_message":
            return None  # the words stand in some other line
        told = read_message(line)
    except UNREADABLE:
        return None
    content = told.content
    return None if content is None else (content, (at, head, told))
