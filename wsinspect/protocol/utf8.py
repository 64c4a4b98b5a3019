"""UTF-8 of text messages, checked as the pieces come (RFC 6455 section 8.1, RFC 3629).

Owns the few bytes of a character that is split between two pieces. It must not know frames.
"""

from __future__ import annotations

from codecs import utf_8_decode
from typing import Final

__all__ = ["Utf8Validator"]

#: Pieces are decoded in slices, so that the throw-away str stays small (it takes up to 4x).
_SLICE: Final = 65536


class Utf8Validator:
    """Tells whether the pieces of one text message are UTF-8, at the first byte that is not.

    A piece that makes it impossible for the message to become valid is refused at once, be it in
    the middle of a character (Autobahn 6.4.*). Once refused, always refused, until ``reset``.
    """

    __slots__ = ("_pending", "_refused")

    def __init__(self) -> None:
        self._pending = b""
        self._refused = False

    def feed(self, piece: bytes) -> bool:
        """Take the message's next piece, of any length. False: the message is not UTF-8."""
        if not self._pending and not self._refused and piece.isascii():
            return True
        for start in range(0, len(piece), _SLICE):
            if not self._take(piece[start : start + _SLICE]):
                return False
        return not self._refused

    def finish(self) -> bool:
        """The message is complete; False: it is not UTF-8, or ends inside a character.

        The validator is ready for the next message afterwards.
        """
        valid = not self._pending and not self._refused
        self.reset()
        return valid

    def allows(self, piece: bytes) -> bool:
        """What :meth:`feed` would say; nothing is taken."""
        trial = Utf8Validator()
        trial._pending, trial._refused = self._pending, self._refused
        return trial.feed(piece)

    def reset(self) -> None:
        """Forget the message that was begun."""
        self._pending = b""
        self._refused = False

    def _take(self, piece: bytes) -> bool:
        if self._refused:
            return False
        data = self._pending + piece if self._pending else piece
        try:
            _, consumed = utf_8_decode(data, "strict", False)
        except UnicodeDecodeError:
            self._refused = True
            return False
        self._pending = pending = data[consumed:]
        # CPython waits for the third byte of a surrogate (ED A0..BF); the second tells already.
        if len(pending) == 2 and pending[0] == 0xED and pending[1] >= 0xA0:
            self._refused = True
            return False
        return True
