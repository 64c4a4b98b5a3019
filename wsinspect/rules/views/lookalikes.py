"""Characters that readers take for ASCII, or do not see at all.

Owns: the tables. Must not know: what is done with them. From Unicode's own decompositions (NFKC,
UAX #15) and the letters that are drawn alike in Cyrillic, Greek, Armenian, Cherokee, Lisu and as
small capitals (cf. UTS #39).
"""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = [
    "AS_DIGITS",
    "COMBINING",
    "COMPATIBLE",
    "DASHES",
    "DIGITS",
    "FLAGS",
    "INVISIBLE",
    "LETTERS",
    "SMALL",
    "SPACES",
    "TAGS",
]

# Ranges of a regex's character class.
INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0100-\U000e01ef"
)
COMBINING: Final = (
    "\u0300-\u034e\u0350-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20e2\u20e4-\u20f0"
)
SPACES: Final = "\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u2800"
DASHES: Final = "\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d\u02d7\u06d4"
TAGS: Final = "\U000e0020-\U000e007e"  # invisible copies of ASCII
FLAGS: Final = "\U0001f1e6-\U0001f1ff"

LETTERS: Final = {
    ord(alike): plain
    for alikes, plains in (
        # Cyrillic
        ("аАВсСԁеЕһНіІјЈКкӏӀМоОрРԛԚѕЅТуУѵѴԝԜхХҮүЗЬѡ", "aABcCdeEhHiIjJKklIMoOpPqQsSTyYvVwWxXYy3bw"),
        # Greek
        ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαονρικυχγηωϲϹϳτεσ", "ABEZHIKMNOPTYXaovpikuxynwcCjteo"),
        # Armenian
        ("օոսհցզՍՏՕԼ", "onuhgqUSOL"),
        # Cherokee
        ("ᎠᎡᎢᎪᎫᎬᎳᎷᎻᏀᏃᏎᏒᏙᏚᏞᏟᏢᏦᏴ", "DRTAJEWMHGZ4RVSLCPKB"),
        # Lisu
        ("ꓐꓑꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴ", "BPDTGKJCZFMNLSRVHWXYAEIOU"),
        # Latin: dotless, script and small capitals
        ("ıȷɑɡɩʏɴʜʟʀɢʙɪᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢꜰꜱ", "ijagiYNHLRGBIACDEJKMOPTUVWZFS"),
        # Digits. These are letters (and "б" is one of many words), drawn as digits next to others.
        ("ƧƷƼбȢ", "23568"),
        # Punctuation
        ("∕⁄․∶﹫", "//.:@"),
    )
    for alike, plain in zip(alikes, plains, strict=True)
}

# Letters that are O and I next to letters, and digits next to digits.
AS_DIGITS: Final = {0x39F: "0", 0x41E: "0", 0x3BF: "0", 0x43E: "0", 0x399: "1", 0x406: "1"}

# The zeros of the scripts that count in tens (Unicode 15); their other digits follow them.
_ZEROS = (
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6,
    0xE50, 0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50,
    0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0x104A0,
    0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0,
    0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x11F50, 0x16A60, 0x16AC0, 0x16B50,
    0x1E140, 0x1E2F0, 0x1E4F0, 0x1E950, 0x1FBF0,
)  # fmt: skip
DIGITS: Final = {zero + value: str(value) for zero in _ZEROS for value in range(10)}


def _compatible() -> dict[int, str]:
    """Letters, digits and signs of ASCII in another style: fullwidth, bold, circled, …"""
    table: dict[int, str] = {}
    for first, last in (
        (0x2102, 0x214E),
        (0x2160, 0x217F),
        (0x2460, 0x24EA),
        (0xFB00, 0xFB06),
        (0xFE52, 0xFE6B),
        (0xFF01, 0xFF5E),
        (0x1D400, 0x1D7FF),
        (0x1F110, 0x1F14F),
    ):
        for code in range(first, last + 1):
            plain = unicodedata.normalize("NFKC", chr(code))
            if plain.isascii() and (len(plain) == 1 or code >= 0x1D400 or code < 0x2460):
                table[code] = plain
            elif 0x2460 <= code <= 0x24EA or 0xFB00 <= code <= 0xFB06:
                table[code] = plain.strip("()") if plain.isascii() else plain
    for first in (0x1F150, 0x1F170):  # negative circled, negative squared: no decomposition
        table.update({first + place: chr(0x41 + place) for place in range(26)})
    return {code: plain.strip("()") or plain for code, plain in table.items()}


COMPATIBLE: Final = _compatible()
# Superscripts and subscripts, one of which is just an exponent.
SMALL: Final = {
    code: unicodedata.normalize("NFKC", chr(code))
    for code in (
        0xB2,
        0xB3,
        0xB9,
        *range(0x2070, 0x209D),
        *range(0x2B0, 0x2B9),
        *range(0x1D2C, 0x1D6B),
    )
    if unicodedata.normalize("NFKC", chr(code)).isascii()
}
