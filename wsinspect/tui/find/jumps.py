"""From one entry to another that belongs to it: alerts, ends, ping ↔ pong, request ↔ reply. Pure.

All take and give indexes into a sequence of entries; None: there is no such entry.
"""

from collections.abc import Callable, Sequence
from typing import Final

from wsinspect.dissect import Confidence, Role, Summary, identify, summarize
from wsinspect.protocol.opcodes import BINARY, CLOSE, PING, PONG, TEXT
from wsinspect.tui.data.entries import Entry, Gap, Message

SUMMARIES_MAX: Final = 2_000  # messages read for one jump: about 20 ms
SPOKEN_BY: Final = 20  # entries that tell what is spoken
_PONGS_MAX: Final = 200
_WAY_MAX: Final = 5_000  # entries between a ping and its pong
#: Applications whose ids are not written out in the message.
_BINARY_IDS: Final = frozenset({"mqtt", "msgpack", "cbor", "signalr", "wamp", "nats"})

type Is = Callable[[Entry], bool]


def next_where(entries: Sequence[Entry], start: int, forward: bool, test: Is) -> int | None:
    """The next entry that `test` holds for; not around the end."""
    count = len(entries)
    indexes = range(start + 1, count) if forward else range(min(start, count) - 1, -1, -1)
    return next((index for index in indexes if test(entries[index])), None)


def has_alert(entry: Entry) -> bool:
    return isinstance(entry, Message) and bool(entry.rules or entry.hits)


def is_end(entry: Entry) -> bool:
    """A Close frame, or a violation."""
    return entry.opcode == CLOSE or entry.violation is not None


def next_alert(entries: Sequence[Entry], start: int, forward: bool = True) -> int | None:
    return next_where(entries, start, forward, has_alert)


def next_end(entries: Sequence[Entry], start: int, forward: bool = True) -> int | None:
    return next_where(entries, start, forward, is_end)


def other_half(entries: Sequence[Entry], index: int, app: str) -> int | None:
    """The pong of a ping, the reply of a request, the answering Close, and back.

    `app` as in `Connection.app`; empty: what the first messages tell of.
    """
    if not 0 <= index < len(entries):
        return None
    entry = entries[index]
    if isinstance(entry, Gap):
        return None
    if entry.opcode in (PING, PONG):
        return _heartbeat(entries, index)
    if entry.opcode == CLOSE:
        back = next_where(entries, index, False, lambda e: _answers_close(e, entry))
        ahead = next_where(entries, index, True, lambda e: _answers_close(e, entry))
        return back if back is not None else ahead
    if entry.opcode not in (TEXT, BINARY):
        return None
    return _counterpart(entries, index, app or speaks(entries))


def speaks(entries: Sequence[Entry]) -> str:
    """The application that the first messages tell of, where the handshake did not; or nothing."""
    found, sure = "", Confidence.LOW.rank
    for entry in entries[:SPOKEN_BY]:
        told = identify(entry.opcode or 0, entry.content)
        if told is not None and told[1].rank > sure:
            found, sure = told[0], told[1].rank
    return found


def _answers_close(entry: Entry, other: Entry) -> bool:
    return entry.opcode == CLOSE and entry.direction != other.direction


# --- ping and pong, RFC 6455 §5.5.2 and §5.5.3, as the proxy's own RTT pairs them ---


def _heartbeat(entries: Sequence[Entry], index: int) -> int | None:
    """A pong answers the newest ping of its payload before it, and all older pings."""
    entry = entries[index]
    if entry.opcode == PONG:
        return _ping_of(entries, index)
    looked = 0
    for at in range(index + 1, len(entries)):
        other = entries[at]
        if other.opcode != PONG or other.direction == entry.direction:
            continue
        looked += 1
        ping = _ping_of(entries, at)
        if (ping is not None and ping >= index) or looked > _PONGS_MAX:
            return at if ping is not None and ping >= index else None
    return None


def _ping_of(entries: Sequence[Entry], index: int) -> int | None:
    entry = entries[index]
    for at in range(index - 1, max(-1, index - _WAY_MAX), -1):
        other = entries[at]
        if other.opcode not in (PING, PONG) or other.content != entry.content:
            continue
        if other.opcode == PING and other.direction != entry.direction:
            return at
        if other.opcode == PONG and other.direction == entry.direction:
            return None  # that ping was answered before: this one answers nothing
    return None


# --- request and reply ---


def _counterpart(entries: Sequence[Entry], index: int, app: str) -> int | None:
    """The message of the other direction with the same id."""
    entry = entries[index]
    mine = summarize(app, entry.opcode or 0, entry.content)
    if mine.id is None:
        return None
    search = Search(entries, index, app, mine)
    if mine.role is Role.REQUEST:
        return search.find(True)
    if mine.role is Role.REPLY:
        return search.find(False)
    ahead, behind = search.find(True), search.find(False)
    if ahead is None or behind is None:
        return behind if ahead is None else ahead
    word = mine.text.lower().removeprefix("pusher:")
    if word.startswith("ping"):
        return behind if word.startswith("pingresp") else ahead
    now = entry.timestamp_ns
    nearer = entries[ahead].timestamp_ns - now < now - entries[behind].timestamp_ns
    return ahead if nearer else behind


class Search:
    """For the counterpart of one message; reads at most SUMMARIES_MAX others each way."""

    def __init__(self, entries: Sequence[Entry], index: int, app: str, mine: Summary) -> None:
        self._entries = entries
        self._index = index
        self._app = app
        self._mine = mine
        # An id that is written out must stand in the other message, too: most need no reading.
        simple = mine.id is not None and mine.id.isascii() and mine.id.isalnum()
        written = simple and app not in _BINARY_IDS and mine.role is not Role.HEARTBEAT
        self._needle = (
            (mine.id or "").encode() if written and _written(entries, index, mine) else b""
        )

    def find(self, forward: bool) -> int | None:
        read = 0
        step = 1 if forward else -1
        end = len(self._entries) if forward else -1
        direction = self._entries[self._index].direction
        for at in range(self._index + step, end, step):
            entry = self._entries[at]
            content = entry.content
            if (
                entry.direction == direction
                or content is None
                or entry.opcode not in (TEXT, BINARY)
            ):
                continue
            if self._needle and self._needle not in content:
                continue
            read += 1
            if read > SUMMARIES_MAX:
                return None
            if self._fits(summarize(self._app, entry.opcode, content)):
                return at
        return None

    def _fits(self, other: Summary) -> bool:
        if other.id != self._mine.id:
            return False
        pair = {self._mine.role, other.role}
        return len(pair) == 2 or not pair & {Role.REQUEST, Role.REPLY}


def _written(entries: Sequence[Entry], index: int, mine: Summary) -> bool:
    content = entries[index].content
    return content is not None and (mine.id or "").encode() in content
