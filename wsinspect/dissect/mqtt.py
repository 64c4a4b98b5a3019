"""MQTT 3.1, 3.1.1 and 5.0 control packets (OASIS MQTT 5.0 §2 and §3).

A WebSocket message may hold several packets, or a piece of one (§6): the first few that begin in it
are named. Packet ids tie PUBLISH, SUBSCRIBE and UNSUBSCRIBE to their acknowledgements.
"""

from typing import Final

from wsinspect.dissect.reading import brief, text_of
from wsinspect.dissect.summary import NOTHING, Role, Summary, said

_SHOWN: Final = 3  # packets of one message

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = 1, 2, 3, 4, 5, 6, 7
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH = range(8, 16)
_NAMES: Final = (
    "", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE",
    "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH",
)  # fmt: skip
_ROLES: Final = {
    CONNECT: Role.REQUEST, CONNACK: Role.REPLY, PUBACK: Role.REPLY, PUBREC: Role.REPLY,
    PUBREL: Role.REQUEST, PUBCOMP: Role.REPLY, SUBSCRIBE: Role.REQUEST, SUBACK: Role.REPLY,
    UNSUBSCRIBE: Role.REQUEST, UNSUBACK: Role.REPLY, PINGREQ: Role.HEARTBEAT,
    PINGRESP: Role.HEARTBEAT, DISCONNECT: Role.CONTROL, AUTH: Role.CONTROL,
}  # fmt: skip
_NO_ID: Final = {CONNECT: "connect", CONNACK: "connect", PINGREQ: "ping", PINGRESP: "ping"}


def packet_header(content: bytes, at: int) -> tuple[int, int, int, int] | None:
    """Type, flags, where the body begins and its length; None: this is no packet (§2.1)."""
    if at >= len(content):
        return None
    kind, flags = content[at] >> 4, content[at] & 0x0F
    wanted = 2 if kind in (PUBREL, SUBSCRIBE, UNSUBSCRIBE) else 0
    if kind == 0 or (kind != PUBLISH and flags != wanted):
        return None
    length = 0
    for place in range(4):
        at += 1
        if at >= len(content):
            return None
        length |= (content[at] & 0x7F) << 7 * place
        if content[at] < 0x80:
            return kind, flags, at + 1, length
    return None


def mqtt(opcode: int, content: bytes) -> Summary:  # noqa: ARG001 - all summarizers look alike
    found: list[Summary] = []
    at = 0
    while len(found) <= _SHOWN:
        header = packet_header(content, at)
        if header is None:
            break
        kind, flags, start, length = header
        found.append(_packet(kind, flags, content[start : start + length]))
        at = start + length
    if len(found) <= 1:
        return found[0] if found else NOTHING
    text = " · ".join(each.text for each in found[:_SHOWN]) + (" …" if len(found) > _SHOWN else "")
    first = next((each for each in found if each.id is not None), found[0])
    return said(text, id=first.id, role=first.role)


def _text_at(body: bytes, at: int) -> tuple[str, int]:
    """A UTF-8 string behind its two bytes of length (§1.5.4), and where it ends."""
    length = int.from_bytes(body[at : at + 2])
    return text_of(body[at + 2 : at + 2 + length]), at + 2 + length


def _id_at(body: bytes, at: int) -> str | None:
    return str(int.from_bytes(body[at : at + 2])) if len(body) >= at + 2 else None


def _packet(kind: int, flags: int, body: bytes) -> Summary:
    name = _NAMES[kind]
    if kind == PUBLISH:
        return _publish(flags, body)
    if kind == CONNECT:
        return _connect(body)
    role = _ROLES[kind]
    if kind in _NO_ID:
        code = f"code 0x{body[1]:02x}" if kind == CONNACK and len(body) > 1 and body[1] else ""
        return said(name, code, id=_NO_ID[kind], role=role)
    if kind in (DISCONNECT, AUTH):
        return said(name, f"code 0x{body[0]:02x}" if body and body[0] else "", role=role)
    key = _id_at(body, 0)
    number = f"#{key}" if key else ""
    topics = _topics(kind, body) if kind in (SUBSCRIBE, UNSUBSCRIBE) else ""
    refused = kind == SUBACK and len(body) > 2 and body[-1] >= 0x80
    return said(name, topics, "refused" if refused else "", number, id=key, role=role)


def _publish(flags: int, body: bytes) -> Summary:
    qos = flags >> 1 & 3
    topic, at = _text_at(body, 0)
    key = None
    if qos:
        key = _id_at(body, at)
        at += 2
    marks = (
        f"qos {qos}" if qos else "",
        f"#{key}" if key else "",
        "retain" if flags & 1 else "",
        "again" if flags & 8 else "",
    )
    payload = body[at:]
    shown = text_of(payload[:100])
    if payload and not shown.isprintable():
        # of version 5 the properties come first: 0 where there are none
        rest = text_of(payload[1:101])
        shown = rest if payload[0] == 0 and rest.isprintable() else f"{len(payload)} bytes"
    role = Role.REQUEST if qos else Role.EVENT
    return said("PUBLISH", brief(topic), brief(shown), *marks, id=key, role=role)


def _connect(body: bytes) -> Summary:
    protocol, at = _text_at(body, 0)
    level, flags = (body[at], body[at + 1]) if len(body) > at + 1 else (0, 0)
    keep_alive = int.from_bytes(body[at + 2 : at + 4])
    version = {3: "3.1", 4: "3.1.1", 5: "5.0"}.get(level, f"level {level}")
    start = at + 4
    if level == 5 and len(body) > start:
        start += 1 + body[start]  # properties; more than 127 bytes of them are rare here
    client, _ = _text_at(body, start)
    parts = (
        f"version {version}",
        f"client {brief(client, 40)}" if client else "",
        f"keep-alive {keep_alive} s",
        "clean" if flags & 2 else "",
        "will" if flags & 4 else "",
        "user" if flags & 0x80 else "",
    )
    name = "CONNECT" if protocol in ("MQTT", "MQIsdp") else "CONNECT ?"
    return said(name, *parts, id="connect", role=Role.REQUEST)


def _topics(kind: int, body: bytes) -> str:
    """The topic filters; a body of version 5 has its properties' length first, mostly 0."""
    for skip in (2, 3):
        found: list[str] = []
        at = skip
        while at + 2 <= len(body) and len(found) < 20:
            topic, at = _text_at(body, at)
            at += kind == SUBSCRIBE
            found.append(topic)
        if found and at == len(body) and all(found) and all(map(str.isprintable, found)):
            return brief(", ".join(found))
    return ""
