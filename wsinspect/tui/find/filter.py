"""The filter language compiled: text -> tests of connections and of entries. No Textual.

Three-valued (Kleene): a term that does not concern the thing at hand is unknown, and what is not
false passes, also under `not` and `or`. Of each tree two tests are made, "may it be true" and "may
it be false", so that what runs per row is two-valued and holds only terms that concern it.

A fact that is not there (no RTT yet, no close code) is not unknown: the term is false. `text~`
concerns entries alone. A bare word concerns both: on a connection its host, path, addresses,
subprotocol, application, user agent, origin, close reason and rules; on an entry its content,
violation and rules – or its connection, so that a word that chose a connection shows its frames.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any as Thing
from typing import Final, Literal

from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.entries import Entry, Gap
from wsinspect.tui.find import builders, subjects
from wsinspect.tui.find.builders import Test, Wrong
from wsinspect.tui.find.fields import BY_NAME, FLAG_BY_NAME, JSON, Field
from wsinspect.tui.find.matching import content_test
from wsinspect.tui.find.regex import PatternError
from wsinspect.tui.find.syntax import (
    All,
    Any,
    FilterError,
    Node,
    Not,
    Pending,
    Term,
    Value,
    Word,
    read,
)

__all__ = ["EMPTY", "Filter", "FilterError", "Mark", "parse"]

type Kind = Literal["connection", "entry"]
type Compiled = Test | bool  # True: passes whatever it is

_STEP: Final = re.compile(r"\.([\w-]+|\*)|\[(?:([0-9]+)|(\*)|\"([^\"]*)\")\]")
# What other tools call it.
_SYNONYMS: Final = {
    "url": "uri", "ip": "client", "src": "client", "dest": "server", "type": "op", "len": "size",
    "length": "size", "code": "close", "protocol": "sub", "initiator": "by", "flow": "id",
    "flow_id": "id", "method": "op", "body": "text", "message": "text", "payload": "text",
    "ua": "agent", "user_agent": "agent", "domain": "host", "ping": "rtt", "latency": "rtt",
    "is": "state", "duration": "age", "protocols": "sub", "stream": "id", "severity": "alerts",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """A piece of the text and what it is, for colour: `name`, `value`, `pending`, `sign`."""

    start: int
    end: int
    kind: str


class Filter:
    """What `parse` gives. `pending` says what the text still waits for, or is empty.

    `moving`: the same connection may pass now and not later, though no fact was told anew.
    """

    __slots__ = ("_connection", "_entry", "marks", "moving", "pending", "text")

    def __init__(self, text: str, node: Node | None) -> None:
        self.text = text
        terms = _Terms(node)
        self.pending = terms.pending
        self.moving = terms.moving
        self.marks: tuple[Mark, ...] = tuple(terms.marks)
        told = _without_pending(node)
        self._connection = _may(told, "connection", False)
        self._entry = _may(told, "entry", False)

    def __repr__(self) -> str:
        return f"Filter({self.text!r})"

    @property
    def on_connections(self) -> bool:
        """Whether it could hide a connection."""
        return self._connection is not True

    @property
    def on_entries(self) -> bool:
        return self._entry is not True

    def connection(self, connection: Connection, now_ns: int) -> bool:
        test = self._connection
        return test if isinstance(test, bool) else test(connection, now_ns)

    def connections(self, connections: Sequence[Connection], now_ns: int) -> list[Connection]:
        """Those that pass, in their order."""
        test = self._connection
        if isinstance(test, bool):
            return list(connections) if test else []
        return [connection for connection in connections if test(connection, now_ns)]

    def entry(self, entry: Entry, connection: Connection | None) -> bool:
        """A gap always passes: what is missing may have matched."""
        test = self._entry
        if isinstance(test, bool):
            return test or isinstance(entry, Gap)
        return isinstance(entry, Gap) or test(entry, connection)


def parse(text: str, typing: bool = False) -> Filter:
    """Raises FilterError. With `typing`, what is not finished at the end is pending, not wrong."""
    return Filter(text, _checked(read(text, typing), typing, len(text)))


# --- the tree, checked: every term becomes a Leaf that can be compiled ---


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A term or word with its tests; None: it does not concern such a thing."""

    of_connection: Test | None
    of_entry: Test | None
    moving: bool
    marks: tuple[Mark, ...]
    cost: int = 0


def _checked(node: Node | None, typing: bool, end: int) -> Thing:
    match node:
        case Not(of):
            return Not(_checked(of, typing, end))
        case All(of):
            return All(tuple(_checked(each, typing, end) for each in of))
        case Any(of):
            return Any(tuple(_checked(each, typing, end) for each in of))
        case Term():
            return _term(node, typing and node.end == end)
        case Word(value):
            if typing and value.end == end and not value.quoted and _begins_a_name(value.text):
                return Pending(f"{value.text}…", value.start, value.end)
            return _word(value)
    return node


def _begins_a_name(text: str) -> bool:
    """Whether the text may become a field's name: then it is not looked for yet."""
    lower = text.lower()
    return lower not in FLAG_BY_NAME and any(
        name.startswith(lower) for name in (*BY_NAME, *FLAG_BY_NAME, "not", "and")
    )


def _term(term: Term, last: bool) -> _Leaf | Pending:
    marks = (Mark(term.start, term.name_end, "name"), Mark(term.name_end, term.end, "value"))
    if term.name[:1] == "$" or term.name.startswith(("json.", "json[")):
        return _json(term, marks) if term.values or not term.operator else _waiting(term, last)
    field = BY_NAME.get(term.name.lower())
    if field is None:
        raise _unknown(term)
    if not term.values:
        return _waiting(term, last)
    of_connection, of_entry = [], []
    for value in term.values:
        if last and field.name == "close" and value.text.isdigit() and len(value.text) < 4:
            return Pending(f"{value.text}…", value.start, value.end)
        try:
            if field.of_connection is not None:
                of_connection.append(field.of_connection(term.operator, value))
            if field.of_entry is not None:
                of_entry.append(field.of_entry(term.operator, value))
        except (Wrong, PatternError) as wrong:
            if last and (value.flags == "?" or _begins_a_value(field, value)):
                return Pending(wrong.say, value.start, value.end)
            hint = wrong.hint
            raise FilterError(f"{field.name}: {wrong.say}", value.start, value.end, hint) from None
    tests = _either(of_connection), _either(of_entry)
    return _Leaf(*tests, field.moving, marks, field.cost)


def _waiting(term: Term, last: bool) -> Pending:
    say = f"{term.name}{term.operator} waits for a value"
    if not last:
        raise FilterError(say, term.start, term.end)
    return Pending(say, term.start, term.end)


def _begins_a_value(field: Field, value: Value) -> bool:
    """Whether more letters may make sense of it: `state:cl`, `client:10.0.0.0/`, `seq:10-2`."""
    lower = value.text.lower()
    if any(word.startswith(lower) for word, _ in field.choices):
        return True
    return not field.choices and (value.text[-1:] == "/" or "-" in value.text or "." in value.text)


def _either(tests: list[Test]) -> Test | None:
    if len(tests) <= 1:
        return tests[0] if tests else None
    return lambda a, b: any(test(a, b) for test in tests)


def _json(term: Term, marks: tuple[Mark, ...]) -> _Leaf:
    steps: list[str | int] = []
    for found in _STEP.finditer(term.name):
        name, index, star, quoted = found.groups()
        steps.append(int(index) if index else star or quoted or name or "")
    make = builders.json_value(steps)
    values = term.values or (Value("", term.start, term.end),)
    tests = []
    for value in values:
        try:
            tests.append(make(term.operator, value))
        except (Wrong, PatternError) as wrong:
            raise FilterError(
                f"{JSON.name}: {wrong.say}", value.start, value.end, wrong.hint
            ) from None  # fmt: skip
    return _Leaf(None, _either(tests), False, marks, 2)


def _unknown(term: Term) -> FilterError:
    name = term.name.lower()
    near = _SYNONYMS.get(name) or builders.nearest(name, tuple(BY_NAME))
    flag = FLAG_BY_NAME.get(name)
    if flag is not None:
        hint = f"{flag.name} stands alone: it is true or not"
    elif near:
        hint = f"did you mean {near}{term.operator}?"
    else:
        hint = "to look for such a text, put it in quotes"
    return FilterError(f"there is no term {term.name}", term.start, term.name_end, hint)


def _word(value: Value) -> _Leaf:
    flag = None if value.quoted else FLAG_BY_NAME.get(value.text.lower())
    if flag is not None:
        marks = (Mark(value.start, value.end, "name"),)
        return _Leaf(flag.of_connection, flag.of_entry, False, marks)
    wanted = value.text.lower()
    in_content = content_test(":", value)

    def of_entry(entry: Thing, connection: Thing) -> bool:
        content = entry.content
        if content is not None and in_content(content):
            return True
        if entry.violation is not None and wanted in entry.violation.lower():
            return True
        if any(wanted in rule.lower() for rule in subjects.rules(entry)):
            return True
        return connection is not None and wanted in subjects.words(connection)

    marks = (Mark(value.start, value.end, "value"),)
    return _Leaf(lambda c, _: wanted in subjects.words(c), of_entry, False, marks, 2)


class _Terms:
    """What there is in a tree."""

    def __init__(self, node: Thing) -> None:
        self.pending = ""
        self.moving = False
        self.marks: list[Mark] = []
        self._visit(node)
        self.marks.sort(key=lambda mark: mark.start)

    def _visit(self, node: Thing) -> None:
        match node:
            case Not(of):
                self._visit(of)
            case All(of) | Any(of):
                for each in of:
                    self._visit(each)
            case Pending(say, start, end):
                self.pending = self.pending or say
                self.marks.append(Mark(start, end, "pending"))
            case _Leaf(moving=moving, marks=marks):
                self.moving = self.moving or moving
                self.marks += marks


# --- compiling ---


def _may(node: Thing, kind: Kind, negated: bool) -> Compiled:
    """Whether `node` (or its negation) may be true of such a thing: is not false."""
    match node:
        case Not(of):
            return _may(of, kind, not negated)
        case All(of):
            parts = [_may(each, kind, negated) for each in sorted(of, key=_cost)]
            return _joined(parts, negated)
        case Any(of):
            parts = [_may(each, kind, negated) for each in sorted(of, key=_cost)]
            return _joined(parts, not negated)
        case _Leaf(of_connection=of_connection, of_entry=of_entry):
            test = of_connection if kind == "connection" else of_entry
            if test is None:
                return True
            return _negation(test) if negated else test
    return True  # nothing at all


def _without_pending(node: Thing) -> Thing:
    """What is not finished yet is as if it were not there; None: nothing is left."""
    match node:
        case Not(of):
            inner = _without_pending(of)
            return None if inner is None else Not(inner)
        case All(of) | Any(of):
            kept = tuple(each for each in map(_without_pending, of) if each is not None)
            return type(node)(kept) if kept else None
        case Pending():
            return None
    return node


def _negation(test: Test) -> Test:
    return lambda a, b: not test(a, b)


def _cost(node: Thing) -> int:
    """What is cheap is asked first."""
    match node:
        case Not(of):
            return _cost(of)
        case All(of) | Any(of):
            return max(map(_cost, of), default=0)
    return node.cost if isinstance(node, _Leaf) else 0


def _joined(parts: list[Compiled], any_of: bool) -> Compiled:
    """All of them, or any of them; what is decided already is left out."""
    decides = any_of  # the constant that settles the whole
    tests: list[Test] = []
    for part in parts:
        if isinstance(part, bool):
            if part is decides:
                return decides
        else:
            tests.append(part)
    if not tests:
        return not decides
    joined = tests[-1]
    for test in reversed(tests[:-1]):
        joined = _both(test, joined, any_of)
    return joined


def _both(first: Test, second: Test, any_of: bool) -> Test:
    if any_of:
        return lambda a, b: first(a, b) or second(a, b)
    return lambda a, b: first(a, b) and second(a, b)


EMPTY: Final = parse("")
