"""The Rules tab: which rule found what, where, and what came of it. Never the value itself.

A hit stands for a value by its masked form and its fingerprint; `why` puts it in words.
"""

from wsinspect.tui import explain
from wsinspect.tui.data.wire import AlertFacts, Hit
from wsinspect.tui.draw.detail.overview import way_words
from wsinspect.tui.draw.detail.page import Row, explained, field, hint, paragraph
from wsinspect.tui.draw.detail.subject import Subject
from wsinspect.tui.draw.figures import clock
from wsinspect.tui.draw.palette import Palette

ALERTS_SHOWN = 20
_HITS_SHOWN = 10
SEVERITY_GLYPH = {"low": "▽", "medium": "△", "high": "▲", "critical": "▲▲"}
_LAYERS = {
    "base64": "decoded from base64",
    "base64url": "decoded from base64url",
    "hex": "decoded from hexadecimal",
    "url": "with URL escapes read",
    "html": "with HTML entities read",
    "gzip": "decompressed with gzip",
    "zlib": "decompressed with zlib",
    "deflate": "decompressed",
    "msgpack": "read as MessagePack",
    "cbor": "read as CBOR",
    "protobuf": "read as protobuf",
    "stream": "joined over several messages",
}


def alert_rows(subject: Subject, p: Palette, width: int, loaded: list[str]) -> list[Row]:
    """`loaded` are the rule files that the proxy has."""
    alerts = subject.alerts
    if not alerts:
        return _none(subject, p, width, loaded)
    rows: list[Row] = []
    for alert in alerts[-ALERTS_SHOWN:][::-1]:
        rows += [*_alert(alert, p, width, timed=subject.entry is None), []]
    if len(alerts) > ALERTS_SHOWN:
        rows += paragraph(f"and {len(alerts) - ALERTS_SHOWN} older alerts", p.faint, width)
    return rows


def _none(subject: Subject, p: Palette, width: int, loaded: list[str]) -> list[Row]:
    what = "this entry" if subject.entry is not None else "this connection"
    say = [f"No rule fired on {what}."]
    c = subject.connection
    if not loaded:
        say.append("No rules are loaded. wsinspect --rules FILE loads some.")
        say.append("docs/rules.md has a file to begin with; `wsinspect rules check` reads it.")
    elif subject.entry is not None and c is not None and c.alerts:
        say.append(f"The connection has {c.alerts:,}: a jumps to the next entry with one.")
    else:
        names = ", ".join(path.rpartition("/")[2] for path in loaded[:5])
        say.append(f"Loaded: {names}. `wsinspect rules explain` says why none matched.")
    return hint(p, say, width)


def _alert(alert: AlertFacts, p: Palette, width: int, *, timed: bool) -> list[Row]:
    grave = alert.severity in ("high", "critical")
    style = p.bad if grave else p.warn
    glyph = SEVERITY_GLYPH.get(alert.severity, "△")
    when = f"  {clock(alert.timestamp_ns)}" if alert.timestamp_ns else ""
    rows: list[Row] = [
        [(f" {glyph} {alert.severity} ", style), (alert.rule, p.strong), (when, p.faint)]
    ]
    if alert.signature and alert.signature != alert.rule:
        rows += paragraph(alert.signature, p.text, width)
    if timed:
        rows += field(p, "on", _where(alert), p.text, width)
    rows += field(p, "came to", alert.disposition or alert.action, style, width)
    rows += explained(p, explain.of("disposition", alert.disposition), width)
    for hit in alert.hits[:_HITS_SHOWN]:
        rows += _hit(hit, alert, p, width)
    more = max(alert.hits_total, len(alert.hits)) - min(len(alert.hits), _HITS_SHOWN)
    if more > 0:
        rows += paragraph(f"and {more:,} more hits", p.faint, width)
    return rows


def _where(alert: AlertFacts) -> str:
    if alert.direction is None:
        return "the opening handshake"
    seq = "" if alert.seq is None else f" #{alert.seq}"
    return f"{alert.opcode or 'message'} {way_words(alert.direction)}{seq}"


def _hit(hit: Hit, alert: AlertFacts, p: Palette, width: int) -> list[Row]:
    rows = field(p, "found", hit.masked or "–", p.hit, width)
    rows += field(p, "why", why(hit, alert), p.label, width)
    place = f"{hit.path}  {hit.start:,}–{hit.end:,}, {hit.length:,} long"
    rows += field(p, "place", place, p.text, width)
    if hit.fingerprint:
        rows += field(p, "fingerprint", hit.fingerprint, p.faint, width)
    return rows


def why(hit: Hit, alert: AlertFacts) -> str:
    """What matched, in words: `credit-card matched 16 characters of the value $.card`."""
    unit = "bytes" if alert.opcode == "binary" else "characters"
    if alert.rule == "wsinspect-limit":
        return f"the message could not be looked at to its end: {hit.detector}"
    if alert.rule == "wsinspect-error":
        return f"inspection failed: {hit.detector}"
    layers = [layer for layer in hit.path.split(">") if layer]
    said = [_layer(layer) for layer in layers]
    place = ", ".join(said) if said else "the message"
    return f"{hit.detector or alert.rule} matched {hit.length:,} {unit} of {place}"


def _layer(layer: str) -> str:
    name, _, path = layer.partition(":")
    if layer == "$":
        return "the message itself"
    if name == "json" and path:
        return f"the JSON value {path}"
    words = _LAYERS.get(name, f"read as {name}")
    return f"{words} at {path}" if path else words
