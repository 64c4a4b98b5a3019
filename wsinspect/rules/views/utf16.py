"""UTF-16 bodies, with or without a byte order mark (RFC 2781).

Owns: telling them, decoding, the way back. Must not know: where the body stands.

Without a mark it must look like it: of ASCII, which all secrets have, every second byte is NUL.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import override

from wsinspect.rules.views.view import MAPPED, Edit, Origin, View

__all__ = ["Utf16View", "decode"]

_HEAD_LEN = 256


class Utf16View(Origin):
    """Half of a pair alone is U+FFFD in the view; both are one unit, so places can be counted."""

    __slots__ = ("codec", "skipped")

    def __init__(self, codec: str, skipped: int) -> None:
        self.codec = codec
        self.skipped = skipped

    @override
    def step(self, view: View, hidden: Collection[int]) -> str:
        return "utf16"

    @override
    def back(self, view: View, edits: list[Edit]) -> list[Edit]:
        out: list[Edit] = []
        done = 0
        place = self.skipped
        data = view.data
        for edit in edits:
            start, end = edit.start, edit.end
            while done < start and data[start] & 0xC0 == 0x80:  # whole characters only
                start -= 1
            start = max(start, done)
            end = max(end, start)
            while end < len(data) and data[end] & 0xC0 == 0x80:
                end += 1
            place += len(data[done:start].decode().encode(self.codec))
            begin = place
            place += len(data[start:end].decode().encode(self.codec))
            done = end
            new = edit.new.decode(errors="replace").encode(self.codec)
            out.append(Edit(begin, place, new, max(edit.rank, MAPPED)))
        return out


def decode(data: bytes) -> tuple[bytes, Utf16View] | None:
    """The text as UTF-8; None if it does not look like UTF-16."""
    skipped = 0
    if data[:2] == b"\xff\xfe":
        codec, skipped = "utf-16-le", 2
    elif data[:2] == b"\xfe\xff":
        codec, skipped = "utf-16-be", 2
    else:
        head = data[:_HEAD_LEN]
        high, low = head[::2].count(0), head[1::2].count(0)
        # Most of one half is NUL, next to none of the other.
        if low * 2 > len(head) // 2 and high * 8 <= low:
            codec = "utf-16-le"
        elif high * 2 > len(head) // 2 and low * 8 <= high:
            codec = "utf-16-be"
        else:
            return None
    if len(data) - skipped < 4:
        return None
    body = data[skipped : len(data) & ~1] if skipped else data[: len(data) & ~1]
    text = body.decode(codec, errors="surrogatepass")
    try:
        plain = text.encode()
    except UnicodeEncodeError:
        plain = "".join("\ufffd" if "\ud800" <= c < "\ue000" else c for c in text).encode()
    return plain, Utf16View(codec, skipped)
