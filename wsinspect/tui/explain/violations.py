"""Every word that a frame's `violation` may have (`wsinspect.protocol`), in a sentence."""

from wsinspect.tui.explain.explanation import Explanation

_WORDS: dict[str, tuple[str, str, str]] = {
    "reserved-opcode": (
        "The frame has an opcode that no version or extension in use defines.",
        "RFC 6455 §5.2",
        "Often bytes out of step: look whether the frame before had a wrong length.",
    ),
    "rsv": (
        "An RSV bit is set that no extension agreed on, or RSV1 where it may not be.",
        "RFC 6455 §5.2; RFC 7692 §6",
        "Compare with the handshake's extensions: a hop may have dropped the header of one side.",
    ),
    "control-fragmented": (
        "A control frame without FIN: ping, pong and close may not be fragmented.",
        "RFC 6455 §5.5",
        "",
    ),
    "control-too-long": (
        "A control frame with more than 125 bytes of payload.",
        "RFC 6455 §5.5",
        "A close reason has 123 bytes at most, in UTF-8.",
    ),
    "unmasked": (
        "A client's frame without a mask: the server has to close with 1002.",
        "RFC 6455 §5.1",
        "Home-made clients and load generators do this.",
    ),
    "masked": (
        "A server's frame with a mask: the client has to close with 1002.",
        "RFC 6455 §5.1",
        "The server uses a client's code to build frames.",
    ),
    "non-minimal-length": (
        "The length is written with more bytes than it needs.",
        "RFC 6455 §5.2",
        "",
    ),
    "length-msb": (
        "The 64-bit length has its highest bit set.",
        "RFC 6455 §5.2",
        "Most likely bytes out of step, or not a WebSocket at all.",
    ),
    "after-close": (
        "A frame after this side's Close frame, where nothing may follow.",
        "RFC 6455 §5.5.1",
        "The sender's write queue was not stopped when it closed.",
    ),
    "expected-continuation": (
        "A new message began before the last fragment of the open one.",
        "RFC 6455 §5.4",
        "Two tasks write to one socket without a lock?",
    ),
    "unexpected-continuation": (
        "A continuation frame, but no message is open.",
        "RFC 6455 §5.4",
        "Two tasks write to one socket without a lock?",
    ),
    "invalid-utf8": (
        "A text message that is not UTF-8: who receives it has to close with 1007.",
        "RFC 6455 §8.1",
        "Send bytes as binary; a character cut in two at a buffer's end looks like this, too.",
    ),
    "deflate": (
        (
            "A compressed message that is no DEFLATE stream; nothing compressed can be read in "
            "this direction any more."
        ),
        "RFC 7692 §7.2.2",
        "The sides disagree on window size or context takeover: see the handshake.",
    ),
    "inflate-limit": (
        "A message that decompresses to more than this program reads; it passed as it was.",
        "RFC 6455 §10.4",
        "A small message that grows without bound is an attack on memory.",
    ),
    "close-length": (
        "A Close frame with one byte of payload: either none, or a code of two bytes.",
        "RFC 6455 §5.5.1",
        "",
    ),
    "close-code": (
        "A Close frame with a code that nobody may send.",
        "RFC 6455 §7.4.2",
        "1005, 1006 and 1015 are for the local side alone.",
    ),
    "close-utf8": ("A close reason that is not UTF-8.", "RFC 6455 §5.5.1", ""),
}
VIOLATIONS = tuple(_WORDS)


def violation(word: str) -> Explanation | None:
    """One of `VIOLATIONS`."""
    if word not in _WORDS:
        return None
    say, source, advice = _WORDS[word]
    return Explanation(word, say, source, advice)
