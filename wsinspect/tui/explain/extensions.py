"""Extensions and their parameters in words (RFC 7692, RFC 6455 §9)."""

from wsinspect.protocol.extensions import PERMESSAGE_DEFLATE
from wsinspect.tui.explain.explanation import IANA_EXTENSIONS, Explanation

_EXTENSIONS: dict[str, tuple[str, str, str]] = {
    PERMESSAGE_DEFLATE: (
        "Messages are compressed with DEFLATE, each direction with a window of its own.",
        "RFC 7692 §7",
        "Every open window costs memory: about 32 kB plus as much again for the compressor.",
    ),
    "bbf-usp-protocol": (
        "The Broadband Forum's User Services Platform says who is connected.",
        IANA_EXTENSIONS,
        "",
    ),
    "x-webkit-deflate-frame": (
        "An early form of compression, frame by frame, of old Safari versions.",
        "RFC 6455 §9.1",
        "Servers should ignore it and choose permessage-deflate.",
    ),
}

_PARAMETERS: dict[str, tuple[str, str, str]] = {
    "server_no_context_takeover": (
        "The server begins each message with an empty window: less memory, worse ratio.",
        "RFC 7692 §7.1.1.1",
        "Worth it with many connections and large messages; it costs most where small ones repeat.",
    ),
    "client_no_context_takeover": (
        "The client begins each message with an empty window. In an offer: a hint that it can.",
        "RFC 7692 §7.1.1.2",
        "Lets the server forget the window between messages.",
    ),
    "server_max_window_bits": (
        "The server's window is at most 2^n bytes, n from 8 to 15; 15 if it is left out.",
        "RFC 7692 §7.1.2.1",
        "A server that cannot do it has to decline the offer.",
    ),
    "client_max_window_bits": (
        (
            "The client's window is at most 2^n bytes. In an offer: the client can limit it; "
            "without that the server may not ask."
        ),
        "RFC 7692 §7.1.2.2",
        "Libraries on zlib cannot do 8 in practice; 9 to 15 are safe.",
    ),
}
PARAMETERS = tuple(_PARAMETERS)
EXTENSIONS = tuple(_EXTENSIONS)


def extension(name: str) -> Explanation:
    """Any extension's name."""
    say, source, advice = _EXTENSIONS.get(
        name.lower(),
        (
            (
                "An extension that this program does not know: frames pass as they are, content "
                "may be unreadable."
            ),
            "RFC 6455 §9",
            "Extensions are registered at IANA; names with x- are private.",
        ),
    )
    return Explanation(name, say, source, advice)


def parameter(name: str) -> Explanation:
    """A parameter of permessage-deflate."""
    say, source, advice = _PARAMETERS.get(
        name.lower(),
        (
            (
                "permessage-deflate has no such parameter: an offer with it is declined, an answer "
                "with it fails the connection."
            ),
            "RFC 7692 §7.1",
            "",
        ),
    )
    return Explanation(name, say, source, advice)
