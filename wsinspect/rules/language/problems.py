"""What is wrong with a rule file, one line a problem, and what was perhaps meant.

Owns: the form of a problem and the guess behind "did you mean". Must not know: YAML, the language.
No problem quotes a value that could be a secret: keys, names and patterns only.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["Problem", "Report", "RuleFileError", "nearest", "quoted", "suggestion"]

MAX_PROBLEMS: Final = 1000
MAX_GUESSES: Final = 200  # a guess costs up to a millisecond
MAX_LISTED: Final = 12
MAX_QUOTED: Final = 60

# What other tools call it.
_SYNONYMS: Final = {
    "accept": "pass",
    "action": "do",
    "actions": "do",
    "allow": "pass",
    "allowlist": "unless",
    "binary_messages": "binary",
    "c2s": "to_server",
    "client_to_server": "to_server",
    "deny": "block",
    "desc": "say",
    "description": "say",
    "drop": "block",
    "egress": "to_server",
    "enforced": "enforce",
    "exclude": "except",
    "from_client": "to_server",
    "from_server": "to_client",
    "hmac": "hash",
    "inbound": "to_client",
    "include_only": "only",
    "ingress": "to_client",
    "interval": "seconds",
    "ip": "client",
    "keyword": "words",
    "keywords": "words",
    "kill": "close",
    "level": "severity",
    "match": "find",
    "message": "text",
    "name": "id",
    "notify": "alert",
    "outbound": "to_server",
    "pattern": "regex",
    "payload": "text",
    "protocol": "subprotocol",
    "ratelimit": "throttle",
    "reject": "block",
    "replacement": "with",
    "request": "to_server",
    "response": "to_client",
    "result": "expect",
    "s2c": "to_client",
    "scope": "when",
    "server_to_client": "to_client",
    "status": "code",
    "test": "tests",
    "title": "say",
    "unlisted": "not_in",
    "uri": "path",
    "url": "path",
    "window": "seconds",
}


class Problem(NamedTuple):
    """``hint`` is a whole clause: ``did you mean mask?``. Lines count from 1."""

    file: str
    line: int
    what: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}: {self.what}"
        return f"{text} – {self.hint}" if self.hint else text


class RuleFileError(ValueError):
    """A rule file cannot be used; ``problems`` are all there are, by file and line.

    ``files`` were read or asked for, so that a watcher knows which changes may mend it.
    """

    def __init__(self, problems: Sequence[Problem], files: Iterable[Path] = ()) -> None:
        self.problems = tuple(problems)
        self.files = tuple(files)
        super().__init__("\n".join(map(str, self.problems)))


class Report:
    """Collects problems; of a file full of them the first :data:`MAX_PROBLEMS`, and a count."""

    def __init__(self) -> None:
        self._problems: dict[Problem, None] = {}
        self._left_off = 0
        self._guesses = 0

    def add(self, file: str, line: int, what: str, hint: str = "") -> None:
        if len(self._problems) < MAX_PROBLEMS:
            self._problems[Problem(file, line, what, hint)] = None
        else:
            self._left_off += 1

    def nearest(self, name: str, known: Collection[str]) -> str | None:
        """A guess, as long as there are any left."""
        self._guesses += 1
        return nearest(name, known) if self._guesses <= MAX_GUESSES else None

    def unknown(
        self,
        file: str,
        line: int,
        kind: str,
        name: str,
        known: Collection[str],
        where: str = "",
        homes: Mapping[str, str] | None = None,
    ) -> None:
        """``unknown key "dirction" in when – did you mean direction?``"""
        self._guesses += 1
        hint = ""
        if homes is not None and name in homes:
            hint = f"it belongs into {homes[name]}"
        elif self._guesses <= MAX_GUESSES:
            hint = suggestion(name, known)
            if homes is not None and not hint.startswith("did you mean"):
                near = nearest(name, homes)
                if near is not None:
                    hint = f"did you mean {near}, in {homes[near]}?"
        place = f" in {where}" if where else ""
        self.add(file, line, f"unknown {kind} {quoted(name)}{place}", hint)

    def __bool__(self) -> bool:
        return bool(self._problems)

    @property
    def problems(self) -> list[Problem]:
        found = sorted(self._problems, key=lambda one: (one.file, one.line))
        if self._left_off:
            last = found[-1]
            found.append(Problem(last.file, last.line, f"… and {self._left_off} more problems"))
        return found


def quoted(text: str) -> str:
    """A name in a message: one line, short, no control characters for the terminal."""
    shown = text if len(text) <= MAX_QUOTED else text[: MAX_QUOTED - 1] + "…"
    if not shown.isprintable():
        shown = "".join(
            c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown
        )
    return f'"{shown}"'


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name that was probably meant."""
    asked = name[:MAX_QUOTED].strip().lower()
    plain = {_plain(each): each for each in known}
    near = plain.get(_plain(asked))
    if near is None:
        near = plain.get(_plain(_SYNONYMS.get(_plain(asked), "")))
    if near is None:
        close = difflib.get_close_matches(_plain(asked), plain, n=1, cutoff=0.65)
        near = plain[close[0]] if close else None
    return near


def suggestion(name: str, known: Collection[str]) -> str:
    """The clause behind an unknown name: the nearest one, or all of a short list."""
    near = nearest(name, known)
    if near is not None:
        return f"did you mean {quoted(near)[1:-1]}?"
    if 0 < len(known) <= MAX_LISTED:
        return f"known: {', '.join(sorted(known))}"
    return ""


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")
