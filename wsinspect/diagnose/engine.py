"""The diagnosis: events in, diagnoses out.

Owns: the connections that are open, the order in which the parts look at an event, and the time,
which is that of the newest event or of who calls :meth:`advance`. The same events give the same
diagnoses live and from a log. Must not know: a clock, files, sockets, JSON.

It only ever sees openings and ends; what their frames say about pings and sizes comes with the
end. So a frame costs nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence

from wsinspect.diagnose.cuts import Cuts
from wsinspect.diagnose.drains import GOING_AWAY, SERVICE_RESTART, Drains
from wsinspect.diagnose.facts import Ended, Opened
from wsinspect.diagnose.findings import Findings
from wsinspect.diagnose.herds import Herds
from wsinspect.diagnose.instants import Instants
from wsinspect.diagnose.pongs import Pongs, Risks
from wsinspect.diagnose.sequences import Sequences
from wsinspect.diagnose.sessions import SESSION_NAMES, Sessions
from wsinspect.diagnose.sizes import MESSAGE_TOO_BIG, Sizes
from wsinspect.diagnose.upgrades import Upgrades
from wsinspect.model.diagnosis import PONG_DEADLINE_MS, Diagnosis

__all__ = ["Diagnoser"]


class Diagnoser:
    """One for a proxy's life, or a log."""

    def __init__(
        self,
        *,
        pong_deadline_ms: float = PONG_DEADLINE_MS,
        session_names: Sequence[str] = SESSION_NAMES,
    ) -> None:
        self.findings = Findings()
        self._open: dict[str, int] = {}  # connections by host
        self._cuts = Cuts(self.findings)
        self._instants = Instants(self.findings, self._cuts, self._open_on)
        self._drains = Drains(self.findings, self._open_on)
        self._herds = Herds(self.findings)
        self._upgrades = Upgrades(self.findings)
        self._pongs = Pongs(self.findings, pong_deadline_ms)
        self._risks = Risks(self.findings)
        self._sessions = Sessions(self.findings, session_names)
        self._sequences = Sequences(self.findings)
        self._sizes = Sizes(self.findings)
        self._now_us = 0

    def _open_on(self, host: str) -> int:
        return self._open.get(host, 0)

    def opened(self, opened: Opened) -> None:
        """A handshake is over; with 101 the connection is open."""
        if opened.at_us > self._now_us:
            self.advance(opened.at_us)
        if opened.status == 101:
            self._open[opened.host] = self._open.get(opened.host, 0) + 1
        self._herds.opened(opened, self._now_us)
        self._upgrades.opened(opened, self._now_us)
        self._sessions.opened(opened, self._now_us)

    def lost(self, opened: Opened) -> None:
        """It will have no end on record: the proxy that had it is gone."""
        left = self._open.get(opened.host, 0) - 1
        if left > 0:
            self._open[opened.host] = left
        else:
            self._open.pop(opened.host, None)

    def ended(self, end: Ended) -> list[str]:
        """Returns the kinds that are known of this end now: its ``diagnosis`` on record."""
        last_us = max(end.at_us, end.end_us)
        if last_us > self._now_us:
            self.advance(last_us)
        now_us = self._now_us
        host = end.opened.host
        self.lost(end.opened)
        # What has nothing to say is not asked: a log has millions of such ends.
        if end.opened.session is not None:
            self._sessions.ended(end, end.opened.session)
        if end.cause != "policy" and (end.initiator != "client" or end.code == 1006):
            self._herds.ended(end)
        self._cuts.survived(end)
        self._pongs.ended(end, now_us)
        if end.framing is not None or end.code == MESSAGE_TOO_BIG:
            self._sizes.ended(end, now_us)
        kinds = self._cuts.kinds(end) if end.abrupt else []
        if end.abrupt:
            self._instants.add(end, now_us)
        elif end.initiator == "server" and end.code in (GOING_AWAY, SERVICE_RESTART):
            self._drains.add(end, now_us)
            if any(self.findings.has(id_) for id_ in self._drains.current(host)):
                kinds.append("drain")
        if end.code == MESSAGE_TOO_BIG:
            kinds.append("oversize")
        if end.keepalive is not None and end.keepalive.interval_s > 0:
            self._risks.ended(end, end.keepalive)
        return kinds

    def session(self, opened: Opened, session: str) -> None:
        """A first message said which session this is (a keyed hash)."""
        if opened.session is None:
            opened.session = session
            self._sessions.seen(opened, session, self._now_us)

    def number(self, opened: Opened, number: int) -> None:
        """A message that the server sent on this connection counts so."""
        self._sequences.number(opened, number, self._now_us)

    def advance(self, now_us: int) -> None:
        """It is this late now; time never goes back."""
        if now_us > self._now_us:
            self._now_us = now_us
            if now_us > self._instants.due_us:
                self._instants.advance(now_us)
            if now_us >= self._upgrades.due_us:
                self._upgrades.advance(now_us)

    def finish(self) -> None:
        """No more events: what was waited for is decided with what is there."""
        self._instants.advance(self._now_us, all_of_them=True)
        self._upgrades.advance(self._now_us, all_of_them=True)
        self._pongs.finish(self._now_us)
        self._judge_risks()

    def due(self) -> list[Diagnosis]:
        """What should be told now."""
        self._judge_risks()
        return self.findings.due(self._now_us)

    def _judge_risks(self) -> None:
        for host, limits_us in self._cuts.all_limits().items():
            self._risks.judge(host, limits_us, self._now_us)
