"""Secrets cut into pieces that go out as several messages of one connection.

Owns: how text is cut and what carries the pieces. Must not know: what is cut.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from bench.dlp.cases import TO_CLIENT, TO_SERVER, Case, Line

__all__ = ["DELTAS", "SPLITS", "cut", "delta_cases", "split_cases"]

DELTA_LEN: Final = 8
"""Characters a delta, about what language models send."""

BEFORE: Final = (
    "Sure! Here is what the config should look like:\n",
    "I found this in the repository. ",
    "",
    "Das hier ist der Eintrag: ",
    "1. open the file\n2. paste this line:\n",
)
AFTER: Final = (
    "\nLet me know if that works.",
    "\n",
    "",
    "\n```\nAnything else?",
    " \nThat is all.",
)

Carrier = Callable[[str, random.Random], str]
"""A piece -> a message."""


def cut(text: str, pieces: int, source: random.Random) -> list[str]:
    """At most so many pieces, none empty, cut anywhere."""
    places = sorted(source.sample(range(1, len(text)), min(pieces, len(text)) - 1))
    return [text[begin:end] for begin, end in zip([0, *places], [*places, len(text)], strict=True)]


def dribble(text: str, _: random.Random) -> list[str]:
    """Pieces of eight characters."""
    return [text[at : at + DELTA_LEN] for at in range(0, len(text), DELTA_LEN)]


def tokens(text: str, source: random.Random) -> list[str]:
    """Pieces of one to eight characters."""
    pieces, at = [], 0
    while at < len(text):
        end = at + source.randint(1, DELTA_LEN)
        pieces.append(text[at:end])
        at = end
    return pieces


def _raw(piece: str, _: random.Random) -> str:
    return piece


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _anthropic_like(piece: str, _: random.Random) -> str:
    delta = {"type": "text_delta", "text": piece}
    return _compact({"type": "content_block_delta", "index": 0, "delta": delta})


def _openai_like(piece: str, _: random.Random) -> str:
    choice = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
    return json.dumps({"id": "cmpl-7", "object": "chunk", "model": "m-1", "choices": [choice]})


def _numbered(piece: str, source: random.Random) -> str:
    return _compact({"seq": source.randrange(10**6), "t": piece, "done": False})


def _socketio(piece: str, _: random.Random) -> str:
    return "42" + _compact(["token", {"room": "r1", "text": piece}])


def _sse(piece: str, _: random.Random) -> str:
    return f"data: {_compact({'delta': piece})}\n\n"


def _json_rpc(piece: str, _: random.Random) -> str:
    return _compact({"jsonrpc": "2.0", "method": "append", "params": {"chunks": [piece]}})


DELTAS: Final[dict[str, Carrier]] = {
    "anthropic-like": _anthropic_like,
    "openai-like": _openai_like,
    "numbered": _numbered,
    "socketio": _socketio,
    "sse": _sse,
    "json-rpc": _json_rpc,
}

SPLITS: Final = ("messages", "messages-both-ways", "messages-two-connections")
"""Raw pieces: alone; with answers in between; with another connection's pieces in between."""


def split_cases(cases: Sequence[Case], source: random.Random) -> list[Case]:
    """Raw pieces, two to six a secret."""
    return [
        Case(group, tuple(_split(case, group, source)), case.detector, secret=case.secret)
        for group in SPLITS
        for case in cases
        if len(case.secret) > 1
    ]


def _connection(source: random.Random) -> str:
    return f"c{source.getrandbits(64):x}"


def _split(case: Case, group: str, source: random.Random) -> Iterator[Line]:
    mine, other = _connection(source), _connection(source)
    for index, piece in enumerate(cut(case.secret, source.randint(2, 6), source)):
        yield Line(piece, mine)
        if group == "messages-both-ways":
            yield Line(f"ok {index}", mine, TO_CLIENT)
        elif group == "messages-two-connections":
            yield Line(f"part {index} of something else", other)


def delta_cases(
    cases: Sequence[Case], finds: Callable[[str, str], bool], source: random.Random
) -> list[Case]:
    """Every carrier with eight characters a message; then random sizes, and two streams at once.

    ``finds(detector, text)`` is the referee: the secret must stand in its talk as it stood alone.
    """
    made = []
    for name, carrier in DELTAS.items():
        for case in cases:
            lines = _deltas(_in_talk(case, finds, source), carrier, dribble, source)
            made.append(_like(case, f"{name}, 8 a message", lines))
    carriers = list(DELTAS.values())
    for case in cases:
        lines = _deltas(_in_talk(case, finds, source), source.choice(carriers), tokens, source)
        made += [
            _like(case, "1 to 8 a message", lines),
            _like(case, "two paths at once", _two_paths(case, source)),
        ]
    return made


def _like(case: Case, group: str, lines: Iterator[Line]) -> Case:
    return Case(group, tuple(lines), case.detector, secret=case.secret)


def _in_talk(case: Case, finds: Callable[[str, str], bool], source: random.Random) -> str:
    text = source.choice(BEFORE) + case.secret + source.choice(AFTER)
    return text if finds(case.detector, text) else case.secret


def _deltas(
    text: str,
    carrier: Carrier,
    slicer: Callable[[str, random.Random], list[str]],
    source: random.Random,
) -> Iterator[Line]:
    connection = _connection(source)
    for piece in slicer(text, source):
        yield Line(carrier(piece, source), connection, TO_CLIENT)


def _two_paths(case: Case, source: random.Random) -> Iterator[Line]:
    """The secret in one field, other talk in another, some messages with one of them only."""
    connection = _connection(source)
    talk = iter("and so they went on about the weather, the trains, and what to eat " * 40)
    for piece in dribble(case.secret, source):
        both = {"a": piece, "b": "".join(next(talk) for _ in range(6))}
        if source.random() < 0.3:
            yield Line(_compact({"b": both.pop("b")}), connection, TO_SERVER)
        yield Line(_compact(both), connection, TO_SERVER)
