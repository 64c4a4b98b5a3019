"""Findings of the opening handshake: the sentence of `protocol.handshake`, its source, advice.

The sentences end with their source in brackets; it is taken from there, so that there is one text.
"""

import re

from wsinspect.protocol.handshake import FINDINGS
from wsinspect.tui.explain.explanation import Explanation

_SOURCE = re.compile(r"\s*\(RFC (\d+) section ([\d.]+)\)\.$")

_HOP = "A hop on the way may have changed it: compare with a connection that goes there directly."
_CLIENT = "The client is home-made, or not a WebSocket client."
_SERVER = "The server, or a gateway in front of it, builds this answer by hand."
_ADVICE: dict[str, str] = {
    "method-not-get": _CLIENT,
    "http-version": "nginx: set `proxy_http_version 1.1`.",
    "host-missing": _CLIENT,
    "host-repeated": "Two hops may read two different hosts: a way around rules by host.",
    "request-upgrade-missing": "nginx: `proxy_set_header Upgrade $http_upgrade`.",
    "request-upgrade-others": "Have the client send `Upgrade: websocket` alone.",
    "request-connection-missing": 'nginx: `proxy_set_header Connection "upgrade"`.',
    "key-missing": _CLIENT,
    "key-repeated": _HOP,
    "key-malformed": _CLIENT,
    "version-missing": _CLIENT,
    "version-repeated": _HOP,
    "version-not-13": "The client is older than 2011; a server answers 426 with its versions.",
    "subprotocol-repeated": "The client's list of subprotocols has a doublet.",
    "response-missing": "The server closed or never answered: is something listening there?",
    "status-not-101": "401, 403: credentials. 404: the path. 400, 426: a hop lost the Upgrade "
    "header. 502, 503: nothing behind the gateway.",
    "response-upgrade-missing": _SERVER,
    "response-upgrade-others": _SERVER,
    "response-connection-missing": _SERVER,
    "accept-missing": _SERVER,
    "accept-repeated": _HOP,
    "accept-wrong": "A cache answered, or a hop changed the key. Strict clients fail here.",
    "subprotocol-not-offered": "Browsers fail here: have the server choose from the list, or none.",
    "subprotocol-several": _SERVER,
    "extension-header-repeated": _SERVER,
    "extension-not-offered": "Clients have to fail here; a hop may have dropped the offer.",
    "extension-unknown": "Leave it out of the client's offer to see content here.",
    "deflate-chosen-twice": _SERVER,
    "deflate-parameter-unknown": _SERVER,
    "deflate-parameter-repeated": _SERVER,
    "deflate-parameter-value": _SERVER,
    "deflate-window-value": _SERVER,
    "deflate-window-without-value": _SERVER,
    "deflate-client-window-not-offered": _SERVER,
    "deflate-server-window-ignored": "The client needs more memory than it asked for.",
    "deflate-server-takeover-ignored": "The client has to keep a window it wanted spared.",
}


def finding(code: str) -> Explanation | None:
    """One of `protocol.handshake.FINDINGS`."""
    say = FINDINGS.get(code)
    if say is None:
        return None
    source = _SOURCE.search(say)
    where = f"RFC {source[1]} §{source[2]}" if source else "RFC 6455 §4"
    return Explanation(code, _SOURCE.sub(".", say), where, _ADVICE.get(code, ""))


# What an endpoint has to fail the connection for, and what merely may surprise.
_FATAL = frozenset(
    {
        "accept-missing",
        "accept-wrong",
        "deflate-chosen-twice",
        "deflate-parameter-unknown",
        "deflate-parameter-value",
        "deflate-window-value",
        "extension-not-offered",
        "key-malformed",
        "key-missing",
        "request-connection-missing",
        "request-upgrade-missing",
        "response-connection-missing",
        "response-missing",
        "response-upgrade-missing",
        "status-not-101",
        "subprotocol-not-offered",
        "subprotocol-several",
        "version-missing",
        "version-not-13",
    }
)


def severity(code: str) -> str:
    """`error`: an endpoint that obeys the RFC refuses this; `notice`: it may work all the same."""
    return "error" if code in _FATAL else "notice"
