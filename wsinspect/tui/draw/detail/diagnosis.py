"""The Diagnosis tab: why connections like this one die, on which evidence; else how it ended."""

from dataclasses import replace
from typing import Any

from wsinspect.tui import explain
from wsinspect.tui.data.connection import Connection, State
from wsinspect.tui.data.refusals import unanswered
from wsinspect.tui.data.wire import CloseFacts, DiagnosisFacts
from wsinspect.tui.draw.detail.handshake import unanswered_rows
from wsinspect.tui.draw.detail.overview import ending
from wsinspect.tui.draw.detail.page import Row, explained, field, heading, hint, paragraph
from wsinspect.tui.draw.detail.subject import Subject
from wsinspect.tui.draw.figures import clock, duration, size_unit
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.draw.words import refusal

_SHOWN = 10
_EVIDENCE_MAX = 20
_UNITS = (("_ms", "ms"), ("_s", "s"), ("_bytes", "B"), ("_len", "B"), ("_per_s", "/s"))


def diagnosis_rows(subject: Subject, p: Palette, width: int) -> list[Row]:
    c = subject.connection
    rows: list[Row] = []
    for diagnosis in subject.diagnoses[-_SHOWN:][::-1]:
        rows += [*_diagnosis(diagnosis, c, p, width), []]
    if rows or c is None:
        return rows
    if c.close is None:
        return _without_end(subject, c, p, width)
    return [*hint(p, waiting_for(c, c.close, subject.alike), width), *ending(c, p, width)]


def waiting_for(c: Connection, close: CloseFacts, alike: int) -> tuple[str, ...]:
    """What it would take for a diagnosis of such an end; docs/diagnosis.md has all of it."""
    host = c.facts.host or c.server
    many = f"{alike:,} connection{'' if alike == 1 else 's'} to {host} ended like this."
    so_far = f"So far {many}" if alike else ""
    if close.by_proxy:
        return ("Nothing to find out: this proxy ended it itself, see below.",)
    if close.unclean and close.cause in ("fin", "rst", "timeout"):
        fewest = "ten" if close.initiator == "client" else "five"
        idle = "" if close.idle_s is None else f" (this one: {duration(close.idle_s)})"
        age = "" if close.age_s is None else f" (this one: {duration(close.age_s)})"
        return (
            "Nothing so far: one end alone proves no cause.",
            (
                f"An idle cut needs three ends after the same silence{idle}, a lifetime cut three "
                f"at the same age{age}, a crash {fewest} ends within seconds."
            ),
            f"{so_far} A diagnosis comes some seconds after the last of them.".strip(),
        )
    if close.code == 1009:
        return (
            "Nothing so far: an oversize needs the size of the message that was too big.",
            so_far,
        )
    if close.code in (1001, 1012) and close.initiator == "server":
        return (
            (
                "Nothing so far: a drain needs five such ends, of most connections of the server, "
                "spread over a second or more."
            ),
            so_far,
        )
    return ("Nothing to diagnose: this end says itself what it is.", so_far)


def _without_end(subject: Subject, c: Connection, p: Palette, width: int) -> list[Row]:
    if c.state is State.REFUSED:
        rows = hint(p, (f"It never was a WebSocket: {refusal(c)}.",), width)
        rows += unanswered_rows(c, subject.trouble, p, width)
        advice = "4 shows what was asked."
        if not unanswered(c):
            advice = "4 shows the handshake and what is wrong with it."
        return rows + paragraph(advice, p.label, width, 2)
    if c.state is State.UNSEEN:
        say = "It ended while the dashboard was away; the log has its ws_close line."
        return hint(p, (say,), width)
    return hint(
        p,
        (
            "It lives, and nothing is known against connections to this host so far.",
            (
                "Diagnoses come when ends repeat: three idle or lifetime cuts that are alike, "
                "five ends within seconds, a drain, a reconnect storm. Lost Upgrade headers and "
                "slow pongs are told at once."
            ),
            "v shows how all connections end.",
        ),
        width,
    )


def _diagnosis(d: DiagnosisFacts, c: Connection | None, p: Palette, width: int) -> list[Row]:
    explanation = explain.of("diagnosis", d.kind)
    title = explanation.title if explanation is not None else d.kind.replace("-", " ")
    sure = d.confidence or "unsaid"
    rows: list[Row] = [
        [
            (f" {title} ", p.alarm if sure == "high" else p.held),
            (f"  {sure} confidence", p.label),
            (f"  {clock(d.timestamp_ns)}" if d.timestamp_ns else "", p.faint),
        ]
    ]
    if d.say:
        rows += paragraph(d.say, p.strong, width)
    about = f"{d.count:,} connections" if d.count != 1 else "1 connection"
    if d.host:
        about += f" to {d.host}"
    if c is not None and c.flow_id in d.flow_ids:
        about += ", this one among them"
    rows += field(p, "concerns", about, p.text, width)
    # what the proxy advises has its numbers in it; an older proxy advises nothing
    advice = d.advice
    if explanation is not None:
        explanation = replace(explanation, advice=advice or explanation.advice)
    rows += explained(p, explanation, width)
    if d.evidence:
        rows += heading(p, "Evidence")
        for name, value in list(d.evidence.items())[:_EVIDENCE_MAX]:
            label, shown = _evidence(name, value)
            rows += field(p, label, shown, p.text, width)
    if d.candidates:
        rows += heading(p, "Consistent with", "a list, not a claim")
        for candidate in d.candidates[:_EVIDENCE_MAX]:
            limit_len = candidate.limit_bytes
            limit = "" if candidate.limit_s is None else f"{candidate.limit_s:g} s"
            limit = size_unit(limit_len) if limit_len is not None else limit
            rows += field(p, limit, candidate.hop, p.text, width)
            if candidate.source:
                rows += field(p, "", candidate.source, p.faint, width)
    return rows


def _evidence(name: str, value: Any) -> tuple[str, str]:
    """A measured value and its unit, by its name's ending."""
    for suffix, unit in sorted(_UNITS, key=lambda pair: -len(pair[0])):
        if name.endswith(suffix):
            label = name.removesuffix(suffix).replace("_", " ")
            return label, _measured(value, unit)
    if name.endswith(("code", "status")):  # a name, not an amount
        return name.replace("_", " "), str(value)
    return name.replace("_", " "), _plain(value)


def _measured(value: Any, unit: str) -> str:
    if isinstance(value, list):
        shown = ", ".join(_measured(one, unit) for one in value[:12])
        return shown + (" …" if len(value) > 12 else "")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _plain(value)
    if unit == "B":
        return size_unit(int(value))
    if unit == "s" and value >= 600:
        return f"{value:,.0f} s ({duration(value)})"
    return f"{value:,.3g}{unit}" if unit == "/s" else f"{value:,.4g} {unit}"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_plain(one)}" for key, one in list(value.items())[:12])
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value[:12]) + (" …" if len(value) > 12 else "")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int):
        return f"{value:,}"
    return "–" if value is None else str(value)
