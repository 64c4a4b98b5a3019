"""A frame's header in words: opcodes and flags (RFC 6455 §5.2, RFC 7692 §6)."""

from wsinspect.protocol.opcodes import OPCODE_NAMES
from wsinspect.tui.explain.explanation import Explanation

_BASE = "RFC 6455 §5.2"

_OPCODES: dict[int, tuple[str, str, str]] = {
    0: (
        "The next fragment of the message that is open in this direction.",
        "RFC 6455 §5.2; RFC 6455 §5.4",
        "u unfolds the message it belongs to.",
    ),
    1: ("A message of text, which has to be UTF-8.", "RFC 6455 §5.2; RFC 6455 §5.6", ""),
    2: (
        "A message of bytes, whose meaning the application knows.",
        "RFC 6455 §5.2; RFC 6455 §5.6",
        "",
    ),
    8: (
        "The sender says nothing after this. The other side answers with a Close frame.",
        "RFC 6455 §5.5.1",
        "",
    ),
    9: (
        "Asks whether the other side is there; it has to answer with a pong of the same payload.",
        "RFC 6455 §5.5.2",
        "o jumps to its pong.",
    ),
    10: (
        "The answer to a ping with its payload, or unasked: a heartbeat in one direction.",
        "RFC 6455 §5.5.3",
        "o jumps to its ping.",
    ),
}


def opcode(number: int) -> Explanation:
    """One of the sixteen opcodes."""
    if number in _OPCODES:
        say, source, advice = _OPCODES[number]
        return Explanation(OPCODE_NAMES[number], say, source, advice)
    kind = "control" if number & 8 else "data"
    return Explanation(
        f"opcode 0x{number:x}",
        f"Reserved for a {kind} frame of a later version; who receives it has to fail the "
        "connection.",
        f"{_BASE}; RFC 6455 §11.8",
        "An extension that defines it would show in the handshake.",
    )


_FLAGS: dict[str, tuple[str, str, str]] = {
    "FIN": ("The last frame of its message; alone in most messages.", _BASE, ""),
    "no FIN": (
        "More fragments of this message follow; control frames may come in between.",
        "RFC 6455 §5.4",
        "",
    ),
    "RSV1": (
        (
            "With permessage-deflate, on a message's first frame: the message is compressed. Else "
            "it has to be 0."
        ),
        "RFC 6455 §5.2; RFC 7692 §6",
        "",
    ),
    "RSV2": ("Has to be 0 unless an extension defines it.", _BASE, ""),
    "RSV3": ("Has to be 0 unless an extension defines it.", _BASE, ""),
    "mask": (
        (
            "The payload is XORed with these 4 bytes. A client has to mask, with a new key each "
            "frame, so that no hop takes chosen bytes for HTTP. It is no encryption."
        ),
        "RFC 6455 §5.3; RFC 6455 §10.3",
        "",
    ),
    "no mask": (
        "Frames of a server are not masked; those of a client must be.",
        "RFC 6455 §5.1",
        "",
    ),
}
FLAGS = tuple(_FLAGS)


def flag(name: str) -> Explanation | None:
    """One of `FLAGS`."""
    if name not in _FLAGS:
        return None
    say, source, advice = _FLAGS[name]
    return Explanation(name, say, source, advice)
