"""The lines of ``rules scan``: what may be asked, and how it is answered.

Owns: the contract's stream form, one JSON object a line each way. Must not know: rules, inspection.
A line that cannot be read is told by :class:`BadLine`, in words that quote nothing of its payload.
"""

from __future__ import annotations

import base64
import binascii
import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, Literal, cast

import msgspec

from wsinspect.model.app_protocol import app_protocol
from wsinspect.rules.language.scope import ConnectionFacts

__all__ = [
    "LINE_LIMIT",
    "BadLine",
    "Question",
    "answer",
    "bad_answer",
    "read_lines",
    "read_question",
]

Direction = Literal["to_server", "to_client"]

LINE_LIMIT: Final = 64 << 20  # bytes
_CHUNK: Final = 1 << 20
_DIRECTIONS: Final = ("to_server", "to_client")
_OPCODES: Final = ("text", "binary", "ping", "pong", "close")
FACTS: Final = ("host", "path", "subprotocol", "origin", "client")
_KEYS: Final = ("text", "base64", "direction", "opcode", "connection", *FACTS)
_NEAR_MISS: Final = 0.8  # of difflib's ratio: "hots", not "id"


class BadLine(Exception):
    """A line that is no question; its words never quote the payload."""


@dataclass(frozen=True, slots=True)
class Question:
    """One message to look at. ``facts`` has what the line says of the connection, by key."""

    payload: bytes = field(repr=False)
    is_text: bool  # the form it came in, and is answered in
    direction: Direction
    opcode: str
    connection: str | int | None
    facts: Mapping[str, str]


def read_lines(source: BinaryIO, limit: int = LINE_LIMIT) -> Iterator[bytes | None]:
    """Each line without its end as soon as it is there; None for one of more than ``limit`` bytes.

    Empty lines are lines. What follows the last line end is a line if it is not empty.
    """
    while line := source.readline(limit + 1):
        if line.endswith(b"\n"):
            yield line[:-1]
        elif len(line) <= limit:
            yield line  # the last one
        else:
            while (rest := source.readline(_CHUNK)) and not rest.endswith(b"\n"):
                pass
            yield None


def read_question(line: bytes) -> Question:
    """Raises BadLine."""
    try:
        asked = msgspec.json.decode(line)
    except UnicodeDecodeError:
        raise BadLine("the line is not UTF-8") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadLine(f"the line is not JSON: {error}") from None
    if not isinstance(asked, dict):
        raise BadLine('the line is not an object such as {"text": "…"}')
    for key in asked:
        if key not in _KEYS:  # others are the user's own, but a slip must not change a verdict
            meant = difflib.get_close_matches(key.lower(), _KEYS, n=1, cutoff=_NEAR_MISS)
            if meant:
                raise BadLine(f"an unknown key – did you mean {meant[0]}?")
    payload, is_text = _payload(asked)
    connection = asked.get("connection")
    if isinstance(connection, bool) or not isinstance(connection, str | int | None):
        raise BadLine("connection is not a text or a whole number")
    return Question(
        payload,
        is_text,
        cast(Direction, _one_of(asked, "direction", _DIRECTIONS) or "to_server"),
        _one_of(asked, "opcode", _OPCODES) or ("text" if is_text else "binary"),
        connection,
        {key: _string(asked, key) for key in FACTS if asked.get(key) is not None},
    )


def _payload(asked: Mapping[str, Any]) -> tuple[bytes, bool]:
    text, encoded = asked.get("text"), asked.get("base64")
    if (text is None) == (encoded is None):
        raise BadLine("the line needs either text or base64")
    if text is not None:
        return _string(asked, "text").encode(), True
    try:
        return base64.b64decode(_string(asked, "base64"), validate=True), False
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        raise BadLine("base64 is not base64 (RFC 4648 section 4, padded)") from None


def _string(asked: Mapping[str, Any], key: str) -> str:
    value = asked[key]
    if not isinstance(value, str):
        raise BadLine(f"{key} is not a text")
    return value


def _one_of(asked: Mapping[str, Any], key: str, known: Sequence[str]) -> str | None:
    value = asked.get(key)
    if value is not None and value not in known:
        raise BadLine(f"{key} is not one of {' '.join(known)}")
    return cast(str | None, value)


def connection_facts(said: Mapping[str, str]) -> ConnectionFacts:
    """What is not said is empty, but the path, which is ``/``."""
    subprotocol, path = said.get("subprotocol", ""), said.get("path", "/")
    return ConnectionFacts(
        host=said.get("host", ""),
        path=path,
        subprotocol=subprotocol,
        origin=said.get("origin", ""),
        client=said.get("client", ""),
        app=app_protocol(subprotocol, path),
        flow_matches=lambda _: False,
    )


def answer(
    question: Question,
    action: str,
    output: bytes | None,
    findings: Sequence[tuple[str, str, str, int, int]],
) -> bytes:
    """A line: the verdict; ``findings`` are (rule, detector, path, start, end). Raises BadLine."""
    shown: str | None = None
    if output is not None:
        try:
            shown = output.decode() if question.is_text else base64.b64encode(output).decode()
        except UnicodeDecodeError:
            raise BadLine("the redacted message is not text – ask with base64") from None
    names = ("rule", "detector", "path", "start", "end")
    return _encode(
        {
            "action": action,
            "output": shown,
            "findings": [dict(zip(names, each, strict=True)) for each in findings],
        }
    )


def bad_answer(why: str) -> bytes:
    return _encode({"error": why})


def _encode(body: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(body) + b"\n"
