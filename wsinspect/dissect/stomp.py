"""Protocols of lines: STOMP 1.0 to 1.2 and NATS' client protocol.

https://stomp.github.io/stomp-specification-1.2.html,
https://docs.nats.io/reference/reference-protocols/nats-protocol.
"""

from typing import Final

from wsinspect.dissect.reading import brief, pairs, text_of
from wsinspect.dissect.reading import json_of as _json_of
from wsinspect.dissect.summary import NOTHING, Role, Summary, said

CLIENT_COMMANDS: Final = frozenset({
    "CONNECT", "STOMP", "SEND", "SUBSCRIBE", "UNSUBSCRIBE", "ACK", "NACK", "BEGIN", "COMMIT",
    "ABORT", "DISCONNECT",
})  # fmt: skip
SERVER_COMMANDS: Final = frozenset({"CONNECTED", "MESSAGE", "RECEIPT", "ERROR"})
_HEADERS_MAX: Final = 60


def headers(text: str) -> tuple[str, dict[str, str], str]:
    """Command, headers (the first of a name counts) and body of a frame."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    command, _, rest = head.partition("\n")
    found: dict[str, str] = {}
    for line in rest.split("\n", _HEADERS_MAX)[:_HEADERS_MAX]:
        name, _, value = line.partition(":")
        found.setdefault(name.strip(), value.strip())
    return command.strip(), found, body.rstrip("\0\n")


def stomp(opcode: int, content: bytes) -> Summary:  # noqa: ARG001 - all summarizers look alike
    text = text_of(content)
    if text and not text.strip("\r\n"):
        return said("heartbeat", role=Role.HEARTBEAT)
    command, head, body = headers(text.lstrip("\r\n"))
    if command not in CLIENT_COMMANDS | SERVER_COMMANDS:
        return NOTHING
    receipt = head.get("receipt")
    role = Role.REQUEST if receipt else Role.EVENT
    match command:
        case "CONNECT" | "STOMP":
            beat = f"heart-beat {head['heart-beat']}" if "heart-beat" in head else ""
            versions = head.get("accept-version", "")
            return said(command, versions, head.get("host"), beat, id="connect", role=Role.REQUEST)
        case "CONNECTED":
            beat = f"heart-beat {head['heart-beat']}" if "heart-beat" in head else ""
            return said(command, head.get("version"), beat, id="connect", role=Role.REPLY)
        case "RECEIPT":
            key = head.get("receipt-id")
            return said(command, key, id=key, role=Role.REPLY)
        case "ERROR":
            key = head.get("receipt-id")
            return said(command, head.get("message") or brief(body), id=key, role=Role.REPLY)
        case "MESSAGE":
            key = head.get("ack") or head.get("message-id")
            where = head.get("destination")
            return said(command, where, brief(body), id=key, role=Role.REQUEST)
        case "ACK" | "NACK":
            key = head.get("id") or head.get("message-id")
            return said(command, key, id=key, role=Role.REPLY)
        case "SEND" | "SUBSCRIBE" | "UNSUBSCRIBE":
            name = head.get("id", "")
            where = head.get("destination", "")
            wants = f"(wants receipt {receipt})" if receipt else ""
            return said(command, where, name, brief(body), wants, id=receipt, role=role)
    role = Role.REQUEST if receipt else Role.CONTROL
    return said(command, head.get("transaction"), id=receipt, role=role)


def nats(opcode: int, content: bytes) -> Summary:  # noqa: ARG001 - all summarizers look alike
    line, _, rest = text_of(content).partition("\r\n")
    verb, _, arguments = line.partition(" ")
    match verb.upper():
        case "PING":
            return said("PING", id="ping", role=Role.HEARTBEAT)
        case "PONG":
            return said("PONG", id="ping", role=Role.HEARTBEAT)
        case "INFO" | "CONNECT":
            return said(verb.upper(), pairs(_json_of(arguments.encode())), role=Role.CONTROL)
        case "PUB" | "HPUB" | "MSG" | "HMSG":
            body = brief(rest.partition("\r\n")[0])
            return said(verb.upper(), brief(arguments, 80), body, role=Role.EVENT)
        case "SUB" | "UNSUB" | "+OK" | "-ERR":
            return said(verb.upper(), brief(arguments), role=Role.CONTROL)
    return NOTHING
