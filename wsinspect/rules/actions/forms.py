"""What stands in place of a secret, and what may be shown of it.

Owns: the replacement forms (mask, redact, hash, token), the form that alerts show, the keyed
fingerprint, and where keys come from. Must not know: rules, views, where the text was found. No
value and no key is ever part of an exception's text or of a repr.

Hash, token and fingerprint are HMAC-SHA256, each over its own label, so that one cannot be
compared with another. Without a key a hash of a card number can be tried out in seconds.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
import secrets
import unicodedata
from typing import Final

__all__ = [
    "FINGERPRINT_VARIABLE",
    "Fingerprints",
    "KeyMissing",
    "hashed",
    "mask",
    "masked_form",
    "redact",
    "resolve_key",
    "token",
]

FINGERPRINT_VARIABLE: Final = "WSINSPECT_FINGERPRINT_KEY"

_MASKED_LIMIT = 64  # characters of an alert's masked form
_SHOWN = frozenset(" -_./:@+()")  # separators that tell the format and nothing else
_VARIABLE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)", re.ASCII)


class KeyMissing(Exception):
    """A rule's key is not there. The text names the environment variable, never a key."""


def mask(text: str, keep_first: int = 0, keep_last: int = 0) -> str:
    """Each letter and digit becomes ``*``, separators stay.

    ``keep_first`` and ``keep_last`` count letters and digits. Keeping all of them would mask
    nothing: then none is kept. A text of nothing but signs has no separators: all of it is masked.
    """
    hidden = [at for at, char in enumerate(text) if _is_content(char)]
    if not hidden:
        return "*" * len(text)
    first, last = max(keep_first, 0), max(keep_last, 0)
    if first + last < len(hidden):
        hidden = hidden[first : len(hidden) - last]
    chars = list(text)
    for at in hidden:
        chars[at] = "*"
    return "".join(chars)


def redact(text: str, replacement: str = "[redacted]") -> str:  # noqa: ARG001 - one shape for all
    """The replacement, whatever the text."""
    return replacement


def hashed(value: bytes, key: bytes) -> str:
    """``hash_`` and 32 hex digits: equal for equal values under one key."""
    return "hash_" + _digest(b"hash", value, key)[:16].hex()


def token(value: bytes, key: bytes) -> str:
    """``tok_`` and 26 characters of base32 in lower case: 128 bits, safe in JSON and URLs."""
    digest = _digest(b"token", value, key)[:16]
    return "tok_" + base64.b32encode(digest).decode("ascii").rstrip("=").lower()


def masked_form(value: bytes | str) -> str:
    """How an alert shows a value: stars, usual separators and, of a long one, its length.

    At most 64 characters; no character of the value but separators.
    """
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    head = text[:_MASKED_LIMIT]
    # A text of nothing but separators would be shown whole.
    shown: frozenset[str] = _SHOWN if any(map(_is_content, head)) else frozenset()
    stars = "".join(char if char in shown else "*" for char in head)
    if len(text) <= _MASKED_LIMIT:
        return stars
    end = f"… ({len(text)} characters)"
    return stars[: _MASKED_LIMIT - len(end)] + end


def resolve_key(reference: str) -> bytes:
    """The key that ``env:NAME`` names.

    Raises:
        KeyMissing: the variable is not set or empty, or this is no such reference (which is then
            not repeated: it may be the key itself).
    """
    named = _VARIABLE.fullmatch(reference)
    if named is None:
        raise KeyMissing("a key is given as env:NAME, the name of an environment variable")
    key = os.environ.get(named[1], "")
    if not key:
        raise KeyMissing(f"the environment variable {named[1]} is not set: it must hold the key")
    return os.fsencode(key)


class Fingerprints:
    """Keyed fingerprints: tell that two findings are of one value, without the value.

    The key is ``WSINSPECT_FINGERPRINT_KEY`` from the environment, so that fingerprints of several
    proxies and days can be compared; without it a random one, that dies with the process.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes | None = None) -> None:
        if key is None:
            key = os.fsencode(os.environ.get(FINGERPRINT_VARIABLE, "")) or secrets.token_bytes(32)
        self._key = key

    @property
    def key(self) -> bytes:
        """For :func:`hashed` and :func:`token` where a rule names no key of its own."""
        return self._key

    def of(self, value: bytes) -> str:
        """16 hex digits."""
        return _digest(b"fingerprint", value, self._key)[:8].hex()


def _digest(label: bytes, value: bytes, key: bytes) -> bytes:
    return hmac.digest(key, b"wsinspect " + label + b"\0" + value, "sha256")


def _is_content(char: str) -> bool:
    # Marks belong to their letter: the vowel signs of many scripts are marks.
    return char.isalnum() or unicodedata.category(char)[0] == "M"
