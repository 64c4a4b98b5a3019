"""What the frame list shows: messages folded from their fragments, control frames, gaps. Pure.

All entries have `timestamp_ns direction seq opcode payload_len frame_len violation content`. A
`Message` is made by its first frame and updated in place as more is heard of it (RFC 6455 §5.4):
by further frames, by the row that says what was done to it, by alerts.
"""

from dataclasses import dataclass

from wsinspect.tui.data.wire import CONTENT_LEN_MAX, AlertFacts, Frame, MessageRow

FRAGMENTS_MAX = 256  # frames kept of one message: the first ones, and the newest
CUT_LEN = 128  # bytes kept of an old entry's content
_NO_HITS: tuple[AlertFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """Frames that are not here: older than the attach, or left out because they were too many.

    `waiting`: some may still come, as a rule holds them.
    """

    timestamp_ns: int
    to_server: int
    to_client: int
    waiting: bool = False

    direction = None
    seq = None
    opcode = None
    payload_len = 0
    frame_len = 0
    violation = None
    content = None


class Message:
    """A data message: all of its frames count, at most FRAGMENTS_MAX of them are kept.

    A continuation whose beginning is not here makes one, too; its `opcode` is 0 then.
    """

    __slots__ = (
        "_content",
        "_len",
        "_whole",
        "action",
        "compressed",
        "content_len",
        "cut",
        "finished",
        "frame_count",
        "frame_len",
        "frames",
        "hits",
        "injected",
        "last_seq",
        "opcode",
        "payload_len",
        "rules",
        "violation",
    )

    def __init__(self, first: Frame) -> None:
        self.frames = [first]
        self.frame_count = 1
        self.opcode = first.opcode
        self.payload_len = first.payload_len  # as on the wire: still compressed
        self.frame_len = first.frame_len  # bytes on the wire, all headers included
        self.last_seq = first.seq
        self.finished = first.fin
        self.compressed = first.compressed
        self.violation = first.violation
        self.action = "pass"
        self.injected = False
        self.rules: tuple[str, ...] = ()
        self.hits: tuple[AlertFacts, ...] = _NO_HITS
        self.content_len: int | None = None  # decompressed; None until it is known
        self._content: bytes | None = None
        self._whole = False
        self.cut = False

    def __repr__(self) -> str:  # never its payload
        return f"Message({self.direction}, {self.seq}-{self.last_seq}, {self.frame_count} frames)"

    @property
    def timestamp_ns(self) -> int:
        return self.frames[0].timestamp_ns

    @property
    def ended_ns(self) -> int:
        """The time of its newest frame."""
        return self.frames[-1].timestamp_ns

    @property
    def direction(self) -> int:
        return self.frames[0].direction

    @property
    def seq(self) -> int:
        return self.frames[0].seq

    @property
    def b0(self) -> int:
        return self.frames[0].b0

    @property
    def fin(self) -> bool:
        return self.finished

    @property
    def rsv(self) -> int:
        return self.frames[0].rsv

    @property
    def mask(self) -> int | None:
        return self.frames[0].mask

    @property
    def preview(self) -> bytes | None:
        """The first frame's payload as it was on the wire, or the content."""
        return self.frames[0].preview if self.content is None else self.content

    @property
    def told(self) -> bool:
        """Whether a row said how it came out: `action`, `content_len` are facts then."""
        return self.content_len is not None

    @property
    def content(self) -> bytes | None:
        """The joined, decompressed payload or the start of it; None where it is not known."""
        if self._content is not None or self.compressed or self.told:
            return self._content
        if len(self.frames) == 1:
            return self.frames[0].preview
        parts = []
        for frame in self._joined():
            if frame.preview is None:
                break
            parts.append(frame.preview)
            if len(frame.preview) < frame.payload_len:
                break
        return b"".join(parts)[:CONTENT_LEN_MAX] if parts else None

    def _joined(self) -> list[Frame]:
        """The kept frames that follow each other from the first one on."""
        return self.frames if len(self.frames) == self.frame_count else self.frames[:-1]

    @property
    def whole(self) -> bool:
        """Whether `content` is all of it."""
        if self.told:
            return self._whole
        content = self.content
        return self.finished and content is not None and len(content) >= self.payload_len

    def add(self, frame: Frame) -> None:
        """Another fragment."""
        if self.frame_count < FRAGMENTS_MAX:
            self.frames.append(frame)
        else:
            self.frames[-1] = frame
        self.frame_count += 1
        self.payload_len += frame.payload_len
        self.frame_len += frame.frame_len
        self.last_seq = frame.seq
        self.finished = frame.fin
        if self.violation is None:
            self.violation = frame.violation

    def take(self, row: MessageRow) -> None:
        """What was done to it, and its content."""
        self.content_len = row.payload_len
        self.compressed = row.compressed
        self.action = row.action
        self.injected = row.injected
        if row.rules:
            self.rules = tuple(dict.fromkeys((*self.rules, *row.rules)))
        self.finished = True
        content = row.content
        self._whole = row.whole and content is not None and len(content) <= CONTENT_LEN_MAX
        if content is None:
            # Nothing may be shown of it: also not what the frames' rows brought.
            if self.action != "pass":
                for frame in self.frames:
                    frame.preview = None
            elif not row.compressed:
                self._adopt(row)
        else:
            self._content = content[:CONTENT_LEN_MAX]
            first = self.frames[0]
            alone = self.frame_count == 1 and not first.compressed
            if alone and first.preview is not None and self._content.startswith(first.preview):
                first.preview = self._content  # one copy of it

    def _adopt(self, row: MessageRow) -> None:
        """The row has no content: that of the frames stays."""
        self.content_len = None
        content = self.content
        self.content_len = row.payload_len
        self._content = content
        self._whole = content is not None and len(content) >= row.payload_len

    def alert(self, alert: AlertFacts) -> None:
        self.hits = (*self.hits, alert)
        if alert.rule and alert.rule not in self.rules:
            self.rules = (*self.rules, alert.rule)

    def held(self) -> int:
        """Bytes of content that it keeps."""
        first = self.frames[0].preview
        held = sum(len(frame.preview) for frame in self.frames if frame.preview is not None)
        if self._content is not None and self._content is not first:
            held += len(self._content)
        return held

    def shorten(self) -> None:
        """Keep only the first CUT_LEN bytes of each content."""
        self.cut = True
        content, first = self._content, self.frames[0].preview
        for frame in self.frames:
            shorten(frame)
        if content is not None and len(content) > CUT_LEN:
            shared = content is first
            self._content = self.frames[0].preview if shared else content[:CUT_LEN]
            self._whole = False


def shorten(frame: Frame) -> None:
    if frame.preview is not None and len(frame.preview) > CUT_LEN:
        frame.preview = frame.preview[:CUT_LEN]


type Entry = Message | Frame | Gap
