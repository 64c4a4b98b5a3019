"""The errors of the sans-IO core: one tree.

Owns every exception that ``wsinspect.protocol`` raises. It must not know who catches them.
A violation by a peer is a recorded fact, not an exception: what is here means "these bytes cannot
be read (or written) at all". No error carries payload, in its message or in an attribute::

    ProtocolError
    ├── DeflateError         compressed data that is no DEFLATE stream
    ├── OutputLimit          a message that inflates to more than the cap
    └── EncodeError          a frame that the wire format cannot express (also a ValueError)
"""

from __future__ import annotations

__all__ = ["DeflateError", "EncodeError", "OutputLimit", "ProtocolError"]


class ProtocolError(Exception):
    """Root of this tree: catch it to catch everything that ``wsinspect.protocol`` raises."""


class DeflateError(ProtocolError):
    """Compressed data that is no DEFLATE stream (RFC 7692 section 7.2.2, RFC 1951).

    The direction stays unreadable: go on forwarding, and follow the user's ``--on-error`` policy.
    """


class OutputLimit(ProtocolError):
    """A message inflates to more than the cap.

    Only this message is unread; later messages of the direction stay readable. Raise the cap, or
    treat the message as uninspected.

    Args:
        max_output: the cap that was passed, in bytes.
    """

    def __init__(self, max_output: int) -> None:
        super().__init__(f"message inflates to more than {max_output} bytes")
        self.max_output = max_output


class EncodeError(ProtocolError, ValueError):
    """A frame that the wire format cannot express, or a close code nobody may send.

    The caller passed a bad argument: opcode, RSV bits, masking key or close code.
    """
