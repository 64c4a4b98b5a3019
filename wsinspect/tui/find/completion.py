"""What could stand at the cursor of a filter: terms, and values that were seen, commonest first.

Reads the store, changes nothing. Each completion says what it means.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wsinspect.dissect import app_words
from wsinspect.dissect.reading import MISSING, json_of
from wsinspect.protocol.close_codes import close_words
from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.store import Store
from wsinspect.tui.find import subjects
from wsinspect.tui.find.fields import BY_NAME, FIELDS, FLAGS, JSON, Field

MANY: Final = 30  # completions given
_JSON_ENTRIES: Final = 40  # newest entries whose JSON is looked into
_JSON_DEPTH: Final = 3
_JSON_KEYS: Final = 200
_VALUE_MAX: Final = 120  # longer values are not offered

_LIST: Final = re.compile(r"([A-Za-z][\w-]*)(?:!=|!~|==|=|:|~)\((?:[^()]*[|,\s])?([^()|,\s]*)\Z")
_TERM: Final = re.compile(r"([A-Za-z][\w-]*)(!=|!~|==|>=|<=|=|:|~|>|<)(.*)\Z", re.DOTALL)
_PLAIN_VALUE: Final = re.compile(r'[^\s()|"]+')
_PLAIN_KEY: Final = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class Completion:
    """Put `text` in place of `start` to `end`. `say` is what it means, or how often it was seen."""

    text: str
    start: int
    end: int
    say: str


def complete(text: str, cursor: int, store: Store, on_entries: bool = False) -> list[Completion]:
    """The best first. `on_entries`: terms that concern frames and messages come first."""
    before = text[:cursor]
    if before.count('"') % 2:
        return []  # within quotes anything may stand
    listed = _LIST.search(before)
    if listed is not None:
        field = BY_NAME.get(listed[1].lower())
        return (
            [] if field is None else _values(field, listed[2], listed.start(2), cursor, store, "")
        )
    start = _token_start(before)
    token = before[start:]
    term = _TERM.match(token)
    if term is not None:
        field = BY_NAME.get(term[1].lower())
        at = start + term.start(3)
        return [] if field is None else _values(field, term[3], at, cursor, store, " ")
    if token[:1] == "$":
        return _json_paths(token, start, cursor, store)
    return _names(token, start, cursor, store, on_entries)


def _token_start(before: str) -> int:
    """Where the word at the end begins, its `!`, `-` or `(` left out."""
    start = max((before.rfind(sign) for sign in " \t\n(|"), default=-1) + 1
    while start < len(before) and before[start] in "!-&":
        start += 1
    return start


# --- names of terms ---


def _names(token: str, start: int, cursor: int, store: Store, on_entries: bool) -> list[Completion]:
    lower = token.lower()

    def concerns(each: Any) -> bool:
        return (each.of_entry if on_entries else each.of_connection) is not None

    found: list[tuple[int, Completion]] = []
    for field in FIELDS:
        rank = _rank(lower, (field.name, *field.aliases))
        if rank is not None:
            text = f"{field.name}{field.operator}"
            say = f"{field.say} – {field.example}"
            found.append((rank + 2 * (not concerns(field)), Completion(text, start, cursor, say)))
    for flag in FLAGS:
        rank = _rank(lower, (flag.name, *flag.aliases))
        if rank is not None:
            place = rank + 1 + 2 * (not concerns(flag))
            found.append((place, Completion(f"{flag.name} ", start, cursor, flag.say)))
    if not token:
        found.append((1 if on_entries else 3, Completion("$.", start, cursor, JSON.say)))
    found.sort(key=lambda row: row[0])
    names = [completion for _, completion in found]
    seen = _seen_anywhere(lower, start, cursor, store) if len(lower) > 1 else []
    return (names + seen)[: 2 * MANY]


def _rank(lower: str, names: Sequence[str]) -> int | None:
    """0: the name begins with it; 1: another does, or it stands in one; None: neither."""
    if names[0].startswith(lower):
        return 0
    others = any(name.startswith(lower) for name in names)
    return 1 if others or (len(lower) > 1 and any(lower in name for name in names)) else None


def _seen_anywhere(lower: str, start: int, cursor: int, store: Store) -> list[Completion]:
    """Hosts, paths, applications and rules with that word in them, as whole terms."""
    found = []
    for name in ("host", "path", "app", "sub", "rule"):
        for value, count in _seen(BY_NAME[name], store).most_common():
            if lower in value.lower() and len(value) <= _VALUE_MAX:
                text = f"{name}:{_written(value)} "
                found.append((count, Completion(text, start, cursor, _often(count, name))))
    found.sort(key=lambda row: -row[0])
    return [completion for _, completion in found[:8]]


# --- values ---


def _values(
    field: Field, typed: str, start: int, cursor: int, store: Store, after: str
) -> list[Completion]:
    """`after` is put behind: a term is done with its value, a list is not."""
    counts = _seen(field, store)
    lower = typed.lower()
    rows: list[tuple[tuple[int, int, int], Completion]] = []
    for place, (word, say) in enumerate(_choices(field, counts)):
        rank = _rank(lower, (word.lower(), *_other_names(field, word)))
        if rank is None or len(word) > _VALUE_MAX:
            continue
        count = counts.get(word, 0)
        known = bool(field.choices)
        often = f" · {count:,}" if known and count else ""
        completion = Completion(f"{_written(word)}{after}", start, cursor, f"{say}{often}")
        rows.append(((rank, -count, place), completion))
    rows.sort(key=lambda row: row[0])
    if len(rows) == 1 and rows[0][1].text.strip() == typed:
        return []  # it is all typed
    if not rows and not typed and not counts:
        example = re.split("[:~<>=]+", field.example, maxsplit=1)[-1]
        return [Completion(f"{example}{after}", start, cursor, f"for example: {field.say}")]
    return [completion for _, completion in rows[:MANY]]


def _choices(field: Field, counts: Counter[str]) -> list[tuple[str, str]]:
    if field.choices:
        others = [(each, _often(counts[each], field.name)) for each in counts]
        known = {word for word, _ in field.choices}
        return [*field.choices, *(row for row in others if row[0] not in known)]
    if field.name == "close":
        return [
            (code, f"{_often(counts[code], field.name)} · {close_words(int(code)).rstrip('.')}")
            for code in counts
        ]
    if field.name == "app":
        return [(app, f"{app_words(app)} · {_often(counts[app], field.name)}") for app in counts]
    return [(value, _often(counts[value], field.name)) for value in counts]


def _other_names(field: Field, word: str) -> tuple[str, ...]:
    if field.name == "close" and word.isdecimal():
        return (close_words(int(word)).partition(":")[0].lower().replace(" ", "-"),)
    return ()


def _often(count: int, name: str) -> str:
    what = "alert" if name == "rule" else "connection"
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _written(value: str) -> str:
    """As it has to be typed: in quotes if it has a space or a sign in it."""
    if _PLAIN_VALUE.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


type Reader = Callable[[Connection], str | None]

_SEEN: Final[dict[str, Reader]] = {
    "host": subjects.host,
    "path": subjects.path,
    "uri": subjects.uri,
    "client": lambda c: subjects.without_port(c.client),
    "server": lambda c: subjects.without_port(c.server),
    "app": lambda c: c.app,
    "sub": lambda c: c.facts.subprotocol,
    "agent": lambda c: c.facts.user_agent,
    "origin": lambda c: c.facts.origin,
    "status": lambda c: str(c.facts.status) if c.facts.status else None,
    "cause": lambda c: c.close.cause if c.close else None,
    "by": lambda c: c.close.initiator if c.close else None,
    "reason": lambda c: c.close.reason if c.close else None,
    "close": lambda c: str(c.close.code) if c.close and c.close.code else None,
}


def _seen(field: Field, store: Store) -> Counter[str]:
    """The values of `field` in the store and how many connections have each."""
    counts: Counter[str] = Counter()
    connections = [*store.live.values(), *store.ended.values()]
    if field.name == "rule":
        for connection in connections:
            counts.update(connection.rules)
    elif field.name == "diag":
        for connection in connections:
            counts.update(subjects.diagnosis_kinds(connection))
    elif field.name == "state":
        for state, number in Counter(each.state for each in connections).items():
            for word, states in subjects.STATES.items():
                if state in states:
                    counts[word] += number
    elif field.name in _SEEN:
        read = _SEEN[field.name]
        # a stranger chose them: what cannot be typed is not offered
        counts.update(v for v in map(read, connections) if v and v.isprintable())
    return counts


# --- JSON ---


def _json_paths(token: str, start: int, cursor: int, store: Store) -> list[Completion]:
    """Paths in the newest JSON of the watched connection."""
    counts: Counter[str] = Counter()
    for entry in store.watched.entries[-_JSON_ENTRIES:]:
        content = entry.content
        if content is not None and content[:1] in (b"{", b"["):
            value = json_of(content)
            if value is not MISSING:
                counts.update(_paths(value))
    wanted = token.lower()
    found = [(path, count) for path, count in counts.most_common() if wanted in path.lower()]
    return [
        Completion(f"{path}=", start, cursor, f"in {count} of the newest messages")
        for path, count in found[:MANY]
    ]


def _paths(value: Any) -> set[str]:
    found: set[str] = set()
    waiting = [("$", value, 0)]
    while waiting and len(found) < _JSON_KEYS:
        path, each, depth = waiting.pop()
        if isinstance(each, dict):
            inner = [(f"{path}.{key}", v) for key, v in each.items() if _PLAIN_KEY.fullmatch(key)]
        elif isinstance(each, list):
            inner = [(f"{path}[{at}]", v) for at, v in enumerate(each[:6])]
        else:
            found.add(path)
            continue
        if depth < _JSON_DEPTH:
            waiting += [(name, v, depth + 1) for name, v in inner]
    found.discard("$")
    return found
