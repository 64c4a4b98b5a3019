"""Why an opening handshake failed, as far as that is known here. Pure; knows no words for it.

A 502 that this proxy made looks like one of the server in the log, but for one thing: an answer
takes time, and where none came there is no `handshake_ms`. What went wrong with the server is told
as a problem, with its place in it, before the handshake fails.
"""

import re

from wsinspect.tui.data.connection import Connection, State

TROUBLES_MAX = 200
_TROUBLE = re.compile(r"(?:cannot reach|no TLS with the server) (\S+): ")
_BAD_GATEWAY = 502


class Troubles:
    """The latest problem with each server, by its place: `host:port`, or a name alone."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def note(self, say: str) -> None:
        """A problem, perhaps one with a server."""
        found = _TROUBLE.match(say)
        if found is None:
            return
        self._said.pop(found[1], None)
        self._said[found[1]] = say
        if len(self._said) > TROUBLES_MAX:
            del self._said[next(iter(self._said))]

    def of(self, connection: Connection) -> str:
        """What is known of the server of a connection that got no answer; or nothing."""
        if not unanswered(connection):
            return ""
        upstream, host = connection.facts.upstream or "", connection.facts.host or ""
        for place in (upstream, host, upstream.rpartition(":")[0], host.rpartition(":")[0]):
            if place and place in self._said:
                return self._said[place]
        return ""


def unanswered(connection: Connection) -> bool:
    """Whether the server gave no answer to the handshake: the 502 is this proxy's own."""
    facts = connection.facts
    refused = connection.state is State.REFUSED
    return refused and facts.status == _BAD_GATEWAY and facts.handshake_ms is None
