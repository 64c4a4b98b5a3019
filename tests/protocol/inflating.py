"""What a message inflates to, or what went wrong: as a whole and in pieces, to be compared."""

from wsinspect.protocol.deflate import Inflater
from wsinspect.protocol.errors import DeflateError, OutputLimit


def as_a_whole(inflater: Inflater, payload: bytes) -> bytes | str:
    """The content, or the name of the documented error."""
    try:
        return inflater.message(payload)
    except (DeflateError, OutputLimit) as error:
        return type(error).__name__


def in_pieces(inflater: Inflater, pieces: list[bytes]) -> bytes | str:
    """The same; corrupt data outranks the cap, which is told once and ends the output."""
    output = b""
    over = False
    for piece in (*pieces, None):
        try:
            more = inflater.finish() if piece is None else inflater.feed(piece)
        except OutputLimit:
            assert not over
            over = True
        except DeflateError:
            return "DeflateError"
        else:
            assert not (over and more)
            output += more
    return "OutputLimit" if over else output
