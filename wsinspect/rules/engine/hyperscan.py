"""Hyperscan: one pass over a block for all patterns at once.

Owns: all that python-hyperscan asks its user to get right, and the databases. Must not know: what
a match is (``confirm.py``), RE2's syntax (``superset.py``), files (``cache.py``).

The hot path of the rules: :meth:`Block.scan`, about 0.6 µs for 64 bytes and 2.5 µs for 1 KiB with
the 221 regexes of gitleaks, if nothing is found. A report costs 0.25 µs more, so there must be few:
the signs report once, a repeat at the end of a regex once (``superset.py``), and past a limit the
scan ends and is done again with a database whose patterns all report once.

Traps of python-hyperscan 0.9.1, handled here and nowhere else:

* the callback must return something false, or the scan ends; an error in it comes out of ``scan``;
* a database borrows the scratch that it is constructed with: it is given none, and allocates its
  own; one that was loaded has none and is given one, which a reference here keeps;
* one scratch serves one thread at a time: so does a :class:`Block`;
* ``Stream`` borrows its callback, ``Stream.size()`` crashes: streams are not used at all;
* the compiler's errors do not say which pattern they mean: each is tried alone then.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, Final, NamedTuple

from wsinspect.rules.detect.pattern import SIGN_ESCAPE, SIGN_NON_ASCII, Sieve
from wsinspect.rules.engine.confirm import ANYWHERE, Candidate
from wsinspect.rules.engine.plain import Plain, edges_of
from wsinspect.rules.engine.signs import SIGN_REGEXES
from wsinspect.rules.engine.superset import Form

__all__ = ["AVAILABLE", "Block", "Databases", "RefusedError", "build", "dump", "load", "version"]

hyperscan: Any
try:
    hyperscan = import_module("hyperscan")
except ImportError:  # no wheel for this platform: RE2 does it alone
    hyperscan = None
AVAILABLE: Final = hyperscan is not None

# Python sees a backslash in a tenth of the time that it costs the database.
_SIGNS: Final = tuple(one for one in SIGN_REGEXES if one[0] != SIGN_ESCAPE)
_SIGN_BITS: Final = tuple(bit for bit, _ in _SIGNS)
_NOTHING: Final[list[Candidate]] = []  # nobody may append to it
_FEW_REPORTS: Final = 64  # before a scan ends and is done again; and one more for 32 bytes
_BYTES_A_REPORT_SHIFT: Final = 5


class RefusedError(Exception):
    """Hyperscan cannot do it at all: a processor that it does not know, no memory."""


class Databases(NamedTuple):
    """``narrow`` for ASCII data, ``wide`` for any; ``once`` is ``wide`` with a report a pattern.

    ``left_out``: the patterns that hyperscan refuses, for RE2.
    """

    narrow: Any
    wide: Any
    once: Any
    left_out: frozenset[int]


def version() -> str:
    """What a database depends on beside its patterns."""
    if hyperscan is None:
        return ""
    return "\n".join([str(hyperscan.__version__), *(regex for _, regex in _SIGNS)])


def build(forms: Sequence[Sequence[Form]], *, signs: bool = True) -> Databases:
    """Compile the first form of each pattern that is accepted; no form: it is left out.

    Raises: RefusedError.
    """
    chosen = [one[0] if one else None for one in forms]
    try:
        return _compile_all(chosen, signs=signs)
    except RefusedError:
        pass  # one of them, or more: which?
    for index, one in enumerate(forms):
        chosen[index] = next((form for form in one if _accepts(*form)), None)
    return _compile_all(chosen, signs=signs)


def _compile_all(chosen: Sequence[Form | None], *, signs: bool) -> Databases:
    kept = {index: form for index, form in enumerate(chosen) if form is not None}
    ids = list(kept)
    narrow = [form.narrow for form in kept.values()]
    wide = [form.wide for form in kept.values()]
    total = len(chosen)
    # The compiler lets go of the interpreter's lock: threads do gain.
    with ThreadPoolExecutor(3) as pool:
        jobs = [
            pool.submit(_compile, narrow, ids, total, once=False, with_signs=signs),
            pool.submit(_compile, wide, ids, total, once=True, with_signs=signs),
        ]
        if wide != narrow:
            jobs.append(pool.submit(_compile, wide, ids, total, once=False, with_signs=signs))
        made = [job.result() for job in jobs]
    left_out = frozenset(range(total)) - frozenset(ids)
    return Databases(made[0], made[-1] if wide != narrow else made[0], made[1], left_out)


def _compile(
    regexes: Sequence[str], ids: Sequence[int], total: int, *, once: bool, with_signs: bool = True
) -> Any:
    """A database of the regexes and the signs, whose ids begin at ``total``."""
    lines = hyperscan.HS_FLAG_MULTILINE | hyperscan.HS_FLAG_DOTALL
    single = lines | hyperscan.HS_FLAG_SINGLEMATCH
    # Hyperscan takes no empty set.
    signs = [regex for _, regex in _SIGNS] if with_signs or not regexes else []
    expressions = [regex.encode("ascii") for regex in [*regexes, *signs]]
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        database.compile(
            expressions=expressions,
            ids=[*ids, *range(total, total + len(signs))],
            elements=len(expressions),
            flags=[single if once else lines] * len(regexes) + [single] * len(signs),
        )
    except hyperscan.error as error:
        raise RefusedError(str(error)) from None
    return database


def _accepts(*regexes: str) -> bool:
    try:
        _compile(regexes, range(len(regexes)), len(regexes), once=False)
    except RefusedError:
        return False
    return True


# --- to bytes and back ---

_HEAD: Final = struct.Struct("<IQQQ")  # left out; lengths of the three databases


def dump(databases: Databases) -> bytes:
    shared = databases.wide is databases.narrow
    blobs = [
        hyperscan.dumpb(databases.narrow),
        b"" if shared else hyperscan.dumpb(databases.wide),
        hyperscan.dumpb(databases.once),
    ]
    left_out = sorted(databases.left_out)
    head = _HEAD.pack(len(left_out), *map(len, blobs))
    return head + struct.pack(f"<{len(left_out)}I", *left_out) + b"".join(blobs)


def load(data: bytes) -> Databases:
    """What :func:`dump` wrote. Raises: RefusedError."""
    try:
        count, *lengths = _HEAD.unpack_from(data)
        left_out = struct.unpack_from(f"<{count}I", data, _HEAD.size)
        at = _HEAD.size + 4 * count
        loaded = []
        for length in lengths:
            loaded.append(_load_one(data[at : at + length]) if length else None)
            at += length
    except (struct.error, hyperscan.error) as error:
        raise RefusedError(str(error)) from None
    narrow, wide, once = loaded
    if narrow is None or once is None or at != len(data):
        raise RefusedError("cut short")
    return Databases(narrow, narrow if wide is None else wide, once, frozenset(left_out))


def _load_one(blob: bytes) -> Any:
    database = hyperscan.loadb(blob, hyperscan.HS_MODE_BLOCK)
    database.scratch = hyperscan.Scratch(database)
    return database


# --- scanning ---


class Block:
    """Scans blocks. ``plain`` does the patterns that were left out.

    The ``sieves`` make candidates of the reports of the triggers, whose ids follow the patterns'.
    """

    __slots__ = (
        "_bits",
        "_count",
        "_databases",
        "_hits",
        "_once",
        "_plain",
        "_scan_narrow",
        "_scan_wide",
        "_scratches",
        "_seen",
        "_sieves",
        "left_out",
    )

    def __init__(
        self, databases: Databases, count: int, plain: Plain | None, sieves: Sequence[Sieve] = ()
    ) -> None:
        self._databases = databases
        self.left_out = databases.left_out
        self._scratches = [database.scratch for database in databases[:3]]
        self._scan_narrow = databases.narrow.scan
        self._scan_wide = databases.wide.scan
        self._once = databases.once.scan
        self._count = count
        self._sieves = tuple(sieves)
        first_sign = count + len(self._sieves)
        self._bits = {first_sign + place: bit for place, bit in enumerate(_SIGN_BITS)}
        self._plain = plain
        hits: list[Candidate] = []
        self._hits = hits
        self._seen = _collector(hits)

    def scan(self, data: bytes) -> tuple[list[Candidate], int]:
        hits = self._hits
        signs = SIGN_ESCAPE if b"\\" in data else 0
        if data.isascii():
            scan = self._scan_narrow
        else:
            scan = self._scan_wide
            signs |= SIGN_NON_ASCII
        try:
            scan(data, self._seen, 0, _FEW_REPORTS + (len(data) >> _BYTES_A_REPORT_SHIFT))
        except hyperscan.ScanTerminated:
            return self._again(data, (ANYWHERE,), signs)
        except BaseException:
            hits.clear()  # or they would be the next message's
            raise
        if hits:
            count, bits = self._count, self._bits
            found: list[Candidate] = []
            triggered: dict[int, list[int]] = {}
            for hit in hits:
                index, end = hit
                if index < count:
                    found.append(hit)
                elif index in bits:
                    signs |= bits[index]
                elif index in triggered:
                    triggered[index].append(end)
                else:
                    triggered[index] = [end]
            hits.clear()
            for index, ends in triggered.items():
                found += self._sieves[index - count](data, ends)
        else:
            found = _NOTHING
        if self._plain is not None:
            return found + self._plain.scan(data), signs
        return found, signs

    def scan_joined(
        self, data: bytes, ends: Sequence[int] | None = None
    ) -> tuple[list[Candidate], int]:
        hits = self._hits
        signs = SIGN_ESCAPE if b"\\" in data else 0
        if data.isascii():
            scan = self._scan_narrow
        else:
            scan = self._scan_wide
            signs |= SIGN_NON_ASCII
        try:
            scan(data, self._seen, 0, _FEW_REPORTS + (len(data) >> _BYTES_A_REPORT_SHIFT))
        except hyperscan.ScanTerminated:
            return self._again(data, (ANYWHERE, *edges_of(data, ends)), signs, joined=True)
        except BaseException:
            hits.clear()
            raise
        count, bits = self._count, self._bits
        found = [hit for hit in hits if hit[0] < count]
        triggered: dict[int, list[int]] = {}
        for index, end in hits:
            if index in bits:
                signs |= bits[index]
            elif index >= count:
                triggered.setdefault(index, []).append(end)
        hits.clear()
        for index, its_ends in triggered.items():
            found += self._sieves[index - count](data, its_ends)
        if self._plain is not None:
            found += self._plain.scan_joined(data, ends)
        return found, signs

    def _again(
        self, data: bytes, places: Sequence[int], signs: int, *, joined: bool = False
    ) -> tuple[list[Candidate], int]:
        """Too many reports: which patterns were seen at all is enough."""
        hits = self._hits
        hits.clear()
        try:
            self._once(data, self._seen, 0, self._count + len(self._sieves) + len(_SIGN_BITS))
            seen = sorted({index for index, _ in hits})
        finally:
            hits.clear()
        count = self._count
        found = [(index, place) for index in seen if index < count for place in places]
        for index in seen:
            if index in self._bits:
                signs |= self._bits[index]
            elif index >= count:
                found += self._sieves[index - count](data, (ANYWHERE,))
        if self._plain is not None:
            found += self._plain.scan_joined(data, None) if joined else self._plain.scan(data)
        return found, signs


def _collector(hits: list[Candidate]) -> Callable[[int, int, int, int, int], bool]:
    """The callback. A function of its own for speed: no attribute is looked up."""
    append = hits.append

    def seen(index: int, _start: int, end: int, _flags: int, limit: int) -> bool:
        append((index, end))
        return len(hits) > limit

    return seen
