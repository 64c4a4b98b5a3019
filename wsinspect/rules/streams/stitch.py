"""Streams: the messages of one connection and direction, looked at joined.

Owns: what is scanned when messages arrive, all of it in one go. Must not know: rules, actions, the
relay. What was kept is bounded: see ``strand.py`` and ``paths.py``.

Text messages that are JSON documents are joined by path: nobody reads two objects as one text.
All others are joined as they are, text and binary messages each by themselves.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import msgspec

from wsinspect.rules.detect.pattern import Match
from wsinspect.rules.streams.documents import MAX_DOCUMENT, documents
from wsinspect.rules.streams.edges import Part, number_parts, parts
from wsinspect.rules.streams.judge import Judge, ScannerLike, StreamHit
from wsinspect.rules.streams.paths import PathTree
from wsinspect.rules.streams.strand import Strand, Text

__all__ = ["Streams"]

_RAW_TAIL: Final = 2 * 1024
_ANYWHERE: Final = 0  # a candidate's end: the engine cannot say where
_MAX_PARTS: Final = 256  # of all texts of a feed
# No number goes on over these.
_NO_NUMBER: Final = bytes(
    byte < 128 and (chr(byte).isalpha() or chr(byte) in "\"'{}[]<>=;&") for byte in range(256)
)
_decode = msgspec.json.Decoder().decode
_TABLES: list[tuple[ScannerLike, _Table]] = []


class _Table:
    """What is asked of a scanner's patterns again and again."""

    __slots__ = ("alike", "digits", "reach", "slack")

    def __init__(self, scanner: ScannerLike) -> None:
        by_id: dict[str, list[int]] = {}
        for index, pattern in enumerate(scanner.patterns):
            by_id.setdefault(pattern.id, []).append(index)
        groups = {name: frozenset(indexes) for name, indexes in by_id.items()}
        self.alike = [groups[pattern.id] for pattern in scanner.patterns]
        self.digits = [pattern.digits for pattern in scanner.patterns]
        # How far behind an edge a match that has to do with it may end.
        self.slack = [4 * p.within if p.near else 0 for p in scanner.patterns]
        self.reach = [
            p.max_len + 4 * p.within * bool(p.near) + 128 * bool(p.keywords)
            for p in scanner.patterns
        ]


def _table(scanner: ScannerLike) -> _Table:
    for known, table in _TABLES:
        if known is scanner:
            return table
    table = _Table(scanner)
    _TABLES.append((scanner, table))
    del _TABLES[:-4]  # a reload brings a new scanner; the old one may go
    return table


class Streams:
    """One for each connection and direction.

    ``continued``, after a feed: what goes on a secret that was told of before. It is no new
    finding, but a message that is held can be kept from giving the rest away.
    """

    __slots__ = ("_binary", "_paths", "_scanner", "_table", "_text", "continued")

    def __init__(self) -> None:
        self._text = Strand(_RAW_TAIL)
        self._binary: Strand | None = None
        self._paths: PathTree | None = None
        self._scanner: ScannerLike | None = None
        self._table: _Table | None = None
        self.continued: list[StreamHit] = []

    def feed(
        self,
        messages: Sequence[tuple[bool, bytes]],
        scanner: ScannerLike,
        wanted: frozenset[int] | None = None,
        *,
        paths: bool = True,
    ) -> list[StreamHit]:
        """What ends in these messages and began before, or needs what came before.

        ``messages``: whether it is text, and the payload. ``wanted``: indices of the scanner's
        patterns (None: all). ``paths``: also join the strings at each JSON path.
        """
        self.continued = []
        texts = self._join(messages, paths)
        if not texts:
            return []
        if scanner is not self._scanner or self._table is None:
            self._scanner, self._table = scanner, _table(scanner)
        pieces: list[tuple[Text, Part | None]] = [(text, None) for text in texts]
        data = [text.data for text in texts]
        room = _MAX_PARTS
        for text in texts:
            if room <= 0:
                break
            for part in (*parts(text, room), *number_parts(text, room)):
                pieces.append((text, part))
                data.append(text.data[part[0] : part[1]])
                room -= 1
        starts = list(accumulate(map(len, data[:-1]), lambda at, n: at + n + 1, initial=0))
        ends = [start + len(one) for start, one in zip(starts, data, strict=True)]
        candidates, _ = scanner.scan_joined(b"\n".join(data), ends)
        if not candidates:
            return []
        return self._look(pieces, starts, candidates, scanner, wanted, self._table)

    def _join(self, messages: Sequence[tuple[bool, bytes]], paths: bool) -> list[Text]:
        """Give every message to its strand; the texts that are to be scanned now."""
        tree: PathTree | None = None
        if paths:
            tree = self._paths
            if tree is None:
                tree = self._paths = PathTree()
            tree.begin()
        raw = self._text
        for index, (is_text, payload) in enumerate(messages):
            if not payload:
                continue
            if not is_text:
                if self._binary is None:
                    self._binary = Strand(_RAW_TAIL)
                self._binary.add(payload, index)
            elif tree is None or not _add_documents(tree, payload, index):
                raw.add(payload, index)
        texts: list[Text] = []
        if tree is not None and tree.touched:
            for node in tree.touched:
                texts += node.take()
            tree.end()
        if raw.values:
            texts += raw.take()
        if self._binary is not None and self._binary.values:
            texts += self._binary.take()
        return texts

    def _look(
        self,
        pieces: list[tuple[Text, Part | None]],
        starts: list[int],
        candidates: list[tuple[int, int]],
        scanner: ScannerLike,
        wanted: frozenset[int] | None,
        table: _Table,
    ) -> list[StreamHit]:
        """Confirm and judge the candidates of all texts and parts."""
        by_piece: dict[int, list[tuple[int, int]]] = {}
        for pattern, end in candidates:
            if wanted is not None and pattern not in wanted:
                continue
            if end <= 0:  # "anywhere"
                for at in range(len(starts)):
                    by_piece.setdefault(at, []).append((pattern, _ANYWHERE))
                continue
            at = bisect_left(starts, end) - 1  # a match ends behind its piece's start
            text, part = pieces[at]
            last = len(text.data) if part is None else part[1] - part[0]
            by_piece.setdefault(at, []).append((pattern, min(end - starts[at], last)))
        judge = Judge(scanner, table.alike)
        known: dict[int, set[tuple[int, int]]] = {}
        for at in sorted(by_piece):  # whole texts come before their parts
            text, part = pieces[at]
            found = by_piece[at]
            if part is None:
                known[id(text)] = set(found)
                near_cuts = [one for one in found if _near_cut(text, one, table)]
                for match in scanner.confirm(text.data, near_cuts, wanted) if near_cuts else ():
                    judge.consider(text, match)
                continue
            start, end, begins, number = part
            seen = known.get(id(text), set())
            new = [
                (pattern, stop)
                for pattern, stop in found
                if (number and table.digits[pattern])
                or (
                    (stop == _ANYWHERE or (pattern, stop + start) not in seen)
                    and not (number or (begins and table.digits[pattern]))
                )
            ]
            if not new:
                continue
            for match in scanner.confirm(text.data[start:end], new, wanted):
                if begins or match.match_start or not start:
                    judge.consider(text, _shifted(match, start))
        self.continued = judge.continued
        return judge.hits


def _add_documents(tree: PathTree, payload: bytes, index: int) -> bool:
    """Join a message's strings by path. True: there are some, and it is nothing but documents."""
    if payload[0] == 0x7B and len(payload) <= MAX_DOCUMENT:  # the usual: one object
        try:
            return tree.add(_decode(payload), index)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            pass
    found = documents(payload)
    strings = False
    for document in found.values:
        strings |= tree.add(document, index)
    # A string alone may as well be a part of a JSON text that was cut there.
    return strings and not found.rest and type(found.values[0]) is not str


def _near_cut(text: Text, candidate: tuple[int, int], table: _Table) -> bool:
    """Whether a match that ends there can be new, and have to do with an edge before it."""
    pattern, end = candidate
    if end == _ANYWHERE:
        return True
    if end + table.slack[pattern] <= text.new_from:
        return False
    cuts = text.cuts
    at = bisect_right(cuts, end + table.slack[pattern]) - 1
    least = 0 if cuts[0] else 1  # the begin of the text is no edge within it
    reach = table.reach[pattern]
    if table.slack[pattern] or not table.digits[pattern]:
        return at >= least and end - cuts[at] <= reach
    data = text.data
    while at >= least and end - cuts[at] <= reach:
        cut = cuts[at]
        if cut < end and not (_NO_NUMBER[data[cut - 1]] or _NO_NUMBER[data[cut]]):
            return True
        at -= 1
    return False


def _shifted(match: Match, by: int) -> Match:
    return Match(
        match.pattern,
        match.start + by,
        match.end + by,
        match.match_start + by,
        match.match_end + by,
    )
