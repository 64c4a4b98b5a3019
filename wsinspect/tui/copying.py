"""What can be copied or saved of a connection or an entry: text, JSON, commands, Python. Pure.

It works on what the proxy showed, after its rules' masking: nothing here can bring back more. All
that goes into a shell is quoted (`quoting`: no control character either), all that goes into
Python is an ASCII literal. Only the payload as text is what it is, and says so where it has
control characters.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from wsinspect.protocol.opcodes import BINARY, OPCODE_NAMES, TEXT
from wsinspect.tui.data.connection import NS, Connection
from wsinspect.tui.data.entries import Entry, Gap, Message
from wsinspect.tui.quoting import (
    command,
    has_controls,
    json_escaped,
    json_text,
    printed,
    url_escaped,
)

# A key to look at: each handshake should have its own random one (RFC 6455 §4.1).
_SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_DIRECTIONS = ("to_server", "to_client")
_ABSOLUTE = re.compile(r"(?:ws|http)s?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Copyable:
    """One way to copy: `name` for programs, `say` for people, `text()` makes it."""

    name: str
    say: str
    text: Callable[[], str]


def url(c: Connection) -> str:
    """Where the connection went. The request target may be absolute already.

    It begins with a known scheme: websocat runs commands that stand in a URL's place (`sh-c:`).
    """
    facts = c.facts
    scheme = "wss" if facts.tls else "ws"
    uri = url_escaped(facts.uri or "/")
    if _ABSOLUTE.match(uri):
        return uri
    if not uri.startswith("/"):
        uri = f"/{uri}"
    host = facts.host or c.server
    port = c.server.rpartition(":")[2]
    named = host.rpartition(":")[2].isdecimal() and not host.endswith("]")
    usual = "443" if facts.tls else "80"
    if facts.host and not named and port.isdecimal() and port != usual:
        host = f"{host}:{port}"
    return f"{scheme}://{url_escaped(host)}{uri}"


def _text(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


# Commands


def _websocat_options(c: Connection) -> list[str]:
    options = []
    if c.facts.subprotocol or c.facts.client_protocols:
        protocols = c.facts.subprotocol or ", ".join(c.facts.client_protocols)
        options += _option("--protocol", protocols)
    if c.facts.origin:
        options += _option("--origin", c.facts.origin)
    return options


def _option(name: str, value: str) -> list[str]:
    """A value that looks like an option must not become one."""
    return [f"{name}={value}"] if value.startswith("-") else [name, value]


def websocat(c: Connection, content: bytes | None = None, opcode: int = TEXT) -> str:
    """Connect as this client did, with websocat 1; send `content`, then print what comes."""
    options = [*_websocat_options(c), url(c)]
    if content is None:
        return command(["websocat", *options])
    text = _text(content) if opcode == TEXT else None
    if text is None or "\0" in text:
        kind = "-t" if opcode == TEXT else "-b"
        feed = f"{command(['printf', '%s', base64.b64encode(content).decode()])} | base64 -d"
        return f"{feed} | {command(['websocat', '-n', kind, *options])}"
    if "\n" in text or "\r" in text:  # websocat ends messages at lines' ends, unless at NUL
        return f"{printed(text + chr(0))} | {command(['websocat', '-n', '-0', *options])}"
    return f"{printed(text + chr(10))} | {command(['websocat', '-n', *options])}"


def curl(c: Connection) -> str:
    """The opening handshake with curl, headers shown."""
    address = re.sub("^ws", "http", url(c), count=1, flags=re.IGNORECASE)
    headers = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {_SAMPLE_KEY}",
    ]
    facts = c.facts
    if facts.client_protocols:
        headers.append(f"Sec-WebSocket-Protocol: {', '.join(facts.client_protocols)}")
    if facts.client_extensions:
        headers.append(f"Sec-WebSocket-Extensions: {', '.join(facts.client_extensions)}")
    for name, value in (("Origin", facts.origin), ("User-Agent", facts.user_agent)):
        if value:
            headers.append(f"{name}: {value}")
    words = ["curl", "--include", "--no-buffer", "--http1.1"]
    for header in headers:
        words += ["--header", header]
    return command([*words, address])


def wscat(c: Connection) -> str:
    """Connect with wscat (npm)."""
    words = ["wscat"]
    for name in (c.facts.subprotocol,) if c.facts.subprotocol else c.facts.client_protocols:
        words += _option("--subprotocol", name)
    if c.facts.origin:
        words += _option("--origin", c.facts.origin)
    return command([*words, "--connect", url(c)])


_PYTHON = """\
import asyncio

from websockets.asyncio.client import connect


async def main():
    async with connect({arguments}) as websocket:
{body}

asyncio.run(main())
"""


def python(c: Connection, content: bytes | None = None, opcode: int = TEXT) -> str:
    """A program that connects as this client did, with websockets; sends `content`."""
    facts = c.facts
    arguments = [ascii(url(c))]
    names = [facts.subprotocol] if facts.subprotocol else list(facts.client_protocols)
    if names:
        arguments.append(f"subprotocols={names!a}")
    if facts.origin:
        arguments.append(f"origin={facts.origin!a}")
    if facts.user_agent:
        arguments.append(f"user_agent_header={facts.user_agent!a}")
    body = []
    if content is not None:
        text = _text(content) if opcode == TEXT else None
        if text is not None:
            body.append(f"await websocket.send({text!a})")
        elif opcode == TEXT:  # broken UTF-8, sent as it was
            body.append(f"await websocket.send({content!r}, text=True)")
        else:
            body.append(f"await websocket.send({content!r})")
    body += ["async for message in websocket:", "    print(message)"]
    lines = "".join(f"        {line}\n" for line in body)
    return _PYTHON.format(arguments=", ".join(arguments), body=lines)


# JSON


def stamp(timestamp_ns: int) -> str:
    """RFC 3339 in UTC with microseconds, as in the log."""
    moment = datetime.fromtimestamp(timestamp_ns // NS, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{timestamp_ns % NS // 1000:06}Z"


def _name(opcode: int) -> str:
    return OPCODE_NAMES[opcode] if 0 <= opcode < len(OPCODE_NAMES) else f"unknown-{opcode}"


def entry_facts(flow_id: int, entry: Entry, content: bytes | None, whole: bool) -> dict[str, Any]:
    """An entry as one JSON object; `content` is text where it is UTF-8, else base64."""
    if isinstance(entry, Gap):
        return {
            "timestamp": stamp(entry.timestamp_ns),
            "flow_id": flow_id,
            "not_shown": {"to_server": entry.to_server, "to_client": entry.to_client},
        }
    facts: dict[str, Any] = {
        "timestamp": stamp(entry.timestamp_ns),
        "flow_id": flow_id,
        "direction": _DIRECTIONS[1 if entry.direction else 0],
        "seq": entry.seq,
        "opcode": _name(entry.opcode),
        "payload_len": entry.payload_len,
        "frame_len": entry.frame_len,
    }
    if isinstance(entry, Message):
        facts["frames"] = entry.frame_count
        facts["last_seq"] = entry.last_seq
        facts["compressed"] = entry.compressed
        facts["finished"] = entry.finished
        facts["action"] = entry.action
        if entry.content_len is not None:
            facts["content_len"] = entry.content_len
        if entry.rules:
            facts["rules"] = list(entry.rules)
    if entry.violation is not None:
        facts["violation"] = entry.violation
    if content is not None:
        text = _text(content)
        if text is not None:
            facts["text"] = text
        else:
            facts["base64"] = base64.b64encode(content).decode()
        facts["whole"] = whole
    return facts


def connection_facts(c: Connection) -> dict[str, Any]:
    """A connection as one JSON object: what it is, its totals, how it ended."""
    facts = c.facts
    close = c.close
    out: dict[str, Any] = {
        "flow_id": c.flow_id,
        "url": url(c),
        "state": c.state.value,
        "client": c.client,
        "server": c.server,
        "status": facts.status,
        "subprotocol": facts.subprotocol,
        "extensions": facts.server_extensions,
        "origin": facts.origin,
        "user_agent": facts.user_agent,
        "opened": stamp(c.opened_ns) if c.opened_ns else None,
    }
    for name, way in (("to_server", c.to_server), ("to_client", c.to_client)):
        kinds = ("frames", "payload_bytes", "wire_bytes", "messages")
        out[name] = dict(zip(kinds, way, strict=True))
    if close is not None:
        out["close"] = {
            "code_observed": close.code_observed,
            "reason": close.reason,
            "initiator": close.initiator,
            "clean": close.clean,
            "cause": close.cause,
        }
    if c.ended_ns:
        out["ended"] = stamp(c.ended_ns)
    return out


def json_line(facts: dict[str, Any]) -> str:
    return json_text(facts)


def json_lines(many: Iterable[dict[str, Any]]) -> str:
    return "".join(json_line(facts) + "\n" for facts in many)


# The menus


def of_entry(
    c: Connection, entry: Entry, content: bytes | None, whole: bool, json_path: str = ""
) -> list[Copyable]:
    """All ways to copy an entry. `content` is what is known of its payload, unmasked, inflated."""
    ways: list[Copyable] = []
    part = "" if whole else ", as far as it is known"
    if content is not None:
        text = _text(content)
        if text is not None:
            also = ", has control characters" if has_controls(text) else ""
            ways.append(Copyable("text", f"payload as text{part}{also}", lambda: text))
            pretty = _pretty(text)
            if pretty is not None:
                ways.append(Copyable("pretty", "payload as indented JSON", lambda: pretty))
        ways += [
            Copyable(
                *("base64", f"payload as base64{part}"),
                lambda: base64.b64encode(content).decode(),
            ),
            Copyable("hex", f"payload as hexadecimal{part}", lambda: content.hex(" ")),
        ]
    if json_path:
        ways.append(Copyable("path", f"JSON path {json_path}", lambda: json_escaped(json_path)))
    ways.append(
        Copyable(
            "json", "as JSON", lambda: json_line(entry_facts(c.flow_id, entry, content, whole))
        )
    )
    sends = None
    opcode = TEXT
    if not isinstance(entry, Gap) and not entry.direction and entry.opcode in (TEXT, BINARY):
        sends, opcode = content, entry.opcode
    say = "that sends it" if sends is not None else "that connects"
    ways += [
        Copyable("websocat", f"websocat command {say}", lambda: websocat(c, sends, opcode)),
        Copyable("python", f"Python program {say}", lambda: python(c, sends, opcode)),
    ]
    return ways


def _pretty(text: str) -> str | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict | list):
        return None
    return json_text(value, indent=2)


def of_connection(c: Connection) -> list[Copyable]:
    """All ways to copy a connection."""
    return [
        Copyable("url", "URL", lambda: url(c)),
        Copyable("connection-json", "connection as JSON", lambda: json_line(connection_facts(c))),
        Copyable("connect-websocat", "websocat command that connects", lambda: websocat(c)),
        Copyable("connect-python", "Python program that connects", lambda: python(c)),
        Copyable("curl", "curl command for the handshake", lambda: curl(c)),
        Copyable("wscat", "wscat command that connects", lambda: wscat(c)),
    ]
