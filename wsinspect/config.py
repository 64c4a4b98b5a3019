"""The configuration file: options of ``run``, and the way on for each target. Strict YAML.

Owns: its keys, their checks, secrets from the environment, and what is told about a mistake: file,
line, what, and what was perhaps meant. Must not know: mitmproxy, or how a connection is made. No
problem, text or repr shows a password.

The YAML reader is that of the rule files (``rules/language``).
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, cast
from urllib.parse import unquote, urlsplit

from wsinspect.routing import DIRECT, Key, Route, Upstream, UpstreamKind
from wsinspect.rules.language.fields import Fields, Origin, kind_of
from wsinspect.rules.language.problems import Problem, Report, quoted
from wsinspect.rules.language.source import (
    ListNode,
    MapNode,
    Node,
    ScalarNode,
    SourceError,
    parse,
)

__all__ = ["RUN_OPTIONS", "Config", "ConfigError", "parse_upstream", "read_config"]

type Kind = (
    Literal[
        "text", "texts", "file", "modes", "sets", "files", "flag", "seconds", "ms", "port", "place"
    ]
    | tuple[str, ...]
)

#: Options of ``wsinspect run`` that a file may set: their form, or their choices.
RUN_OPTIONS: Final[Mapping[str, Kind]] = {
    "mode": "modes",
    "listen-host": "text",
    "listen-port": "port",
    "rules": "files",
    "script": "files",
    "log": "file",
    "record": ("connections", "messages", "frames", "all"),
    "payloads": ("none", "preview", "full"),
    "audit": "flag",
    "on-violation": ("pass", "close"),
    "on-error": ("open", "closed"),
    "drain-grace": "seconds",
    "http": "place",
    "socket": "file",
    "pong-deadline": "ms",
    "session": "texts",
    "session-path": "text",
    "sequence-path": "text",
    "headless": "flag",
    "set": "sets",
}

#: mitmproxy's kinds of ``--mode``.
MODES: Final = (
    "regular", "reverse", "upstream", "socks5", "transparent", "local", "wireguard", "dns", "tun",
    "osproxy",
)  # fmt: skip
_PLACE: Final = re.compile(r"(([^\s/\[\]:]+|\[[0-9A-Fa-f:.]+\])?:)?(\d{1,5})")
_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_FILE_KEYS: Final = {"run": 0, "routes": 0}
_ROUTE_KEYS: Final = dict.fromkeys(
    ["name", "host", "port", "path", "via", "choose", "key", "sticky", "headers", "subprotocol"], 0
)
_VIA_KEYS: Final = {"url": 0, "user": 0, "password": 0, "ca": 0}
_MAX_ROUTES: Final = 1000
_MAX_CREDENTIAL: Final = 255  # bytes (RFC 1929 section 2)
_ENV: Final = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
_TEMPLATE: Final = re.compile(r"\{(\w*)\}")
_BAD_VALUE: Final = re.compile(r"[\0\r\n]")


class ConfigError(ValueError):
    """The file cannot be used; ``lines`` has one for each problem."""

    def __init__(self, problems: list[Problem]) -> None:
        self.lines = [str(problem) for problem in problems]
        super().__init__("\n".join(self.lines))


@dataclass(frozen=True, slots=True)
class Config:
    """``run`` has values by the option's name, as the command line would give them."""

    path: str
    run: Mapping[str, Any] = field(default_factory=dict, repr=False)
    routes: tuple[Route, ...] = ()


def read_config(path: str, environment: Mapping[str, str] = os.environ) -> Config:
    """Raises ConfigError with all that is wrong."""
    report = Report()
    origin = Origin(path, report)
    try:
        node = parse(Path(path).read_bytes())
    except OSError as error:
        raise ConfigError([Problem(path, 1, f"cannot be read: {error.strerror}")]) from None
    except SourceError as error:
        what = error.what.replace("a rule file", "a configuration file")
        raise ConfigError([Problem(path, error.line, what, error.hint)]) from None
    config = Config(path)
    if isinstance(node, MapNode):
        config = _Reader(origin, Path(path).parent, environment).read(node)
    elif node is not None:
        origin.problem(node, f"a configuration file is a mapping, not {kind_of(node)}")
    if report:
        raise ConfigError(report.problems)
    return config


def parse_upstream(url: str) -> Upstream:
    """A proxy's URL from elsewhere, by the same rules. Raises ConfigError."""
    report = Report()
    reader = _Reader(Origin("the URL", report), Path(), os.environ)
    upstream = reader.upstream(ScalarNode(1, url))
    if upstream is None or report:
        raise ConfigError(report.problems)
    return upstream


class _Fields(Fields):
    """Without the rule language's advice on where a key belongs."""

    def _unknown(self, key: ScalarNode, known: Mapping[str, object]) -> None:
        self.origin.unknown(key, "key", key.text, known, self.where)


class _Reader:
    def __init__(self, origin: Origin, folder: Path, environment: Mapping[str, str]) -> None:
        self.origin = origin
        self.folder = folder
        self.environment = environment

    def read(self, node: MapNode) -> Config:
        fields = _Fields(self.origin, node, "the file", _FILE_KEYS)
        run: dict[str, Any] = {}
        run_node = fields.node_of("run")
        if isinstance(run_node, MapNode):
            run = self._run(run_node)
        elif run_node is not None:
            self.origin.problem(run_node, f"run must be a mapping, not {kind_of(run_node)}")
        routes = self._routes(fields.node_of("routes"))
        return Config(self.origin.file, run, routes)

    # --- options ---

    def _run(self, node: MapNode) -> dict[str, Any]:
        fields = _Fields(self.origin, node, "run", RUN_OPTIONS)
        values = {}
        for name in fields:
            value_node = fields.node_of(name)
            assert value_node is not None
            value = self._option(value_node, name, RUN_OPTIONS[name])
            if value is not None:
                values[name] = value
        return values

    def _option(self, node: Node, name: str, kind: Kind) -> Any:
        origin = self.origin
        if isinstance(kind, tuple):
            return origin.choice(node, name, kind)
        if kind == "flag":
            return origin.flag(node, name)
        if kind == "port":
            port = origin.number(node, name, 0, 65535, whole=True)
            return None if port is None else int(port)
        if kind == "ms":
            number = origin.number(node, name, 1, 9_999_999, whole=True)
            return None if number is None else int(number)
        if kind == "seconds":
            return origin.number(node, name, 0.001, 1e9)
        if kind in ("modes", "sets", "files", "texts"):
            texts = origin.texts(node, name)
            for entry, at in texts or ():
                self._listed(at, name, entry)
            if texts is None:
                return None
            return [self._path(entry) if kind == "files" else entry for entry, _ in texts]
        text = origin.text(node, name)
        found = _PLACE.fullmatch(text or "")
        if kind == "place" and text is not None and not (found and int(found[3]) <= 65535):
            origin.problem(node, f"{quoted(text)} is not HOST:PORT", "as 127.0.0.1:9100")
        return self._path(text) if kind == "file" and text else text

    def _listed(self, node: Node, name: str, text: str) -> None:
        word, equals, _ = text.partition("=")
        if name == "set" and not (equals and word):
            self.origin.problem(node, "an entry of set is NAME=VALUE")  # it may be a secret
        mode = text.rpartition("@")[0] or text
        mode = mode.partition(":")[0]
        if name == "mode" and mode.lower() not in MODES:
            self.origin.unknown(node, "mode", mode, MODES)

    def _path(self, text: str) -> str:
        """Relative to the configuration file's folder; ``-`` stays standard output."""
        return text if text == "-" else str(self.folder / Path(text).expanduser())

    # --- routes ---

    def _routes(self, node: Node | None) -> tuple[Route, ...]:
        if node is None:
            return ()
        if not isinstance(node, ListNode):
            self.origin.problem(node, f"routes must be a list, not {kind_of(node)}")
            return ()
        if len(node.items) > _MAX_ROUTES:
            self.origin.problem(node, f"more than {_MAX_ROUTES} routes")
            return ()
        return tuple(self._route(item) for item in node.items if self._is_map(item, "a route"))

    def _is_map(self, node: Node, what: str) -> bool:
        if isinstance(node, MapNode):
            return True
        self.origin.problem(node, f"{what} must be a mapping, not {kind_of(node)}")
        return False

    def _route(self, node: Node) -> Route:
        fields = _Fields(self.origin, cast(MapNode, node), "a route", _ROUTE_KEYS)
        hosts = tuple(text.lower() for text, _ in fields.texts("host"))
        via = self._via(fields.node_of("via"))
        key = self._key(fields.node_of("key"))
        choose = fields.choice("choose", ("round-robin", "key")) or "round-robin"
        fields.choice("sticky", ("connection",))  # it always is
        if key is None and (choose == "key" or any(one.wants_key for one in via)):
            where = fields.node_of("via") or node
            self.origin.problem(
                where, "nothing says what the key is", "add key: proxy-user, client or {header: …}"
            )
        return Route(
            name=fields.text("name") or (hosts[0] if hosts else f"line {node.line}"),
            line=node.line,
            hosts=hosts,
            ports=self._ports(fields.node_of("port")),
            paths=tuple(text for text, _ in fields.texts("path")),
            via=via,
            choose=cast(Any, choose),
            key=key,
            headers=self._headers(fields.node_of("headers")),
            subprotocol=self._value(fields.node_of("subprotocol"), "subprotocol"),
        )

    def _ports(self, node: Node | None) -> frozenset[int]:
        items = () if node is None else node.items if isinstance(node, ListNode) else (node,)
        found = (self.origin.number(item, "port", 1, 65535, whole=True) for item in items)
        return frozenset(int(port) for port in found if port is not None)

    def _key(self, node: Node | None) -> Key | None:
        if node is None:
            return None
        if isinstance(node, MapNode):
            fields = _Fields(self.origin, node, "key", {"header": 0})
            name = fields.text("header") if fields.need("header") else None
            if name is not None and not _TOKEN.fullmatch(name):
                self.origin.problem(node, "this is not a header's name")
                return None
            return None if name is None else Key("header", name)
        kind = self.origin.choice(node, "key", ("proxy-user", "client"))
        return None if kind is None else Key(cast(Any, kind))

    def _via(self, node: Node | None) -> tuple[Upstream, ...]:
        if node is None:
            return (Upstream(DIRECT),)
        items = node.items if isinstance(node, ListNode) else (node,)
        if not items:
            self.origin.problem(node, "via is an empty list")
        found = tuple(one for item in items if (one := self.upstream(item)) is not None)
        return found or (Upstream(DIRECT),)

    def upstream(self, node: Node) -> Upstream | None:
        if isinstance(node, ScalarNode):
            url = self._secret(node, "via")
            return None if url is None else self._from_url(node, url)
        if not isinstance(node, MapNode):
            self.origin.problem(node, "via must be direct, a URL or a mapping, or a list of these")
            return None
        fields = _Fields(self.origin, node, "via", _VIA_KEYS)
        url_node = fields.node_of("url")
        if not fields.need("url") or url_node is None:
            return None
        url = self._secret(url_node, "url")
        one = None if url is None else self._from_url(url_node, url)
        if one is None:
            return None
        user, password = one.user, one.password
        for name in ("user", "password"):
            value_node = fields.node_of(name)
            if value_node is None:
                continue
            value = self._secret(value_node, name)
            if name == "user":
                user = value
            else:
                password = value
        self._check_credentials(node, one.kind, user, password)
        ca = fields.text("ca")
        if ca is not None:
            ca = self._path(ca)
            if not Path(ca).is_file():
                self.origin.problem(node, f"there is no file {quoted(ca)}")
        return Upstream(one.kind, one.host, one.port, user, password, ca)

    def _from_url(self, node: Node, url: str) -> Upstream | None:
        if url == DIRECT:
            return Upstream(DIRECT)
        scheme, separator, rest = url.partition("://")
        if not separator or scheme.lower() not in _PORTS:
            known = (DIRECT, *(f"{name}://" for name in _PORTS))
            # Not the URL: it may hold a password.
            word = url if url.isalpha() else f"{scheme}://" if separator else "this"
            self.origin.unknown(node, "way on", word, known)
            return None
        try:
            parts = urlsplit(f"{scheme}://{rest}")
            host, port = parts.hostname, parts.port
            (host or "").encode("idna")  # a label is 1 to 63 bytes
        except ValueError:
            host = port = None
        if not host or port == 0 or parts.path not in ("", "/") or parts.query or parts.fragment:
            self.origin.problem(
                node, "this is not a proxy's URL", f"{scheme}://[user:password@]host:port"
            )
            return None
        kind = cast(UpstreamKind, scheme.lower())
        user = None if parts.username is None else unquote(parts.username)
        password = None if parts.password is None else unquote(parts.password)
        if isinstance(node, ScalarNode):
            self._check_credentials(node, kind, user, password)
        return Upstream(kind, host, port or _PORTS[kind], user, password)

    def _check_credentials(
        self, node: Node, kind: UpstreamKind, user: str | None, password: str | None
    ) -> None:
        for name, text in (("user", user), ("password", password)):
            if text is None:
                continue
            if len(text.encode()) > _MAX_CREDENTIAL:
                self.origin.problem(node, f"the {name} has more than {_MAX_CREDENTIAL} bytes")
            elif kind.startswith("socks") and not text.isascii():
                self.origin.problem(node, f"the {name} of a SOCKS5 proxy must be ASCII")
            elif near := _nearly_key(text):
                self.origin.problem(node, f"{near} would be taken as it is", "did you mean {key}?")
            elif _BAD_VALUE.search(text):
                self.origin.problem(node, f"the {name} has a line end in it")
        if kind.startswith("http") and user is not None and ":" in user:
            self.origin.problem(node, "the user of an HTTP proxy has no colon (RFC 7617)")

    # --- values ---

    def _secret(self, node: Node, name: str) -> str | None:
        """A text, or what ``env:NAME`` stands for."""
        text = self.origin.text(node, name)
        found = _ENV.fullmatch(text or "")
        if found is None:
            return text
        value = self.environment.get(found[1])
        if not value:
            self.origin.problem(node, f"the environment has no {found[1]}")
            return None
        return value

    def _value(self, node: Node | None, name: str) -> bytes | None:
        text = None if node is None else self._secret(node, name)
        if node is None or text is None:
            return None
        if _BAD_VALUE.search(text):
            self.origin.problem(node, f"{name} cannot have a line end in it")
            return None
        return text.encode()

    def _headers(self, node: Node | None) -> tuple[tuple[bytes, bytes | None], ...]:
        if node is None or not self._is_map(node, "headers"):
            return ()
        found: dict[bytes, bytes | None] = {}
        for key, value in cast(MapNode, node).entries:
            if not _TOKEN.fullmatch(key.text):
                self.origin.problem(key, f"{quoted(key.text)} is not a header's name")
            elif key.text.lower() in (name.decode().lower() for name in found):
                self.origin.problem(key, f"header {quoted(key.text)} is there already")
            elif isinstance(value, ScalarNode) and value.kind == "nothing":
                found[key.text.encode()] = None
            else:
                text = self._value(value, "a header's value")
                if text is not None:
                    found[key.text.encode()] = text
        return tuple(found.items())


def _nearly_key(text: str) -> str:
    """A misspelt ``{key}``: with it all connections would share one session."""
    for name in _TEMPLATE.findall(text):
        if name != "key" and difflib.get_close_matches(name.lower(), ["key"], cutoff=0.6):
            return f"{{{name}}}"
    return ""
