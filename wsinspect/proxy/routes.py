"""The way on for each target: which route counts, by which of its proxies, under which key.

Owns: matching, choosing, and that a client's connection stays with what was chosen for it. An
addon of mitmproxy's beside ours; it is told of requests and asked to open connections
(``private.install_dialer``). Must not know: how a proxy is spoken to (``socks.py``).

A choice is made once for a client's connection, a target and a key. Where a later request on the
same client connection has another key, its server connections are ended first, so that nobody's
session carries somebody else's messages.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from mitmproxy import ctx, http
from mitmproxy.connection import Client, Server
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from wsinspect.protocol.handshake import is_websocket_upgrade
from wsinspect.proxy import private, socks
from wsinspect.routing import Route, Upstream

__all__ = ["Choice", "Router"]

type Address = tuple[str, int]

_KEY = re.compile(r"[!-9;-~]{1,128}")  # printable ASCII; a colon would end a user name
_DIRECT = Upstream("direct")


@dataclass(frozen=True, slots=True)
class Choice:
    """What one connection goes by. ``route`` is None where none fits."""

    route: Route | None = None
    upstream: Upstream = _DIRECT
    key: str = field(default="", repr=False)


@dataclass(slots=True)
class _Facts:
    """What is known of a client's connection."""

    connect: Mapping[str, str] = field(default_factory=dict, repr=False)
    request: Mapping[str, str] = field(default_factory=dict, repr=False)
    path: str = field(default="", repr=False)
    user: str = field(default="", repr=False)
    chosen: dict[Address, Choice] = field(default_factory=dict)


class Router:
    """For the life of a proxy. ``direct`` has places that no route concerns; ``explained`` is told
    the ids of server connections whose failure ``problem`` was told."""

    def __init__(
        self,
        routes: Sequence[Route],
        problem: Callable[[str], None],
        explained: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.routes = routes
        self.problem = problem
        self.explained = explained
        self.direct: set[Address] = set()
        self.dials: Counter[tuple[str, str, str]] = Counter()  # route, upstream, outcome
        self._facts: dict[str, _Facts] = {}
        self._turns: Counter[str] = Counter()
        self._through: set[str] = set()  # ids of server connections that go by another proxy
        self._said: set[str] = set()

    def adjust(self, options: Any) -> None:
        """What the routes need of mitmproxy, before it listens."""
        leads = any(one.kind != "direct" for route in self.routes for one in route.via)
        if leads and any(route.needs_request for route in self.routes):
            options.update(connection_strategy="lazy")
        keys = {route.key.kind for route in self.routes if route.key is not None}
        asked = all(re.match(r"(regular|upstream|socks5)\b", mode) for mode in options.mode)
        if "proxy-user" in keys and asked and not options.proxyauth:
            options.update(proxyauth="any")  # else nobody is asked for a name

    # --- mitmproxy's events ---

    def http_connect(self, flow: http.HTTPFlow) -> None:
        facts = self._facts_of(flow.client_conn)
        facts.connect = _headers(flow)
        self._note_user(flow, facts)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        facts = self._facts_of(flow.client_conn)
        facts.request = _headers(flow)
        facts.path = flow.request.path.partition("?")[0]
        self._note_user(flow, facts)
        address = (flow.request.host, flow.request.port)
        choice, before = self._fitting(flow.client_conn, address), facts.chosen.get(address)
        if before is not None and (before.key, before.route) != (choice.key, choice.route):
            facts.chosen.pop(address)
            private.drop_servers(flow.client_conn, address)
        if choice.route is not None and is_websocket_upgrade(flow.request.headers.fields):
            _rewrite(flow.request.headers, choice.route)

    def server_connected(self, data: ServerConnectionHookData) -> None:
        if data.server.id in self._through:
            data.server.peername = None  # it is the proxy's, not the target's

    def server_disconnected(self, data: ServerConnectionHookData) -> None:
        self._through.discard(data.server.id)

    def client_disconnected(self, client: Client) -> None:
        self._facts.pop(client.id, None)

    # --- what is known ---

    def _facts_of(self, client: Client) -> _Facts:
        return self._facts.setdefault(client.id, _Facts())

    def _note_user(self, flow: http.HTTPFlow, facts: _Facts) -> None:
        """mitmproxy's own authentication has looked already, and taken the header away."""
        user = flow.metadata.get("proxyauth", ("",))[0]
        if not user:
            authorization = flow.request.headers.get("Proxy-Authorization", "")
            user = _basic_user(authorization)
            if user and any(route.key and route.key.kind == "proxy-user" for route in self.routes):
                del flow.request.headers["Proxy-Authorization"]  # it was for us
        if user:
            facts.user = user

    def _key(self, route: Route, client: Client, facts: _Facts) -> str:
        if route.key is None:
            return ""
        if route.key.kind == "client":
            return str(client.peername[0])
        if route.key.kind == "header":
            name = route.key.header.lower()
            return facts.request.get(name) or facts.connect.get(name, "")
        if not facts.user:
            known = ctx.master.addons.get("proxyauth")
            facts.user = known.authenticated.get(client, ("",))[0] if known else ""
        return facts.user

    # --- choosing ---

    def _fitting(self, client: Client, address: Address) -> Choice:
        """The route that counts, and the key; its proxy is chosen when a connection is opened."""
        facts = self._facts_of(client)
        host, port = address[0].lower().rstrip("."), address[1]
        for route in self.routes:
            if (
                (not route.hosts or any(fnmatchcase(host, glob) for glob in route.hosts))
                and (not route.ports or port in route.ports)
                and (not route.paths or any(fnmatchcase(facts.path, glob) for glob in route.paths))
            ):
                return Choice(route, key=self._key(route, client, facts))
        return Choice()

    def choose(self, client: Client, address: Address) -> Choice:
        """For a connection that is opened now. Raises DialFailed where its key is missing."""
        facts = self._facts_of(client)
        choice = self._fitting(client, address)
        before = facts.chosen.get(address)
        if before is not None and (before.key, before.route) == (choice.key, choice.route):
            return before
        route = choice.route
        if route is None:
            return choice
        by_key = route.choose == "key" or any(one.wants_key for one in route.via)
        if by_key and not _KEY.fullmatch(choice.key):
            what = "no" if not choice.key else "an unfit"
            raise socks.DialFailed(
                "key", f"the route {route.name} needs a key, and there is {what} {route.key}"
            )
        choice = Choice(route, self._upstream(route, choice.key), choice.key)
        facts.chosen[address] = choice
        return choice

    def _upstream(self, route: Route, key: str) -> Upstream:
        if len(route.via) == 1:
            return route.via[0]
        if route.choose == "key":  # by weight: without one proxy only its own keys move
            return max(route.via, key=lambda one: _weight(one.label, key))
        self._turns[route.name] += 1
        return route.via[(self._turns[route.name] - 1) % len(route.via)]

    # --- opening ---

    async def dial(
        self, client: Client, server: Server, local_addr: Address | None
    ) -> socks.Streams:
        """Opens a server connection in mitmproxy's place. Raises OSError."""
        assert server.address is not None
        address = server.address[0], server.address[1]
        if address in self.direct:
            return await socks.dial(_DIRECT, address, "", local_addr)
        choice = Choice()
        try:
            choice = self.choose(client, address)
            if choice.upstream.kind != "direct":
                self._through.add(server.id)
            streams = await socks.dial(choice.upstream, address, choice.key, local_addr)
        except OSError as error:
            self._through.discard(server.id)
            reason = error.reason if isinstance(error, socks.DialFailed) else "unreachable"
            self._count(choice, reason)
            if isinstance(error, socks.DialFailed):
                self._tell(str(error))
                self.explained(server.id)
            raise
        self._count(choice, "ok")
        return streams

    def _count(self, choice: Choice, outcome: str) -> None:
        route = choice.route.name if choice.route is not None else ""
        self.dials[route, choice.upstream.label, outcome] += 1

    def _tell(self, say: str) -> None:
        """Each trouble once: a storm of them is in the metrics."""
        if say not in self._said and len(self._said) < 1000:
            self._said.add(say)
            self.problem(say)


def _rewrite(headers: http.Headers, route: Route) -> None:
    """Byte-exact: a header that is there is replaced in its place, others come last."""
    wanted = dict(route.headers)
    if route.subprotocol is not None:
        wanted[b"Sec-WebSocket-Protocol"] = route.subprotocol
    if not wanted:
        return
    by_name = {name.lower(): (name, value) for name, value in wanted.items()}
    fields: list[tuple[bytes, bytes]] = []
    placed: set[bytes] = set()
    for name, value in headers.fields:
        new = by_name.get(name.lower())
        if new is None:
            fields.append((name, value))
        elif new[1] is not None and name.lower() not in placed:
            fields.append((new[0], new[1]))
        placed.add(name.lower())
    fields += [
        (name, value)
        for name, value in wanted.items()
        if value is not None and name.lower() not in placed
    ]
    headers.fields = tuple(fields)


def _headers(flow: http.HTTPFlow) -> dict[str, str]:
    return {name.lower(): value for name, value in flow.request.headers.items()}


def _basic_user(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(token, validate=True).decode().partition(":")[0]
    except (binascii.Error, ValueError):
        return ""


def _weight(label: str, key: str) -> bytes:
    return hashlib.sha256(f"{label}\n{key}".encode()).digest()
