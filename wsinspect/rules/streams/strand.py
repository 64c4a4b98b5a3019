"""One text that arrives in pieces: the tail that is kept, and what is to be scanned with the next.

Owns: joining pieces to what came before, where their edges are, how much is kept. Must not know:
where pieces come from, patterns, engines.

Scanned with new pieces are the last 256 bytes before them; more if those are one long word. Kept
of a strand: its last 1–2 KiB, or up to 8 KiB behind an open ``-----BEGIN``, because a private
key is as long as that and must be whole to be one. The edges of at most 64 pieces are kept; what
lies before the first known edge is of unknown make-up.

A value that comes a fourth time in a row is not joined: a field that never changes is no part of a
text that is being told bit by bit. Short and repetitive values are joined nevertheless, so that
``-----`` may come as five pieces.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from operator import eq
from typing import Final

__all__ = ["TOO_OFTEN", "Strand", "Text"]

_LONG_PIECE: Final = 512  # of a longer piece only both ends can be part of a crossing match
_HEAD: Final = 384
_LONG_WORD: Final = 640  # bytes by which the head is longer where it would cut a word
_OPEN_PIECE: Final = 16 * 1024  # the same behind an open private key
_OPEN_HEAD: Final = 8 * 1024
_LOOK_BACK: Final = 256  # of the tail, unless it is one long word
_OPEN_TAIL: Final = 8 * 1024
_MAX_PLACES: Final = 64
_REMEMBERED_VALUE: Final = 256
TOO_OFTEN: Final = 4
_BEGIN: Final = b"-----BEGIN"
_SPACE: Final = re.compile(rb"[\s,;\"'<>{}]")
_ENDED: Final = re.compile(rb"-----END[^-]{0,80}-----")


class Text:
    """A tail and the pieces that came after it, joined. Offsets are bytes in ``data``.

    ``new_from``: where the new pieces begin. ``messages``: for each of them the number of its
    message. ``clean``: the text begins where a piece or a marker begins, not in the middle of what
    was cut away. ``places``: the cuts, counted from the strand's begin.
    """

    __slots__ = ("_cuts", "clean", "data", "messages", "new_from", "origin", "places", "strand")

    def __init__(
        self, strand: Strand, data: bytes, new_from: int, places: list[int], messages: list[int]
    ) -> None:
        self.strand = strand
        self.data = data
        self.new_from = new_from
        self.messages = messages
        self.clean = strand.clean
        self.origin = strand.origin
        self.places = places
        self._cuts: list[int] | None = None

    @property
    def cuts(self) -> list[int]:
        """Where pieces begin; a first one above 0: what is before it is of unknown make-up."""
        if self._cuts is None:
            origin = self.origin
            self._cuts = [place - origin for place in self.places]
        return self._cuts

    def piece(self, index: int) -> tuple[int, int]:
        """Where the piece that begins at this cut lies."""
        after = index + 1
        end = self.cuts[after] if after < len(self.cuts) else len(self.data)
        return self.cuts[index], end

    def message(self, index: int) -> int:
        """The message of the new piece that begins at this cut."""
        return self.messages[index - len(self.places)]

    def is_new(self, index: int) -> bool:
        """Whether the piece came in this feed."""
        return index >= len(self.places) - len(self.messages)

    def __repr__(self) -> str:  # never payload
        return f"<Text {len(self.data)} bytes in {len(self.places)} pieces>"


class Strand:
    """A text in pieces. ``values`` and ``messages`` are filled by the owner between feeds.

    ``origin`` is how many bytes were dropped before ``tail``, so ``origin`` + offset names a place
    for good. ``reported``: what the judge told of already.
    """

    __slots__ = (
        "clean",
        "last",
        "messages",
        "open",
        "origin",
        "places",
        "reported",
        "run",
        "skips",
        "tail",
        "tail_limit",
        "values",
    )

    def __init__(self, tail_limit: int) -> None:
        self.tail_limit = tail_limit
        self.tail = b""
        self.origin = 0
        self.clean = True
        self.open = False  # the tail may hold the begin of a private key
        self.places: list[int] = []  # where its pieces begin, from the strand's own begin
        self.values: list[bytes | str] = []
        self.messages: list[int] = []
        self.last: bytes | str = ""
        self.run = 0
        self.skips = False
        self.reported: list[tuple[str, int, int]] = []  # pattern id, start, end (with origin)

    @property
    def path(self) -> str:
        return "$"

    @property
    def key(self) -> str:
        """The name of the member that this is the value of."""
        return ""

    def add(self, value: bytes, message: int) -> None:
        self.values.append(value)
        self.messages.append(message)

    def restart(self) -> None:
        """Forget all that came."""
        self.tail = b""
        self.origin = 0
        self.clean = True
        self.open = False  # the tail may hold the begin of a private key
        self.places = []
        self.last, self.run = "", 0
        self.reported = []

    def take(self) -> list[Text]:
        """What is to be scanned now that ``values`` came; they are joined to the tail."""
        values = self.values
        if len(values) == 1 and values[0] != self.last:
            value = values[0]
            self.last, self.run = (value, 1) if len(value) <= _REMEMBERED_VALUE else ("", 0)
        elif values[0] == self.last or any(map(eq, values, values[1:])):
            self._drop_repeats()
            values = self.values
            if not values:
                return []
        else:
            self._remember(values[-1])
        messages = self.messages
        self.values = []
        self.messages = []
        if type(values[0]) is str:
            joined = "".join(values)  # type: ignore[arg-type]  # a strand has one of both kinds
            if joined.isascii():
                lengths = list(map(len, values))
                if max(lengths) <= self._long_piece():
                    text = self._join(joined.encode(), lengths, messages)
                    return [text] if text.new_from or len(lengths) > 1 else []
            values = list(map(_encode, values))  # type: ignore[arg-type]
        pieces: list[bytes] = values  # type: ignore[assignment]
        lengths = list(map(len, pieces))
        if max(lengths) <= self._long_piece():
            text = self._join(b"".join(pieces), lengths, messages)
            return [text] if text.new_from or len(lengths) > 1 else []
        return self._take_long(pieces, messages)

    def _take_long(self, pieces: list[bytes], messages: list[int]) -> list[Text]:
        texts: list[Text] = []
        begin = 0
        for at, piece in enumerate(pieces):
            if len(piece) > self._long_piece():
                head = _head(piece, _OPEN_HEAD if self.open else _HEAD)
                some = [*pieces[begin:at], head]
                lengths = list(map(len, some))
                texts.append(self._join(b"".join(some), lengths, messages[begin : at + 1]))
                self._pass_over(piece, len(head))
                begin = at + 1
        if begin < len(pieces):
            some = pieces[begin:]
            texts.append(self._join(b"".join(some), list(map(len, some)), messages[begin:]))
        return [text for text in texts if text.new_from or len(text.messages) > 1]

    def _pass_over(self, piece: bytes, joined: int) -> None:
        """Keep the end of a long piece, of which ``joined`` bytes are in the tail already."""
        if len(piece) >= self.tail_limit:
            end = self.origin + len(self.tail) + len(piece) - joined
            self.tail, self.clean = _cut_tail(piece, self.tail_limit)
            self.open = _BEGIN in self.tail
            self.origin = end - len(self.tail)
            self.places = []
            return
        data = self.tail + piece[joined:]
        self.open = self.open or _BEGIN in piece
        if len(data) > self.tail_limit:
            self._keep_end(data)
        else:
            self.tail = data
        # A new list: the text keeps the old one as it is.
        self.places = self.places[bisect_left(self.places, self.origin) :]

    def _join(self, joined: bytes, lengths: list[int], messages: list[int]) -> Text:
        """``joined``: the new pieces, ``lengths`` theirs."""
        places = self.places
        new_from = len(self.tail)
        data = self.tail + joined
        place = self.origin + new_from
        for length in lengths:
            places.append(place)
            place += length
        text = self._text(data, new_from, places, messages)
        if not self.open and data.find(_BEGIN, max(0, new_from - len(_BEGIN))) >= 0:
            self.open = True
        if len(data) > self.tail_limit:
            self._keep_end(data)
        else:
            self.tail = data
        if len(places) > _MAX_PLACES or places[0] < self.origin:
            # A new list: the text keeps the old one as it is.
            self.places = places[max(len(places) - _MAX_PLACES, bisect_left(places, self.origin)) :]
        return text

    def _text(self, data: bytes, new_from: int, places: list[int], messages: list[int]) -> Text:
        """Of the tail only what a match may need."""
        skip = new_from - _LOOK_BACK
        if skip <= 0 or self.open or _SPACE.search(data, skip, new_from) is None:
            return Text(self, data, new_from, places, messages)
        skip = _character(data, skip)
        places = places[bisect_left(places, self.origin + skip) :]
        text = Text(self, data[skip:], new_from - skip, places, messages)
        text.origin += skip
        text.clean = False
        return text

    def _long_piece(self) -> int:
        return _OPEN_PIECE if self.open else _LONG_PIECE

    def _keep_end(self, data: bytes) -> None:
        if self.open:
            self.tail, self.clean = _cut_tail(data, self.tail_limit)
            self.open = _BEGIN in self.tail
        else:
            self.tail, self.clean = data[_character(data, len(data) - self.tail_limit) :], False
        self.origin += len(data) - len(self.tail)
        if self.reported:
            self.reported = [one for one in self.reported if one[2] > self.origin]

    def _remember(self, value: bytes | str) -> None:
        self.last, self.run = (value, 1) if len(value) <= _REMEMBERED_VALUE else ("", 0)

    def _drop_repeats(self) -> None:
        kept: list[bytes | str] = []
        messages: list[int] = []
        for value, message in zip(self.values, self.messages, strict=True):
            if value == self.last:
                self.run += 1
                if self.run == TOO_OFTEN:
                    self.skips = _is_telling(value)
                if self.run >= TOO_OFTEN and self.skips:
                    continue
            else:
                self._remember(value)
            kept.append(value)
            messages.append(message)
        self.values = kept
        self.messages = messages


def _encode(value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair: the views show U+FFFD for it, too
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in value).encode()


def _is_telling(value: bytes | str) -> bool:
    """Long enough, and not one bit over and over: a whole value rather than a part of one."""
    once = value if isinstance(value, bytes) else value.encode(errors="replace")
    return len(once) >= 3 and (once + once).find(once, 1) == len(once)


def _cut_tail(data: bytes, limit: int) -> tuple[bytes, bool]:
    """The end of ``data`` that is kept, and whether it begins at a marker or is all of it."""
    if len(data) <= limit:
        return data, True
    begin = data.rfind(_BEGIN, max(0, len(data) - _OPEN_TAIL))
    if 0 <= begin < len(data) - limit and not _ENDED.search(data, begin):
        return data[begin:], True
    return data[_character(data, len(data) - limit) :], False


def _character(data: bytes, start: int) -> int:
    """Not in the middle of a character: the text would not be UTF-8 any more."""
    if data[start] & 0xC0 == 0x80:
        for at in range(start + 1, start + 4):
            if data[at] & 0xC0 != 0x80:
                return at
    return start


def _head(piece: bytes, end: int) -> bytes:
    if end >= len(piece):
        return piece
    gap = _SPACE.search(piece, end, end + _LONG_WORD)
    end = gap.start() if gap is not None else min(len(piece), end + _LONG_WORD)
    if end == len(piece):
        return piece
    for _ in range(3):
        if piece[end] & 0xC0 != 0x80:
            break
        end -= 1
    return piece[:end]
