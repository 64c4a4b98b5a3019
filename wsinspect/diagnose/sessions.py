"""Sessions that come back to another server: sticky routing that does not stick.

Owns: where a session id is (a query parameter; a cookie or first message come as keyed hashes),
and remembering which server and client had it. Must not know: cookies.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from wsinspect.diagnose.facts import SECOND, Ended, Opened
from wsinspect.diagnose.findings import Findings, counted, seconds, when
from wsinspect.model.diagnosis import Confidence, Diagnosis

__all__ = ["SESSION_NAMES", "Sessions", "is_masked", "session_in", "session_pattern"]

#: Query parameters and cookies that hold a session id; configurable.
SESSION_NAMES: tuple[str, ...] = (
    "sid",
    "session",
    "sessionid",
    "session_id",
    "jsessionid",
    "connect.sid",
    "phpsessid",
)
_MOVED_WITHIN_US = 60 * SECOND
_KEPT = 100_000
_MASKED = re.compile(r"\*{2,}|\[REDACTED|tok_")


def session_pattern(names: Sequence[str]) -> re.Pattern[str]:
    """Finds the first of the parameters with a value in a query."""
    known = "|".join(map(re.escape, names)) or "(?!)"
    return re.compile(rf"[?&]({known})=([^&#]+)", re.IGNORECASE)


def is_masked(session: str) -> bool:
    """What a rule has masked is none: many sessions would look alike."""
    return _MASKED.search(session) is not None


def session_in(uri: str, pattern: re.Pattern[str]) -> str | None:
    """The session id in a request target's query, with its name; None if there is none."""
    found = pattern.search(uri) if "?" in uri else None
    if found is None or is_masked(found[2]):
        return None
    return f"{found[1].lower()}={found[2]}"


class _Session:
    __slots__ = ("client", "last_us", "live", "server")

    def __init__(self, server: str, client: str, last_us: int) -> None:
        self.server = server
        self.client = client
        self.last_us = last_us
        self.live = 1


class _Host:
    __slots__ = (
        "back",
        "broken",
        "first_us",
        "flow_ids",
        "last_us",
        "moved",
        "sessions",
    )

    def __init__(self) -> None:
        self.back = 0  # connections with a session that was seen before
        self.broken = 0  # of these, at another server
        self.moved = 0  # from another client address
        self.first_us = self.last_us = 0
        self.flow_ids: list[int] = []
        self.sessions: set[str] = set()


class Sessions:
    def __init__(self, findings: Findings, names: Sequence[str] = SESSION_NAMES) -> None:
        self._findings = findings
        self._pattern = session_pattern(names)
        self._sessions: dict[tuple[str, str], _Session] = {}
        self._hosts: dict[str, _Host] = {}

    def opened(self, opened: Opened, now_us: int) -> None:
        session = opened.session or session_in(opened.uri, self._pattern)
        if session is not None and opened.status == 101:
            opened.session = session
            self.seen(opened, session, now_us)

    def seen(self, opened: Opened, session: str, now_us: int) -> None:
        """This connection is of this session."""
        key = opened.host, session
        known = self._sessions.pop(key, None)
        if known is None:
            if len(self._sessions) >= _KEPT:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[key] = _Session(opened.server, opened.client, opened.at_us)
            return
        self._sessions[key] = known  # the newest last
        host = self._hosts.setdefault(opened.host, _Host())
        host.back += 1
        broken = bool(known.server and opened.server) and known.server != opened.server
        moved = known.client != opened.client and (
            known.live > 0 or opened.at_us - known.last_us < _MOVED_WITHIN_US
        )
        known.server, known.client, known.last_us = opened.server, opened.client, opened.at_us
        known.live += 1
        if broken or moved:
            host.broken += broken
            host.moved += moved
            host.first_us = host.first_us or opened.at_us
            host.last_us = opened.at_us
            if len(host.sessions) < 1000:
                host.sessions.add(session)
            if len(host.flow_ids) < 16:
                host.flow_ids.append(opened.flow_id)
            self._findings.put(_diagnosis(opened.host, host), now_us)

    def ended(self, end: Ended, session: str) -> None:
        known = self._sessions.get((end.opened.host, session))
        if known is not None:
            known.live -= 1
            known.last_us = max(known.last_us, end.end_us)


def _diagnosis(name: str, host: _Host) -> Diagnosis:
    confidence: Confidence = "low"
    if len(host.sessions) >= 3 and host.broken >= 3:
        confidence = "high" if host.broken >= 10 and host.broken > 0.5 * host.back else "medium"
    count = max(host.broken, host.moved)
    parts = []
    if host.broken:
        parts.append(f"{host.broken} reached another server than before")
    if host.moved:
        parts.append(f"{host.moved} came from another client address")
    return Diagnosis(
        kind="sticky-broken",
        confidence=confidence,
        host=name,
        count=count,
        evidence={
            "returned_connections": host.back,
            "other_server_connections": host.broken,
            "other_client_connections": host.moved,
            "sessions": len(host.sessions),
            "over_s": seconds(host.last_us - host.first_us),
        },
        candidates=[],
        say=(
            f"Of {counted(host.back, 'connection')} that came back with a known session id, "
            f"{' and '.join(parts)}."
        ),
        advice=(
            "Route by the session id (a cookie, or a hash of the query parameter), or share "
            "sessions between servers."
            if host.broken
            else "A hop that hashes the client address sends such a session elsewhere: route by "
            "the session id."
        ),
        flow_ids=list(host.flow_ids),
        id=f"sticky-broken:{name}",
        first=when(host.first_us),
        last=when(host.last_us),
    )
