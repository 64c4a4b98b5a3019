"""Reading JSON and MessagePack that a stranger sent. Bounded, and of a cut text what is there.

Owns the depth guard and the repair of a JSON text that was cut at CONTENT_MAX. Nothing raises.
"""

import math
import re
from typing import Any, Final

import msgspec

CONTENT_MAX: Final = 4096  # bytes looked at
DEPTH_MAX: Final = 64
BRIEF_MAX: Final = 100  # characters of one value in a summary

# A string (or the rest of one that was cut), or a mark of structure. Possessive: never looks back.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)
_CLOSER: Final = {0x5B: b"]", 0x7B: b"}"}
_OPENERS: Final = b"[{"
_CLOSERS: Final = b"]}"

MISSING: Final = object()  # where None is a value


def json_of(content: bytes) -> Any:
    """The JSON value of `content`, or MISSING. Of a text that was cut, what is whole of it."""
    content = content[:CONTENT_MAX]
    found = _decode(content)
    if found is MISSING and content.lstrip()[:1] in (b"{", b"["):
        mended = _mend(content)
        if mended is not None:
            return _decode(mended)
    return found


def _decode(content: bytes) -> Any:
    if content.count(b"[") + content.count(b"{") > DEPTH_MAX and _is_deep(content):
        return MISSING
    try:
        return msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        return MISSING


def _is_deep(content: bytes) -> bool:
    depth = 0
    for token in _TOKEN.finditer(content):
        sign = token[0]
        if sign in _OPENERS:
            depth += 1
            if depth > DEPTH_MAX:
                return True
        elif sign in _CLOSERS:
            depth -= 1
    return False


def _mend(content: bytes) -> bytes | None:
    """The text up to its last whole value, closed; None if it is no beginning of JSON."""
    stack: list[int] = []
    end, open_there = -1, b""
    for token in _TOKEN.finditer(content):
        sign = content[token.start()]
        if sign in _OPENERS:
            stack.append(sign)
            if len(stack) > DEPTH_MAX:
                break
            end, open_there = token.end(), bytes(stack)
        elif sign in _CLOSERS:
            if not stack:
                return None
            stack.pop()
            if not stack:
                return None  # it was whole, so the fault is elsewhere
            end, open_there = token.end(), bytes(stack)
        elif sign == 0x2C:
            end, open_there = token.start(), bytes(stack)
    if end < 0 or not open_there:
        return None
    return content[:end] + b"".join(_CLOSER[sign] for sign in reversed(open_there))


def msgpack_of(content: bytes) -> Any:
    """The MessagePack value that all of `content` is, or MISSING."""
    try:
        return msgspec.msgpack.decode(content[:CONTENT_MAX])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError, TypeError):
        return MISSING  # TypeError: a map with a map for a key


def text_of(content: bytes) -> str:
    """As UTF-8; what is not becomes U+FFFD."""
    return content[:CONTENT_MAX].decode("utf-8", "replace")


def brief(value: object, longest: int = BRIEF_MAX) -> str:
    """A value in a few characters: text as it is, the rest as compact JSON. Empty ones: nothing."""
    if value is MISSING or value is None or value in ("", {}, []):
        return ""
    if isinstance(value, str):
        text = value
    elif isinstance(value, bytes):
        text = f"{len(value)} bytes"
    elif isinstance(value, float) and not math.isfinite(value):
        text = str(value)
    else:
        try:
            text = msgspec.json.encode(value).decode("utf-8", "replace")
        except (msgspec.MsgspecError, TypeError, ValueError, RecursionError, OverflowError):
            text = f"a {type(value).__name__}"
    return text if len(text) <= longest else text[: longest - 1] + "…"


def word(value: object, longest: int = 60) -> str:
    """A name: only a text or a number is one."""
    return brief(value, longest) if isinstance(value, str | int) else ""


def get(value: object, *path: str | int) -> Any:
    """What lies at `path`; None where it ends early."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def pairs(value: object, leave_out: tuple[str, ...] = (), longest: int = 120) -> str:
    """An object as `key=value key=value`, simple values first as they stand, the rest named."""
    if not isinstance(value, dict):
        return brief(value, longest)
    parts: list[str] = []
    length = 0
    for key, each in value.items():
        name = str(key)
        if name in leave_out or each in (None, "", {}, []):
            continue
        shown = brief(each, 40)
        if isinstance(each, str) and (" " in shown or "=" in shown):
            shown = f'"{shown}"'
        parts.append(f"{name}={shown}")
        length += len(parts[-1])
        if length > longest:
            break
    return " ".join(parts)
