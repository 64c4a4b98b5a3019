"""What is worth knowing of a host and nobody's fault: a report's remarks, never a diagnosis.

Owns: how its messages come in fragments (a buffer's size on the way shows so), and which of its
clients' messages had no answer: whoever only sends is fine, whoever waits is not. Must not know:
how it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from wsinspect.diagnose.facts import Ended
from wsinspect.model.framing import Framing, of_direction

__all__ = ["Remark", "Remarks"]

_HOSTS = 10_000
_LENGTHS = 64
_FEWEST = 2  # fragments alike
_MOST = 0.9  # of all fragments: then it is a buffer's size


class Remark(Struct):
    """``count``: connections."""

    what: Literal["fragments", "unanswered", "never-answered"]
    host: str
    count: int
    evidence: dict[str, int]
    say: str


class _Fragments:
    """Of one direction."""

    __slots__ = ("connections", "frame_max_len", "fragments", "lengths", "messages")

    def __init__(self) -> None:
        self.connections = 0
        self.messages = 0
        self.fragments = 0
        self.lengths: dict[int, int] = {}  # how many fragments have it
        self.frame_max_len = 0  # also of messages in one frame

    def add(self, framing: Framing) -> None:
        self.frame_max_len = max(self.frame_max_len, framing.frame_max_len, framing.fragment_len)
        if not framing.fragments:
            return
        self.connections += 1
        self.messages += framing.fragmented
        self.fragments += framing.fragments
        length = framing.fragment_len
        if length in self.lengths or len(self.lengths) < _LENGTHS:
            self.lengths[length] = self.lengths.get(length, 0) + framing.fragments_alike

    def remark(self, host: str, way: str) -> Remark | None:
        if not self.messages:
            return None
        length, alike = max(self.lengths.items(), key=lambda one: one[1])
        evidence = {"messages": self.messages, "fragments": self.fragments}
        messages = f"{self.messages:,} message{'s' if self.messages > 1 else ''} {way}"
        if alike >= _FEWEST and alike >= _MOST * self.fragments:
            evidence |= {"fragment_len": length, "frame_max_len": self.frame_max_len}
            whole = self.frame_max_len <= length
            say = (
                f"{messages} came in fragments of {length:,} bytes"
                f"{', as did every longer one' if whole else ''}: a buffer of that size on the way."
            )
        else:
            say = f"{messages} came in fragments of many sizes ({self.fragments:,} in all)."
        return Remark("fragments", host, self.connections, evidence, say)


class _Host:
    __slots__ = (
        "abrupt",
        "answered",
        "connections",
        "fragments",
        "sent",
        "unanswered",
    )

    def __init__(self) -> None:
        self.connections = 0  # whose clients sent messages
        self.sent = 0
        self.answered = False
        self.unanswered = 0  # connections
        self.abrupt = 0  # of these, without a Close frame
        self.fragments: tuple[_Fragments, _Fragments] | None = None


class Remarks:
    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}

    def ended(self, end: Ended) -> None:
        name = end.opened.host
        host = self._hosts.get(name)
        if host is None:
            if len(self._hosts) >= _HOSTS:
                return
            host = self._hosts[name] = _Host()
        sent = end.to_server.messages
        if sent:
            host.connections += 1
            host.sent += sent
        if end.to_client.messages:
            host.answered = True
        keepalive = end.keepalive
        if sent and keepalive is not None and keepalive.last_to_server:
            host.unanswered += 1
            host.abrupt += end.abrupt
        if end.framing is not None:
            self._framing(host, end)

    def _framing(self, host: _Host, end: Ended) -> None:
        for to_client in (False, True):
            framing = of_direction(end.framing, to_client=to_client)
            if framing is not None:
                if host.fragments is None:
                    host.fragments = _Fragments(), _Fragments()
                host.fragments[to_client].add(framing)

    def all(self) -> Iterator[Remark]:
        """Those with most connections first."""
        found = [one for name, host in self._hosts.items() for one in _of(name, host)]
        return iter(sorted(found, key=lambda one: -one.count))


def _of(name: str, host: _Host) -> Iterator[Remark]:
    connections = f"{host.connections:,} connection{'s' if host.connections > 1 else ''}"
    if host.sent and not host.answered:
        yield Remark(
            "never-answered", name, host.connections, {"messages": host.sent},
            f"the server never sent a message, though clients sent {host.sent:,} on {connections}.",
        )  # fmt: skip
    elif host.unanswered:
        abrupt = f", {host.abrupt:,} of them without a Close frame" if host.abrupt else ""
        yield Remark(
            "unanswered", name, host.unanswered, {"without_close": host.abrupt},
            f"{host.unanswered:,} of {connections} ended before the client's last message had an "
            f"answer{abrupt}.",
        )  # fmt: skip
    for to_client, fragments in enumerate(host.fragments or ()):
        remark = fragments.remark(name, "to the client" if to_client else "to the server")
        if remark is not None:
            yield remark
