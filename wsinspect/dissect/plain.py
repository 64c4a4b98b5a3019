"""Any JSON: the key that names a message, and what else stands in it.

Most applications invent their own protocol and put the name under one of a few keys.
"""

from typing import Any, Final

from wsinspect.dissect.reading import MISSING, brief, get, json_of, pairs, word
from wsinspect.dissect.summary import NOTHING, Role, Summary, said

#: The keys that name a message, the most telling first.
NAMES: Final = (
    "type", "event", "op", "action", "method", "cmd", "command", "kind", "messageType",
    "message_type", "msg_type", "msgType", "eventType", "event_type", "e", "t", "topic",
    "channel", "name", "msg",
)  # fmt: skip
IDS: Final = (
    "id", "requestId", "request_id", "req_id", "reqId", "requestID", "correlationId",
    "correlation_id", "messageId", "message_id", "msg_id", "ref", "nonce", "uid",
)  # fmt: skip
_REPLY_KEYS: Final = (
    "result", "error", "response", "replyTo", "reply_to", "inReplyTo", "in_reply_to", "ok",
    "success",
)  # fmt: skip
_REPLY_WORDS: Final = ("ack", "reply", "response", "result", "error", "success", "confirm")
_HEARTBEATS: Final = frozenset({
    "ping", "pong", "heartbeat", "heartbeat_ack", "hb", "keepalive", "keep-alive", "keep_alive",
    "ka", "noop",
})  # fmt: skip


def plain(opcode: int, content: bytes) -> Summary:  # noqa: ARG001 - all summarizers look alike
    value = json_of(content)
    if isinstance(value, dict):
        return of_object(value)
    if isinstance(value, list) and value:
        return _of_list(value)
    if value is MISSING and content.strip().lower() in (b"ping", b"pong"):
        return said(content.strip().decode(), id="ping", role=Role.HEARTBEAT)
    return NOTHING


def of_object(value: dict[Any, Any]) -> Summary:
    name = key = ""
    for each in NAMES:
        found = value.get(each)
        if isinstance(found, str | int) and not isinstance(found, bool) and found != "":
            name, key = word(found), each
            break
    id_key = next((each for each in IDS if isinstance(value.get(each), str | int)), "")
    if name.lower() in _HEARTBEATS:
        return said(name, pairs(value, (key, id_key)), id="ping", role=Role.HEARTBEAT)
    rest = pairs(value, (key, id_key))
    number = f"#{word(value[id_key], 40)}" if id_key else ""
    identity = value[id_key] if id_key else None
    return said(name, rest, number, id=identity, role=_role(value, name, bool(id_key)))


def _role(value: dict[Any, Any], name: str, has_id: bool) -> Role:
    if not has_id:
        return Role.EVENT
    lower = name.lower()
    if any(each in value for each in _REPLY_KEYS) or any(each in lower for each in _REPLY_WORDS):
        return Role.REPLY
    return Role.REQUEST


def _of_list(value: list[Any]) -> Summary:
    """A batch of objects, or an array whose first text names it."""
    if isinstance(value[0], dict):
        first = of_object(value[0]).text
        more = f"(and {len(value) - 1} more)" if len(value) > 1 else ""
        return said(first, more, role=Role.EVENT)
    if isinstance(value[0], str):
        rest = " ".join(filter(None, (brief(each, 60) for each in value[1:5])))
        return said(word(get(value, 0)), rest, role=Role.EVENT)
    return NOTHING
