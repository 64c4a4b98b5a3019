"""Which matches in joined pieces are findings.

Owns: the rules that tell a secret in pieces from values that only happen to stand side by side.
Must not know: how pieces are joined or scanned.

A match counts if it crosses from one piece into another, or needs its neighbours to count (a word
near it, a keyword). It does not count if

- one of its pieces holds, all by itself, a match of that detector which it overlaps: two e-mail
  addresses in a row are not one; the message's own scan has seen them;
- it is of digits, and its pieces look like values of a kind: ids, times, prices;
- it goes on where one was told of already: a secret that grows is one finding.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from wsinspect.rules.detect.pattern import Match, Pattern
from wsinspect.rules.streams.strand import Text

__all__ = ["Judge", "ScannerLike", "StreamHit"]

_KEYWORD_REACH: Final = 128  # bytes from a match in which a neighbour's keyword is its own
_MAX_REPORTED: Final = 8
_LETTERS = re.compile(rb"[A-Za-z\x80-\xff]+")
_DIGITS = re.compile(rb"[0-9]+")
_NUMERIC = re.compile(rb"[0-9 \t.,:/()+_\xc2\xa0-]+")
# Members whose values are numbers of their own, and members that tell a text.
_VALUE_NAMES = re.compile(
    r"(?i:account|amount|ask|balance|bid|code|count|fee|id|index|lat|lng|lon|nonce|number|offset"
    r"|order|[pq]|price|qty|quantity|ref|room|seq|sequence|size|time|timestamp|total|ts|uid|user"
    r"|version|vol|volume)|.*(?:Id|ID|_id|-id)",
    re.DOTALL,
)
_TEXT_NAMES = re.compile(
    r"(?i)(?:[cdmtv]|body|chunk|content|data|delta|frag|fragment|input|message|msg|output|part"
    r"|payload|piece|response|text|token|value)"
)


class ScannerLike(Protocol):
    """The engine, as far as streams need it."""

    @property
    def patterns(self) -> Sequence[Pattern]: ...
    def scan_joined(
        self, data: bytes, ends: Sequence[int] | None = None, /
    ) -> tuple[list[tuple[int, int]], int]: ...
    def confirm(
        self,
        data: bytes,
        candidates: list[tuple[int, int]],
        wanted: frozenset[int] | None = None,
        /,
    ) -> list[Match]: ...
    def matches(self, data: bytes, wanted: frozenset[int] | None = None, /) -> list[Match]: ...


class StreamHit(NamedTuple):
    """A secret that came in pieces.

    ``message``: the number, in the feed, of the message in which it ends. ``path``: that message
    itself (``$``) or a string in it. ``start`` to ``end``: the part of the match that lies there,
    in bytes of that view. ``value``: the whole secret.
    """

    message: int
    path: str
    start: int
    end: int
    match: Match
    value: bytes

    def __repr__(self) -> str:  # never payload; a path may hold keys
        return f"StreamHit(message={self.message}, start={self.start}, end={self.end})"


class Judge:
    """Judges one feed's matches; ``hits`` and ``continued`` are what came out of it."""

    __slots__ = ("_alike", "_scanner", "continued", "hits")

    def __init__(self, scanner: ScannerLike, alike: Sequence[frozenset[int]]) -> None:
        self._scanner = scanner
        self._alike = alike  # of each pattern: those of the same detector
        self.hits: list[StreamHit] = []
        self.continued: list[StreamHit] = []

    def consider(self, text: Text, match: Match) -> None:
        """``match``: offsets in the text's data."""
        pattern = self._scanner.patterns[match.pattern]
        start, end = match.match_start, match.match_end
        if start == 0 and text.origin and not text.clean:
            return  # what was cut away might belong to it
        cuts = text.cuts
        first, last = bisect_right(cuts, start), bisect_left(cuts, end)
        crossing = first < last
        if end <= text.new_from and not (pattern.near and not crossing):
            return
        pieces = range(max(first - 1, 0), last)  # those that it touches and whose edges are known
        if not crossing and not self._needs_neighbours(text, match, pattern):
            return
        if self._goes_on(text, match, pattern):
            return
        if crossing:
            if not text.strand.key and _between_documents(text, first, last):
                return
            if (pattern.digits or _NUMERIC.fullmatch(text.data, match.start, match.end)) and (
                _a_series(text, pieces)
            ):
                return
            if self._seen_alone(text, match, pieces):
                return
        self._remember(text, match, pattern)
        self.hits.append(_hit(text, match, last - 1))

    def _needs_neighbours(self, text: Text, match: Match, pattern: Pattern) -> bool:
        """Whether a match within one piece is none when the piece stands alone."""
        index = bisect_right(text.cuts, match.match_start) - 1
        if index < 0:
            return False
        begin, end = text.piece(index)
        if pattern.near:
            return not self._seen_alone(text, match, range(index, index + 1))
        if pattern.keywords:
            own = text.data[begin:end].lower()
            if any(word.encode() in own for word in pattern.keywords):
                return False
            round_it = text.data[
                max(0, match.match_start - _KEYWORD_REACH) : match.match_end + _KEYWORD_REACH
            ].lower()
            return any(word.encode() in round_it for word in pattern.keywords)
        return False

    def _seen_alone(self, text: Text, match: Match, pieces: range) -> bool:
        wanted = self._alike[match.pattern]
        for index in pieces:
            if text.cuts[index] > match.match_end:
                continue
            begin, end = text.piece(index)
            for one in self._scanner.matches(text.data[begin:end], wanted):
                if one.start + begin < match.end and one.end + begin > match.start:
                    return True
        return False

    def _goes_on(self, text: Text, match: Match, pattern: Pattern) -> bool:
        """Whether it was told of already; then the new part of it goes to ``continued``."""
        start, end = match.start + text.origin, match.end + text.origin
        reported = text.strand.reported
        for at, (name, begin, stop) in enumerate(reported):
            if name == pattern.id and begin < end and start < stop:
                if end > stop:
                    reported[at] = (name, min(begin, start), end)
                    index = bisect_left(text.cuts, match.end) - 1
                    if text.is_new(index):
                        self.continued.append(_hit(text, match, index))
                return True
        return False

    @staticmethod
    def _remember(text: Text, match: Match, pattern: Pattern) -> None:
        reported = text.strand.reported
        reported.append((pattern.id, match.start + text.origin, match.end + text.origin))
        del reported[:-_MAX_REPORTED]


def _hit(text: Text, match: Match, index: int) -> StreamHit:
    """``index``: the piece in which the match ends."""
    value = text.data[match.start : match.end]
    if index < 0 or not text.is_new(index):  # its context came later than itself
        at = len(text.cuts) - len(text.messages)
        return StreamHit(text.message(at), text.strand.path, 0, 0, match, value)
    begin, end = text.piece(index)
    start, stop = max(match.start, begin), min(match.end, end)
    if start >= stop:  # the secret ends in the piece before, what follows it makes it one
        start, stop = max(match.match_start, begin), min(match.match_end, end)
    return StreamHit(
        text.message(index), text.strand.path, start - begin, stop - begin, match, value
    )


def _between_documents(text: Text, first: int, last: int) -> bool:
    """Whether the match crosses from the end of one JSON text to the begin of another."""
    data = text.data
    return any(
        data[cut - 1] in b"}]" and data[cut] in b"{[" for cut in text.cuts[first:last] if cut
    )


def _a_series(text: Text, indexes: range) -> bool:
    """Whether pieces of digits are values of a kind rather than parts of one number."""
    pieces = [text.data[slice(*text.piece(index))] for index in indexes]
    if len(pieces) < 2 or any(piece.strip(b" \t-._/") != piece for piece in pieces):
        return False  # what begins or ends with a separator goes on
    first, name = pieces[0], text.strand.key
    shape = _shape(first)
    if any(_shape(piece) != shape for piece in pieces[1:]):
        return False
    if shape != b"0":
        # Prices, times, whole lines: nobody writes a card number with these in it.
        return len(pieces) > 2 or shape.count(b"0") > 2 or any(sign in shape for sign in b"a.:,/")
    if _VALUE_NAMES.fullmatch(name):
        return True
    lengths = [len(piece) for piece in pieces]
    if len(pieces) > 2:
        if min(lengths) == max(lengths):
            return True
        # In bits of one length, the last one shorter, a number is told, too.
        told = min(lengths[:-1]) == max(lengths[:-1]) > lengths[-1]
        return bool(name) and not told and not _TEXT_NAMES.fullmatch(name)
    second = pieces[1]
    if first == second:  # 42424242 twice is a card that testers use, 12345678 twice an id
        return (first + first).find(first, 1) == len(first)
    half = len(first) // 2 + 1  # they count up
    return len(first) == len(second) and first[:half] == second[:half]


def _shape(piece: bytes) -> bytes:
    return _DIGITS.sub(b"0", _LETTERS.sub(b"a", piece))
