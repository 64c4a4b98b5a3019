"""JSON-RPC 2.0 and what speaks it: LSP; and CDP, the Chrome DevTools Protocol, its near relative.

https://www.jsonrpc.org/specification, LSP 3.17, https://chromedevtools.github.io/devtools-protocol/.
"""

from typing import Any, Final

from wsinspect.dissect.plain import plain
from wsinspect.dissect.reading import brief, get, json_of, pairs, word
from wsinspect.dissect.summary import Role, Summary, said

_HEADER: Final = b"Content-Length:"  # LSP's framing on streams; some bridges keep it


def jsonrpc(opcode: int, content: bytes) -> Summary:
    if content[:15] == _HEADER:
        content = content.partition(b"\r\n\r\n")[2]
    message = json_of(content)
    if isinstance(message, list) and message and all(isinstance(each, dict) for each in message):
        found = [_one(each) for each in message[:3]]
        more = f"(batch of {len(message)})" if len(message) > 1 else ""
        first = found[0]
        text = " · ".join(each.text for each in found)
        return said(text, more, id=first.id, role=first.role)
    if not isinstance(message, dict):
        return plain(opcode, content)
    return _one(message)


def _one(message: dict[Any, Any]) -> Summary:
    key = message.get("id")
    number = f"#{word(key, 40)}" if word(key, 40) else ""
    session = message.get("sessionId")  # CDP: ids count for each session
    identity = f"{word(session)} {word(key)}" if session is not None and key is not None else key
    method = message.get("method")
    if isinstance(method, str):
        params = message.get("params")
        role = Role.REQUEST if key is not None else Role.EVENT
        if method in ("ping", "$/ping", "rpc.ping"):
            role = Role.HEARTBEAT
        shown = pairs(params) if isinstance(params, dict) else brief(params)
        return said(brief(method, 60), shown, number, id=identity, role=role)
    if "error" in message and message["error"] is not None:
        error = message["error"]
        code, why = word(get(error, "code")), brief(get(error, "message") or error)
        return said("error", code, why, number, id=identity, role=Role.REPLY)
    if "result" in message or key is not None:
        return said("result", brief(message.get("result")), number, id=identity, role=Role.REPLY)
    return said(pairs(message))
