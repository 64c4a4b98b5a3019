"""The scanner: which of many patterns are in a block, and where.

Owns: the choice of the engine, and what both get ready. Must not know: rules, views, messages.

Two steps, because most blocks end after the first. ``scan`` says which patterns may match, with
false alarms but no miss; ``confirm`` says which do, and gives the same matches after either engine.
The cost of ``scan`` is in ``hyperscan.py``.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, Protocol

from wsinspect.rules.detect.pattern import Pattern, Trigger
from wsinspect.rules.engine import hyperscan
from wsinspect.rules.engine.cache import Cache
from wsinspect.rules.engine.confirm import Candidate, Confirmer, Matches
from wsinspect.rules.engine.plain import Plain, PlainBlock
from wsinspect.rules.engine.regexes import compile_regex
from wsinspect.rules.engine.superset import Form, Superset, UnknownSyntaxError, widen

__all__ = ["EngineError", "Scanner"]

_log = logging.getLogger(__name__)

# Everyday text. A pattern that matches much of it (".+", "\w+") would be reported for each
# character by hyperscan; RE2 finds it at once.
_EVERYDAY: Final = (
    b'{"event":"message","room":"general","id":"3f1e6a52-9f0b-4a55-8c1d-2b7e94d0c6aa",'
    b'"user":{"id":80123,"name":"Anna Smith"},"text":"Hi there, are we still on for lunch at '
    b'noon? I think so, see you then!","ts":1711111111111,"seen":true,"price":12.50}\n'
)
_EVERYDAY_LIMIT: Final = 32  # bytes of it that may match


class EngineError(RuntimeError):
    """Hyperscan was asked for by name and cannot be had. The text says why."""


class _Scan(Protocol):
    def __call__(self, data: bytes) -> tuple[list[Candidate], int]: ...


class _ScanJoined(Protocol):
    def __call__(
        self, data: bytes, ends: Sequence[int] | None = None
    ) -> tuple[list[Candidate], int]: ...


class _Confirm(Protocol):
    def __call__(
        self,
        data: bytes,
        candidates: Sequence[Candidate],
        wanted: frozenset[int] | None = None,
    ) -> Matches: ...


class Scanner:
    """Looks for ``patterns``; never changes; one thread at a time may use it.

    ``scan(data)``: candidates, and the signs seen as bits (``SIGN_*`` of ``detect.pattern``). A
    candidate is a pattern's index and the offset where a match may end, or 0 for "anywhere".
    No candidates may be one list shared by all: do not append to it.

    ``scan_joined(data, ends=None)``: the same for messages joined by line breaks, as if each had
    been scanned alone: a message in which a pattern matches has a candidate of it whose end is in
    that message (behind its begin, at most at its end). Give ``ends``, the offsets where the
    messages end, if you have them: it is cheaper where much is found.

    ``confirm(data, candidates, wanted=None)``: the matches, see ``confirm.py``; ``data`` is what
    was scanned, ``wanted`` the patterns to look at (None: all).

    ``signs`` False: for whoever asks for candidates alone. Of the signs only those are told then
    that cost nothing; a KiB costs 2 µs less.

    ``engine`` is "hyperscan" or "re2"; ``left_out`` the patterns that RE2 looks for alone.

    Raises:
        BadRegexError: a regex that is not RE2's.
        ValueError: a group that the regex does not have.
        EngineError: ``engine="hyperscan"`` and there is none.
    """

    __slots__ = ("_block", "confirm", "engine", "left_out", "patterns", "scan", "scan_joined")

    scan: _Scan
    scan_joined: _ScanJoined
    confirm: _Confirm

    def __init__(
        self,
        patterns: Sequence[Pattern],
        *,
        cache: Path | None = None,
        engine: Literal["auto", "hyperscan", "re2"] = "auto",
        signs: bool = True,
    ) -> None:
        self.patterns = tuple(patterns)
        supersets = [_superset(pattern.regex) for pattern in self.patterns]
        self.confirm = Confirmer(self.patterns, supersets).confirm
        block: hyperscan.Block | PlainBlock | None = None
        if engine != "re2":
            try:
                block = self._hyperscan(supersets, cache, signs=signs)
            except hyperscan.RefusedError as error:
                if engine == "hyperscan":
                    raise EngineError(f"hyperscan: {error}") from None
                _log.warning("rules: hyperscan cannot be used (%s), RE2 does it slower", error)
        self.engine = "re2" if block is None else "hyperscan"
        if block is None:
            block = PlainBlock(self.patterns, supersets)
        self.left_out = block.left_out
        # Bound once: a method of this class that called them would cost a tenth of a scan.
        self._block = block
        self.scan = block.scan
        self.scan_joined = block.scan_joined

    def __repr__(self) -> str:
        return f"<Scanner of {len(self.patterns)} patterns by {self.engine}>"

    def matches(self, data: bytes, wanted: frozenset[int] | None = None) -> Matches:
        """Scan and confirm."""
        return self.confirm(data, self.scan(data)[0], wanted)

    def _hyperscan(
        self, supersets: Sequence[Superset | None], cache: Path | None, *, signs: bool
    ) -> hyperscan.Block:
        """Raises: hyperscan.RefusedError."""
        if not hyperscan.AVAILABLE:
            raise hyperscan.RefusedError("it is not installed")
        behind: dict[Trigger, list[tuple[int, Pattern]]] = {}
        for index, pattern in enumerate(self.patterns):
            if pattern.trigger is not None:
                behind.setdefault(pattern.trigger, []).append((index, pattern))
        own = [
            None if pattern.trigger is not None else superset
            for pattern, superset in zip(self.patterns, supersets, strict=True)
        ]
        own += [_superset(trigger.regex) for trigger in behind]
        regexes = ["" if pattern.trigger else pattern.regex for pattern in self.patterns]
        regexes += [trigger.regex for trigger in behind]
        store = None if cache is None else Cache(cache)
        key = "" if store is None else Cache.key([hyperscan.version(), f"signs={signs}", *regexes])
        databases = None
        if store is not None and (kept := store.load(key)) is not None:
            try:
                databases = hyperscan.load(kept)
            except hyperscan.RefusedError:
                databases = None  # of another processor, or damaged: made anew
        if databases is None:
            databases = hyperscan.build(list(map(_forms, own)), signs=signs)
            if store is not None:
                store.save(key, hyperscan.dump(databases))
        left_out = set(databases.left_out)
        for place, rows in enumerate(behind.values(), len(self.patterns)):
            if place not in left_out:
                left_out.difference_update(index for index, _ in rows)
            left_out.discard(place)
        databases = databases._replace(left_out=frozenset(left_out))
        plain = None
        if left_out:
            plain = Plain(self.patterns, supersets, left_out)
        sieves = [trigger.sieve(rows) for trigger, rows in behind.items()]
        return hyperscan.Block(databases, len(self.patterns), plain, sieves)


def _superset(regex: str) -> Superset | None:
    compile_regex(regex)  # or the walk over it might not end well
    try:
        return widen(regex)
    except UnknownSyntaxError:
        return None


def _forms(superset: Superset | None) -> Sequence[Form]:
    if superset is None:
        return ()
    everyday = compile_regex(superset.exact).finditer(_EVERYDAY)
    matched = sum(match.end() - match.start() for match in everyday)
    return () if matched > _EVERYDAY_LIMIT else superset.forms
