r"""Quotes what peers sent for shells, URLs and JSON. Pure; knows nothing of connections.

What is pasted into a shell is read by the terminal and the line editor before any quote counts:
inside '…', ESC [201~ ends a bracketed paste, ^U clears the line, CR runs it. So nothing here gives
back a control character, a line break, or what cannot be seen (zero-width and bidirectional
characters, private use): what is shown is what runs.

- `word`: '…', with \' and \\ outside the quotes, means the same in sh, bash, zsh and fish. Only
  what needs escapes is $'…', which bash, zsh, ksh and POSIX 2024 know; fish refuses that line and
  dash takes it literally: at worst a wrong word, never a command.
- `printed`: the octal escapes of printf's format mean the same in all of these shells, NUL too.
"""

import json
import re
import unicodedata
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

# Bare words; `=` or `~` at the beginning mean something to zsh.
_PLAIN = re.compile(r"[A-Za-z0-9_./:,+-]+", re.ASCII)
_ESCAPED = "\\'"  # cannot stand in '…' in all shells
# RFC 3986 §2.2 and §2.3, but no `#`: what follows it is never sent.
_URL_CHARACTERS = ":/?[]@!$&'()*+,;=-._~%"
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\r(?!\n)")
# Letters and marks by category that show nothing: fillers, joiners, variation selectors.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0") | {
    *map(chr, range(0xFE00, 0xFE10)),
    *map(chr, range(0xE0100, 0xE01F0)),
}


def shows(char: str) -> bool:
    """Whether a character can be seen and does nothing else, wherever it is pasted."""
    if char.isascii():
        return " " <= char <= "~"
    return unicodedata.category(char)[0] in "LMNPS" and char not in _UNSEEN


def _bytes(text: str) -> bytes:
    """UTF-8, with the bytes that surrogates stand for; other surrogates are `?`."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="replace")


def _octal(text: str) -> str:
    """Always three digits each: what follows cannot belong to them."""
    return "".join(f"\\{byte:03o}" for byte in _bytes(text))


def _escaped(text: str) -> str:
    return "".join(c if shows(c) and c not in _ESCAPED else _octal(c) for c in text)


def word(text: str) -> str:
    """`text` as one word of a shell's line."""
    if _PLAIN.fullmatch(text):
        return text
    if not all(map(shows, text)):
        return f"$'{_escaped(text)}'"
    parts = [
        "".join(f"\\{char}" for char in part) if part[0] in _ESCAPED else f"'{part}'"
        for part in re.findall(r"[\\']+|[^\\']+", text)
    ]
    return "".join(parts) or "''"


def command(words: Iterable[str]) -> str:
    """One line that runs `words`."""
    return " ".join(map(word, words))


def printed(text: str) -> str:
    """A printf command that writes `text`, whatever is in it."""
    form = _escaped(text).replace("%", "%%")
    if form.startswith("-"):  # no option
        form = _octal("-") + form[1:]
    return f"printf '{form}'"


def url_escaped(text: str) -> str:
    """A URL, or a part of one, with what does not belong into URLs percent-encoded."""
    return quote(_bytes(text), safe=_URL_CHARACTERS)


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON with its letters as they are; what cannot be seen is escaped, DEL and C1 among it."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return "\n".join(map(json_escaped, text.split("\n")))


def json_escaped(text: str) -> str:
    r"""JSON, or a path with keys in it, with what cannot be seen as `\u…`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if shows(c) else _unicode_escape(c) for c in text)


def _unicode_escape(char: str) -> str:
    return "\\u007f" if char == "\x7f" else json.dumps(char)[1:-1]


def has_controls(text: str) -> bool:
    """Whether pasting does more than insert text. Line breaks and tabs are no surprise."""
    return _CONTROLS.search(text) is not None
