"""1009: a message was too big for somebody (RFC 6455 §7.4.1).

Owns: which size it was, and which caps fit. A cap is named only where a 1009 was seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from wsinspect.diagnose.facts import Ended
from wsinspect.diagnose.findings import Findings, counted, when
from wsinspect.diagnose.limits import by_size
from wsinspect.model.diagnosis import Diagnosis

__all__ = ["Sizes"]

MESSAGE_TOO_BIG = 1009


@dataclass(slots=True)
class _Refused:
    count: int = 0
    unknown: int = 0
    least: int = 0
    most: int = 0
    first_us: int = 0
    last_us: int = 0
    flow_ids: list[int] = field(default_factory=list)


class Sizes:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._hosts: dict[tuple[str, str], _Refused] = {}

    def ended(self, end: Ended, now_us: int) -> None:
        if end.code != MESSAGE_TOO_BIG:
            return
        key = end.opened.host, end.initiator
        if key not in self._hosts and len(self._hosts) >= 10_000:
            del self._hosts[next(iter(self._hosts))]
        refused = self._hosts.setdefault(key, _Refused(first_us=end.end_us))
        refused.count += 1
        refused.last_us = max(refused.last_us, end.end_us)
        size = end.caused_by_len
        if size is None:
            refused.unknown += 1
        else:
            refused.least = min(refused.least or size, size)
            refused.most = max(refused.most, size)
        if len(refused.flow_ids) < 16:
            refused.flow_ids.append(end.opened.flow_id)
        self._findings.put(_diagnosis(key, refused), now_us)


def _diagnosis(key: tuple[str, str], refused: _Refused) -> Diagnosis:
    host, by = key
    size = ""
    evidence: dict[str, float] = {"code": MESSAGE_TOO_BIG}
    if refused.least:
        evidence["payload_len"] = refused.least
        evidence["payload_max_len"] = refused.most
        size = f" after messages of {refused.least:,} bytes"
        if refused.most > refused.least:
            size += f" to {refused.most:,} bytes"
        elif refused.count == 1:
            size = f" after a message of {refused.least:,} bytes"
    candidates = by_size(refused.least)[:4]
    fits = ", ".join(f"{one.hop} ({one.limit_bytes:,} bytes)" for one in candidates)
    return Diagnosis(
        kind="oversize",
        confidence="high" if refused.least else "medium",
        host=host,
        count=refused.count,
        evidence=evidence,
        candidates=candidates,
        say=(
            f"The {by} closed {counted(refused.count, 'connection')} with 1009{size}"
            + (f": consistent with {fits}." if fits else ".")
        ),
        advice=f"Send smaller messages, or raise the {by}'s limit.",
        flow_ids=list(refused.flow_ids),
        id=f"oversize:{host}:{by}",
        first=when(refused.first_us),
        last=when(refused.last_us),
    )
