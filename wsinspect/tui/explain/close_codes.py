"""Close codes: what each says, who may send it, what to check (RFC 6455 §7.4 and IANA's registry).

Names come from `wsinspect.protocol.close_codes`; this adds what a human asks next.
"""

from wsinspect.protocol.close_codes import close_words, is_valid_on_wire
from wsinspect.tui.explain.explanation import IANA_CLOSE, Explanation

_BOTH = "Either side may send it."
_SERVER = "A server sends it."
_CLIENT = "A client sends it."
_NOBODY = "Nobody may send it."

# who may send it, where it is written, what to check
_CODES: dict[int, tuple[str, str, str]] = {
    1000: (_BOTH, "RFC 6455 §7.4.1", "Nothing is wrong; a client that wants more connects again."),
    1001: (
        _BOTH,
        "RFC 6455 §7.4.1",
        "Many at once from one host: a deploy, a drain or a reload. From a browser: the page went.",
    ),
    1002: (
        _BOTH,
        "RFC 6455 §7.4.1",
        "Look for a violation in the other direction just before the Close frame.",
    ),
    1003: (
        _BOTH,
        "RFC 6455 §7.4.1",
        "Compare the opcode of the last message, text or binary, with what the endpoint takes.",
    ),
    1004: (_NOBODY, "RFC 6455 §7.4.1", "An endpoint that sends it is broken: look at its library."),
    1005: (
        _NOBODY,
        "RFC 6455 §7.1.5",
        "The peer closed with an empty Close frame: ask its code for close(code, reason).",
    ),
    1006: (
        _NOBODY,
        "RFC 6455 §7.1.5",
        (
            "See cause and initiator: a reset is a crash or a firewall, FIN after idling is a "
            "hop's timeout, FIN under traffic a process that ended."
        ),
    ),
    1007: (
        _BOTH,
        "RFC 6455 §7.4.1; RFC 6455 §8.1",
        "Look for invalid UTF-8 in the last text message; send bytes as binary.",
    ),
    1008: (
        _BOTH,
        "RFC 6455 §7.4.1",
        "Read the reason: often an expired token, a quota, or a rule of a gateway.",
    ),
    1009: (
        _BOTH,
        "RFC 6455 §7.4.1",
        (
            "Compare the largest message before it with the caps on the way: Engine.IO 1 MB, AWS "
            "API Gateway 128 KB a message and 32 KB a frame."
        ),
    ),
    1010: (
        _CLIENT,
        "RFC 6455 §7.4.1",
        "Compare the extensions offered and chosen; a hop may have removed the header.",
    ),
    1011: (_SERVER, "RFC 6455 §7.4.1", "Look into the server's log at this time: an exception."),
    1012: (_SERVER, IANA_CLOSE, "Clients should reconnect after a random delay, not all at once."),
    1013: (_SERVER, IANA_CLOSE, "Back off; look at the server's load and connection limit."),
    1014: (_SERVER, IANA_CLOSE, "Look at the server behind the gateway, not at the client."),
    1015: (
        _NOBODY,
        "RFC 6455 §7.4.1",
        "Check certificate, host name and trusted CA of the client.",
    ),
    3000: (_BOTH, IANA_CLOSE, "Check the credentials of the handshake or of the first message."),
    3003: (
        _BOTH,
        IANA_CLOSE,
        "The credentials were read and do not suffice: check what they allow.",
    ),
    3008: (_BOTH, IANA_CLOSE, "See how long the last request waited for its reply."),
}

_RANGES: tuple[tuple[int, int, str, str], ...] = (
    (0, 999, "RFC 6455 §7.4.2", "Its sender writes something else into the first two bytes."),
    (1000, 2999, "RFC 6455 §7.4.2", "Look up IANA's registry: it may have been assigned since."),
    (3000, 3999, "RFC 6455 §7.4.2", "Look it up in the manual of the library that sent it."),
    (4000, 4999, "RFC 6455 §7.4.2", "Only the application's own code knows what it means."),
)


def close_code(code: int) -> Explanation:
    """Any close code, registered or not."""
    name, _, sentence = close_words(code).partition(": ")
    who = _BOTH if is_valid_on_wire(code) else _NOBODY
    source, advice = "RFC 6455 §7.4", "Its sender is broken: two bytes hold no such code by right."
    if code in _CODES:
        who, source, advice = _CODES[code]
    else:
        for low, high, where, check in _RANGES:
            if low <= code <= high:
                source, advice = where, check
    return Explanation(f"{code} {name}", f"{sentence} {who}", source, advice)
