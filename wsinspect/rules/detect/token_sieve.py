"""Which tokens and IBANs may stand in a text, once a sign of any of them was seen in it.

Owns: the triggers of tokens that are written with something between all of their characters, and
of IBANs; and the sieves. Must not know whether what it lets through is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from wsinspect.rules.detect.number_sieve import FILLER, SEPARATOR
from wsinspect.rules.detect.pattern import Pattern, Sieve, Trigger

__all__ = ["IBAN_LIKE", "SPELT", "IbanHint", "SpeltHint", "straight"]

_BACK: Final = 160  # nine characters with fillers of up to sixteen bytes
_FILLERS: Final = b" \t\r\n.,-/_|~*+:;<!>"
_CHAIN_BACK: Final = re.compile(rb"[0-9A-Za-z](?:[ \t\r\n.,\-/_|~*+:;<!>]+[0-9A-Za-z])*")
_CHAIN: Final = re.compile(rb"(?:[ \t\r\n.,\-/_|~*+:;<!>]+[0-9A-Za-z](?![0-9A-Za-z]))*")
_CHAINS: Final = re.compile(
    rb"(?<![0-9A-Za-z])[0-9A-Za-z](?:[ \t\r\n.,\-/_|~*+:;<!>]+[0-9A-Za-z](?![0-9A-Za-z])){8,}"
)


def straight(rows: Sequence[tuple[int, Pattern]]) -> Sieve:
    """All ends are candidates."""
    indices = [index for index, _ in rows]

    def sieve(_: bytes, ends: Sequence[int]) -> list[tuple[int, int]]:
        return [(index, end) for index in indices for end in ends]

    return sieve


class SpeltHint(NamedTuple):
    """``head``: a regex for the letters and digits with which it begins, put together."""

    head: str


def _spelt_sieve(rows: Sequence[tuple[int, Pattern]]) -> Sieve:
    heads: list[tuple[int, Callable[[bytes], object]]] = []
    for index, pattern in rows:
        assert isinstance(pattern.hint, SpeltHint)
        heads.append((index, re.compile(pattern.hint.head.encode()).search))

    def sieve(data: bytes, ends: Sequence[int]) -> list[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        if ends[0] == 0:
            spans = [match.span() for match in _CHAINS.finditer(data)]
        else:
            done = 0
            for end in ends:
                if end <= done:
                    continue
                back = _CHAIN_BACK.match(data[max(done, end - _BACK) : end][::-1])
                ahead = _CHAIN.match(data, end)
                done = ahead.end() if ahead else end
                spans.append((end - (back.end() if back else 0), done))
        found: list[tuple[int, int]] = []
        for start, end in spans:
            letters = data[start:end].translate(None, _FILLERS)
            indices = [index for index, search in heads if search(letters) is not None]
            if not indices:
                continue
            # A line break may be between two messages, of which each must be told.
            places = [end]
            at = data.find(b"\n", start, end)
            while at >= 0:
                places.append(at)
                at = data.find(b"\n", at + 1, end)
            found += ((index, place) for index in indices for place in places)
        return found

    return sieve


#: Single letters and digits with something between them, as many as no word has.
SPELT: Final = Trigger(rf"{FILLER}[0-9A-Za-z](?:{FILLER}+[0-9A-Za-z]){{7}}", _spelt_sieve)


class IbanHint(NamedTuple):
    """``lengths`` by country; ``valid`` judges the bare number, upper case."""

    lengths: dict[str, int]
    valid: Callable[[str], bool]


_IBAN_BACK: Final = 64  # fifteen characters with separators of up to four bytes
_SEPARATORS: Final = b" \t\r\n.-/_|"
_HEAD: Final = re.compile(rb"(?<![0-9A-Za-z])[A-Za-z]{2}[0-9]{2}")
_BODY: Final = re.compile(rb"[0-9A-Za-z \t\r\n.\-/_|]{0,180}")
_ALNUM: Final = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def _iban_sieve(rows: Sequence[tuple[int, Pattern]]) -> Sieve:
    indices = [index for index, _ in rows]
    hint = rows[0][1].hint
    assert isinstance(hint, IbanHint)
    lengths, valid = hint

    def sieve(data: bytes, ends: Sequence[int]) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        done = 0  # heads before it were looked at
        for end in ends:
            upto = end or len(data)
            for head in _HEAD.finditer(data, max(done, upto - _IBAN_BACK if end else 0), upto):
                start = head.start()
                done = start + 1
                length = lengths.get(data[start : start + 2].decode().upper(), 0)
                body = _BODY.match(data, start)
                if not length or body is None:
                    continue
                letters = body[0].translate(None, _SEPARATORS)[:length].decode().upper()
                if len(letters) == length and valid(letters):
                    left = length
                    for place in range(start, body.end()):
                        left -= data[place] in _ALNUM
                        if not left:
                            found += ((index, place + 1) for index in indices)
                            break
        return found

    return sieve


#: A country and check digits, and as much behind them as the shortest has.
IBAN_LIKE: Final = Trigger(
    rf"(?:\b|_)(?:[A-Z]{{2}}\d\d(?:{SEPARATOR}{{0,4}}[0-9A-Z]){{11}}"
    r"|[A-Za-z]{2}\d\d[0-9A-Za-z]{11})",
    _iban_sieve,
)
