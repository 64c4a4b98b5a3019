"""How connections end, in groups over time, and bursts of reconnects. Pure, O(1) an event, bounded.

A group is what ended alike: code, cause, initiator, host. A burst is a host's run of seconds with
far more openings than before, after ends: clients that come back all at once.
"""

from dataclasses import dataclass, field

NS = 1_000_000_000
SECONDS = 120  # buckets of a second
MINUTES = 120  # buckets of a minute
GROUPS_MAX = 1_000
HOSTS_MAX = 1_000
BURSTS_MAX = 50
REST = "…"  # the host of groups beyond GROUPS_MAX
REASONS_MAX = 12  # different close reasons that a group remembers
REASON_LEN = 60  # characters of one
BURST_COUNT = 10  # openings that make a burst
BURST_TIMES = 4  # so many times the rate before
BURST_PER_S = 5  # and at least this rate
BURST_PAUSE_S = 2  # quiet seconds that a burst may have inside
KNOWN_S = 10  # a host known for less has no usual rate
ENDS_BEFORE_S = 30  # ends this shortly before make openings reconnects


class Ring:
    """Counts in buckets of `width_s`, the newest `length` of them."""

    __slots__ = ("_buckets", "newest", "width_s")

    def __init__(self, length: int, width_s: int = 1) -> None:
        self.width_s = width_s
        self._buckets = [0] * length
        self.newest = 0  # number of the newest bucket: seconds since the epoch / width_s

    def add(self, at_s: int, amount: int = 1) -> None:
        number = at_s // self.width_s
        length = len(self._buckets)
        ahead = number - self.newest
        if ahead > 0:
            if ahead >= length:
                self._buckets = [0] * length
            else:
                for step in range(1, ahead + 1):
                    self._buckets[(self.newest + step) % length] = 0
            self.newest = number
        if number > self.newest - length:
            self._buckets[number % length] += amount

    def recent(self, at_s: int, length: int) -> list[int]:
        """The `length` buckets up to the one of `at_s`, oldest first."""
        last, kept = at_s // self.width_s, len(self._buckets)
        return [
            self._buckets[number % kept] if self.newest - kept < number <= self.newest else 0
            for number in range(last - length + 1, last + 1)
        ]


@dataclass(slots=True)
class EndGroup:
    """Ends that are alike. `code` is None where there is none on record.

    `reasons` says how often each close reason was given, of the first REASONS_MAX different ones.
    """

    code: int | None
    cause: str
    initiator: str
    host: str
    count: int = 0
    first_ns: int = 0
    last_ns: int = 0
    unclean: int = 0
    age_s: float = 0.0  # the sum of ages; divided by `count` the mean
    seconds: Ring = field(default_factory=lambda: Ring(SECONDS))
    minutes: Ring = field(default_factory=lambda: Ring(MINUTES, 60))
    reasons: dict[str, int] = field(default_factory=dict)

    def note(self, reason: str) -> None:
        """One end gave this reason."""
        reason = reason[:REASON_LEN]
        if reason and (reason in self.reasons or len(self.reasons) < REASONS_MAX):
            self.reasons[reason] = self.reasons.get(reason, 0) + 1

    @property
    def mean_age_s(self) -> float:
        return self.age_s / self.count if self.count else 0.0


@dataclass(slots=True)
class Burst:
    """`count` openings on `host` from `started_ns` on, at most `peak_per_s` in a second."""

    host: str
    started_ns: int
    ended_ns: int
    count: int
    peak_per_s: int
    ends_before: int  # connections of this host that ended shortly before


@dataclass(slots=True)
class _Host:
    opens: Ring = field(default_factory=lambda: Ring(SECONDS))
    ends: Ring = field(default_factory=lambda: Ring(SECONDS))
    first: int = 0  # the second of its first opening
    second: int = 0  # whose openings are being counted
    in_second: int = 0
    burst: Burst | None = None


class EndsBook:
    """Fed with each end and each opening once; `groups` and `bursts` are for reading."""

    def __init__(self) -> None:
        self.total = 0
        self.first_ns = 0
        self.last_ns = 0
        self._groups: dict[tuple[int | None, str, str, str], EndGroup] = {}
        self._hosts: dict[str, _Host] = {}
        self._bursts: list[Burst] = []

    # Reading

    @property
    def groups(self) -> list[EndGroup]:
        """The most frequent first."""
        return sorted(self._groups.values(), key=lambda group: (-group.count, -group.last_ns))

    def count(self, code: int | None, cause: str, initiator: str, host: str) -> int:
        """How many ended so."""
        group = self._groups.get((code, cause, initiator, host))
        return 0 if group is None else group.count

    @property
    def bursts(self) -> list[Burst]:
        """The newest first, those that still run among them."""
        running = [host.burst for host in self._hosts.values() if host.burst is not None]
        found = [burst for burst in running if burst.count >= BURST_COUNT]
        return sorted([*self._bursts, *found], key=lambda burst: -burst.started_ns)

    # Writing

    def ended(
        self,
        at_ns: int,
        code: int | None,
        cause: str,
        initiator: str,
        host: str,
        *,
        clean: bool = False,
        age_s: float | None = None,
        reason: str = "",
    ) -> None:
        key = (code, cause, initiator, host)
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) >= GROUPS_MAX:
                key = (code, cause, initiator, REST)
                group = self._groups.get(key)
            if group is None:
                if len(self._groups) >= 2 * GROUPS_MAX:
                    key = (None, "", "", REST)
                group = self._groups.setdefault(key, EndGroup(*key, first_ns=at_ns))
        at_s = at_ns // NS
        group.count += 1
        group.unclean += not clean
        group.note(reason)
        group.age_s += age_s or 0.0
        group.first_ns = min(group.first_ns, at_ns)
        group.last_ns = max(group.last_ns, at_ns)
        group.seconds.add(at_s)
        group.minutes.add(at_s)
        self.total += 1
        self.first_ns = min(self.first_ns or at_ns, at_ns)
        self.last_ns = max(self.last_ns, at_ns)
        self._host(host).ends.add(at_s)

    def opened(self, at_ns: int, host: str) -> None:
        """A connection opened; also one whose handshake was refused: it came back, too."""
        known = self._host(host)
        second = at_ns // NS
        known.opens.add(second)
        known.first = known.first or second
        if second < known.second:
            return  # told late (the list on attach): it counts in the rings alone
        if second > known.second:
            self._settle(known, second)
            known.second, known.in_second = second, 0
        known.in_second += 1
        burst = known.burst
        if burst is not None:
            burst.count += 1
            burst.ended_ns = at_ns
            burst.peak_per_s = max(burst.peak_per_s, known.in_second)
        elif known.in_second >= BURST_PER_S:
            self._begin(known, host, at_ns)

    def _begin(self, known: _Host, host: str, at_ns: int) -> None:
        second = known.second
        ends = sum(known.ends.recent(second, ENDS_BEFORE_S))
        known_s = min(60, second - known.first)
        if known_s < KNOWN_S and not ends:
            return  # nobody comes back: it is the first time that we see them
        before = known.opens.recent(second - 1, 60)
        if known.in_second < BURST_TIMES * (sum(before) / max(1, known_s)):
            return
        count = known.in_second
        known.burst = Burst(host, second * NS, at_ns, count, count, ends)

    def _settle(self, known: _Host, second: int) -> None:
        """Openings in a new second: a burst that had its pause is over."""
        burst = known.burst
        if burst is None:
            return
        quiet = known.opens.recent(second - 1, BURST_PAUSE_S + 1)
        if second - known.second > BURST_PAUSE_S or max(quiet) < max(2, burst.peak_per_s // 10):
            known.burst = None
            if burst.count >= BURST_COUNT:
                self._bursts.append(burst)
                del self._bursts[:-BURSTS_MAX]

    def _host(self, host: str) -> _Host:
        known = self._hosts.get(host)
        if known is None:
            if len(self._hosts) >= HOSTS_MAX:
                gone = self._hosts.pop(next(iter(self._hosts)))
                if gone.burst is not None and gone.burst.count >= BURST_COUNT:
                    self._bursts.append(gone.burst)
                    del self._bursts[:-BURSTS_MAX]
            known = self._hosts[host] = _Host()
        return known
