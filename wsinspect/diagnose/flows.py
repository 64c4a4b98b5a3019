"""An open connection of a log, and what its frames said.

Owns: what frames, messages and alerts tell where a ``ws_close`` does not: logs of others, with the
contract's fields alone, and what never left. Must not know: lines, how anything is diagnosed.
"""

from __future__ import annotations

from msgspec import Struct

from wsinspect.model.diagnosis import Keepalive, KeepaliveBook
from wsinspect.model.framing import SHORT_LEN, Framing, Framings

__all__ = ["Flow", "Stopped"]

_COMPRESSED = 0x4  # RSV1


class Stopped:
    """Messages that came and did not go on, by why."""

    __slots__ = ("by_rule", "by_script", "frames", "lost")

    def __init__(self) -> None:
        self.frames = 0  # but for Close frames
        self.by_rule = 0
        self.by_script = 0
        self.lost = 0  # as their connection ended

    @property
    def messages(self) -> int:
        return self.by_rule + self.by_script + self.lost


class _Tally:
    """The frames of one direction, as in ``ws_close``'s ``framing``."""

    __slots__ = ("_compressed", "_frames", "_len", "_votes", "framing")

    def __init__(self) -> None:
        self.framing = Framing()
        self._len = self._frames = self._votes = 0
        self._compressed = False

    def frame(self, payload_len: int, *, fin: bool, first: bool, compressed: bool) -> None:
        framing = self.framing
        if payload_len > max(framing.frame_max_len, SHORT_LEN):
            framing.frame_max_len = payload_len
        if first:
            self._len = self._frames = 0
            self._compressed = compressed
        self._len += payload_len
        self._frames += 1
        if not fin:
            self._fragment(payload_len)
            return
        framing.fragmented += self._frames > 1
        if not self._compressed and self._len > max(framing.message_max_len, SHORT_LEN):
            framing.message_max_len = self._len

    @property
    def largest_len(self) -> int | None:
        open_len = 0 if self._compressed else self._len
        return max(self.framing.message_max_len, open_len) or None

    def _fragment(self, payload_len: int) -> None:
        framing = self.framing
        framing.fragments += 1
        if payload_len == framing.fragment_len:
            self._votes += 1
            framing.fragments_alike += 1
        elif self._votes:
            self._votes -= 1
        else:
            framing.fragment_len, self._votes, framing.fragments_alike = payload_len, 1, 1


class _Fate:
    """Data messages of a connection that did not go on, until it is known why."""

    __slots__ = ("blocked", "closed", "ended", "passed", "tail", "told")

    def __init__(self) -> None:
        self.told = False  # there are lines of messages: those of frames do not count
        self.passed = 0  # not forwarded, and later ones were: dropped
        self.tail = [0, 0]  # not forwarded, and none since
        self.ended = 0  # with the action ``close``
        self.blocked = 0  # an alert says so
        self.closed = 0  # an alert says that this ended the connection

    def settle(self, stopped: Stopped) -> None:
        """What rules did not stop, a script did, or the end."""
        stopped.by_rule += self.blocked + self.closed
        dropped = self.passed
        lost = self.ended if self.told else sum(self.tail)
        by_script = max(0, dropped - self.blocked)
        rest = self.closed + max(0, self.blocked - dropped)
        stopped.by_script += by_script
        stopped.lost += max(0, lost - rest)


class Flow(Struct, gc=False):
    """Made with the first line of a connection behind its opening."""

    frames: int = 0
    last_s: int = 0  # of its last frame
    longest_s: int = 0
    last_to_server: bool = False
    book: KeepaliveBook | None = None
    breaches: dict[str, int] | None = None
    _tallies: list[_Tally] | None = None
    _fate: _Fate | None = None
    _blocked_key: tuple[str, int, bool] | None = None

    # --- frames ---

    def data(self, payload_len: int, rsv: int, *, to_client: bool, fin: bool, first: bool) -> None:
        """A data frame; only called where it is long, or not its message's only one."""
        if self._tallies is None:
            self._tallies = [_Tally(), _Tally()]
        self._tallies[to_client].frame(
            payload_len, fin=fin, first=first, compressed=bool(rsv & _COMPRESSED)
        )

    def breach(self, violation: str) -> None:
        if self.breaches is None:
            self.breaches = {}
        self.breaches[violation] = self.breaches.get(violation, 0) + 1

    # --- what did not go on ---

    @property
    def fate(self) -> _Fate:
        if self._fate is None:
            self._fate = _Fate()
        return self._fate

    def stopped_frame(self, *, to_client: bool) -> None:
        """A message's first frame did not go on."""
        if not self.fate.told:
            self.fate.tail[to_client] += 1

    def went_on(self, *, to_client: bool) -> None:
        """A data frame did."""
        fate = self._fate
        if fate is not None and not fate.told and fate.tail[to_client]:
            fate.passed += fate.tail[to_client]
            fate.tail[to_client] = 0

    def message(self, action: str) -> None:
        """A line of a message that was dropped or closed on."""
        fate = self.fate
        if not fate.told:
            fate.told = True
            fate.passed = 0
        if action == "drop":
            fate.passed += 1
        else:
            fate.ended += 1

    def alert(self, direction: str, seq: int, *, closed: bool) -> None:
        """A rule stopped the message whose first frame this is; one alert a rule."""
        fate = self.fate
        before = self._blocked_key
        if before is None or before[:2] != (direction, seq):
            self._blocked_key = direction, seq, closed
            fate.closed += closed
            fate.blocked += not closed
        elif closed and not before[2]:
            self._blocked_key = direction, seq, True
            fate.closed += 1
            fate.blocked -= 1

    def settle(self, stopped: Stopped) -> None:
        """It has ended, or the log has."""
        if self._fate is not None:
            self._fate.settle(stopped)

    # --- for an end ---

    def keepalive(self) -> Keepalive:
        facts = Keepalive() if self.book is None else self.book.summary()
        facts.slow_pongs = 0
        facts.longest_idle_s = float(max(0, self.longest_s - 1))  # its ends are known to a second
        facts.last_to_server = self.last_to_server
        return facts

    def largest_len(self, *, to_client: bool) -> int | None:
        """Of its messages, whole or not; None: all were short, or compressed."""
        return self._tallies[to_client].largest_len if self._tallies is not None else None

    def framings(self) -> Framings | None:
        if self._tallies is None:
            return None
        return Framings(*(tally.framing for tally in self._tallies))
