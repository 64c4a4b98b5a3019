"""Protocols of channels and topics: Phoenix, ActionCable, Pusher.

https://hexdocs.pm/phoenix/writing_a_channels_client.html, Rails' ActionCable (actioncable-v1-json),
https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/.
"""

from typing import Any

from wsinspect.dissect.plain import plain
from wsinspect.dissect.reading import brief, get, json_of, pairs, word
from wsinspect.dissect.summary import Role, Summary, said


def phoenix(opcode: int, content: bytes) -> Summary:
    """Version 2: [join_ref, ref, topic, event, payload]; version 1: an object of the same."""
    message = json_of(content)
    if isinstance(message, list) and len(message) == 5:
        _, ref, topic, event, payload = message
    elif isinstance(message, dict) and "event" in message and "topic" in message:
        ref, topic, event, payload = map(message.get, ("ref", "topic", "event", "payload"))
    else:
        return plain(opcode, content)
    number = f"#{word(ref)}" if word(ref) else ""
    if topic == "phoenix":  # the heartbeat, and its reply
        status = word(get(payload, "status"))
        return said("heartbeat", status, number, id=ref, role=Role.HEARTBEAT)
    if event == "phx_reply":
        status, response = word(get(payload, "status")), get(payload, "response")
        return said("reply", word(topic), status, brief(response), number, id=ref, role=Role.REPLY)
    role = Role.REQUEST if ref is not None else Role.EVENT
    return said(word(event), word(topic), pairs(payload), number, id=ref, role=role)


def actioncable(opcode: int, content: bytes) -> Summary:
    message = json_of(content)
    if not isinstance(message, dict):
        return plain(opcode, content)
    key = message.get("identifier")
    where = _channel(key)
    kind, command = message.get("type"), message.get("command")
    if kind == "ping":
        return said("ping", role=Role.HEARTBEAT)
    if kind in ("confirm_subscription", "reject_subscription"):
        return said(kind, where, id=key, role=Role.REPLY)
    if isinstance(kind, str):
        return said(kind, pairs(message, ("type", "identifier")), where, role=Role.CONTROL)
    if command == "subscribe":
        return said(command, where, id=key, role=Role.REQUEST)
    if isinstance(command, str):
        data = message.get("data")
        inner = json_of(data.encode("utf-8", "replace")) if isinstance(data, str) else data
        action = word(get(inner, "action"))
        rest = pairs(inner, ("action",)) if isinstance(inner, dict) else brief(data)
        return said(command, where, action, rest, role=Role.EVENT)
    return said("message", where, brief(message.get("message")), role=Role.EVENT)


def _channel(identifier: object) -> str:
    """`{"channel":"ChatChannel","room":1}`, itself JSON in a string, as `ChatChannel room=1`."""
    if not isinstance(identifier, str):
        return ""
    inner = json_of(identifier.encode("utf-8", "replace"))
    if not isinstance(inner, dict):
        return brief(identifier)
    return " ".join(filter(None, (word(inner.get("channel")), pairs(inner, ("channel",), 60))))


_PUSHER_PAIRS = {
    "pusher:subscribe": Role.REQUEST,
    "pusher_internal:subscription_succeeded": Role.REPLY,
    "pusher:subscription_error": Role.REPLY,
}


def pusher(opcode: int, content: bytes) -> Summary:
    message = json_of(content)
    event = get(message, "event")
    if not isinstance(event, str):
        return plain(opcode, content)
    data: Any = message.get("data")
    if isinstance(data, str):  # data is mostly JSON in a string
        inner = json_of(data.encode("utf-8", "replace"))
        data = inner if isinstance(inner, dict | list) else data
    if event in ("pusher:ping", "pusher:pong"):
        return said(event, id="ping", role=Role.HEARTBEAT)
    channel = word(message.get("channel")) or word(get(data, "channel"))
    role = _PUSHER_PAIRS.get(event)
    if role is not None:
        return said(event, channel, id=channel or None, role=role)
    kind = Role.CONTROL if event.startswith("pusher") else Role.EVENT
    rest = pairs(data) if isinstance(data, dict) else brief(data)
    return said(event, channel, rest, role=kind)
