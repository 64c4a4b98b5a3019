"""Read a gitleaks configuration file (github.com/gitleaks/gitleaks) as a pack of patterns.

Owns: the file's keys, its defaults and the meaning of its allowlists, as ``config/`` and
``detect/`` of gitleaks 8 have them. Must not know: rule files, engines.

What is different, because there are messages here and no files or commits:

- A rule of a path alone is skipped; of a path and a regex, the regex counts. Both are told.
- ``paths`` and ``commits`` of an allowlist never apply. With condition AND nothing else of that
  allowlist does either.
- The comment ``gitleaks:allow`` is not honoured: traffic must not allow itself.
- Where only the end of the text closes a match, a double quote does too: a JSON string ends so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import re2

from wsinspect.rules.detect.pack import Pack
from wsinspect.rules.detect.pattern import Context, Pattern
from wsinspect.rules.detect.regex_shape import regex_shape

__all__ = ["Pack", "load_gitleaks"]

FILE_LIMIT: Final = 4 * 1024 * 1024
MAX_EXTENDS: Final = 2  # as gitleaks
# The window of a match that has no longest length; that of one over several lines (a PEM block).
OPEN_MAX_LEN: Final = 4096
LINES_MAX_LEN: Final = 8192
_LINE_REACH: Final = 2048  # bytes of a line before and behind a match
_RE2_MEMORY: Final = 64 * 1024 * 1024

# Keys are compared in lower case, as gitleaks does.
_TOP: Final = frozenset(
    ("title", "description", "extend", "rules", "allowlist", "allowlists", "minversion")
)
_EXTEND: Final = frozenset(("path", "url", "usedefault", "disabledrules"))
_RULE: Final = frozenset(
    ("id", "description", "path", "regex", "secretgroup", "entropy", "keywords", "tags")
) | {"allowlist", "allowlists", "required", "skipreport"}
_ALLOWLIST: Final = frozenset(
    ("description", "condition", "commits", "paths", "regextarget", "regexes", "stopwords")
)
_CONDITIONS: Final = {"": "or", "or": "or", "||": "or", "and": "and", "&&": "and"}
_TARGETS: Final = frozenset(("secret", "match", "line"))

type Allowed = Callable[[Context], bool]
type Table = dict[str, Any]


def load_gitleaks(path: Path) -> Pack:
    """Read ``path``, and the file that it extends.

    Raises:
        ValueError: "file: what", where gitleaks would refuse the file too or it cannot be read.
    """
    config = _read(path, 0)
    for targets, _ in config.allowlists:
        for target in targets:
            if target not in config.rules:
                raise _error(path, f"allowlists: target rule {target!r} does not exist")
    everywhere = [
        (targets, _allowlist(config, table, "allowlists")) for targets, table in config.allowlists
    ]
    patterns: dict[str, Pattern] = {}
    for rule_id, rule in config.rules.items():
        where = f"{rule_id}: allowlists"
        allowed = [one for targets, one in everywhere if not targets or rule_id in targets]
        allowed += [_allowlist(config, one, where) for one in rule["allowlists"]]
        pattern = _pattern(config, rule_id, rule, tuple(one for one in allowed if one))
        if pattern is not None:
            patterns[rule_id] = pattern
    generic = frozenset(one for one in patterns if "generic" in one.lower())
    return Pack(patterns, tuple(dict.fromkeys(config.warnings)), tuple(config.files), generic)


@dataclass(slots=True)
class _Config:
    """What a file says, and the one that it extends. An allowlist without targets is for all."""

    path: Path
    files: list[Path]
    rules: dict[str, Table] = field(default_factory=dict)
    allowlists: list[tuple[tuple[str, ...], Table]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def warn(self, what: str) -> None:
        self.warnings.append(f"{self.path}: {what}")


def _error(path: Path, what: str) -> ValueError:
    return ValueError(f"{path}: {what}")


def _read(path: Path, depth: int) -> _Config:
    config = _Config(path, [path])
    top = _known(config, _toml(path), _TOP, "")
    for table in _tables(config, top, "rules", ""):
        _add_rule(config, table)
    for table in _both_allowlists(config, top, ""):
        targets = _texts(config, table, "targetrules", "allowlists")
        known = _known(config, table, _ALLOWLIST | {"targetrules"}, "allowlists")
        config.allowlists.append((targets, known))
    extend = top.get("extend", {})
    if not isinstance(extend, dict):
        raise _error(path, "extend: a table is wanted")
    _extend(config, _known(config, extend, _EXTEND, "extend"), depth)
    return config


def _toml(path: Path) -> Table:
    try:
        with path.open("rb") as file:
            data = file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise _error(path, error.strerror or "cannot be read") from error
    if len(data) > FILE_LIMIT:
        raise _error(path, f"larger than {FILE_LIMIT} bytes")
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError:
        raise _error(path, "not UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _error(path, f"not TOML: {error}") from None


# --- keys and types ------------------------------------------------------------------------------


def _known(config: _Config, table: Table, keys: frozenset[str], where: str) -> Table:
    """``table`` with lower-case keys, without those that mean nothing; they become a warning."""
    known = {}
    for key, value in table.items():
        if key.lower() in keys:
            known[key.lower()] = value
        else:
            config.warn(f"{where + ': ' if where else ''}unknown key {key!r} is left out")
    return known


def _tables(config: _Config, table: Table, key: str, where: str) -> list[Table]:
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise _error(config.path, f"{where + ': ' if where else ''}{key}: tables are wanted")
    return found


def _texts(config: _Config, table: Table, key: str, where: str) -> tuple[str, ...]:
    found: Any = next((value for name, value in table.items() if name.lower() == key), [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise _error(config.path, f"{where}: {key}: a list of strings is wanted")
    return tuple(found)


def _text(config: _Config, table: Table, key: str, where: str) -> str:
    found = table.get(key, "")
    if not isinstance(found, str):
        raise _error(config.path, f"{where}: {key}: a string is wanted")
    return found


def _number(config: _Config, table: Table, key: str, where: str) -> float:
    found = table.get(key, 0)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise _error(config.path, f"{where}: {key}: a number is wanted")
    return found


def _both_allowlists(config: _Config, table: Table, where: str) -> list[Table]:
    """``allowlists``, or ``allowlist``, the older form of one."""
    found = _tables(config, table, "allowlists", where)
    old = table.get("allowlist")
    if old is None:
        return found
    where = f"{where}: " if where else ""
    if found:
        raise _error(config.path, f"{where}allowlist cannot stand beside allowlists")
    if not isinstance(old, dict):
        raise _error(config.path, f"{where}allowlist: a table is wanted")
    return [old]


# --- rules ---------------------------------------------------------------------------------------


def _add_rule(config: _Config, table: Table) -> None:
    rule_id = next((value for key, value in table.items() if key.lower() == "id"), "")
    if not isinstance(rule_id, str) or not rule_id.strip():
        raise _error(config.path, f"rules: number {len(config.rules) + 1} has no id")
    rule = _known(config, table, _RULE, rule_id)
    if rule_id in config.rules:
        config.warn(f"{rule_id}: there are two, the last one counts")
    lists = _both_allowlists(config, rule, rule_id)
    rule["allowlists"] = [
        _known(config, one, _ALLOWLIST, f"{rule_id}: allowlists") for one in lists
    ]
    config.rules[rule_id] = rule


def _extend(config: _Config, extend: Table, depth: int) -> None:
    base_name = _text(config, extend, "path", "extend")
    if extend.get("usedefault"):
        if base_name:
            raise _error(config.path, "extend: path and useDefault cannot both be set")
        config.warn("extend: useDefault is left out: load gitleaks' own file as a pack of its own")
    if extend.get("url"):
        config.warn("extend: url is left out: nothing is fetched")
    if not base_name:
        return
    if depth == MAX_EXTENDS:
        config.warn(f"extend: {base_name} is left out: more than {MAX_EXTENDS} deep")
        return
    base = _read(config.path.parent / base_name, depth + 1)
    config.files += base.files
    config.warnings += base.warnings
    config.allowlists += base.allowlists
    for rule_id in _texts(config, extend, "disabledrules", "extend"):
        if base.rules.pop(rule_id, None) is None:
            config.warn(f"extend: disabledRules: {base_name} has no {rule_id}")
    for rule_id, rule in base.rules.items():
        config.rules[rule_id] = _merged(rule, config.rules.get(rule_id, {}))


def _merged(base: Table, over: Table) -> Table:
    merged = {**base, **{key: value for key, value in over.items() if value}}
    for key in ("keywords", "tags", "allowlists"):
        merged[key] = [*base.get(key, []), *over.get(key, [])]
    return merged


def _pattern(
    config: _Config, rule_id: str, rule: Table, allowed: tuple[Allowed, ...]
) -> Pattern | None:
    regex = _text(config, rule, "regex", rule_id)
    path = _text(config, rule, "path", rule_id)
    if not regex:
        if not path:
            raise _error(config.path, f"{rule_id}: neither regex nor path")
        config.warn(f"{rule_id}: skipped: it looks at a file's path alone")
        return None
    if rule.get("skipreport"):
        config.warn(f"{rule_id}: skipped: skipReport, and companions are not supported")
        return None
    if path:
        config.warn(f"{rule_id}: its path is left out: a message has none")
    if rule.get("required"):
        config.warn(f"{rule_id}: required is left out: found without its companions too")
    compiled = _compiled(config, regex, f"{rule_id}: regex")
    group = _number(config, rule, "secretgroup", rule_id)
    if not isinstance(group, int) or not 0 <= group <= compiled.groups:
        raise _error(
            config.path, f"{rule_id}: secretGroup {group}: the regex has {compiled.groups}"
        )
    regex = _closed_by_quote(regex)
    shape = regex_shape(regex)
    max_len = shape.max_len
    if max_len is None or max_len > LINES_MAX_LEN:
        max_len = LINES_MAX_LEN if r"[\s\S" in regex or "-----BEGIN" in regex else OPEN_MAX_LEN
    return Pattern(
        id=rule_id,
        regex=regex,
        keywords=tuple(
            dict.fromkeys(one.lower() for one in _texts(config, rule, "keywords", rule_id))
        ),
        group=group,
        entropy=float(_number(config, rule, "entropy", rule_id)),
        allowed=allowed,
        max_len=max_len,
        anchored=shape.anchored,
        say=_text(config, rule, "description", rule_id),
    )


def _closed_by_quote(regex: str) -> str:
    """Gitleaks' own end of a token has ``"`` among others; a regex that has only the end of the
    text there would see no value of a JSON string that ends with it."""
    for end in ("|$)", "|\\z)"):
        if regex.endswith(end):
            last = regex[regex.rfind("(?:") + 3 : -1]
            if '"' not in last and "[^" not in last and "(" not in last:
                return f'{regex[:-1]}|")'
    return regex


def _compiled(config: _Config, regex: str, where: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _RE2_MEMORY
    try:
        return re2.compile(regex, options)
    except re2.error as error:
        said = error.args[0] if error.args else "not RE2"
        what = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise _error(config.path, f"{where}: {what}") from None


# --- allowlists ----------------------------------------------------------------------------------


def _allowlist(config: _Config, table: Table, where: str) -> Allowed | None:
    """None: it can never apply to a message."""
    condition = _text(config, table, "condition", where)
    if condition.lower() not in _CONDITIONS:
        raise _error(config.path, f"{where}: condition {condition!r}: 'and' or 'or' is wanted")
    target = _text(config, table, "regextarget", where) or "secret"
    if target not in _TARGETS:
        raise _error(
            config.path, f"{where}: regexTarget {target!r}: secret, match or line is wanted"
        )
    elsewhere = [*_texts(config, table, "commits", where), *_texts(config, table, "paths", where)]
    regexes = _texts(config, table, "regexes", where)
    stopwords = _texts(config, table, "stopwords", where)
    if not elsewhere and not regexes and not stopwords:
        raise _error(config.path, f"{where}: commits, paths, regexes or stopwords are wanted")
    every = _CONDITIONS[condition.lower()] == "and"
    if every and elsewhere:
        return None
    tests: list[Allowed] = []
    if regexes:
        for regex in regexes:
            _compiled(config, regex, f"{where}: regexes")
        # Joined as gitleaks joins them: a (?i) in one goes on in those behind it.
        search = _compiled(config, f"(?:{'|'.join(regexes)})", f"{where}: regexes").search
        tests.append(_regex_test(search, target))
    if stopwords:
        words = "|".join(re2.escape(one) for one in sorted({one.lower() for one in stopwords}))
        tests.append(_stopword_test(_compiled(config, words, f"{where}: stopwords").search))
    if len(tests) < 2:
        return tests[0] if tests else None
    first, second = tests
    if every:
        return lambda context: first(context) and second(context)
    return lambda context: first(context) or second(context)


def _regex_test(search: Callable[[bytes], object], target: str) -> Allowed:
    if target == "secret":
        return lambda context: _found(search, _secret(context))
    if target == "match":
        return lambda context: _found(search, context.match.strip(b"\n"))
    return lambda context: _found(search, _line(context))


def _stopword_test(search: Callable[[bytes], object]) -> Allowed:
    def has_stopword(context: Context) -> bool:
        secret = _secret(context)
        if secret.isascii():
            return _found(search, secret.lower())
        return _found(search, secret.decode(errors="replace").lower().encode())

    return has_stopword


def _found(search: Callable[[bytes], object], text: bytes) -> bool:
    return bool(text) and search(text) is not None


def _secret(context: Context) -> bytes:
    """Without the line ends round a whole match, as gitleaks."""
    whole = context.start == context.match_start and context.end == context.match_end
    return context.secret.strip(b"\n") if whole else context.secret


def _line(context: Context) -> bytes:
    """The lines that hold the match; a line end that closes it does not bring in the next one.

    Of a line that is a whole JSON text only what is near: what is far away in it says nothing
    about the match, and reading all of it for each match would take for ever.
    """
    data, match = context.data, context.match
    start = context.match_start + len(match) - len(match.lstrip(b"\n"))
    end = start + len(match.strip(b"\n"))
    begin = data.rfind(b"\n", max(0, start - _LINE_REACH), start) + 1
    stop = data.find(b"\n", end, end + _LINE_REACH)
    begin = begin or max(0, start - _LINE_REACH)
    return data[begin : end + _LINE_REACH if stop < 0 else stop]
