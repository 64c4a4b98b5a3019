"""GraphQL over WebSocket: graphql-transport-ws and the older graphql-ws (subscriptions-transport).

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md; both subprotocols share most names.
"""

import re
from typing import Any, Final

from wsinspect.dissect.plain import plain
from wsinspect.dissect.reading import brief, get, json_of, word
from wsinspect.dissect.summary import NOTHING, Role, Summary, said

# What a document begins with: `subscription OnScore($id: ID!)` or `{ field`
_OPERATION: Final = re.compile(r"\s*(?:(query|mutation|subscription)\s+(\w+)?|\{\s*(\w+))")
ROLES: Final = {
    "connection_init": (Role.REQUEST, "connection"),
    "connection_ack": (Role.REPLY, "connection"),
    "connection_error": (Role.REPLY, "connection"),
    "connection_terminate": (Role.CONTROL, None),
    "ping": (Role.HEARTBEAT, "ping"),
    "pong": (Role.HEARTBEAT, "ping"),
    "ka": (Role.HEARTBEAT, None),
    "subscribe": (Role.REQUEST, None),
    "start": (Role.REQUEST, None),
    "stop": (Role.CONTROL, None),
    "next": (Role.REPLY, None),
    "data": (Role.REPLY, None),
    "error": (Role.REPLY, None),
    "complete": (Role.REPLY, None),
}


def graphql(opcode: int, content: bytes) -> Summary:
    message = json_of(content)
    kind = get(message, "type")
    if not isinstance(kind, str) or kind not in ROLES:
        return plain(opcode, content) if message is not None else NOTHING
    role, fixed = ROLES[kind]
    key = message.get("id", fixed)
    number = f"#{word(message.get('id'))}" if word(message.get("id")) else ""
    payload = message.get("payload")
    if kind in ("subscribe", "start"):
        return said(kind, _operation(payload), number, id=key, role=role)
    if kind in ("next", "data"):
        errors = get(payload, "errors")
        if errors:
            return said(kind, number, "errors:", _error(errors), id=key, role=role)
        return said(kind, number, brief(get(payload, "data") or payload), id=key, role=role)
    if kind in ("error", "connection_error"):
        return said(kind, number, _error(payload), id=key, role=role)
    return said(kind, number, brief(payload), id=key, role=role)


def _operation(payload: Any) -> str:
    name = word(get(payload, "operationName"))
    document = get(payload, "query")
    found = _OPERATION.match(document) if isinstance(document, str) else None
    kind, named, field = found.groups() if found else (None, None, None)
    variables = brief(get(payload, "variables"), 60)
    return " ".join(filter(None, (kind or "query", name or named or field, variables)))


def _error(errors: Any) -> str:
    first = get(errors, 0, "message") if isinstance(errors, list) else get(errors, "message")
    return brief(first or errors)
