"""Close codes: names, plain words, and which may be sent (RFC 6455 section 7.4).

Owns what a close code means to a human. Names are those of IANA's registry "WebSocket Close Code
Number". It must not know frames or connections.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ABNORMAL", "CLOSE_NAMES", "NO_STATUS", "close_words", "is_valid_on_wire"]

#: A Close frame without a code (RFC 6455 section 7.1.5).
NO_STATUS: Final = 1005
#: The connection ended without a Close frame (RFC 6455 section 7.1.5).
ABNORMAL: Final = 1006

_CODES: Final[dict[int, tuple[str, str]]] = {
    # RFC 6455 section 7.4.1
    1000: ("Normal Closure", "The purpose of the connection was fulfilled."),
    1001: ("Going Away", "The endpoint is leaving: a server stops, or a page was closed."),
    1002: ("Protocol Error", "The peer broke the WebSocket protocol."),
    1003: ("Unsupported Data", "The endpoint got a kind of data that it cannot accept."),
    1004: ("Reserved", "This code has no meaning yet and may not be sent."),
    1005: ("No Status Received", "The Close frame had no code; this number may not be sent."),
    1006: (
        "Abnormal Closure",
        "The connection ended without a Close frame; this number may not be sent.",
    ),
    1007: ("Invalid Frame Payload Data", "Data did not fit its type, such as bad UTF-8 in text."),
    1008: ("Policy Violation", "A message broke a policy of the endpoint."),
    1009: ("Message Too Big", "A message was too big for the endpoint."),
    1010: ("Mandatory Extension", "The client needs an extension that the server did not choose."),
    1011: ("Internal Error", "The server met a condition that it did not expect."),
    # IANA registry, entries made after RFC 6455
    1012: ("Service Restart", "The service restarts; the client may connect again."),
    1013: ("Try Again Later", "The server is overloaded; the client should wait, then try again."),
    1014: ("Bad Gateway", "A gateway got an invalid response from the server behind it."),
    # RFC 6455 section 7.4.1
    1015: ("TLS Handshake", "The TLS handshake failed; this number may not be sent."),
    # IANA registry, 3000-3999: libraries, frameworks and applications
    3000: ("Unauthorized", "The endpoint must be authorized first, like HTTP 401."),
    3003: ("Forbidden", "The endpoint is not permitted to do this, like HTTP 403."),
    3008: ("Timeout", "The endpoint took too long to respond, like HTTP 408."),
}

#: IANA's name of every registered close code.
CLOSE_NAMES: Final[dict[int, str]] = {code: name for code, (name, _) in _CODES.items()}

#: Inclusive ranges of RFC 6455 section 7.4.2, for codes that have no entry of their own.
_RANGES: Final = (
    (0, 999, "Unused", "Codes below 1000 are not used and may not be sent."),
    (1000, 2999, "Unassigned", "The protocol reserves this code and has not defined it."),
    (3000, 3999, "Library Code", "A library or framework defines this code; it is unregistered."),
    (4000, 4999, "Private Code", "The application defines this code."),
)
_OUT_OF_RANGE: Final = ("Out of Range", "Codes above 4999 have no meaning and may not be sent.")

_NEVER_SENT: Final = frozenset({1004, 1005, 1006, 1015})


def close_words(code: int) -> str:
    """Name and one sentence for any close code: ``"Normal Closure: The purpose …"``."""
    name, sentence = _CODES.get(code, _OUT_OF_RANGE)
    if code not in _CODES:
        for low, high, range_name, range_sentence in _RANGES:
            if low <= code <= high:
                name, sentence = range_name, range_sentence
    return f"{name}: {sentence}"


def is_valid_on_wire(code: int) -> bool:
    """Whether an endpoint may send this code in a Close frame (RFC 6455 section 7.4).

    Registered codes of 1000-2999 but the four that are never sent, and all of 3000-4999.
    """
    if 3000 <= code <= 4999:
        return True
    return code in _CODES and code not in _NEVER_SENT
