"""The Handshake tab: asked, answered, agreed, and what is wrong with it, each explained."""

from wsinspect.protocol.extensions import PERMESSAGE_DEFLATE, parse_extension
from wsinspect.tui import explain
from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.refusals import unanswered
from wsinspect.tui.data.wire import Finding
from wsinspect.tui.draw.detail.page import Row, explained, field, heading, hint, paragraph
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.draw.words import refusal
from wsinspect.tui.explain.findings import severity

_ACCEPT = {
    True: "right: Sec-WebSocket-Accept answers the request's key",
    False: "WRONG: it does not answer the request's key",
    None: "not checked: there was no 101",
}
_LIST_MAX = 32
_UNTOLD = (
    "It could not be reached, TLS with it failed, or it closed without an answer: what is here "
    "does not say which."
)
_UNTOLD_ADVICE = (
    "→ The proxy says it at the top and on its stderr; wsinspect check URL asks the server itself."
)


def handshake_rows(c: Connection, p: Palette, width: int, trouble: str = "") -> list[Row]:
    """`trouble`: what is known of a server that gave no answer."""
    facts = c.facts
    if facts.host is None and facts.uri is None:
        return hint(
            p,
            (
                "Its opening handshake is not here.",
                "It opened before the dashboard's list begins; the log has it in its ws_open line.",
            ),
            width,
        )
    good = facts.status == 101 and facts.accept_valid is not False
    verdict = _verdict(c)
    grave = any(severity(finding.code) == "error" for finding in facts.findings)
    glyph, style = (" ✗ ", p.bad) if not good else (" ! ", p.warn) if grave else (" ✓ ", p.good)
    rows: list[Row] = [[(glyph, style), (verdict, p.strong)]]
    rows += unanswered_rows(c, trouble, p, width)
    rows += _findings(facts.findings, p, width)
    rows += heading(p, "Asked", "RFC 6455 §4.1")
    for name, value in (
        ("host", facts.host),
        ("path", facts.uri),
        ("origin", facts.origin or "none: not a browser, or a page of the same host"),
        ("user agent", facts.user_agent or "none"),
        ("HTTP", facts.http_version),
        ("TLS", "yes" if facts.tls else "no: anyone on the way can read it"),
    ):
        rows += field(p, name, value or "–", p.text, width)
    rows += _listed(p, "subprotocols", facts.client_protocols, width)
    said: set[str] = set()  # each thing is explained once
    rows += _extensions(p, "offered", facts.client_extensions, width, said)
    rows += heading(p, "Answered", "RFC 6455 §4.2.2")
    status = "–" if facts.status is None else str(facts.status)
    if unanswered(c):
        status = f"none; the client was told {status} by this proxy"
    rows += field(p, "status", status, p.text if facts.status == 101 else p.bad, width)
    accept_style = {True: p.good, False: p.bad, None: p.label}[facts.accept_valid]
    rows += field(p, "accept key", _ACCEPT[facts.accept_valid], accept_style, width)
    rows += field(p, "subprotocol", facts.subprotocol or "none chosen", p.text, width)
    rows += _extensions(p, "chosen", facts.server_extensions, width, said)
    took = "–" if facts.handshake_ms is None else f"{facts.handshake_ms:.1f} ms"
    rows += field(p, "took", took, p.text, width)
    rows += field(p, "upstream", facts.upstream or c.server or "–", p.text, width)
    return rows


def _verdict(c: Connection) -> str:
    facts = c.facts
    if unanswered(c):
        return f"no WebSocket: {refusal(c)}"
    if facts.status != 101:
        return (
            f"no WebSocket: HTTP {facts.status if facts.status is not None else 'without answer'}"
        )
    if facts.accept_valid is False:
        return "answered 101, but not to this request's key"
    many = len(facts.findings)
    if not many:
        return "by the book"
    return f"agreed, with {many} finding{'' if many == 1 else 's'}"


def unanswered_rows(c: Connection, trouble: str, p: Palette, width: int) -> list[Row]:
    """Of a server that gave no answer, why that is."""
    if not unanswered(c):
        return []
    rows = field(p, "why", trouble or _UNTOLD, p.warn if trouble else p.text, width)
    if not trouble:
        rows += field(p, "", _UNTOLD_ADVICE, p.faint, width)
    return rows


def _findings(findings: list[Finding], p: Palette, width: int) -> list[Row]:
    if not findings:
        return []
    rows = heading(p, "Findings")
    for finding in findings[:_LIST_MAX]:
        error = severity(finding.code) == "error"
        word, style = ("✗ error", p.bad) if error else ("! notice", p.warn)
        rows += field(p, word, finding.code, style, width)
        explanation = explain.of("finding", finding.code)
        if explanation is not None:
            rows += explained(p, explanation, width)
        elif finding.say:
            rows += field(p, "", finding.say, p.label, width)
    return rows


def _listed(p: Palette, name: str, values: list[str], width: int) -> list[Row]:
    if not values:
        return field(p, name, "none", p.text, width)
    rows: list[Row] = []
    for index, value in enumerate(values[:_LIST_MAX]):
        rows += field(p, name if not index else "", value, p.text, width)
    more = len(values) - _LIST_MAX
    return rows + (paragraph(f"and {more} more", p.faint, width) if more > 0 else [])


def _extensions(
    p: Palette, name: str, elements: list[str], width: int, said: set[str]
) -> list[Row]:
    """Each extension and each of its parameters with what it means, unless it was `said`."""
    if not elements:
        return field(p, name, "no extension", p.text, width)
    rows: list[Row] = []
    for index, element in enumerate(elements[:_LIST_MAX]):
        extension = parse_extension(element[:1000])
        rows += field(p, name if not index else "", extension.name, p.strong, width)
        if extension.name not in said:
            rows += explained(p, explain.of("extension", extension.name), width)
        said.add(extension.name)
        for parameter, value in extension.params[:_LIST_MAX]:
            shown = f"· {parameter}" + ("" if value is None else f" = {value}")
            rows += field(p, "", shown, p.text, width)
            if extension.name == PERMESSAGE_DEFLATE and parameter not in said:
                rows += explained(p, explain.of("parameter", parameter), width)
                said.add(parameter)
    return rows
