"""Connections and frames in words: how it ended, who did it, what a payload is. Pure text.

The meaning of codes and opcodes comes from `wsinspect.protocol`; this only makes sentences.
"""

from wsinspect.protocol.close_codes import close_words
from wsinspect.protocol.opcodes import BINARY, CLOSE, CONTINUATION, OPCODE_NAMES, TEXT
from wsinspect.tui.data.connection import Connection, State
from wsinspect.tui.data.own_end import OwnEnd, close_reason, closing_rule, own_end
from wsinspect.tui.data.refusals import unanswered
from wsinspect.tui.data.wire import Frame
from wsinspect.tui.draw.safe import safe_bytes

_ABRUPT = {
    "fin": "FIN",
    "rst": "TCP reset",
    "timeout": "timeout",
    "error": "error in the proxy",
}
_OWN = {
    OwnEnd.YOU: "closed by you",
    OwnEnd.RULE: "closed by rule {}",
    OwnEnd.VIOLATION: "closed for a violation",
    OwnEnd.POLICY: "closed by the proxy",
    OwnEnd.DRAIN: "drained",
    OwnEnd.STOPPED: "proxy stopped",
}
# Codes of 1000-2999 but normal closure, going away and a Close frame without a code.
_FAILURES = frozenset(range(1002, 3000)) - {1005}
NOT_KEPT = "payload not kept"  # it passed before anyone watched
_SHOWN_LEN = 512  # bytes of a payload that are read for one line


def close_name(code: int) -> str:
    """The registered name, in lower case: `normal closure`."""
    return close_words(code).split(":")[0].lower()


def close_sentence(code: int) -> str:
    return close_words(code).partition(": ")[2]


def by(initiator: str) -> str:
    return "" if initiator in ("", "none") else f" by {initiator}"


def end_short(connection: Connection) -> str:
    """How it ended, for a column: `1006 TCP reset by server`, `1012 drained`."""
    close = connection.close
    if close is None:
        if connection.state is State.REFUSED:
            status = connection.facts.status
            return f"{status} by the proxy" if unanswered(connection) else f"HTTP {status}"
        return "while detached" if connection.state is State.UNSEEN else ""
    code = close.code
    number = "–" if code is None else str(code)
    own = own_words(connection)
    if own:
        return f"{number} {own}"
    what = _ABRUPT.get(close.cause) if close.cause != "close_frame" else None
    if what is None:
        what = close_name(code) if code is not None else close.cause
    what = what.removesuffix(" closure")
    return f"{number} {what}{by(close.initiator)}"


def own_words(connection: Connection) -> str:
    """Of an end that this proxy made on purpose, by whom: `closed by rule cards`, `drained`."""
    own = own_end(connection)
    return "" if own is None else _OWN[own].format(closing_rule(connection))


def end_reason(connection: Connection) -> str:
    """The close reason in quotes, with a space before it; empty without one."""
    reason = close_reason(connection)
    return f" “{reason}”" if reason else ""


def refusal(connection: Connection) -> str:
    """Why there never was a WebSocket, in a clause."""
    status = connection.facts.status
    if unanswered(connection):
        return f"no answer from the server, so this proxy told the client {status}"
    return f"the server answered HTTP {status}"


def is_failure(connection: Connection) -> bool:
    """Whether the close code names an error of the protocol or an endpoint (RFC 6455 §7.4.1)."""
    close = connection.close
    return close is not None and not close.by_proxy and close.code in _FAILURES


def end_cause(connection: Connection) -> str:
    """The cause in words: `TCP reset by the server, no Close frame`, `closed by you`."""
    close = connection.close
    if close is None:
        return ""
    own = own_words(connection)
    if own:
        return own
    who = "" if close.initiator in ("", "none") else f" by the {close.initiator}"
    if close.cause == "close_frame":
        return f"closed{who}"
    what = _ABRUPT.get(close.cause, close.cause)
    return f"{what}{who}, no Close frame" if close.cause in ("fin", "rst") else f"{what}{who}"


def opcode_short(opcode: int) -> str:
    """An opcode's name in at most 7 cells; reserved ones by number."""
    if opcode == CONTINUATION:
        return "contin."
    name = OPCODE_NAMES[opcode]
    return name if len(name) <= 7 else f"op 0x{opcode:x}"


def last_opcode(connection: Connection) -> str:
    if connection.last_opcode is None or not 0 <= connection.last_opcode < 16:
        return ""
    return opcode_short(connection.last_opcode)


def is_compressed(frame: Frame) -> bool:
    """RSV1 on a data frame: permessage-deflate (RFC 7692 §6)."""
    return frame.rsv & 4 != 0 and frame.opcode in (TEXT, BINARY)


def _hex(data: bytes) -> str:
    return data[:_SHOWN_LEN].hex(" ")


def looks_like_text(data: bytes) -> bool:
    """UTF-8 without control characters, but for a character cut at the end."""
    for cut in range(4):
        try:
            text = data[: len(data) - cut].decode()
        except UnicodeDecodeError:
            continue
        return all(char.isprintable() or char in "\n\r\t" for char in text)
    return False


def close_payload(data: bytes) -> str:
    """A Close frame's code and reason: `1000 normal closure “bye”` (RFC 6455 §5.5.1)."""
    if len(data) < 2:
        return "no code" if not data else f"cut short: {_hex(data)}"
    code = int.from_bytes(data[:2])
    reason = f" “{safe_bytes(data[2:])}”" if data[2:] else ""
    return f"{code} {close_name(code)}{reason}"


def preview(frame: Frame) -> str:
    """The start of the payload as one line of text."""
    data = frame.preview
    if data is None:
        return "" if frame.payload_len == 0 else NOT_KEPT
    if frame.opcode == CLOSE:
        return close_payload(data)
    if not data:
        return ""
    if is_compressed(frame):
        return f"deflate {_hex(data)}"
    if frame.opcode == TEXT or looks_like_text(data):
        return safe_bytes(data)
    return _hex(data)
