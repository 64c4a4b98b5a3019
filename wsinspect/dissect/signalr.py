"""SignalR: ASP.NET Core's hub protocol in JSON and MessagePack, and the older ASP.NET one.

https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/HubProtocol.md. JSON records
end with 0x1E; MessagePack ones begin with their length.
"""

from typing import Any, Final

from wsinspect.dissect.reading import MISSING, brief, get, json_of, msgpack_of, word
from wsinspect.dissect.summary import NOTHING, Role, Summary, said

RECORD_END: Final = b"\x1e"
_TEXT: Final = 1
_SHOWN: Final = 3  # records of one message

_INVOCATION, _ITEM, _COMPLETION, _STREAM, _CANCEL = 1, 2, 3, 4, 5
_PING, _CLOSE, _ACK, _SEQUENCE = 6, 7, 8, 9


def signalr(opcode: int, content: bytes) -> Summary:
    if opcode == _TEXT:
        records = [part for part in content.split(RECORD_END, _SHOWN + 1) if part]
        found = [_json(json_of(part)) for part in records[:_SHOWN]]
    else:
        found = [_packed(values) for values in _unpack(content)]
    found = [each for each in found if each.text]
    if len(found) <= 1:
        return found[0] if found else NOTHING
    # one message, several records: the first that others wait for names it
    first = next((each for each in found if each.id is not None), found[0])
    return said(" · ".join(each.text for each in found), id=first.id, role=first.role)


def _json(record: Any) -> Summary:
    if not isinstance(record, dict):
        return NOTHING
    if "protocol" in record and "version" in record:
        name, version = word(record["protocol"]), word(record["version"])
        return said(f"handshake: {name} version {version}", id="handshake", role=Role.REQUEST)
    kind = record.get("type")
    if not isinstance(kind, int):
        return _classic(record)
    return _say(
        kind,
        record.get("invocationId"),
        record.get("target"),
        record.get("arguments", MISSING),
        record.get("error"),
        record.get("result", record.get("item", MISSING)),
        record.get("sequenceId"),
    )


def _packed(record: Any) -> Summary:
    """[type, headers, invocationId, target, arguments] and its kin."""
    if not isinstance(record, list) or not record or not isinstance(record[0], int):
        return NOTHING
    kind = record[0]
    if kind in (_INVOCATION, _STREAM):
        return _say(kind, get(record, 2), get(record, 3), get(record, 4), None, MISSING, None)
    if kind in (_CLOSE, _ACK, _SEQUENCE):
        return _say(kind, None, None, MISSING, get(record, 1), MISSING, get(record, 1))
    failed = kind == _COMPLETION and get(record, 3) == 1
    last = get(record, -1)
    error, result = (last, MISSING) if failed else (None, last)
    return _say(kind, get(record, 2), None, MISSING, error, result, None)


def _say(
    kind: int, key: Any, target: Any, arguments: Any, error: Any, result: Any, sequence: Any
) -> Summary:
    number = f"#{word(key)}" if word(key) else ""
    match kind:
        case 1:
            role = Role.REQUEST if key is not None else Role.EVENT
            return said(word(target), brief(arguments), number, id=key, role=role)
        case 2:
            return said("item", number, brief(result), id=key, role=Role.REPLY)
        case 3:
            what = f"failed: {brief(error)}" if error else "completed"
            return said(what, number, brief(result), id=key, role=Role.REPLY)
        case 4:
            return said("stream", word(target), brief(arguments), number, id=key, role=Role.REQUEST)
        case 5:
            return said("cancel", number, id=key, role=Role.CONTROL)
        case 6:
            return said("ping", role=Role.HEARTBEAT)
        case 7:
            return said("close", brief(error), role=Role.CONTROL)
        case 8:
            return said("ack", word(sequence), role=Role.CONTROL)
        case 9:
            return said("sequence", word(sequence), role=Role.CONTROL)
    return NOTHING


def _classic(record: dict[str, Any]) -> Summary:
    """ASP.NET SignalR before Core: single letters."""
    if not record:
        return said("{} (handshake accepted, or keep-alive)", id="handshake", role=Role.REPLY)
    if "H" in record and "M" in record and not isinstance(record["M"], list):
        name = f"{word(record['H'])}.{word(record['M'])}"
        return said(name, brief(record.get("A")), id=record.get("I"), role=Role.REQUEST)
    if "R" in record or "E" in record:
        what = record.get("E", record.get("R"))
        head = "failed:" if "E" in record else "result"
        return said(head, brief(what), id=record.get("I"), role=Role.REPLY)
    calls = record.get("M")
    if isinstance(calls, list):
        names = [f"{word(get(c, 'H'))}.{word(get(c, 'M'))} {brief(get(c, 'A'))}" for c in calls[:4]]
        return said(" · ".join(names) or "no calls", role=Role.EVENT)
    return said("result", id=record["I"], role=Role.REPLY) if "I" in record else NOTHING


def _unpack(content: bytes) -> list[Any]:
    """The records of a MessagePack message: each behind its length, 7 bits a byte, low first."""
    found: list[Any] = []
    at = 0
    while at < len(content) and len(found) < _SHOWN:
        length = shift = 0
        while at < len(content):
            byte = content[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 or shift > 28:
                break
        found.append(msgpack_of(content[at : at + length]))
        at += length
    return found
