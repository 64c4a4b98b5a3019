"""Opening handshakes that lose something on their way (RFC 6455 §4).

Owns: which findings and which answers say that a header was lost, and where. Must not know:
headers themselves; the handshake's findings (``protocol/handshake.py``) come as codes.

An answer of 401, 403, 404, 429 or 5xx says something else. 400 and 200 say it only where the same
path never answered 101, and only after a while: the next handshake may be fine.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from wsinspect.diagnose.facts import SECOND, Opened, path_of
from wsinspect.diagnose.findings import Findings, counted, seconds, when
from wsinspect.model.diagnosis import Candidate, Confidence, Diagnosis

__all__ = ["Upgrades"]

_WAIT_US = 30 * SECOND
_NEVER_US = 1 << 62
_ANSWERS = (200, 400, 426, 505)
_PLAIN = (426, 505)  # nothing else is meant by them
_KEPT = 10_000
_MANY = 10

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


@dataclass(slots=True)
class _Path:
    good: int = 0
    odd: dict[str, _Odd] = field(default_factory=dict)  # by what is wrong


@dataclass(slots=True)
class _Odd:
    what: str  # a status or finding
    count: int = 0
    first_us: int = 0
    last_us: int = 0
    status: int = 0
    before: list[str] = field(default_factory=list)  # lost before this proxy
    version: bool = False
    flow_ids: list[int] = field(default_factory=list)


class Upgrades:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._paths: dict[tuple[str, str], _Path] = {}
        self._waiting: dict[tuple[str, str, str], int] = {}  # until when
        self.due_us = _NEVER_US
        self._good: set[str] = set()  # hosts that answer 101 on some path

    def opened(self, opened: Opened, now_us: int) -> None:
        key = opened.host, path_of(opened.uri)
        path = self._paths.get(key)
        if path is None:
            if len(self._paths) >= _KEPT:
                del self._paths[next(iter(self._paths))]
            path = self._paths[key] = _Path()
        if opened.status == 101:
            wrong = [code for code in opened.findings if code in _WRONG]
            if not wrong:
                path.good += 1
                if len(self._good) < _KEPT:
                    self._good.add(opened.host)
                return
            self._tell(key, _noted(path, wrong[0], opened), now_us)
        elif opened.status in _ANSWERS:
            odd = _noted(path, str(opened.status), opened)
            before = [code for code in opened.findings if code in _LOST_BEFORE]
            odd.before = odd.before or before
            odd.version = odd.version or "version-not-13" in opened.findings
            if before or opened.status in _PLAIN:
                self._tell(key, odd, now_us)
            else:
                waiting = (*key, odd.what)
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

    def _judge(self, waiting: tuple[str, str, str], now_us: int) -> None:
        host, name, what = waiting
        path = self._paths.get((host, name))
        odd = None if path is None else path.odd.get(what)
        if path is None or odd is None or path.good:
            return
        # On a host that is fine otherwise, a bad request now and then is a bad client's.
        if host not in self._good or odd.count >= (_MANY if odd.status == 400 else 3):
            self._tell((host, name), odd, now_us)

    def _tell(self, key: tuple[str, str], odd: _Odd, now_us: int) -> None:
        host, path = key
        lost = odd.before[0] if odd.before else ""
        confidence: Confidence = "medium"
        if odd.what in _WRONG or (odd.status in _PLAIN and not odd.version) or lost:
            confidence = "high" if odd.count >= 2 or odd.what in _WRONG else "medium"
        elif odd.count < 3:
            confidence = "low"
        say, advice = _words(odd, lost, path)
        self._findings.put(
            Diagnosis(
                kind="upgrade-lost",
                confidence=confidence,
                host=host,
                count=odd.count,
                evidence={
                    "status": odd.status,
                    "over_s": seconds(odd.last_us - odd.first_us),
                },
                candidates=[] if odd.what in _WRONG or odd.version else [_NGINX, _H2],
                say=say,
                advice=advice,
                flow_ids=list(odd.flow_ids),
                id=f"upgrade-lost:{host}:{path}:{odd.what}",
                first=when(odd.first_us),
                last=when(odd.last_us),
            ),
            now_us,
        )


def _noted(path: _Path, what: str, opened: Opened) -> _Odd:
    odd = path.odd.get(what)
    if odd is None:
        odd = path.odd[what] = _Odd(what, first_us=opened.at_us, status=opened.status)
    odd.count += 1
    odd.last_us = opened.at_us
    if len(odd.flow_ids) < 16:
        odd.flow_ids.append(opened.flow_id)
    return odd


def _words(odd: _Odd, lost: str, path: str) -> tuple[str, str]:
    times = f"{counted(odd.count, 'handshake')} on {path}"
    if odd.what in _WRONG:
        say = f"{times} got a 101 that is not right: {_WRONG[odd.what]}. Browsers refuse it."
        advice = (
            "Something between here and the server answers in its place, caches, or rewrites "
            "headers: ask the server directly, and compare."
        )
    elif lost:
        say = (
            f"{times} reached this proxy incomplete: {_LOST_BEFORE[lost]} (the answer was "
            f"{odd.status}). It was lost between the client and here."
        )
        advice = "Let the hop in front of this proxy pass Upgrade and Connection on."
    elif odd.version:
        say = f"{times} asked for another version than 13 and got {odd.status}."
        advice = "Use a client that speaks version 13 (RFC 6455)."
    else:
        what = "lost the Upgrade header"
        if odd.status == 505:
            what = "spoke HTTP/1.0, which has no Upgrade header"
        say = (
            f"{times}: the client sent Upgrade and Connection, this proxy passed them on, and the "
            f"answer was {odd.status}: behind this proxy a hop {what}, or the path has no "
            "WebSocket."
        )
        advice = (
            "nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
            'proxy_set_header Connection "upgrade"; on every hop.'
        )
    return say, advice
