"""What the filter's terms look at: one small getter for each fact. Pure.

Of a connection: `(connection, now_ns)`; of an entry of the frame list: `(entry, connection)`.
"""

from typing import Any, Final

from wsinspect.dissect import app_words
from wsinspect.tui.data.connection import ENDED, Connection, State
from wsinspect.tui.data.entries import Entry, Gap, Message

type Subject = Any  # a Connection with now_ns, or an Entry with its Connection

OPCODES: Final = {
    "continuation": (0,), "text": (1,), "binary": (2,), "close": (8,), "ping": (9,), "pong": (10,),
    "control": tuple(range(8, 16)), "data": tuple(range(8)),
    "reserved": (3, 4, 5, 6, 7, *range(11, 16)),
}  # fmt: skip
STATES: Final = {
    "opening": frozenset({State.OPENING}),
    "open": frozenset({State.OPEN}),
    "closing": frozenset({State.CLOSING}),
    "live": frozenset({State.OPENING, State.OPEN, State.CLOSING}),
    "ended": ENDED,
    "clean": frozenset({State.CLEAN}),
    "unclean": frozenset({State.UNCLEAN}),
    "stopped": frozenset({State.STOPPED}),
    "refused": frozenset({State.REFUSED}),
    "unseen": frozenset({State.UNSEEN}),
}
DIRECTIONS: Final = {
    "to_server": 0, "up": 0, "out": 0, "↑": 0, "to_client": 1, "down": 1, "in": 1, "↓": 1,
}  # fmt: skip


def host(connection: Connection) -> str:
    return connection.facts.host or connection.server


def without_port(name: str) -> str:
    """`example.net` of `example.net:8443`, `::1` of `[::1]:80`."""
    head, colon, port = name.rpartition(":")
    if colon and port.isdecimal() and (":" not in head or head.endswith("]")):
        name = head
    return name.removeprefix("[").removesuffix("]")


def path(connection: Connection) -> str:
    """Without its query."""
    return (connection.facts.uri or "").partition("?")[0]


def uri(connection: Connection) -> str:
    return connection.facts.uri or ""


def app_names(connection: Connection) -> tuple[str, ...]:
    """`socketio` and Socket.IO."""
    app = connection.app
    return (app, app_words(app)) if app else ("",)


def close_code(connection: Connection) -> int | None:
    return connection.close.code if connection.close is not None else None


def diagnosis_kinds(connection: Connection) -> set[str]:
    kinds = {each.kind for each in connection.diagnoses}
    if connection.close is not None:
        kinds.update(connection.close.diagnosis)
    return kinds


def words(connection: Connection) -> str:
    """All that a bare word may mean on a connection, in lower case."""
    facts, close = connection.facts, connection.close
    parts = (
        facts.host or "", facts.uri or "", connection.client, connection.server,
        facts.subprotocol or "", facts.app_proto or "", facts.user_agent or "",
        facts.origin or "", (close.reason or "") if close is not None else "",
        *connection.rules,
    )  # fmt: skip
    return "\n".join(parts).lower()


def content_len(entry: Entry) -> int:
    """Of a message what it holds decompressed, if that is known; else as on the wire."""
    if isinstance(entry, Message) and entry.content_len is not None:
        return entry.content_len
    return entry.payload_len


def seqs(entry: Entry) -> tuple[int, int]:
    """First and last sequence number; -1 of what was put in."""
    if isinstance(entry, Gap):
        return -1, -1
    return entry.seq, entry.last_seq if isinstance(entry, Message) else entry.seq


def rules(entry: Entry) -> tuple[str, ...]:
    return entry.rules if isinstance(entry, Message) else ()


def is_fragmented(entry: Entry) -> bool:
    if isinstance(entry, Message):
        return entry.frame_count > 1
    return not isinstance(entry, Gap) and entry.opcode < 8 and not entry.fin


def is_compressed(entry: Entry) -> bool:
    if isinstance(entry, Message):
        return entry.compressed
    return not isinstance(entry, Gap) and entry.opcode in (1, 2) and entry.rsv & 4 != 0


def is_masked(entry: Entry) -> bool:
    """Masked as RFC 6455 §5.3 has it: with a masking key."""
    return not isinstance(entry, Gap) and entry.mask is not None


def opcodes(entry: Entry) -> tuple[int | None, bool]:
    """The opcode, and whether continuation frames belong to it."""
    return entry.opcode, isinstance(entry, Message) and entry.frame_count > 1
