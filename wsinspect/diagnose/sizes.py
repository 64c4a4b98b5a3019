"""Messages that were too big for somebody (1009, RFC 6455 §7.4.1), or soon will be.

Owns: which size it was, what passed on the same path, and which caps fit. A cap is named where a
1009 was seen, or where a message came near it and the endpoint is its product's: host, path or
subprotocol say so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from wsinspect.diagnose.facts import Ended, Opened
from wsinspect.diagnose.findings import Findings, counted, when
from wsinspect.diagnose.limits import SIZE_CAPS, SizeCap, by_size
from wsinspect.model.app_protocol import app_protocol
from wsinspect.model.diagnosis import Candidate, Diagnosis
from wsinspect.model.framing import Framing, of_direction

__all__ = ["MESSAGE_TOO_BIG", "Sizes"]

MESSAGE_TOO_BIG = 1009
_NEAR = 0.8
_KEPT = 10_000
_PATHS = 64
_API_GATEWAY = re.compile(r"[^.]+\.execute-api\.[^.]+\.amazonaws\.com(\.cn)?(:\d+)?", re.IGNORECASE)

type _Receiver = tuple[str, str, str]  # host, path, who got the messages


@dataclass(slots=True)
class _Passed:
    message_len: int = 0
    frame_len: int = 0


@dataclass(slots=True)
class _Refused:
    count: int = 0
    unknown: int = 0
    least: int = 0
    most: int = 0
    least_frame: int = 0
    fragment_len: int = 0
    paths: set[str] = field(default_factory=set)
    first_us: int = 0
    last_us: int = 0
    flow_ids: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Near:
    count: int = 0
    most: int = 0
    first_us: int = 0
    last_us: int = 0
    flow_ids: list[int] = field(default_factory=list)


class Sizes:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._refused: dict[tuple[str, str], _Refused] = {}  # by host and who refused
        self._passed: dict[_Receiver, _Passed] = {}
        self._near: dict[tuple[str, SizeCap], _Near] = {}

    def ended(self, end: Ended, now_us: int) -> None:
        for by in ("server", "client"):
            framing = of_direction(end.framing, to_client=by == "client")
            refused = end.code == MESSAGE_TOO_BIG and end.initiator == by
            if framing is not None:
                self._pass(end, by, framing, now_us, refused=refused)
            if refused:
                self._refuse(end, by, framing, now_us)
            elif framing is not None and by == "server":
                self._come_near(end, framing, now_us)

    # --- what passed ---

    def _pass(self, end: Ended, by: str, framing: Framing, now_us: int, *, refused: bool) -> None:
        message_len, frame_len = framing.message_max_len, framing.frame_max_len
        if refused and message_len >= (end.caused_by_len or 0):
            return  # it is the one that was refused
        if end.abrupt and end.initiator == by:
            return  # who knows why
        host, path = end.opened.host, end.opened.path
        passed = _kept(self._passed, (host, path, by), _Passed)
        if message_len <= passed.message_len and frame_len <= passed.frame_len:
            return
        passed.message_len = max(passed.message_len, message_len)
        passed.frame_len = max(passed.frame_len, frame_len)
        before = self._refused.get((host, by))
        if before is not None and path in before.paths:
            self._tell(host, by, before, now_us)

    # --- 1009 ---

    def _refuse(self, end: Ended, by: str, framing: Framing | None, now_us: int) -> None:
        host = end.opened.host
        refused = _kept(self._refused, (host, by), lambda: _Refused(first_us=end.end_us))
        refused.count += 1
        refused.last_us = max(refused.last_us, end.end_us)
        size = end.caused_by_len
        if size is None:
            refused.unknown += 1
        else:
            frame_len = size
            if framing is not None and framing.fragments:
                frame_len = framing.frame_max_len
                refused.fragment_len = framing.fragment_len
            refused.least = min(refused.least or size, size)
            refused.least_frame = min(refused.least_frame or frame_len, frame_len)
            refused.most = max(refused.most, size)
        if len(refused.paths) < _PATHS:
            refused.paths.add(end.opened.path)
        if len(refused.flow_ids) < 16:
            refused.flow_ids.append(end.opened.flow_id)
        self._tell(host, by, refused, now_us)

    def _tell(self, host: str, by: str, refused: _Refused, now_us: int) -> None:
        self._findings.grow(
            f"oversize:{host}:{by}", lambda: self._diagnosis(host, by, refused), now_us
        )

    def _diagnosis(self, host: str, by: str, refused: _Refused) -> Diagnosis:
        passed = [
            one for path in refused.paths if (one := self._passed.get((host, path, by))) is not None
        ]
        passed_len = max((one.message_len for one in passed), default=0)
        passed_frame_len = max((one.frame_len for one in passed), default=0)
        candidates = by_size(
            refused.least,
            refused.least_frame,
            passed_len=passed_len,
            passed_frame_len=passed_frame_len,
        )[:4]
        evidence: dict[str, float] = {"code": MESSAGE_TOO_BIG}
        if refused.least:
            evidence["payload_len"] = refused.least
            evidence["payload_max_len"] = refused.most
        if passed_len:
            evidence["passed_len"] = passed_len
        if refused.fragment_len:
            evidence["fragment_len"] = refused.fragment_len
        return Diagnosis(
            kind="oversize",
            confidence="high" if refused.least else "medium",
            host=host,
            count=refused.count,
            evidence=evidence,
            candidates=candidates,
            say=_refused_say(by, refused, passed_len, candidates),
            advice=f"Send smaller messages, or raise the {by}'s limit.",
            flow_ids=list(refused.flow_ids),
            id=f"oversize:{host}:{by}",
            first=when(refused.first_us),
            last=when(refused.last_us),
        )

    # --- near a cap ---

    def _come_near(self, end: Ended, framing: Framing, now_us: int) -> None:
        opened = end.opened
        if (opened.host, "server") in self._refused:
            return  # that says it better
        passed = self._passed.get((opened.host, opened.path, "server"), _Passed())
        for cap, size in _near_caps(framing, passed):
            if cap.product != _product(opened):
                continue
            near = _kept(self._near, (opened.host, cap), lambda: _Near(first_us=end.end_us))
            near.count += 1
            near.most = max(near.most, size)
            near.last_us = max(near.last_us, end.end_us)
            if len(near.flow_ids) < 16:
                near.flow_ids.append(opened.flow_id)
            self._tell_near(opened.host, cap, near, now_us)

    def _tell_near(self, host: str, cap: SizeCap, near: _Near, now_us: int) -> None:
        id_ = f"oversize:{host}:near:{cap.limit_bytes}"
        self._findings.grow(id_, lambda: _near_diagnosis(id_, host, cap, near), now_us)


def _kept[K, V](book: dict[K, V], key: K, make: Callable[[], V]) -> V:
    """The entry of this key; beyond so many the oldest is forgotten."""
    entry = book.get(key)
    if entry is None:
        if len(book) >= _KEPT:
            del book[next(iter(book))]
        entry = book[key] = make()
    return entry


def _near_caps(framing: Framing, passed: _Passed) -> Iterator[tuple[SizeCap, int]]:
    """Caps of products that the largest message, or frame, came near to, and none went over."""
    for cap in SIZE_CAPS:
        size, most = framing.message_max_len, passed.message_len
        if cap.of == "frame":
            # Whoever cuts messages up knows of the cap.
            size, most = 0 if framing.fragments else framing.frame_max_len, passed.frame_len
        limit = cap.limit_bytes
        if cap.product and _NEAR * limit <= size <= limit and most <= limit:
            yield cap, size


def _product(opened: Opened) -> str:
    """Whose endpoint it is, by its name."""
    if _API_GATEWAY.fullmatch(opened.host):
        return "api-gateway"
    if app_protocol(opened.subprotocol, opened.uri) in ("socketio", "engineio"):
        return "engine.io"
    return ""


def _refused_say(by: str, refused: _Refused, passed_len: int, fits: list[Candidate]) -> str:
    say = f"The {by} closed {counted(refused.count, 'connection')} with 1009"
    if refused.least:
        say += f" after messages of {refused.least:,} bytes"
        if refused.most > refused.least:
            say += f" to {refused.most:,} bytes"
        elif refused.count == 1:
            say = say.replace("messages", "a message")
        if passed_len:
            say += ", where" if passed_len < refused.least else ", though"
            say += f" one of {passed_len:,} bytes passed"
    names = ", ".join(f"{one.hop} ({one.limit_bytes:,} bytes)" for one in fits)
    return say + (f": consistent with {names}." if names else ".")


def _near_diagnosis(id_: str, host: str, cap: SizeCap, near: _Near) -> Diagnosis:
    share = round(100 * near.most / cap.limit_bytes)
    what = "frame" if cap.of == "frame" else "message"
    return Diagnosis(
        kind="oversize",
        confidence="low",
        host=host,
        count=near.count,
        evidence={
            "payload_len": near.most,
            "limit_bytes": cap.limit_bytes,
            "share_percent": share,
        },
        candidates=[cap.candidate],
        say=(
            f"The largest {what} on {counted(near.count, 'connection')} had {near.most:,} bytes: "
            f"{share} % of the default of {cap.hop} ({cap.limit_bytes:,} bytes), which fits this "
            "endpoint. What is over it ends the connection with 1009."
        ),
        advice=(
            "Before messages grow: send them in smaller frames."
            if cap.of == "frame"
            else "Before messages grow: split them, or see that the limit is a higher one."
        ),
        flow_ids=list(near.flow_ids),
        id=id_,
        first=when(near.first_us),
        last=when(near.last_us),
    )
