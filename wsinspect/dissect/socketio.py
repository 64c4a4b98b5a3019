"""Engine.IO and Socket.IO (protocol 4 and 5, and older), and SockJS.

https://socket.io/docs/v4/engine-io-protocol/ and https://socket.io/docs/v4/socket-io-protocol/.
Acknowledgement ids count for each direction; event and acknowledgement share one.
"""

import re
from typing import Final

from wsinspect.dissect.reading import MISSING, brief, get, json_of, text_of, word
from wsinspect.dissect.summary import NOTHING, Role, Summary, said

_TEXT: Final = 1
_DEFAULT: Final = "/"
# Engine.IO "4" (message), then Socket.IO: type, attachments-, /namespace, ack id, JSON
_PACKET: Final = re.compile(
    r"(?P<type>[0-6])(?:(?P<attachments>[0-9]{1,9})-)?(?:(?P<namespace>/[^,\[{]*+)(?:,|\Z))?"
    r"(?P<id>[0-9]{1,18})?(?P<data>.*)",
    re.DOTALL,
)


def engineio(opcode: int, content: bytes) -> Summary:
    """An Engine.IO packet with anything in it."""
    if opcode != _TEXT:
        return said(f"binary, {len(content)} bytes", role=Role.EVENT)
    kind, rest = content[:1], content[1:]
    match kind:
        case b"0":
            return _open(rest)
        case b"1":
            return said("close", role=Role.CONTROL)
        case b"2":
            probe = text_of(rest[:40])
            return said("ping", probe, id=f"ping{probe}", role=Role.HEARTBEAT)
        case b"3":
            probe = text_of(rest[:40])
            return said("pong", probe, id=f"ping{probe}", role=Role.HEARTBEAT)
        case b"4":
            return said("message", brief(text_of(rest)), role=Role.EVENT)
        case b"5":
            return said("upgrade", role=Role.CONTROL)
        case b"6":
            return said("noop", role=Role.CONTROL)
        case b"b":
            return said("binary in base64", role=Role.EVENT)
    return NOTHING


def _open(rest: bytes) -> Summary:
    shake = json_of(rest)
    interval, timeout = get(shake, "pingInterval"), get(shake, "pingTimeout")
    parts = []
    if isinstance(interval, int | float):
        parts.append(f"ping every {interval / 1000:g} s")
    if isinstance(timeout, int | float):
        parts.append(f"timeout {timeout / 1000:g} s")
    sid = word(get(shake, "sid"))
    return said("open", f"sid={sid}" if sid else "", ", ".join(parts), role=Role.CONTROL)


def socketio(opcode: int, content: bytes) -> Summary:
    """A Socket.IO packet; of Engine.IO's own what :func:`engineio` says."""
    if opcode != _TEXT:
        return said(f"attachment, {len(content)} bytes", role=Role.EVENT)
    if content[:1] != b"4":
        return engineio(opcode, content)
    found = _PACKET.match(text_of(content[1:]))
    if found is None:
        return engineio(opcode, content)
    namespace = found["namespace"] or _DEFAULT
    where = "" if namespace == _DEFAULT else f"in {brief(namespace, 60)}"
    data = json_of(found["data"].encode("utf-8", "replace")) if found["data"] else MISSING
    match found["type"]:
        case "0":
            detail = f"sid={word(get(data, 'sid'))}" if word(get(data, "sid")) else brief(data)
            return said("connect", brief(namespace, 60), detail, role=Role.CONTROL)
        case "1":
            return said("disconnect", brief(namespace, 60), role=Role.CONTROL)
        case "4":
            why = get(data, "message") or data
            return said("connect error", where, brief(why), role=Role.CONTROL)
        case "2" | "5":
            return _event(data, namespace, where, found["id"], found["attachments"])
        case _:
            arguments = data if data is not MISSING else None
            key = _key(namespace, found["id"])
            return said("ack", found["id"], where, brief(arguments), id=key, role=Role.REPLY)


def _key(namespace: str, ack: str | None) -> str | None:
    if ack is None:
        return None
    return ack if namespace == _DEFAULT else f"{namespace[:40]} {ack}"


def _event(
    data: object, namespace: str, where: str, ack: str | None, attachments: str | None
) -> Summary:
    if not isinstance(data, list) or not data:
        return said("event", where, brief(data), role=Role.EVENT)
    arguments = " ".join(filter(None, (brief(each) for each in data[1:6])))
    binary = f"+{attachments} binary" if attachments and attachments != "0" else ""
    wants = f"(wants ack {ack})" if ack else ""
    role = Role.REQUEST if ack else Role.EVENT
    key = _key(namespace, ack)
    return said(word(data[0]) or "event", where, arguments, binary, wants, id=key, role=role)


def sockjs(opcode: int, content: bytes) -> Summary:
    """SockJS 0.3: o, h, a[…], c[code,reason]; a client sends bare arrays of strings."""
    kind = content[:1]
    if opcode != _TEXT or not kind:
        return NOTHING
    if kind == b"o":
        return said("open", role=Role.CONTROL)
    if kind == b"h":
        return said("heartbeat", role=Role.HEARTBEAT)
    if kind in (b"a", b"["):
        messages = json_of(content[1:] if kind == b"a" else content)
        if isinstance(messages, list):
            several = f"{len(messages)} messages:" if len(messages) > 1 else ""
            return said(several, " · ".join(brief(each) for each in messages[:4]), role=Role.EVENT)
    if kind == b"c":
        why = json_of(content[1:])
        return said("close", brief(get(why, 0)), brief(get(why, 1)), role=Role.CONTROL)
    return NOTHING
