"""Ways to write a value so that a pattern misses it and a reader does not.

Owns: the techniques, each a function of the value alone. The families are those of the public
suite evadex (MIT, https://github.com/tbustenk/evadex), written anew, with some more; ``LOSSY``
names what the message alone does not give back. Must not know: what is hidden.
"""

from __future__ import annotations

import base64
import codecs
import gzip
import html
import json
import quopri
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Final

from bench.dlp.signs import (
    CONTEXTS,
    DELIMITERS,
    DIGIT_SCRIPTS,
    FILLER,
    GREEK,
    INVISIBLE,
    LEET,
    LOOKALIKES,
    MORSE,
    SPACES,
)

__all__ = ["LOSSY", "TECHNIQUES", "held_out", "suits"]

Hide = Callable[[str], str]


def _each(inside: str) -> Hide:
    return lambda value: inside.join(value)


def _raw(value: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", value)


def _groups(value: str, size: int = 4) -> list[str]:
    raw = _raw(value)
    return [raw[at : at + size] for at in range(0, len(raw), size)]


def _grouped(between: str, size: int = 4) -> Hide:
    return lambda value: between.join(_groups(value, size))


def _alternating(*between: str) -> Hide:
    def hide(value: str) -> str:
        signs = cycle(between)
        first, *rest = _groups(value)
        return first + "".join(next(signs) + group for group in rest)

    return hide


def _each_alternating(*inside: str) -> Hide:
    def hide(value: str) -> str:
        signs = cycle(inside)
        return value[0] + "".join(next(signs) + char for char in value[1:])

    return hide


def _mapped(table: dict[str, str]) -> Hide:
    return lambda value: "".join(table.get(char, char) for char in value)


def _script(base: int) -> Hide:
    return lambda value: "".join(
        chr(base + int(char)) if char.isascii() and char.isdigit() else char for char in value
    )


def _scripts(*bases: int) -> Hide:
    def hide(value: str) -> str:
        signs = cycle(bases)
        return "".join(
            chr(next(signs) + int(char)) if char.isascii() and char.isdigit() else char
            for char in value
        )

    return hide


def _half_thai_half_bengali(value: str) -> str:
    mid = len(value) // 2
    return _script(0xE50)(value[:mid]) + _script(0x9E6)(value[mid:])


def _code_points(form: str) -> Hide:
    return lambda value: "".join(form.format(ord(char)) for char in value)


def _bytes(form: str, between: str = "") -> Hide:
    return lambda value: between.join(form.format(byte) for byte in value.encode())


def _percent_digits(value: str) -> str:
    return "".join(f"%{ord(char):02X}" if char.isdigit() else char for char in value)


def _percent_mixed(value: str) -> str:
    return "".join(
        f"%{ord(char):02X}" if at % 2 == 0 and char.isalnum() else char
        for at, char in enumerate(value)
    )


def _form(form: str) -> Hide:
    return lambda value: form.replace("{}", value)


def _mid(inside: str, after: str = "") -> Hide:
    return lambda value: value[: len(value) // 2] + inside + value[len(value) // 2 :] + after


def _b64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def _rot13(value: str) -> str:
    return codecs.encode(value, "rot_13")


def _hex(value: str) -> str:
    return value.encode().hex()


def _mathematical(value: str) -> str:
    """Letters and digits in mathematical monospace."""
    table: dict[str, str] = {}
    for first, base in (("A", 0x1D670), ("a", 0x1D68A), ("0", 0x1D7F6)):
        count = 10 if first == "0" else 26
        table |= {chr(ord(first) + at): chr(base + at) for at in range(count)}
    return _mapped(table)(value)


def _fullwidth(value: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in value)


def _circled(value: str) -> str:
    return _mapped({"0": "⓪"} | {str(at): chr(0x2460 + at - 1) for at in range(1, 10)})(value)


def _json_fields(value: str) -> str:
    mid = len(value) // 2
    return json.dumps({"part1": value[:mid], "part2": value[mid:]})


def _half_base64(value: str) -> str:
    mid = len(value) // 2
    return value[:mid] + _b64(value[mid:])


def _mixed_case(value: str) -> str:
    return "".join(char.upper() if at % 2 == 0 else char.lower() for at, char in enumerate(value))


def _morse(value: str) -> str:
    return " ".join(MORSE.get(char, char) for char in value)


def _all() -> Iterator[tuple[str, Hide]]:
    yield "as-it-is", lambda value: value
    for name, sign in INVISIBLE.items():
        yield f"between/{name}", _each(sign)
    yield "between/soft-hyphen-word-joiner", _each_alternating("\xad", "\u2060")
    for name in ("soft-hyphen", "word-joiner", "zwsp"):
        yield f"groups/{name}", _grouped(INVISIBLE[name])
    yield "groups-of-two/soft-hyphen", _grouped("\xad", 2)
    for name, base in DIGIT_SCRIPTS.items():
        yield f"digits/{name}", _script(base)
    yield "digits/arabic-indic-devanagari", _scripts(0x660, 0x966)
    yield "digits/thai-bengali", _half_thai_half_bengali
    yield "digits/circled", _circled
    yield "letters/cyrillic", _mapped(LOOKALIKES)
    yield "letters/greek", _mapped(GREEK)
    yield "letters/mathematical", _mathematical
    yield "letters/fullwidth", _fullwidth
    yield "normal/NFD", lambda value: unicodedata.normalize("NFD", value + "é")
    yield "normal/NFKD", lambda value: unicodedata.normalize("NFKD", value + "é")
    for name, sign in (DELIMITERS | SPACES).items():
        yield f"delimiter/{name}", _grouped(sign)
    yield "delimiter/space-hyphen", _alternating(" ", "-")
    yield "delimiter/nbsp-thin-space", _alternating("\xa0", "\u2009")
    yield "delimiter/every-space", _each(" ")
    yield "delimiter/every-hyphen", _each("-")
    yield "delimiter/every-dot", _each(".")
    yield from _splitting()
    yield from _structural()
    yield from _encodings()
    yield from _chains()
    for name, mark in (("rlo", "\u202e"), ("lro", "\u202d"), ("rle", "\u202b")):
        yield f"bidi/{name}", _form(f"{mark}{{}}\u202c")
    yield "bidi/rli", _form("\u2067{}\u2069")
    yield "bidi/rlo-in-the-middle", _mid("\u202e", "\u202c")
    for name, text in CONTEXTS.items():
        yield f"context/{name}", _form(text.replace("{{", "{").replace("}}", "}"))


def _splitting() -> Iterator[tuple[str, Hide]]:
    yield "split/line-break", _mid("\n")
    yield "split/html-comments", _each("<!---->")
    yield "split/css-comments", _each("/**/")
    yield "split/json-fields", _json_fields
    yield "split/xml", lambda value: f"<data>{html.escape(value)}</data>"
    yield "split/bold", lambda value: "".join(f"<b>{group}</b>" for group in _groups(value))
    yield "split/concatenation", _mid('" + "')
    yield "split/backslash-newline", _mid("\\\n")
    yield "split/noise-before", _form(f"{FILLER} {{}}")
    yield "split/noise-after", _form(f"{{}} {FILLER}")
    yield "split/french-before", _form("Veuillez trouver ci-joint les {}")
    yield "split/french-after", _form("{} Veuillez trouver ci-joint")


def _structural() -> Iterator[tuple[str, Hide]]:
    yield "structure/spaces-before", _form(" " * 10 + "{}")
    yield "structure/spaces-after", _form("{}" + " " * 10)
    yield "structure/zeros-before", _form("00000{}")
    yield "structure/zeros-after", _form("{}00000")
    yield "structure/noise-round", _form("X" * 10 + "{}" + "X" * 10)
    yield "structure/prefix", _form("test_value_{}")
    yield "structure/twice", lambda value: f"{value} {value}"
    yield "structure/upper", str.upper
    yield "structure/lower", str.lower
    yield "structure/mixed-case", _mixed_case
    yield "structure/first-half", lambda value: value[: len(value) // 2]
    yield "structure/last-half", lambda value: value[len(value) // 2 :]
    yield "structure/without-the-last", lambda value: value[:-1]
    yield "structure/leet", lambda value: "".join(LEET.get(char.lower(), char) for char in value)
    yield "reversed/all", lambda value: value[::-1]
    yield "reversed/in-groups", lambda value: "".join(each[::-1] for each in _groups(value))
    yield "reversed/groups", lambda value: "".join(reversed(_groups(value)))


def _encodings() -> Iterator[tuple[str, Hide]]:
    yield "html/decimal", _code_points("&#{};")
    yield "html/hex", _code_points("&#x{:x};")
    yield "html/padded", _code_points("&#{:07d};")
    yield "url/all", _bytes("%{:02X}")
    yield "url/lower", _bytes("%{:02x}")
    yield "url/digits", _percent_digits
    yield "url/mixed", _percent_mixed
    yield "url/twice", _bytes("%25{:02X}")
    yield "url/digits-twice", lambda value: _percent_digits(value).replace("%", "%25")
    yield "escapes/u", _code_points("\\u{:04x}")
    yield "escapes/u-braces", _code_points("\\u{{{:x}}}")
    yield "escapes/x", _bytes("\\x{:02x}")
    yield "escapes/octal", _bytes("\\{:03o}")
    yield "escapes/json", lambda value: f'{{"v":"{_code_points("\\u{:04X}")(value)}"}}'
    yield "base64/standard", _b64
    yield "base64/url-safe", lambda value: base64.urlsafe_b64encode(value.encode()).decode()
    yield "base64/no-padding", lambda value: _b64(value).rstrip("=")
    yield "base64/lines", lambda value: "\n".join(re.findall(".{1,16}", _b64(value)))
    yield "base64/half", _half_base64
    yield "base64/twice", lambda value: _b64(_b64(value))
    yield "base64/utf-16", lambda value: base64.b64encode(value.encode("utf-16-le")).decode()
    yield (
        "base64/gzip",
        lambda value: base64.b64encode(gzip.compress(value.encode(), mtime=0)).decode(),
    )
    yield "base64/zlib", lambda value: base64.b64encode(zlib.compress(value.encode())).decode()
    yield "base32/standard", lambda value: base64.b32encode(value.encode()).decode()
    yield "base32/no-padding", lambda value: base64.b32encode(value.encode()).decode().rstrip("=")
    yield "base32/lower", lambda value: base64.b32encode(value.encode()).decode().lower()
    yield "base32/hex-alphabet", lambda value: base64.b32hexencode(value.encode()).decode()
    yield "base85", lambda value: base64.b85encode(value.encode()).decode()
    yield "hex/lower", _hex
    yield "hex/upper", lambda value: _hex(value).upper()
    yield "hex/0x", lambda value: f"0x{_hex(value)}"
    yield "hex/spaced", _bytes("{:02x}", " ")
    yield "hex/colons", _bytes("{:02X}", ":")
    yield "quoted-printable", lambda value: quopri.encodestring(value.encode()).decode()
    yield "quoted-printable/all", _bytes("={:02X}")
    yield "decimals", _bytes("{}", " ")
    yield "rot13", _rot13
    yield "morse", _morse


def _chains() -> Iterator[tuple[str, Hide]]:
    yield "chain/base64-of-rot13", lambda value: _b64(_rot13(value))
    yield "chain/base64-of-hex", lambda value: _b64(_hex(value))
    yield "chain/hex-of-base64", lambda value: _hex(_b64(value))
    yield "chain/rot13-of-base64", lambda value: _rot13(_b64(value))
    yield "chain/url-of-base64", lambda value: _bytes("%{:02X}")(_b64(value))
    yield "chain/base64-of-url", lambda value: _b64(_bytes("%{:02X}")(value))
    yield "chain/base64-of-rot13-of-hex", lambda value: _b64(_rot13(_hex(value)))
    yield "chain/html-of-url", lambda value: _code_points("&#{};")(_percent_digits(value))
    yield "chain/fullwidth-zwsp", lambda value: _each("\u200b")(_fullwidth(value))


TECHNIQUES: Final[dict[str, Hide]] = dict(_all())

LOSSY: Final = frozenset(
    {
        "structure/first-half",
        "structure/last-half",
        "structure/without-the-last",
        "structure/leet",
        "structure/upper",
        "structure/lower",
        "structure/mixed-case",
        "structure/zeros-before",
        "structure/zeros-after",
        "reversed/in-groups",
        "reversed/groups",
    }
)
"""What was sent is not the value any more, or nobody can say where it begins. They count."""


REGROUPING: Final = ("delimiter/", "groups", "reversed/in-groups", "reversed/groups", "split/bold")
"""These take a value's own separators out first: nothing that a token survives."""


def suits(technique: str, *, number: bool, letters: bool) -> bool:
    """Whether a technique is one for such a value, as in the public suite."""
    if technique == "structure/leet":
        return letters
    return number or not technique.startswith(REGROUPING)


def held_out(technique: str) -> bool:
    """Whether the ``train`` split does not show this technique: about one in three."""
    return zlib.crc32(technique.encode()) % 3 == 0
