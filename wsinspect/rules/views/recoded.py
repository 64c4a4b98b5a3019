"""Views of a part of their parent that is encoded as a whole: base64, base32 and hex.

Owns: finding such runs in text, telling text from noise, encoding anew in the same form. Must not
know: where the run stands (JSON or not), which views are made of it.

Words and ids look like base64 too. A run counts only if what it decodes to is something that an
application can have meant: text, UTF-16, a compressed body, a msgpack or protobuf body.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple, override

from wsinspect.rules.views import base32
from wsinspect.rules.views.compressed import MAGIC
from wsinspect.rules.views.turned import ROT13
from wsinspect.rules.views.view import (
    RECODED,
    REGENERATED,
    CannotRewrite,
    Edit,
    Origin,
    View,
    apply_edits,
    is_text,
)

__all__ = [
    "RecodedView",
    "Run",
    "decode_base64",
    "decode_hex",
    "plausible_head",
    "plausible_text",
    "runs",
]

# The runs of 14 and more, found by stepping over the shorter ones: linear, whatever the data.
_NEXT_RUN = re.compile(
    rb"[^A-Za-z0-9+/_-]*+(?:[A-Za-z0-9+/_-]{1,13}+[^A-Za-z0-9+/_-]++)*+"
    rb"([A-Za-z0-9+/_-]{14,}+)"
)
_MORE_LINES = re.compile(rb"(?:\r?\n(?:[A-Za-z0-9+/_-]{4,}+|[A-Za-z0-9+/_-]{2,3}(?==)))++")
_PERCENT_DIGITS = re.compile(rb"(?:25)*+(?:[0-9A-Fa-f]{2})?")
_PADDING = re.compile(rb"={1,2}")
_PADDING_32 = re.compile(rb"={1,6}")
_HEX_PREFIX = re.compile(rb"0[xX](?=(?:[0-9A-Fa-f]{2}){8,}+\Z)")
_HEX_BY_ROT13 = re.compile(rb"(?:[0-9n-sN-S]{2}){8,}+")
_PRINTABLE = re.compile(rb"[\t\n\r -~]++\Z")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}){8,}+")
_PART = re.compile(rb"[A-Za-z0-9]{14,}+")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# UTF-8 with something beyond ASCII, a byte order mark of UTF-16, or a compressed body.
_BEGINS = re.compile(
    rb"(?:[\t\n\r -~]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
    rb"|[\xf0-\xf4][\x80-\xbf]{3}){5}|\xff\xfe|\xfe\xff|" + MAGIC.pattern
)
_LONGEST_PATH = 1024  # in longer runs, names between slashes are chance
_LONGEST_TAIL = 512  # of runs that may begin with something else
_HEAD_LEN = 64  # characters that are tried before all of a run is decoded
_ODD_HEAD_LEN = 16
_LEAST_PLAIN = 4  # fewer characters before it are an escape's
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_TO_URL = bytes.maketrans(b"+/", b"-_")


_CONTINUATIONS = bytes(range(0x80, 0xC0))
_SHORT_DIGITS = 22
_LONG = 1024  # bytes of which no random ones are text


class Run(NamedTuple):
    """``encode`` gives the same form again: alphabet, padding, line breaks, case."""

    start: int
    end: int
    name: str
    data: bytes
    encode: Callable[[bytes], bytes]

    def __repr__(self) -> str:  # never payload
        return f"Run({self.name}, {self.start}, {self.end})"


class RecodedView(Origin):
    """A span of the parent, decoded."""

    __slots__ = ("encode", "end", "name", "start")

    def __init__(
        self, name: str, start: int, end: int, encode: Callable[[bytes], bytes] | None
    ) -> None:
        self.name = name
        self.start = start
        self.end = end
        self.encode = encode

    @override
    def step(self, view: View, hidden: Collection[int]) -> str:
        return self.name

    @override
    def back(self, view: View, edits: list[Edit]) -> list[Edit]:
        if self.encode is None or not view.whole:
            raise CannotRewrite
        new = self.encode(apply_edits(view.data, edits))
        regenerated = self.name == "gzip"
        return [Edit(self.start, self.end, new, REGENERATED if regenerated else RECODED)]


def plausible_text(data: bytes) -> bool:
    """Valid UTF-8 with few control characters (a NUL or two: a SASL response).

    A long one may be a part of something longer, which was cut within a character.
    """
    if not is_text(data):
        if len(data) < _LONG:
            return False
        begin = next((i for i in range(4) if data[i] & 0xC0 != 0x80), 0)
        end = next((i for i in range(1, 4) if data[-i] >= 0xC0), 0)
        if not is_text(data[begin : len(data) - end]):
            return False
    return len(_CONTROL.findall(data)) * 4 <= len(data)


def plausible_head(head: bytes) -> bool:
    """Whether the first bytes of something may be text, UTF-16, or a body that has a magic."""
    if head.isascii():
        return len(_CONTROL.findall(head)) * 4 <= len(head) or head.count(0) * 3 > len(head)
    return _BEGINS.match(head) is not None or head.count(0) * 3 > len(head)


def decode_base64(run: bytes) -> bytes | None:
    """Either alphabet, padded or not; None if it cannot be base64.

    A long run of one character too many was cut, or a lenient decoder passes over that one.
    """
    rest = len(run) & 3
    if rest == 1:
        if len(run) < _LONG:
            return None
        run = run[:-1]
        rest = 0
    if b"-" in run or b"_" in run:
        run = run.translate(_TO_STANDARD)
    return a2b_base64(run + b"==" if rest else run)


def decode_hex(run: bytes) -> bytes:
    return bytes.fromhex(run.decode())


def _base64_encoder(run: bytes, padded: bool) -> Callable[[bytes], bytes]:
    lines = run.splitlines()
    url = b"-" in run or b"_" in run
    line_break = b"\r\n" if b"\r\n" in run else b"\n"
    rest = sum(map(len, lines)) % 4

    def encode(data: bytes) -> bytes:
        out = b2a_base64(data, newline=False)
        if url:
            out = out.translate(_TO_URL)
        # Without a rest there is no telling whether it is padded: unpadded runs are
        # mostly of the URL alphabet.
        if not padded and (url or rest):
            out = out.rstrip(b"=")
        if len(lines) > 1:
            width = len(lines[0])
            out = line_break.join(out[i : i + width] for i in range(0, len(out), width))
        return out

    return encode


def _hex_encoder(run: bytes) -> Callable[[bytes], bytes]:
    upper = run != run.lower()
    return lambda data: data.hex().upper().encode() if upper else data.hex().encode()


def runs(
    data: bytes,
    *,
    base64: bool,
    hexed: bool,
    structured: Callable[[bytes, bool], bool],
    start: int = 0,
    stop: int | None = None,
) -> Iterator[Run]:
    """The runs in ``data`` that decode to something.

    ``structured(bytes, whole)`` tells bodies without a magic, or what may be the begin of one.
    """
    match = _NEXT_RUN.match
    stop = len(data) if stop is None else stop
    found = match(data, start, stop)
    lines_done = 0  # lines that were tried as one and are none
    while found is not None:
        start, end = found.span(1)
        next_at = end
        run = found[1]
        if end - start < _SHORT_DIGITS and run.isdigit():
            found = match(data, next_at, stop)  # a number; hex of the shortest one is longer
            continue
        if start and data[start - 1] == 0x25:  # %3D or %253D: those digits belong to it
            found = _PERCENT_DIGITS.match(data, start, end)
            start = end if found is None else found.end()
            run = data[start:end]
            if len(run) < 14:
                found = match(data, end, stop)
                continue
        hit = _hex_run(run, start) if hexed else None
        # Most are words and paths. Base64 of a text is never all lower case, or all upper.
        if hit is None and base64 and (run.islower() or run.isupper()):
            hit = _base32_run(data, start, end)
        elif hit is None and base64:
            if end >= lines_done and data[end : end + 1] in (b"\r", b"\n"):
                more = _MORE_LINES.match(data, end, stop)
                if more is not None:
                    lines_done = more.end()
                    hit = _base64_run(data, start, lines_done, structured)
            if hit is None:
                hit = _base64_run(data, start, end, structured) or _odd_run(data, start, end)
        if hit is not None:
            yield hit
            next_at = hit.end
        elif end - start <= _LONGEST_PATH and not run.isalnum() and _PART.search(run):
            for hit in _parts(data, start, end, base64, hexed, structured):
                yield hit
                next_at = max(next_at, hit.end)
        found = match(data, next_at, stop)


def _parts(
    data: bytes,
    start: int,
    end: int,
    base64: bool,
    hexed: bool,
    structured: Callable[[bytes, bool], bool],
) -> Iterator[Run]:
    """What is left of a run that is none itself: the parts of a path, a name, a UUID."""
    for part in _PART.finditer(data, start, end):
        hit = _hex_run(part[0], part.start()) if hexed else None
        if hit is None and base64 and (part[0].islower() or part[0].isupper()):
            hit = _base32_run(data, part.start(), part.end())
        elif hit is None and base64:
            hit = _base64_run(data, part.start(), part.end(), structured)
        if hit is not None:
            yield hit


def _hex_run(run: bytes, start: int) -> Run | None:
    end = start + len(run)
    if run[1] in b"xX" and _HEX_PREFIX.match(run):
        start += 2
        run = run[2:]
    if _HEX.fullmatch(run):
        decoded = decode_hex(run)
        if plausible_text(decoded) or MAGIC.match(decoded):
            return Run(start, end, "hex", decoded, _hex_encoder(run))
    elif _HEX_BY_ROT13.fullmatch(run):
        run = run.translate(ROT13)
        decoded = decode_hex(run)
        if _PRINTABLE.match(decoded):
            encode = _hex_encoder(run)
            return Run(start, end, "hex", decoded, lambda data: encode(data).translate(ROT13))
    return None


def _base32_run(data: bytes, start: int, end: int) -> Run | None:
    run = data[start:end]
    found = base32.decode(run) if len(run) >= base32.LEAST_LEN else None
    if found is None:
        return None
    decoded, hexed = found
    padding = _PADDING_32.match(data, end)
    padded = padding is not None and (len(run) + len(padding[0])) % 8 == 0
    stop = end if padding is None or not padded else padding.end()
    encode = base32.encoder(run, hexed=hexed, padded=padded or len(run) % 8 == 0)
    return Run(start, stop, "base64", decoded, encode)


def _odd_run(data: bytes, start: int, end: int) -> Run | None:
    """Base64 by rot13, or one that begins behind some plain characters and has padding."""
    run = data[start:end]
    turned = run.translate(ROT13)
    head = decode_base64(turned[: min(_ODD_HEAD_LEN, len(turned) & ~3)])
    if head is not None and _PRINTABLE.match(head):
        decoded = decode_base64(turned)
        if decoded is not None and _PRINTABLE.match(decoded):
            padding = _PADDING.match(data, end)
            encode = _base64_encoder(turned, padding is not None)
            stop = end if padding is None else padding.end()
            return Run(start, stop, "base64", decoded, lambda value: encode(value).translate(ROT13))
    padding = _PADDING.match(data, end)
    if padding is None or len(run) > _LONGEST_TAIL or data[start - 1 : start] == b"\\":
        return None
    rest = (len(run) + len(padding[0])) % 4
    for at in range(_LEAST_PLAIN + rest, len(run) - 4, 4):
        decoded = decode_base64(run[at:])
        if decoded is not None and _PRINTABLE.match(decoded):
            encode = _tail_encoder(run[:at], _base64_encoder(run[at:], padded=True))
            return Run(start, padding.end(), "base64", run[:at] + decoded, encode)
    return None


def _tail_encoder(plain: bytes, encode: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def encode_tail(value: bytes) -> bytes:
        if not value.startswith(plain):
            raise CannotRewrite  # its reader counts on where the encoded part begins
        return plain + encode(value[len(plain) :])

    return encode_tail


def _base64_run(
    data: bytes, start: int, end: int, structured: Callable[[bytes, bool], bool]
) -> Run | None:
    run = data[start:end]
    joined = b"".join(run.split()) if b"\n" in run else run
    head = decode_base64(joined[: min(_HEAD_LEN, len(joined) & ~3)])
    if head is None:
        return None
    looks = plausible_head(head)
    if not looks and len(joined) > 4 * _LONG:  # it may begin within a character
        looks = plausible_head(head.lstrip(_CONTINUATIONS))
    if not looks and not structured(head, False):
        return None
    decoded = decode_base64(joined)
    if decoded is None:
        return None
    meant = looks and (plausible_text(decoded) or not decoded.isascii() or 0 in decoded[:8])
    if not meant and not structured(decoded, True):
        return None
    padding = _PADDING.match(data, end)
    padded = padding is not None and (len(joined) + len(padding[0])) % 4 == 0
    stop = end if padding is None or not padded else padding.end()
    return Run(start, stop, "base64", decoded, _base64_encoder(run, padded))
