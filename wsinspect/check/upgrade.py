"""The verdict on the opening handshake: does the upgrade arrive, and is the answer right?

Owns: which findings are bad, and what a status other than 101 says about the path. Must not know:
sockets. The findings themselves are ``protocol/handshake.py``'s.
"""

from __future__ import annotations

from typing import Any, Final

from wsinspect.check.connecting import Failed, Shaken
from wsinspect.check.model import Check, without_secrets

__all__ = ["compared", "failed", "judge"]

# Odd, and no client minds.
_HARMLESS: Final = {
    "response-upgrade-others",
    "deflate-window-without-value",
    "deflate-server-window-ignored",
    "deflate-server-takeover-ignored",
    "status-not-101",  # said in its own words
}
_SHOWN: Final = (
    "Server", "Via", "Upgrade", "Connection", "Sec-WebSocket-Accept", "Sec-WebSocket-Version",
    "Location", "WWW-Authenticate",
)  # fmt: skip
_HOP: Final = (
    "a hop on the way probably does not pass the Upgrade and Connection headers on (nginx needs "
    "proxy_http_version 1.1, proxy_set_header Upgrade $http_upgrade and proxy_set_header "
    'Connection "upgrade")'
)


def failed(error: Failed) -> Check:
    return Check("upgrade", "bad", {"stage": error.stage, "error": str(error)}, str(error))


def judge(shaken: Shaken) -> Check:
    answer = shaken.answer
    handshake = shaken.opening.examine(answer)
    bad = [finding for finding in handshake.findings if finding.code not in _HARMLESS]
    evidence: dict[str, Any] = {
        "status": answer.status,
        "connect_ms": shaken.connect_ms,
        "handshake_ms": shaken.handshake_ms,
        "headers": {
            name: without_secrets(value) if name == "Location" else value
            for name in _SHOWN
            if (value := answer.value(name)) is not None
        },
        "findings": [finding.code for finding in handshake.findings],
        "missing": _headers_of(bad, "missing"),
        "wrong": _headers_of(bad, "wrong"),
    }
    if shaken.tls_ms is not None:
        evidence["tls_ms"] = shaken.tls_ms
    if answer.status != 101:
        kind, say = _refusal(shaken)
        evidence["kind"] = kind
        return Check("upgrade", "bad", evidence, say)
    evidence["accept_valid"] = handshake.accept_valid
    evidence["subprotocol"] = handshake.subprotocol
    evidence["extensions"] = list(handshake.server_extensions)
    if bad:
        return Check("upgrade", "bad", evidence, " ".join(finding.say for finding in bad))
    say = f"101 in {shaken.handshake_ms:.0f} ms, and the key is answered rightly"
    if handshake.subprotocol:
        say += f"; subprotocol {handshake.subprotocol}"
    if handshake.server_extensions:
        say += f"; {', '.join(handshake.server_extensions)}"
    return Check("upgrade", "good", evidence, say + ".")


def _headers_of(bad: list[Any], kind: str) -> list[str]:
    """Names of the response's headers that are missing, or that are there and wrong."""
    found = []
    for finding in bad:
        part = finding.code.removeprefix("response-")
        missing = part.endswith("-missing")
        if (kind == "missing") != missing:
            continue
        for word, name in _NAMES.items():
            if part.startswith(word):
                found.append(name)
    return list(dict.fromkeys(found))


_NAMES: Final = {
    "upgrade": "Upgrade",
    "connection": "Connection",
    "accept": "Sec-WebSocket-Accept",
    "subprotocol": "Sec-WebSocket-Protocol",
    "extension": "Sec-WebSocket-Extensions",
    "deflate": "Sec-WebSocket-Extensions",
}


def _refusal(shaken: Shaken) -> tuple[str, str]:
    """A kind for machines and a sentence, for a status other than 101."""
    answer = shaken.answer
    status = answer.status
    versions = answer.value("Sec-WebSocket-Version")
    if status == 426 and versions and "13" not in versions.replace(" ", "").split(","):
        return "version", f"The server speaks WebSocket version {versions}, not 13 (status 426)."
    if status == 426:
        return "upgrade-lost", (
            f"426: the server asks for the very upgrade that was sent – {_HOP}."
        )
    if status == 505:
        return "upgrade-lost", (
            f"505: the server was asked in HTTP/1.0, which has no upgrade – {_HOP}."
        )
    if status in (401, 403, 407):
        return "credentials", (
            f"{status}: the server wants to know who asks – say it with --header "
            "'Authorization: …', 'Cookie: …' or 'Origin: …'."
        )
    if 300 <= status < 400:
        place = without_secrets(answer.value("Location") or "")
        return "redirect", (
            f"{status}: it is elsewhere{f' ({place})' if place else ''}, and WebSocket clients "
            "follow no redirects."
        )
    if status == 404:
        return "not-found", (
            f"404: there is nothing at {shaken.opening.target.partition('?')[0]} – or {_HOP}."
        )
    if status in (502, 503, 504):
        return "unavailable", f"{status}: a hop on the way does not reach the server behind it."
    if status == 400 or 200 <= status < 300:
        what = "a plain page" if status < 300 else "a refusal"
        return "upgrade-lost", f"{status}: {what} instead of 101 – {_HOP}."
    return "status", f"The server answered {status} instead of 101."


def compared(check: Check, differences: dict[str, Any]) -> Check:
    """The same with what a proxy did to the headers; a handshake's own must arrive as sent."""
    evidence = {**check.evidence, "through_proxy": differences}
    if "error" in differences:
        say = f"{check.say} Its headers could not be compared: {differences['error']}."
        return Check(check.name, check.verdict, evidence, say)
    touched = [
        f"{where} {what}: {', '.join(names)}"
        for where in ("request", "response")
        for what, names in differences[where].items()
        if names
    ]
    if not touched:
        return Check(
            check.name, check.verdict, evidence, f"{check.say} The proxy changed no header."
        )
    harmful = any(
        name.lower().startswith("sec-websocket-") or name.lower() in ("upgrade", "connection")
        for where in ("request", "response")
        for names in differences[where].values()
        for name in names
    )
    verdict = "bad" if harmful else check.verdict
    say = f"{check.say} The proxy changed headers – {'; '.join(touched)}."
    return Check(check.name, verdict, evidence, say)
