"""How a connection's messages were cut into frames, and how large they were: for ``ws_close``.

Owns: the shapes, and reading them off the readers' counters, so that the facts are the same at any
``--record`` level. Must not know: what they are good for (``diagnose/``).
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from wsinspect.protocol.reader import FrameReader

__all__ = ["SHORT_LEN", "Framing", "Framings", "framings_of", "of_direction"]

SHORT_LEN = 125  # bytes: what is in one frame and no longer is not worth a word


class Framing(Struct, omit_defaults=True):
    """One direction. Lengths are of payload, in bytes."""

    message_max_len: int = 0  # as the application gets it: joined and decompressed
    frame_max_len: int = 0  # on the wire
    fragmented: int = 0  # finished messages that came in more than one frame
    fragment_len: int = 0  # most of their frames but the last were so long
    fragments: int = 0  # such frames: all but each message's last
    fragments_alike: int = 0  # of these, those of ``fragment_len``
    violations: dict[str, int] = {}  # frames by what they broke


class Framings(Struct, omit_defaults=True):
    to_server: Framing | UnsetType = UNSET
    to_client: Framing | UnsetType = UNSET


def of_direction(framings: Framings | None, *, to_client: bool) -> Framing | None:
    """None where nothing was worth a word."""
    if framings is None:
        return None
    framing = framings.to_client if to_client else framings.to_server
    return framing if isinstance(framing, Framing) else None


def framings_of(to_server: FrameReader, to_client: FrameReader) -> Framings | None:
    """None where there is nothing to say: short messages of one frame each, and none broken."""
    up, down = _framing(to_server), _framing(to_client)
    if up is None and down is None:
        return None
    return Framings(UNSET if up is None else up, UNSET if down is None else down)


def _framing(reader: FrameReader) -> Framing | None:
    joiner = reader.joiner
    breaches = reader.breaches
    if not (joiner.largest_len > SHORT_LEN or reader.largest_frame_len or joiner.fragments):
        return None if breaches is None else Framing(violations=dict(breaches))
    return Framing(
        message_max_len=joiner.largest_len if joiner.largest_len > SHORT_LEN else 0,
        frame_max_len=reader.largest_frame_len,
        fragmented=joiner.fragmented,
        fragment_len=joiner.fragment_len,
        fragments=joiner.fragments,
        fragments_alike=joiner.fragments_alike,
        violations={} if breaches is None else dict(breaches),
    )
