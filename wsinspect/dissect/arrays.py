"""Protocols whose messages are arrays with a type first: WAMP, OCPP, Nostr.

https://wamp-proto.org/wamp_latest_ietf.html §6, OCPP-J 1.6 §4 and 2.0.1 part 4,
https://github.com/nostr-protocol/nips/blob/master/01.md.
"""

from typing import Any, Final

from wsinspect.dissect.reading import brief, get, json_of, msgpack_of, word
from wsinspect.dissect.summary import NOTHING, Role, Summary, said

_TEXT: Final = 1
# Type: name, where the request id is, where the URI or the like is, role.
_WAMP: Final[dict[int, tuple[str, int | None, int | None, Role]]] = {
    1: ("HELLO", None, 1, Role.REQUEST),
    2: ("WELCOME", None, None, Role.REPLY),
    3: ("ABORT", None, 2, Role.REPLY),
    4: ("CHALLENGE", None, 1, Role.CONTROL),
    5: ("AUTHENTICATE", None, None, Role.CONTROL),
    6: ("GOODBYE", None, 2, Role.CONTROL),
    8: ("ERROR", 2, 4, Role.REPLY),
    16: ("PUBLISH", 1, 3, Role.REQUEST),
    17: ("PUBLISHED", 1, None, Role.REPLY),
    32: ("SUBSCRIBE", 1, 3, Role.REQUEST),
    33: ("SUBSCRIBED", 1, None, Role.REPLY),
    34: ("UNSUBSCRIBE", 1, None, Role.REQUEST),
    35: ("UNSUBSCRIBED", 1, None, Role.REPLY),
    36: ("EVENT", None, None, Role.EVENT),
    48: ("CALL", 1, 3, Role.REQUEST),
    49: ("CANCEL", None, None, Role.CONTROL),
    50: ("RESULT", 1, None, Role.REPLY),
    64: ("REGISTER", 1, 3, Role.REQUEST),
    65: ("REGISTERED", 1, None, Role.REPLY),
    66: ("UNREGISTER", 1, None, Role.REQUEST),
    67: ("UNREGISTERED", 1, None, Role.REPLY),
    68: ("INVOCATION", 1, None, Role.REQUEST),
    69: ("INTERRUPT", None, None, Role.CONTROL),
    70: ("YIELD", 1, None, Role.REPLY),
}
_WAMP_REST: Final = {36: 4, 48: 4, 50: 3, 16: 4, 68: 4, 70: 3, 8: 5}  # where arguments begin


def wamp(opcode: int, content: bytes) -> Summary:
    message = json_of(content) if opcode == _TEXT else msgpack_of(content)
    kind = get(message, 0)
    if not isinstance(kind, int) or isinstance(kind, bool) or kind not in _WAMP:
        return NOTHING
    name, id_at, uri_at, role = _WAMP[kind]
    key: Any = get(message, id_at) if id_at is not None else None
    if kind in (1, 2, 3):
        key = "session"
    uri = word(get(message, uri_at)) if uri_at is not None else ""
    number = f"#{word(key)}" if id_at is not None and word(key) else ""
    start = _WAMP_REST.get(kind)
    rest = ""
    if start is not None:
        rest = " ".join(filter(None, (brief(each) for each in message[start : start + 2])))
    return said(name, uri, rest, number, id=key, role=role)


_OCPP: Final = {2: Role.REQUEST, 3: Role.REPLY, 4: Role.REPLY, 5: Role.REPLY, 6: Role.EVENT}


def ocpp(opcode: int, content: bytes) -> Summary:  # noqa: ARG001 - all summarizers look alike
    message = json_of(content)
    kind, key = get(message, 0), get(message, 1)
    if not isinstance(kind, int) or kind not in _OCPP or not isinstance(key, str):
        return NOTHING
    number = f"#{brief(key, 24)}"
    role = _OCPP[kind]
    if kind in (2, 6):
        name = word(get(message, 2))
        heartbeat = kind == 2 and name == "Heartbeat"
        rest = brief(get(message, 3))
        return said(name, rest, number, id=key, role=Role.HEARTBEAT if heartbeat else role)
    if kind == 3:
        result = get(message, 2)
        status = word(get(result, "status"))
        return said("result", status, "" if status else brief(result), number, id=key, role=role)
    words = [brief(get(message, 2), 40), brief(get(message, 3))]
    return said("error", *words, number, id=key, role=role)


NOSTR: Final[dict[str, Role]] = {
    "REQ": Role.REQUEST, "COUNT": Role.REQUEST, "CLOSE": Role.CONTROL, "EVENT": Role.EVENT,
    "EOSE": Role.REPLY, "CLOSED": Role.REPLY, "OK": Role.REPLY, "NOTICE": Role.EVENT,
    "AUTH": Role.CONTROL,
}  # fmt: skip


def nostr(opcode: int, content: bytes) -> Summary:  # noqa: ARG001 - all summarizers look alike
    message = json_of(content)
    verb = get(message, 0)
    if not isinstance(verb, str) or verb not in NOSTR:
        return NOTHING
    second = get(message, 1)
    if verb == "EVENT":
        published = isinstance(second, dict)  # by a client; a relay names the subscription first
        event: Any = second if published else get(message, 2)
        text = f"kind {word(get(event, 'kind'))}" if word(get(event, "kind")) else ""
        key = word(get(event, "id"), 64) if published else second
        role = Role.REQUEST if published else Role.REPLY
        return said(verb, text, brief(get(event, "content")), _short(key), id=key, role=role)
    if verb == "OK":
        outcome = "accepted" if get(message, 2) else "refused"
        return said(
            verb, outcome, brief(get(message, 3)), _short(second), id=second, role=Role.REPLY
        )
    role = NOSTR[verb]
    filters = brief(get(message, 2))
    key = second if role in (Role.REQUEST, Role.REPLY) or verb == "CLOSE" else None
    shown = _short(second) if key is not None else brief(second)
    return said(verb, filters, shown, id=key, role=role)


def _short(key: object) -> str:
    shown = word(key, 12)
    return f"#{shown}" if shown else ""
