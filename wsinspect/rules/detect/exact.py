"""Exact data: find values of a list that is known only as keyed hashes.

Owns: the file's format, how a value is normalised, and the pattern. Must not know: rule files,
where the key comes from.

The file, so that neither it nor a rule file holds a secret:

- one line of ASCII: ``wsinspect-exact 1 hmac-sha256-128 nfkc-casefold-alnum check=… shapes=…``
- the HMAC-SHA256 of each value, its first 16 bytes, ascending, nothing between them.

A value is normalised by NFKC, case folding, and leaving out all but letters and digits, so
``DE89 3704…`` is found as ``de893704…`` and the other way round. ``shapes`` says which lengths
there are and whether they are digits (``d``), letters (``a``) or both (``m``), with the number of
words: it spares most hashing and gives away no more than that. ``check`` tells a wrong key.
Who has file *and* key can try values, and numbers of nine digits do not resist that: keep the key
apart.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Final

from wsinspect.rules.detect.pattern import Context, Pattern

__all__ = ["Exact", "exact_pattern", "load_exact", "make_exact", "normalise"]

MAGIC: Final = "wsinspect-exact 1 hmac-sha256-128 nfkc-casefold-alnum"
DIGEST_LEN: Final = 16
FILE_LIMIT: Final = 256 * 1024 * 1024  # 16 million values
LEAST_KEY_LEN: Final = 16
LEAST_LEN: Final = 4  # letters and digits: shorter values are everywhere
MOST_LEN: Final = 128
MOST_WORDS: Final = 10  # as an IBAN in groups
_HEADER_LIMIT: Final = 16 * 1024
_REMEMBERED_LEN: Final = 256 * 1024  # bytes of a message whose finds are remembered
_MEMORY: Final = 8192  # normalised texts whose answer is remembered

_RUN: Final = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f])*")  # accents may stand apart
_SHAPE: Final = re.compile(r"([dam])([1-9][0-9]{0,2})w([1-9]|10)")
# What may stand inside of a word, as in an e-mail address, and between two words.
_JOINER: Final = r"[-._@+/:#'’]"
_GAP_LEN: Final = 3

type Shape = tuple[str, int]


class Exact:
    """The hashes of a list of values."""

    __slots__ = ("_digests", "_key", "_known", "_last", "count", "most_len", "most_words", "shapes")

    def __init__(self, digests: bytes, key: bytes, shapes: Iterable[tuple[str, int, int]]) -> None:
        shapes = tuple(shapes)
        self._digests = digests
        self._key = key
        self._known: dict[str, bool] = {}
        self._last: tuple[bytes, list[tuple[int, int]]] = (b"", [])
        self.count = len(digests) // DIGEST_LEN
        self.shapes = frozenset((kind, length) for kind, length, _ in shapes)
        self.most_len = max((length for _, length in self.shapes), default=0)
        self.most_words = max((words for _, _, words in shapes), default=1)

    def __repr__(self) -> str:
        return f"Exact({self.count} values)"

    def __contains__(self, value: str) -> bool:
        return self._has(normalise(value))

    def places(self, data: bytes) -> list[tuple[int, int]]:
        """:meth:`find` in all of ``data``. Remembers the last: its words ask one by one."""
        if data is not self._last[0]:
            self._last = (data, self.find(data))
        return self._last[1]

    def find(
        self, data: bytes, cut_before: bool = False, cut_behind: bool = False
    ) -> list[tuple[int, int]]:
        """Where values are, as byte offsets. ``cut_…``: a word at that edge goes on outside."""
        runs = _runs(data)
        if cut_before and runs and runs[0][0] == 0:
            del runs[0]
        if cut_behind and runs and runs[-1][1] == len(data):
            del runs[-1]
        places = []
        for first, (start, _, _, kind) in enumerate(runs):
            joined, last_end = "", start
            for run_start, run_end, normalised, run_kind in islice(runs, first, None):
                if run_start - last_end > _GAP_LEN:
                    break
                joined += normalised
                if len(joined) > self.most_len:
                    break
                last_end = run_end
                kind = kind if kind == run_kind else "m"
                if (kind, len(joined)) in self.shapes and self._has(joined):
                    places.append((start, run_end))
        return places

    def _has(self, normalised: str) -> bool:
        if _shape(normalised) not in self.shapes:
            return False
        known = self._known.get(normalised)
        if known is None:
            if len(self._known) >= _MEMORY:
                self._known.clear()
            known = self._known[normalised] = self._look_up(normalised)
        return known

    def _look_up(self, normalised: str) -> bool:
        digest = _digest(normalised, self._key)
        digests = self._digests
        place = bisect_left(
            range(self.count),
            digest,
            key=lambda at: digests[at * DIGEST_LEN : (at + 1) * DIGEST_LEN],
        )
        return digests[place * DIGEST_LEN : (place + 1) * DIGEST_LEN] == digest


def normalise(value: str) -> str:
    folded = unicodedata.normalize("NFKC", value).casefold()
    return "".join(char for char in unicodedata.normalize("NFKC", folded) if char.isalnum())


def make_exact(values: Iterable[str], key: bytes) -> bytes:
    """The file's content for ``values``.

    Raises:
        ValueError: a value too short, too long or of too many words – told by its number, never by
            itself –, or a key of less than 16 bytes.
    """
    _refuse_short(key)
    digests: set[bytes] = set()
    shapes: set[tuple[str, int, int]] = set()
    for number, value in enumerate(values, 1):
        normalised = normalise(value)
        if not LEAST_LEN <= len(normalised) <= MOST_LEN:
            raise ValueError(f"value {number}: {LEAST_LEN} to {MOST_LEN} letters and digits wanted")
        words = len(value.split())
        if words > MOST_WORDS:
            raise ValueError(f"value {number}: more than {MOST_WORDS} words")
        shapes.add((*_shape(normalised), words))
        digests.add(_digest(normalised, key))
    names = ",".join(f"{kind}{length}w{words}" for kind, length, words in sorted(shapes))
    header = f"{MAGIC} check={_check_value(key)} shapes={names}\n"
    return header.encode() + b"".join(sorted(digests))


def load_exact(path: Path, key: bytes) -> Exact:
    """Raises ValueError ("file: what"): not such a file, or not its key."""
    try:
        _refuse_short(key)
        with path.open("rb") as file:
            header = file.readline(_HEADER_LIMIT)
            digests = file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or 'cannot be read'}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    problem = ""
    fields = header.decode("ascii", "replace").removesuffix("\n").split(" ")
    if not header.endswith(b"\n") or " ".join(fields[:-2]) != MAGIC:
        problem = "not a file of keyed hashes, version 1"
    elif fields[-2] != f"check={_check_value(key)}":
        problem = "made with another key"
    elif len(digests) > FILE_LIMIT:
        problem = f"larger than {FILE_LIMIT} bytes"
    elif len(digests) % DIGEST_LEN:
        problem = "cut short"
    shapes = []
    for name in fields[-1].removeprefix("shapes=").split(","):
        shape = _SHAPE.fullmatch(name)
        if shape is not None:
            shapes.append((shape[1], int(shape[2]), int(shape[3])))
        elif name:
            problem = problem or "its header is damaged"
    if problem:
        raise ValueError(f"{path}: {problem}")
    return Exact(digests, key, shapes)


def exact_pattern(id: str, exact: Exact) -> Pattern:  # noqa: A002
    """A match is a word, or a row of groups of digits, that holds a value or a part of one.

    A value of several words is therefore a match for each of its words; where a value is a part
    of something longer (``user:jane@example.org``) the match is all of that.
    """
    lengths = {kind: [n for found, n in exact.shapes if found == kind] for kind in "dam"}
    options = []
    if lengths["d"]:
        least = min(lengths["d"]) - 1
        options.append(rf"[0-9](?:[-._/ \t\x{{a0}}]?[0-9]){{{least},}}")
    if lengths["a"] or lengths["m"]:
        least = min(lengths["a"] + lengths["m"]) - 1 if exact.most_words == 1 else 0
        # Each copy of these large classes costs RE2 and hyperscan memory.
        options.append(rf"[\pL\pN](?:{_JOINER}?[\pL\pN\pM]){{{min(least, 7)},}}")
    regex = rf"({'|'.join(options) or '[^\\x{0}-\\x{10ffff}]'})(?:[^\pL\pN\pM]|\z)"
    return Pattern(
        id=id,
        regex=regex,
        check=lambda context: _holds_value(exact, context),
        max_len=1024,
        say="listed value",
    )


def _holds_value(exact: Exact, context: Context) -> bool:
    """Whether a value overlaps the secret; its words may stand before and behind it."""
    data, start, end = context.data, context.start, context.end
    if len(data) <= _REMEMBERED_LEN:
        return any(low < end and start < high for low, high in exact.places(data))
    reach = 4 * (exact.most_len + exact.most_words * _GAP_LEN)
    begin, stop = max(0, start - reach), min(len(data), end + reach)
    places = exact.find(data[begin:stop], begin > 0, stop < len(data))
    return any(low < end - begin and start - begin < high for low, high in places)


def _runs(data: bytes) -> list[tuple[int, int, str, str]]:
    """The runs of letters and digits: byte offsets, normalised, their kind."""
    text = data.decode(errors="surrogateescape")
    runs = []
    place = at = 0  # in characters, in bytes
    for found in _RUN.finditer(text):
        start, end = found.span()
        at += _len(text[place:start])
        raw = text[start:end]
        place, begin = end, at
        at += _len(raw)
        normalised = raw.lower() if raw.isascii() else normalise(raw)
        runs.append((begin, at, normalised, _kind(normalised)))
    return runs


def _len(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="surrogateescape"))


def _kind(normalised: str) -> str:
    return "d" if normalised.isdecimal() else "a" if normalised.isalpha() else "m"


def _shape(normalised: str) -> Shape:
    return _kind(normalised), len(normalised)


def _digest(normalised: str, key: bytes) -> bytes:
    return hmac.digest(key, normalised.encode(), "sha256")[:DIGEST_LEN]


def _check_value(key: bytes) -> str:
    return hmac.digest(key, b"wsinspect-exact", "sha256")[:8].hex()


def _refuse_short(key: bytes) -> None:
    if len(key) < LEAST_KEY_LEN:
        raise ValueError(f"a key of at least {LEAST_KEY_LEN} bytes is wanted")
