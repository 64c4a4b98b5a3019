"""Opening handshakes that lose something on their way (RFC 6455 §4).

Owns: which findings and which answers say that a header was lost, and where. Must not know:
headers themselves; the handshake's findings (``protocol/handshake.py``) come as codes.

Told per host and cause: a hop that loses headers spoils every path, and is one thing to mend.

An answer of 401, 403, 404, 429 or 5xx says something else. 400 and 200 say it only where the same
path never answered 101, and only after a while: the next handshake may be fine.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from wsinspect.diagnose.facts import SECOND, Opened
from wsinspect.diagnose.findings import Findings, counted, seconds, when
from wsinspect.model.diagnosis import Candidate, Confidence, Diagnosis, PathFacts

__all__ = ["Upgrades"]

_WAIT_US = 30 * SECOND
_NEVER_US = 1 << 62
_ANSWERS = (200, 400, 426, 505)
_PLAIN = (426, 505)  # nothing else is meant by them
_KEPT = 10_000
_MANY = 10
_PATHS = 64  # of a host
_NAMED = 3  # of them, in words
_LONG = 60  # characters

# Of a 101 that is not right: the finding, and what is wrong in words.
_WRONG: dict[str, str] = {
    "accept-missing": "the answer has no Sec-WebSocket-Accept",
    "accept-wrong": "Sec-WebSocket-Accept does not answer the client's key",
    "accept-repeated": "the answer has Sec-WebSocket-Accept more than once",
    "response-upgrade-missing": "the answer's Upgrade header was lost",
    "response-connection-missing": "the answer's Connection header does not name Upgrade",
    "subprotocol-not-offered": "the server chose a subprotocol that the client did not offer",
    "extension-not-offered": "the server chose an extension that the client did not offer",
}
_LOST_BEFORE: dict[str, str] = {
    "request-upgrade-missing": "the request came without Upgrade",
    "request-connection-missing": "the request came without Connection: Upgrade",
    "key-missing": "the request came without Sec-WebSocket-Key",
    "version-missing": "the request came without Sec-WebSocket-Version",
}

_NGINX = Candidate(
    "nginx without proxy_set_header Upgrade/Connection",
    None,
    "https://nginx.org/en/docs/http/websocket.html",
)
_H2 = Candidate(
    "an HTTP/2 hop without RFC 8441", None, "https://www.rfc-editor.org/rfc/rfc8441#section-3"
)


type _Cause = tuple[str, str, bool]  # a status or finding; lost before this proxy; version


@dataclass(slots=True)
class _Odd:
    """Handshakes of one path that went wrong in one way."""

    count: int = 0
    added: int = 0  # of these, what the host's finding has
    first_us: int = 0
    last_us: int = 0
    flow_ids: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Path:
    good: int = 0
    odd: dict[_Cause, _Odd] = field(default_factory=dict)


@dataclass(slots=True)
class _Lost:
    """What is told of a host and one cause. A misconfigured hop spoils all of its paths."""

    status: int
    count: int = 0
    first_us: int = 0
    last_us: int = 0
    paths: dict[str, int] = field(default_factory=dict)
    more_paths: bool = False
    flow_ids: list[int] = field(default_factory=list)


class Upgrades:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._paths: dict[tuple[str, str], _Path] = {}
        self._lost: dict[tuple[str, _Cause], _Lost] = {}
        self._waiting: dict[tuple[str, str, _Cause], int] = {}  # until when
        self.due_us = _NEVER_US
        self._good: set[str] = set()  # hosts that answer 101 on some path

    def opened(self, opened: Opened, now_us: int) -> None:
        key = opened.host, opened.path
        path = self._paths.get(key)
        if path is None:
            if len(self._paths) >= _KEPT:
                del self._paths[next(iter(self._paths))]
            path = self._paths[key] = _Path()
        cause = _cause(opened) if opened.findings or opened.status != 101 else None
        if cause is None:
            if opened.status == 101:
                if not path.good and len(self._good) < _KEPT:
                    self._good.add(opened.host)
                path.good += 1
            return
        odd = _noted(path, cause, opened)
        what, before, _ = cause
        if what in _WRONG or before or opened.status in _PLAIN:
            self._tell(key, cause, odd, now_us)
            return
        waiting = (*key, cause)
        self._waiting.setdefault(waiting, opened.at_us + _WAIT_US)
        self.due_us = min(self._waiting.values())
        if odd.count >= 3:
            self._judge(waiting, now_us)

    def advance(self, now_us: int, *, all_of_them: bool = False) -> None:
        if not self._waiting or (now_us < self.due_us and not all_of_them):
            return
        for waiting, until_us in list(self._waiting.items()):
            if all_of_them or now_us >= until_us:
                self._judge(waiting, now_us)
                self._waiting.pop(waiting, None)
        self.due_us = min(self._waiting.values(), default=_NEVER_US)

    def _judge(self, waiting: tuple[str, str, _Cause], now_us: int) -> None:
        host, name, cause = waiting
        path = self._paths.get((host, name))
        odd = None if path is None else path.odd.get(cause)
        if path is None or odd is None or path.good:
            return
        # On a host that is fine otherwise, a bad request now and then is a bad client's.
        if host not in self._good or odd.count >= (_MANY if cause[0] == "400" else 3):
            self._tell((host, name), cause, odd, now_us)

    def _tell(self, key: tuple[str, str], cause: _Cause, odd: _Odd, now_us: int) -> None:
        host, path = key
        lost = self._lost.get((host, cause))
        if lost is None:
            if len(self._lost) >= _KEPT:
                del self._lost[next(iter(self._lost))]
            status = int(cause[0]) if cause[0].isdecimal() else 101
            lost = self._lost[host, cause] = _Lost(status, first_us=odd.first_us)
        new, odd.added = odd.count - odd.added, odd.count
        lost.count += new
        lost.first_us = min(lost.first_us, odd.first_us)
        lost.last_us = max(lost.last_us, odd.last_us)
        if path in lost.paths or len(lost.paths) < _PATHS:
            lost.paths[path] = lost.paths.get(path, 0) + new
        else:
            lost.more_paths = True
        if len(lost.flow_ids) < 16:
            known = set(lost.flow_ids)
            lost.flow_ids += [one for one in odd.flow_ids if one not in known]
            del lost.flow_ids[16:]
        id_ = ":".join(("upgrade-lost", host, *filter(None, cause[:2]), *["version"] * cause[2]))
        self._findings.grow(id_, lambda: _diagnosis(id_, host, cause, lost), now_us)


def _cause(opened: Opened) -> _Cause | None:
    """What is wrong with a handshake; None where nothing is, or nothing that is about headers."""
    if opened.status == 101:
        wrong = next((code for code in opened.findings if code in _WRONG), None)
        return None if wrong is None else (wrong, "", False)
    if opened.status not in _ANSWERS:
        return None
    before = next((code for code in opened.findings if code in _LOST_BEFORE), "")
    version = not before and "version-not-13" in opened.findings
    return str(opened.status), before, version


def _noted(path: _Path, cause: _Cause, opened: Opened) -> _Odd:
    odd = path.odd.get(cause)
    if odd is None:
        odd = path.odd[cause] = _Odd(first_us=opened.at_us)
    odd.count += 1
    odd.last_us = opened.at_us
    if len(odd.flow_ids) < 16:
        odd.flow_ids.append(opened.flow_id)
    return odd


def _diagnosis(id_: str, host: str, cause: _Cause, lost: _Lost) -> Diagnosis:
    what, before, version = cause
    confidence: Confidence = "medium"
    if what in _WRONG or before or (lost.status in _PLAIN and not version):
        confidence = "high" if lost.count >= 2 or what in _WRONG else "medium"
    elif lost.count < 3:
        confidence = "low"
    say, advice = _words(cause, lost)
    return Diagnosis(
        kind="upgrade-lost",
        confidence=confidence,
        host=host,
        count=lost.count,
        evidence={
            "status": lost.status,
            "over_s": seconds(lost.last_us - lost.first_us),
            "paths": len(lost.paths),
        },
        candidates=[] if what in _WRONG or version else [_NGINX, _H2],
        say=say,
        advice=advice,
        flow_ids=list(lost.flow_ids),
        id=id_,
        first=when(lost.first_us),
        last=when(lost.last_us),
        paths=[
            PathFacts(path, count)
            for path, count in sorted(lost.paths.items(), key=lambda one: -one[1])
        ],
    )


def _where(lost: _Lost) -> str:
    """``/ws``, ``3 paths (/a, /b, /c)``, ``more than 64 paths (/a, /b, /c, …)``."""
    paths = [path if len(path) <= _LONG else path[: _LONG - 1] + "…" for path in lost.paths]
    if len(paths) == 1:
        return paths[0]
    named = ", ".join(paths[:_NAMED]) + (", …" if len(paths) > _NAMED else "")
    return f"{'more than ' if lost.more_paths else ''}{len(paths)} paths ({named})"


def _words(cause: _Cause, lost: _Lost) -> tuple[str, str]:
    wrong, before, version = cause
    times = f"{counted(lost.count, 'handshake')} on {_where(lost)}"
    if wrong in _WRONG:
        say = f"{times} got a 101 that is not right: {_WRONG[wrong]}. Browsers refuse it."
        advice = (
            "Something between here and the server answers in its place, caches, or rewrites "
            "headers: ask the server directly, and compare."
        )
    elif before:
        say = (
            f"{times} reached this proxy incomplete: {_LOST_BEFORE[before]} (the answer was "
            f"{lost.status}). It was lost between the client and here."
        )
        advice = "Let the hop in front of this proxy pass Upgrade and Connection on."
    elif version:
        say = f"{times} asked for another version than 13 and got {lost.status}."
        advice = "Use a client that speaks version 13 (RFC 6455)."
    else:
        what = "lost the Upgrade header"
        if lost.status == 505:
            what = "spoke HTTP/1.0, which has no Upgrade header"
        one = "the path has" if len(lost.paths) == 1 else "these paths have"
        say = (
            f"{times}: the client sent Upgrade and Connection, this proxy passed them on, and the "
            f"answer was {lost.status}: behind this proxy a hop {what}, or {one} no WebSocket."
        )
        advice = (
            "nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
            'proxy_set_header Connection "upgrade"; on every hop.'
        )
    return say, advice
