"""``when:`` compiled to a closure that is asked once, at the handshake.

Owns: how host, path, subprotocol, origin, client, app and flow are compared. Must not know:
messages (direction, opcode and size are asked for each of them), how a flow filter works.

A client chooses how it spells a path, so a rule *for* a path also holds for what servers take for
the same (%63hat, //chat, /x/../chat). A rule that is *not* for a path leaves out only what is
spelled so.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from wsinspect.rules.language.ast import TextTest, When
from wsinspect.rules.language.regexes import compile_regex

__all__ = ["ConnectionFacts", "compile_scope", "glob_matches"]

type Scope = Callable[["ConnectionFacts"], bool]
type Spellings = Callable[["ConnectionFacts"], tuple[str, ...]]


def _no_flow(_expression: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """What is known at the handshake; empty where there is none.

    ``host`` may have a port, ``path`` a query; ``client`` is an IP address. ``app`` is what
    ``model/app_protocol.py`` calls it. ``flow_matches`` is asked with a filter expression of
    mitmproxy.
    """

    host: str = ""
    path: str = field(default="", repr=False)  # a query may hold a token
    subprotocol: str = field(default="", repr=False)
    origin: str = field(default="", repr=False)
    client: str = ""
    app: str = ""
    flow_matches: Callable[[str], bool] = field(default=_no_flow, repr=False)


def compile_scope(when: When) -> Scope:
    """Whether a connection is in scope: all of ``when`` but direction, opcode and size."""
    parts: list[Scope] = []
    if when.host is not None:
        parts.append(_text_scope(when.host, _hosts, _hosts, fold=True, adapt=_ascii_host))
    if when.path is not None:
        parts.append(_text_scope(when.path, _paths, _plain_paths))
    if when.subprotocol is not None:
        parts.append(_text_scope(when.subprotocol, _subprotocol, _subprotocol))
    if when.origin is not None:
        parts.append(_text_scope(when.origin, _origin, _origin, fold=True))
    if when.client is not None:
        parts.append(_client_scope(when.client))
    if when.app is not None:
        parts.append(_text_scope(when.app, _app, _app, fold=True))
    if when.flow is not None:
        expression = when.flow
        parts.append(lambda facts: facts.flow_matches(expression))
    if not parts:
        return lambda _: True
    if len(parts) == 1:
        return parts[0]
    return lambda facts: all(part(facts) for part in parts)


def _text_scope(
    test: TextTest,
    wide: Spellings,
    narrow: Spellings,
    *,
    fold: bool = False,
    adapt: Callable[[str], str] = str,
) -> Scope:
    """``wide`` spellings are let in by the test, ``narrow`` ones left out."""
    fit: Callable[[str], str] = (lambda text: adapt(text).lower()) if fold else adapt
    any_of = _globs(map(fit, test.any_of)) if test.any_of else None
    none_of = _globs(map(fit, test.none_of)) if test.none_of else None
    search = compile_regex(test.regex, ignore_case=fold).search if test.regex is not None else None

    def in_scope(facts: ConnectionFacts) -> bool:
        if none_of is not None and any(map(none_of, narrow(facts))):
            return False
        if any_of is None and search is None:
            return True
        spellings = wide(facts)
        if any_of is not None and not any(map(any_of, spellings)):
            return False
        return search is None or any(search(text) is not None for text in spellings)

    return in_scope


# --- how the parts are spelled ---


def _hosts(facts: ConnectionFacts) -> tuple[str, ...]:
    whole = facts.host.lower()
    name = whole
    head, colon, port = whole.rpartition(":")
    if colon and port.isdecimal() and (":" not in head or head.endswith("]")):
        name = head
    bare = name.removeprefix("[").removesuffix("]").rstrip(".")
    return (bare, name, whole, f"{bare}:{port}") if name != whole else (bare, whole)


def _ascii_host(glob: str) -> str:
    """Names are on the wire in their ASCII form."""
    if glob.isascii():
        return glob
    labels = []
    for label in glob.split("."):
        try:
            labels.append(label if label.isascii() else label.encode("idna").decode())
        except UnicodeError:
            labels.append(label)
    return ".".join(labels)


def _plain_paths(facts: ConnectionFacts) -> tuple[str, ...]:
    path = facts.path.partition("?")[0]
    return (path, facts.path) if path != facts.path else (path,)


def _paths(facts: ConnectionFacts) -> tuple[str, ...]:
    found = _plain_paths(facts)
    path = found[0]
    decoded = unquote(path) if "%" in path else path
    tidy = _tidy(decoded)
    return found if tidy == path else (*found, decoded, tidy)


def _tidy(path: str) -> str:
    if "//" not in path and "/." not in path:
        return path
    kept: list[str] = []
    parts = path.split("/")
    for part in parts:
        if part == "..":
            if kept:
                kept.pop()
        elif part not in ("", "."):
            kept.append(part)
    slash = "/" if kept and parts[-1] in ("", ".", "..") else ""
    return "/" + "/".join(kept) + slash


def _subprotocol(facts: ConnectionFacts) -> tuple[str, ...]:
    return (facts.subprotocol,)


def _origin(facts: ConnectionFacts) -> tuple[str, ...]:
    return (facts.origin.lower(),)


def _app(facts: ConnectionFacts) -> tuple[str, ...]:
    return (facts.app,)


def _client_scope(test: TextTest) -> Scope:
    any_of = [ipaddress.ip_network(each, strict=False) for each in test.any_of]
    none_of = [ipaddress.ip_network(each, strict=False) for each in test.none_of]

    def in_scope(facts: ConnectionFacts) -> bool:
        address = _address(facts.client)
        if address is None:  # a Unix socket: in no network
            return not any_of
        if any(address in network for network in none_of):
            return False
        return not any_of or any(address in network for network in any_of)

    return in_scope


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])  # a zone is of this host only
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


# --- globs ---


def _globs(globs: Iterable[str]) -> Callable[[str], bool]:
    exact = set()
    open_ones = []
    for glob in globs:
        if "*" in glob or "?" in glob:
            open_ones.append(glob)
        else:
            exact.add(glob)
    words = frozenset(exact)
    if not open_ones:
        return words.__contains__
    return lambda text: text in words or any(glob_matches(glob, text) for glob in open_ones)


def glob_matches(glob: str, text: str) -> bool:
    """``*`` is any text, ``?`` any one character; all else is itself.

    At most len(glob) × len(text) steps: only the last ``*`` is ever tried again.
    """
    at = place = 0
    star = -1
    retry = 0
    while place < len(text):
        if at < len(glob) and glob[at] == "*":
            star, retry = at, place
            at += 1
        elif at < len(glob) and glob[at] in ("?", text[place]):
            at += 1
            place += 1
        elif star >= 0:
            retry += 1
            at, place = star + 1, retry
        else:
            return False
    return all(character == "*" for character in glob[at:])
