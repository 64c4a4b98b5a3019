"""Opcodes: their numbers and the names the log uses (RFC 6455 section 5.2).

Owns the names, ``unknown-N`` for the reserved ones included. It must not know frames.
"""

from __future__ import annotations

from typing import Final

from wsproto.frame_protocol import Opcode

__all__ = [
    "BINARY",
    "CLOSE",
    "CONTINUATION",
    "OPCODE_NAMES",
    "PING",
    "PONG",
    "TEXT",
]

# Plain ints: they are compared once a frame, and an IntEnum member compares more slowly.
CONTINUATION: Final = int(Opcode.CONTINUATION)
TEXT: Final = int(Opcode.TEXT)
BINARY: Final = int(Opcode.BINARY)
CLOSE: Final = int(Opcode.CLOSE)
PING: Final = int(Opcode.PING)
PONG: Final = int(Opcode.PONG)

_KNOWN: Final = {int(opcode): opcode.name.lower() for opcode in Opcode}

#: The log's name of each of the sixteen opcodes: ``OPCODE_NAMES[1] == "text"``.
OPCODE_NAMES: Final = tuple(_KNOWN.get(number, f"unknown-{number}") for number in range(16))
