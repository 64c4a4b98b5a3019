"""The watched connection's frames and messages, read from the recording by their offsets.

Frames come from `websocket` lines; a `ws_message` line is told to the message whose frames came
before it. Where only messages are on record, each stands for one frame as long as all of it.
"""

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice

from wsinspect.tui.data.bounds import UNREADABLE
from wsinspect.tui.data.entries import Message
from wsinspect.tui.data.framelog import FRAMES_MAX, FrameLog
from wsinspect.tui.data.recording.index import Track
from wsinspect.tui.data.recording.lines import MessageLine, read_frame, read_head, read_message
from wsinspect.tui.data.wire import CONTENT_LEN_MAX, Frame, Payload

_STEP = 200  # lines read between two breaths
_LOOKED_AT = 100  # of them for one line
_AWAITED_MAX = 10_000  # finished messages whose `ws_message` line has not come


class EntriesReader:
    """Fills a `FrameLog` of one track, up to any position, further and further."""

    def __init__(self, track: Track, read_line: Callable[[int], bytes]) -> None:
        self.track = track
        self.log = FrameLog(track.flow_id)
        self.position = 0
        self._read_line = read_line
        # Finished messages without their line, for each direction; those being joined.
        self._finished: tuple[deque[Message], deque[Message]] = (
            deque(maxlen=_AWAITED_MAX), deque(maxlen=_AWAITED_MAX),
        )  # fmt: skip
        self._seq = [0, 0]  # where messages stand for frames
        self._longer: dict[tuple[int, int], int] = {}  # offsets of contents that were cut
        # Of all lines of messages: their offsets, and for each seq << 1 | direction, or -time.
        self._told_at, self._told = array("q"), array("q")

    def advance(self, position: int) -> Iterator[None]:
        """Take all lines from where it stands up to `position`, in steps."""
        track = self.track
        frames_end = bisect_left(track.frames_at, position)
        frames_start = bisect_left(track.frames_at, self.position)
        frames_start = max(frames_start, frames_end - FRAMES_MAX)
        messages_start = bisect_left(track.messages_at, self.position)
        messages_end = bisect_left(track.messages_at, position)
        messages_start = max(messages_start, messages_end - FRAMES_MAX)
        places = [
            *track.frames_at[frames_start:frames_end],
            *track.messages_at[messages_start:messages_end],
        ]
        if frames_end > frames_start and messages_end > messages_start:
            places.sort()
        self._alerts(position)
        waiting: list[Frame] = []
        for number, at in enumerate(places):
            line = self._read_line(at)
            try:
                if read_head(line).event_type == "websocket":
                    waiting.append(read_frame(line).frame())
                else:
                    self._extend(waiting)
                    waiting = []
                    self._message(at, read_message(line))
            except UNREADABLE:
                pass  # the file changed under us: it was a line of ours when it was indexed
            if number % _STEP == _STEP - 1:
                self._extend(waiting)
                waiting = []
                yield
        self._extend(waiting)
        self.position = position

    def _alerts(self, position: int) -> None:
        track = self.track
        if track.alerts_at is None or track.alerts is None:
            return
        start = bisect_left(track.alerts_at, self.position)
        end = bisect_left(track.alerts_at, position)
        for alert in track.alerts[max(start, end - 500) : end]:
            self.log.alert(alert)

    def _extend(self, frames: list[Frame]) -> None:
        if not frames:
            return
        self.log.extend(frames)
        for frame in frames:
            if frame.fin and frame.opcode in (0, 1, 2):
                message = self.log.find(frame.direction, frame.seq)
                if isinstance(message, Message):
                    self._finished[frame.direction].append(message)

    def _message(self, at: int, line: MessageLine) -> None:
        told, direction = line.message, line.direction
        if told.injected:
            row = line.row(None, None)
            self.log.tell([row])
            self._note(at, -row.timestamp_ns)
            return
        finished = self._finished[direction]
        # Messages whose line is missing (it was not written) are passed over.
        for number, message in enumerate(islice(finished, _LOOKED_AT)):
            if (message.frame_count, message.frame_len) == (told.frames, told.wire_len):
                for _ in range(number + 1):
                    finished.popleft()
                self._tell(at, line, message.seq, message.last_seq)
                return
        frames_at = self.track.frames_at
        if not frames_at or frames_at[0] > at:
            self._stand_in(at, line)

    def _stand_in(self, at: int, line: MessageLine) -> None:
        told, direction = line.message, line.direction
        seq = self._seq[direction]
        self._seq[direction] += 1
        row = line.row(seq, seq)
        b0 = 0x80 | (0x40 if told.compressed else 0) | row.opcode
        payload_len = min(told.payload_len, told.wire_len)
        frame = Frame(
            row.timestamp_ns, direction, seq, b0, None, payload_len, told.wire_len
        )  # fmt: skip
        self.log.extend([frame])
        message = self.log.find(direction, seq)
        if isinstance(message, Message):
            message.frame_count = told.frames
        self._tell(at, line, seq, seq)

    def _tell(self, at: int, line: MessageLine, first_seq: int, last_seq: int) -> None:
        self.log.tell([line.row(first_seq, last_seq)])
        self._note(at, first_seq << 1 | line.direction)
        content = line.content
        if content is not None and len(content) > CONTENT_LEN_MAX:
            self._longer[line.direction, first_seq] = at

    def _note(self, at: int, what: int) -> None:
        self._told_at.append(at)
        self._told.append(what)

    def told_at(self, at: int) -> int | None:
        """What was noted of the message whose line is at offset `at`."""
        place = bisect_left(self._told_at, at)
        if place == len(self._told_at) or self._told_at[place] != at:
            return None
        return self._told[place]

    def payload(self, direction: int, seq: int) -> Payload:
        """All of a message as far as it is on record."""
        flow_id = self.track.flow_id
        at = self._longer.get((direction, seq))
        if at is not None:
            line = read_message(self._read_line(at))
            return Payload(flow_id, direction, seq, line.content, line.whole)
        entry = self.log.find(direction, seq)
        if entry is None or entry.content is None:
            return Payload(flow_id, direction, seq, say="payload not recorded")
        say = None if entry.whole else "only the beginning was recorded"
        return Payload(flow_id, direction, seq, entry.content, entry.whole, say)
