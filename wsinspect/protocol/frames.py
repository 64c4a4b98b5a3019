"""Writing frames, and the payload of a Close frame (RFC 6455 sections 5.2 and 5.5.1).

Owns the encoder and the reading of close payloads. The decoder is in ``reader``. It must not know
connections: what is legal at this moment is the caller's business, so illegal frames (a reserved
opcode, a long ping) can be written too.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

# The C version where there is one; websockets leaves the name out of __all__.
from websockets.frames import apply_mask  # type: ignore[attr-defined]

from wsinspect.protocol.close_codes import NO_STATUS, is_valid_on_wire
from wsinspect.protocol.errors import EncodeError

__all__ = [
    "MAX_CLOSE_REASON_LEN",
    "CloseFacts",
    "close_payload",
    "encode_frame",
    "header_violation",
    "parse_close",
]

#: A control frame has at most 125 bytes, two of them the code (RFC 6455 section 5.5).
MAX_CLOSE_REASON_LEN: Final = 123

_SHORT: Final = struct.Struct("!BB")
_MEDIUM: Final = struct.Struct("!BBH")
_LONG: Final = struct.Struct("!BBQ")


def encode_frame(
    opcode: int,
    payload: bytes | bytearray | memoryview,
    *,
    fin: bool = True,
    rsv: int = 0,
    mask: bytes | None = None,
) -> bytes:
    """One frame as it goes on the wire, its length in the shortest form (section 5.2).

    Args:
        opcode: 0-15, reserved ones too.
        payload: unmasked; any length, also where a control frame may have at most 125 bytes.
        fin: whether this is the message's last frame.
        rsv: 0-7, RSV1 is 4.
        mask: masking key of 4 bytes; None writes an unmasked frame.

    Raises:
        EncodeError: opcode, RSV bits or masking key do not fit the format.
    """
    if not 0 <= opcode <= 15:
        raise EncodeError(f"opcode {opcode} does not fit in four bits")
    if not 0 <= rsv <= 7:
        raise EncodeError(f"RSV bits {rsv} do not fit in three bits")
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    masked = 0
    if mask is not None:
        if len(mask) != 4:
            raise EncodeError(f"a masking key has 4 bytes, not {len(mask)}")
        masked = 0x80
        payload = apply_mask(payload, mask)
    payload_len = len(payload)
    if payload_len < 126:
        header = _SHORT.pack(first, masked | payload_len)
    elif payload_len < 65536:
        header = _MEDIUM.pack(first, masked | 126, payload_len)
    else:
        header = _LONG.pack(first, masked | 127, payload_len)
    if mask is not None:
        header += mask
    return b"".join((header, payload))


@dataclass(frozen=True, slots=True)
class CloseFacts:
    """What a Close frame's payload says.

    Attributes:
        code: as sent; 1005 if the payload has none (RFC 6455 section 7.1.5).
        reason: as sent; each ill-formed byte sequence is U+FFFD.
        violation: the first thing wrong with it: ``close-length`` (one byte),
            ``close-code`` (a code that nobody may send), ``close-utf8``; None if all is well.
    """

    code: int
    reason: str = field(repr=False)
    violation: str | None


def close_payload(code: int, reason: str = "") -> bytes:
    """The payload of a Close frame (section 5.5.1).

    ``NO_STATUS`` (1005) gives the empty payload that it stands for. A reason of more than 123
    bytes is cut at a character; lone surrogates become ``?``.

    Raises:
        EncodeError: the code may not be sent, or a reason has no code to go with.
    """
    if code == NO_STATUS:
        if reason:
            raise EncodeError("a close reason needs a close code")
        return b""
    if not is_valid_on_wire(code):
        raise EncodeError(f"close code {code} may not be sent")
    encoded = reason.encode("utf-8", "replace")
    if len(encoded) > MAX_CLOSE_REASON_LEN:
        # Only the last character can have been cut in two.
        encoded = encoded[:MAX_CLOSE_REASON_LEN].decode("utf-8", "ignore").encode()
    return code.to_bytes(2) + encoded


def parse_close(payload: bytes | bytearray | memoryview) -> CloseFacts:
    """Read a Close frame's payload, unmasked, whatever is in it (sections 5.5.1 and 7.1.5)."""
    payload = bytes(payload)
    if not payload:
        return CloseFacts(NO_STATUS, "", None)
    if len(payload) == 1:
        return CloseFacts(NO_STATUS, "", "close-length")
    code = int.from_bytes(payload[:2])
    violation = None if is_valid_on_wire(code) else "close-code"
    try:
        reason = payload[2:].decode()
    except UnicodeDecodeError:
        reason = payload[2:].decode("utf-8", "replace")
        violation = violation or "close-utf8"
    return CloseFacts(code, reason, violation)


def header_violation(
    b0: int, b1: int, payload_len: int, *, masked: bool, reserved: int
) -> str | None:
    """What the two first bytes and the length break (§5.2, §5.5), most telling first.

    ``masked``: its sender has to mask. ``reserved``: the RSV bits that it may not set, as a mask.
    """
    opcode = b0 & 0x0F
    if 2 < opcode < 8 or opcode > 10:
        return "reserved-opcode"
    if b0 & reserved:
        return "rsv"
    if b0 & 0x08:
        if not b0 & 0x80:
            return "control-fragmented"
        if payload_len > 125:
            return "control-too-long"
    if bool(b1 & 0x80) != masked:
        return "unmasked" if masked else "masked"
    if payload_len < {126: 126, 127: 0x10000}.get(b1 & 0x7F, 0):
        return "non-minimal-length"
    return None
