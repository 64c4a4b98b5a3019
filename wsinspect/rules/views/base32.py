"""Base32 (RFC 4648 §6, §7): either alphabet, either case, padded or not.

Owns: telling it from words and ids, decoding, encoding anew in the same form. Must not know: where
it stands.

Python's own decoder takes a microsecond a character pair; an integer of base 32 is the same thing.
"""

from __future__ import annotations

import re
from base64 import b32encode, b32hexencode
from collections.abc import Callable
from typing import Final

__all__ = ["LEAST_LEN", "decode", "encoder"]

LEAST_LEN: Final = 14
_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_HEX = b"0123456789ABCDEFGHIJKLMNOPQRSTUV"
_TO_HEX = bytes.maketrans(_STANDARD, _HEX)
_IS_STANDARD = re.compile(rb"[A-Za-z2-7]++\Z")
_IS_HEX = re.compile(rb"[0-9A-Va-v]++\Z")
_TEXT = re.compile(rb"[\t\n\r -~]++\Z")
_RESTS = frozenset({0, 2, 4, 5, 7})  # characters that can be left over from groups of 8
_HEAD_LEN: Final = 16
_STEP: Final = 4096  # an integer's cost is not linear


def decode(run: bytes) -> tuple[bytes, bool] | None:
    """The text in a run, and whether it is of the hex alphabet; None: there is none in it."""
    if len(run) % 8 not in _RESTS:
        return None
    for hexed, alphabet in ((False, _IS_STANDARD), (True, _IS_HEX)):
        if alphabet.match(run) is None:
            continue
        digits = run if hexed else run.upper().translate(_TO_HEX)
        head = digits[:_HEAD_LEN] if len(run) >= _HEAD_LEN else digits[: len(digits) & ~7]
        if _TEXT.match(_decoded(head)) is None:
            continue
        text = b"".join(
            _decoded(digits[start : start + _STEP]) for start in range(0, len(digits), _STEP)
        )
        if _TEXT.match(text):
            return text, hexed
    return None


def _decoded(digits: bytes) -> bytes:
    spare = len(digits) * 5 % 8
    return (int(digits, 32) >> spare).to_bytes(len(digits) * 5 // 8)


def encoder(run: bytes, *, hexed: bool, padded: bool) -> Callable[[bytes], bytes]:
    """Encodes in the form of this run."""

    def encode(data: bytes) -> bytes:
        out = b32hexencode(data) if hexed else b32encode(data)
        if not padded:
            out = out.rstrip(b"=")
        return out.lower() if run.islower() else out

    return encode
