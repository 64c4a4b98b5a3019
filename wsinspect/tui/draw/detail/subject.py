"""What the detail is about, and the content of it that is here. Knows no widget.

A `Subject` is everything that a tab may draw from, taken together once a draw.
"""

from dataclasses import dataclass, field

from wsinspect.protocol.opcodes import CONTINUATION
from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.entries import Gap, Message
from wsinspect.tui.data.framelog import FrameLog
from wsinspect.tui.data.wire import AlertFacts, DiagnosisFacts, Frame, Payload

type Chosen = Message | Frame | Gap


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that may be shown. `total_len` is the length of all of it, None if unknown."""

    data: bytes
    whole: bool
    total_len: int | None
    compressed: bool = False  # still: a piece of a compressed message, which nobody can read


@dataclass(frozen=True, slots=True)
class Subject:
    """`entry` is None where the connection itself is shown."""

    connection: Connection | None
    entry: Chosen | None
    now_ns: int
    log: FrameLog | None = None
    payload: Payload | None = None  # what came when all of the message was asked for
    diagnoses: tuple[DiagnosisFacts, ...] = ()  # of the connection and of its host
    can: frozenset[str] = frozenset()
    needle: str = ""
    note: str = ""  # why no content is here at all
    trouble: str = ""  # what is known of a server that gave no answer
    alike: int = 0  # how many connections to its host ended as it did, itself among them
    alerts: tuple[AlertFacts, ...] = field(default=(), repr=False)  # on the entry or connection


def content_of(subject: Subject) -> Content | None:
    """The content of the entry as far as it is here."""
    entry = subject.entry
    if entry is None or isinstance(entry, Gap):
        return None
    payload = subject.payload
    if payload is not None and payload.content is not None:
        total = len(payload.content) if payload.whole else None
        return Content(payload.content, payload.whole, total)
    if isinstance(entry, Message):
        if entry.content is not None:
            total = entry.content_len
            if total is None and not entry.compressed and entry.finished:
                total = entry.payload_len
            return Content(entry.content, entry.whole, total)
        first = entry.frames[0]
        if entry.compressed and not entry.told and first.preview:
            return Content(first.preview, False, None, compressed=True)
        return None
    if entry.preview is None:
        return None if entry.payload_len else Content(b"", True, 0)
    squeezed = entry.compressed or _in_compressed(subject.log, entry)
    return Content(entry.preview, entry.whole, entry.payload_len, compressed=squeezed)


def _in_compressed(log: FrameLog | None, frame: Frame) -> bool:
    """Whether a frame continues a compressed message; RSV1 is on the first one alone."""
    if log is None or frame.opcode != CONTINUATION:
        return False
    message = log.find(frame.direction, frame.seq)
    return isinstance(message, Message) and message.compressed


def can_fetch(subject: Subject) -> bool:
    """Whether asking the proxy for all of the content makes sense."""
    entry = subject.entry
    if not isinstance(entry, Message) or "payload" not in subject.can or entry.seq < 0:
        return False
    content = content_of(subject)
    return subject.payload is None and (content is None or not content.whole)


def masked_forms(alerts: tuple[AlertFacts, ...]) -> list[str]:
    """The masked forms of what rules found, to be found again in the content."""
    return [hit.masked for alert in alerts for hit in alert.hits if hit.masked]
