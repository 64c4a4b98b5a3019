"""A rule file's syntax tree: what a rule says, checked, with all names resolved.

Owns: the shapes and the words that the language has. Must not know: YAML (``source.py``), how a
rule is carried out (``rules/ruleset.py``). Sets and tuples only: a tree never changes.

Fields that may hold payload or words of the user's data are not in any repr.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, NamedTuple

__all__ = [
    "ACTIONS",
    "CHANGING",
    "DECODE_NAMES",
    "DIRECTIONS",
    "EXPECTATIONS",
    "MODES",
    "ON_ERROR",
    "OPCODES",
    "PER",
    "SEVERITIES",
    "Act",
    "EntropyTest",
    "Find",
    "Place",
    "Rule",
    "RuleFile",
    "SizeTest",
    "Test",
    "TextTest",
    "Threshold",
    "When",
]

Direction = Literal["to_server", "to_client"]
Severity = Literal["low", "medium", "high", "critical"]
Kind = Literal["log", "alert", "redact", "mask", "hash", "tokenize", "block", "close", "throttle"]
Per = Literal["connection", "client", "host"]
Mode = Literal["enforce", "shadow"]
OnError = Literal["log", "block"]

DIRECTIONS: Final = ("to_server", "to_client")
SEVERITIES: Final = ("low", "medium", "high", "critical")
ACTIONS: Final = (
    "log", "alert", "redact", "mask", "hash", "tokenize", "block", "close", "throttle",
)  # fmt: skip
#: Actions that put something in the place of what was found.
CHANGING: Final = frozenset({"redact", "mask", "hash", "tokenize"})
PER: Final = ("connection", "client", "host")
MODES: Final = ("enforce", "shadow")
ON_ERROR: Final = ("log", "block")
OPCODES: Final = ("text", "binary", "ping", "pong", "close")
DECODE_NAMES: Final = (
    "json", "base64", "url", "unicode", "html", "hex", "gzip", "utf16", "msgpack", "cbor",
    "protobuf",
)  # fmt: skip
#: What a test may expect, besides the exact output.
EXPECTATIONS: Final = ("pass", "log", "alert", "redact", "block", "close")


class Place(NamedTuple):
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class TextTest:
    """Passes if one of ``any_of`` matches (none given: always), none of ``none_of``, and ``regex``.

    ``any_of`` and ``none_of`` are globs (``*`` any text, ``?`` one character; of ``client`` they
    are addresses and networks); ``regex`` is RE2 and looks anywhere in the value.
    """

    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    regex: str | None = None


@dataclass(frozen=True, slots=True)
class SizeTest:
    """Bytes of payload, both ends inclusive."""

    least: int = 0
    most: int | None = None

    def __contains__(self, size: int) -> bool:
        return self.least <= size and (self.most is None or size <= self.most)


@dataclass(frozen=True, slots=True)
class When:
    """All that is given must hold.

    ``opcode`` None: text and binary messages, and where the rule has ``find``, the payloads of
    ping, pong and close frames too.
    """

    direction: Direction | None = None
    host: TextTest | None = None
    path: TextTest | None = None
    subprotocol: TextTest | None = None
    origin: TextTest | None = None
    client: TextTest | None = None
    app: TextTest | None = None
    opcode: frozenset[str] | None = None
    size: SizeTest | None = None
    flow: str | None = None


@dataclass(frozen=True, slots=True)
class EntropyTest:
    """Tokens of at least ``least_len`` characters with ``least_bits`` of Shannon entropy each."""

    least_bits: float
    least_len: int = 20


@dataclass(frozen=True, slots=True)
class Find:
    """What is looked for: whatever one of the finders finds, narrowed by the rest.

    Finders: ``detectors``, ``pack`` (``only`` these ids, but not ``excepted``), ``regexes`` (a
    group in one is the found text), ``words``, ``exact``, ``entropy``. ``json`` restricts them to
    the leaves at that path; alone, the leaf itself is found. Then ``unless``: regexes that, found
    in the found text, make it none; ``near``: plain words of which one must stand within
    ``within`` characters before or after it.
    """

    detectors: tuple[str, ...] = ()
    pack: str | None = None
    only: frozenset[str] | None = None
    excepted: frozenset[str] = frozenset()
    regexes: tuple[str, ...] = ()
    words: tuple[str, ...] = field(default=(), repr=False)
    json: str | None = None
    exact: str | None = None
    exact_key: str | None = None
    entropy: EntropyTest | None = None
    unless: tuple[str, ...] = ()
    near: tuple[str, ...] = field(default=(), repr=False)
    within: int = 40


@dataclass(frozen=True, slots=True)
class Act:
    """One action with what it needs; the other fields keep their defaults.

    ``keep_first``, ``keep_last``: letters and digits that ``mask`` leaves. ``key`` ("env:NAME"):
    of ``hash`` and ``tokenize``; None: the key of the fingerprints. ``code``, ``reason``:
    ``close``. ``messages_per_second``: ``throttle``. ``replacement``: ``redact`` (``with:``).
    """

    kind: Kind
    keep_first: int = 0
    keep_last: int = 0
    key: str | None = None
    code: int = 1008
    reason: str = ""
    messages_per_second: float | None = None
    replacement: str = "[redacted]"


@dataclass(frozen=True, slots=True)
class Threshold:
    """Acts from the ``count``-th finding in ``seconds`` on; ``unique``: different values count."""

    count: int
    unique: bool
    per: Per
    seconds: float


@dataclass(frozen=True, slots=True)
class Test:
    """One example in a rule: ``payload`` (``text``: as a text message) must have this result.

    ``messages``, if any, are sent over one connection, and what is expected is said of the last
    one, which ``payload`` is too. ``expect`` is one of :data:`EXPECTATIONS`, or anything else as
    the rule file has it; then, or where the file says ``{redacted: …}``, ``output`` is the exact
    payload that must leave. None for direction, host …: one that fits the rule's ``when``.
    """

    __test__ = False  # pytest collects classes of this name

    payload: bytes = field(repr=False)
    text: bool
    expect: str = field(repr=False)
    output: bytes | None = field(default=None, repr=False)
    direction: Direction | None = None
    host: str | None = None
    path: str | None = None
    subprotocol: str | None = None
    opcode: str | None = None
    messages: tuple[bytes, ...] = field(default=(), repr=False)
    place: Place = field(default_factory=lambda: Place("", 0))


@dataclass(frozen=True, slots=True)
class Rule:
    """``say`` is the id where the file has none. ``on_error`` None: as the proxy's --on-error."""

    id: str
    say: str
    severity: Severity
    when: When
    find: Find | None
    acts: tuple[Act, ...]
    threshold: Threshold | None
    mode: Mode
    decode: frozenset[str]
    streams: bool
    on_error: OnError | None
    tests: tuple[Test, ...]
    place: Place
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class RuleFile:
    """``rules`` in order, included ones where their ``include`` stands: before the file's own.

    ``files``: all that was read (rule files, word lists, packs, hashed values), absolute.
    """

    path: Path
    rules: tuple[Rule, ...]
    packs: Mapping[str, Path]
    files: tuple[Path, ...]
