"""XMPP over WebSocket (RFC 7395): the stanza's name and the attributes that name it.

Read by pattern, not by an XML parser: a stanza may be cut, and an entity may be a bomb.
"""

import re
from typing import Final

from wsinspect.dissect.reading import brief, text_of
from wsinspect.dissect.summary import NOTHING, Role, Summary, said

_START: Final = re.compile(r"\s*<([A-Za-z][\w:.-]{0,60}+)([^<>]*+)/?>?")
_ATTRIBUTE: Final = re.compile(r"([\w:.-]{1,40}+)\s*=\s*(?:'([^'<]*+)'|\"([^\"<]*+)\")")
_BODY: Final = re.compile(r"<body[^<>]*+>([^<]*+)")
_PAYLOAD: Final = re.compile(r"<(?!/)([A-Za-z][\w:.-]{0,60}+)")


def xmpp(opcode: int, content: bytes) -> Summary:  # noqa: ARG001 - all summarizers look alike
    text = text_of(content)
    if text and not text.strip():
        return said("keep-alive", role=Role.HEARTBEAT)
    start = _START.match(text)
    if start is None:
        return NOTHING
    name = start[1]
    given = {key: single or double for key, single, double in _ATTRIBUTE.findall(start[2])}
    kind, key = given.get("type", ""), given.get("id")
    where = f"to {brief(given['to'], 60)}" if "to" in given else ""
    match name:
        case "iq":
            role = Role.REPLY if kind in ("result", "error") else Role.REQUEST
            inner = _PAYLOAD.search(text, start.end())
            return said(name, kind, inner[1] if inner else "", where, id=key, role=role)
        case "message":
            body = _BODY.search(text, start.end())
            return said(name, kind, where, brief(body[1]) if body else "", role=Role.EVENT)
        case "presence":
            return said(name, kind, where, role=Role.EVENT)
    return said(name, where, role=Role.CONTROL)
