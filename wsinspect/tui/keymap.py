"""The user's key map: `action = "keys"` lines over the table in `keys`.

Owns the file's place and syntax, the names of keys, and saying what is wrong in one line each. A
file with a mistake changes nothing: the dashboard starts with the keys it knows, and says so.
"""

import difflib
import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wsinspect.tui.keys import ALL, ALWAYS_QUIT, Key, pretty

_LEN_MAX = 64 * 1024
# What people write for what Textual calls the key.
_WRITTEN = {
    "?": "question_mark", "/": "slash", ":": "colon", ",": "comma", ".": "full_stop",
    "<": "less_than_sign", ">": "greater_than_sign", "-": "minus", "+": "plus",
    "[": "left_square_bracket", "]": "right_square_bracket", "'": "apostrophe",
    ";": "semicolon", "=": "equals_sign", "!": "exclamation_mark", "#": "number_sign",
    "$": "dollar_sign", "%": "percent_sign", "&": "ampersand", "*": "asterisk", "@": "at",
    "^": "circumflex_accent", "_": "underscore", "`": "grave_accent", "{": "left_curly_bracket",
    "}": "right_curly_bracket", "|": "vertical_line", "~": "tilde", '"': "quotation_mark",
    "(": "left_parenthesis", ")": "right_parenthesis", "\\": "backslash", "esc": "escape",
    "return": "enter", "pgdn": "pagedown", "pgup": "pageup", "del": "delete", " ": "space",
}  # fmt: skip
_NAMED = frozenset(
    [
        *("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "enter", "escape"),
        *("tab", "space", "backspace", "delete", "insert"),
        *(f"f{number}" for number in range(1, 25)),
    ]
)


@dataclass(frozen=True, slots=True)
class KeyMap:
    """The table to use, and what is wrong with the file."""

    table: tuple[Key, ...] = ALL
    problems: tuple[str, ...] = ()


def keymap_path() -> Path:
    """`~/.config/wsinspect/keymap.toml`, or under XDG_CONFIG_HOME."""
    base = os.environ.get("XDG_CONFIG_HOME")
    folder = Path(base) if base and Path(base).is_absolute() else Path.home() / ".config"
    return folder / "wsinspect" / "keymap.toml"


def load_keymap(path: Path) -> KeyMap:
    """What `path` makes of the keys; without a file, the table as it is."""
    try:
        with path.open("rb") as file:
            text = file.read(_LEN_MAX + 1).decode()
    except FileNotFoundError:
        return KeyMap()
    except (OSError, UnicodeDecodeError) as error:
        say = error.strerror if isinstance(error, OSError) else "not UTF-8"
        return KeyMap(problems=(f"key map {path}: {say}",))
    if len(text) > _LEN_MAX:
        return KeyMap(problems=(f"key map {path}: larger than 64 KiB",))
    try:
        wanted = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return KeyMap(problems=(f"key map {path}: {error}",))
    table, problems = apply_keymap(wanted)
    said = tuple(f"key map {path}: {say}" for say in problems)
    return KeyMap(ALL if said else table, said)


def apply_keymap(wanted: dict[str, object]) -> tuple[tuple[Key, ...], list[str]]:
    """The table with `wanted` keys, and one line for each mistake."""
    problems: list[str] = []
    known = {key.id: key for key in ALL}
    changed: dict[str, Key] = {}
    for name, value in wanted.items():
        key = known.get(name)
        if key is None:
            problems.append(f"no action is named {name!r}{_meant(name, list(known))}")
            continue
        names = _names(value)
        if names is None:
            problems.append(f'{name}: keys are text, like {name} = "ctrl+x, F2"')
            continue
        read = [read_key(text) for text in names]
        bad = [text for text, found in zip(names, read, strict=True) if found is None]
        if bad:
            problems.append(f"{name}: {bad[0]!r} is no key{_meant(bad[0].lower(), sorted(_NAMED))}")
            continue
        changed[name] = replace(key, keys=",".join(filter(None, read)), shown="")
    table = tuple(changed.get(key.id, key) for key in ALL)
    return table, problems + conflicts(table)


def conflicts(table: Sequence[Key]) -> list[str]:
    """A line for each key that would mean two things in one pane."""
    said: dict[str, None] = {}
    taken: dict[tuple[str, str], Key] = {}
    for key in table:
        for name in filter(None, key.keys.split(",")):
            if name in ALWAYS_QUIT.split(","):
                said[f"{key.id}: {pretty(name)} always quits, take another key"] = None
            for pane in key.where:
                other = taken.setdefault((pane, name), key)
                if other is not key:
                    said[f"{pretty(name)} is for {other.id} and for {key.id}"] = None
    return list(said)


def _names(value: object) -> list[str] | None:
    """`"ctrl+x, F2"` or a list of such; "" takes the keys away."""
    if isinstance(value, str):
        if value in (",", " "):
            return [value]
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return [item if item == " " else item.strip() for item in value if item]
    return None


def read_key(text: str) -> str | None:
    """A key as people write it in Textual's words; None if it is none."""
    *modifiers, key = text.split("+") if text not in ("+", "ctrl++") else [text]
    if text == "ctrl++":
        modifiers, key = ["ctrl"], "+"
    modifiers = [modifier.strip().lower() for modifier in modifiers]
    if any(modifier not in ("ctrl", "shift", "alt") for modifier in modifiers):
        return None
    key = key.strip() or key
    name = _WRITTEN.get(key, _WRITTEN.get(key.lower(), key))
    if len(name) == 1 and name.isprintable():
        name = name.lower() if modifiers else name
    elif name.lower() in _NAMED:
        name = name.lower()
    elif name not in _WRITTEN.values():
        return None
    order = [m for m in ("ctrl", "alt", "shift") if m in modifiers]
    return "+".join([*order, name])


def _meant(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f" – did you mean {close[0]}?" if close else ""
