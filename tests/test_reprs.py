"""No default repr shows a payload, a query, a reason: reprs end up in logs and tracebacks."""

from __future__ import annotations

import pytest

from tests.support.facts import NOW_NS, make_connection
from tests.support.raw import CONT, KEY, PING, TEXT, close_frame, frame
from wsinspect.model.connection import Connection
from wsinspect.protocol.frames import parse_close
from wsinspect.protocol.handshake import Request, Response, examine
from wsinspect.protocol.reader import FrameReader
from wsinspect.protocol.records import Control, Piece, Whole
from wsinspect.relay.hold import Held, Hold
from wsinspect.relay.observation import Observation
from wsinspect.relay.step import Step

SECRET = "s3cr3t"
HIDDEN = SECRET.encode()


def reading(connection: Connection, data: bytes) -> FrameReader:
    reader = connection.to_server
    reader.keep = reader.preview = reader.tell_messages = True
    reader.joiner.keep_payload = True
    reader.walk(data)
    return reader


def things() -> dict[str, object]:
    connection = make_connection(
        target=f"/chat?token={SECRET}",
        asked=[(b"Sec-WebSocket-Protocol", HIDDEN)],
        answered=[(b"Sec-WebSocket-Protocol", HIDDEN)],
    )
    reader = reading(
        connection,
        frame(PING, HIDDEN, mask=KEY)
        + frame(TEXT, HIDDEN, fin=False, mask=KEY)
        + frame(CONT, HIDDEN, mask=KEY)
        + frame(TEXT, HIDDEN * 20_000, mask=KEY)[:100_000],
    )
    connection.pings.ping(HIDDEN, NOW_NS, to_client=False)
    connection.ends(NOW_NS).close_frame("client", close_frame(1000, SECRET)[2:], forwarded=True)
    whole = next(x for x in reader.wholes if isinstance(x, Whole) and x.message)
    piece = next(x for x in reader.wholes if isinstance(x, Piece))
    control = reader.controls[0]
    assert HIDDEN in whole.payload
    assert HIDDEN in control.payload
    assert piece.frame.start.startswith(HIDDEN)
    assert SECRET in connection.handshake.uri
    assert connection.ending.reason == SECRET
    step = Step(3, NOW_NS, 0x81, (-1, (0x81, 6, 8, None)), whole)
    held = Held(step, whole, whole.raw, HIDDEN)
    hold = Hold()
    hold.add(held)
    seen = Observation(connection, "to_server", "message", 1, HIDDEN, NOW_NS)
    seen.rewrite(HIDDEN)
    seen.close(1008, SECRET)
    request = Request("GET", f"/{SECRET}", "HTTP/1.1", [(b"Cookie", HIDDEN)])
    response = Response(101, [(b"Set-Cookie", HIDDEN)])
    return {
        "connection": connection, "ending": connection.ending, "pings": connection.pings,
        "handshake": connection.handshake, "request": request, "response": response,
        "failed": examine(request, None), "reader": reader, "joiner": reader.joiner,
        "whole": whole, "message": whole.message, "piece": piece, "large": piece.frame,
        "control": control, "close facts": parse_close(close_frame(1000, SECRET)[2:]),
        "step": step, "step of a piece": step._replace(whole=piece), "held": held, "hold": hold,
        "observation": seen, "closing": seen.closing,
    }  # fmt: skip


@pytest.mark.parametrize("name", list(things()))
def test_reprs_show_lengths_only(name: str) -> None:
    shown = repr(things()[name])
    assert SECRET not in shown
    assert repr(HIDDEN[1:4])[2:-1] not in shown


def test_they_say_how_much_there_is() -> None:
    found = things()
    assert repr(found["control"]) == "Control(opcode=9, 6 bytes, None)"
    assert repr(found["large"]) == "LargeFrame(100000 of 120014 bytes)"
    assert "payload_len=12" in repr(found["message"])
    assert isinstance(found["control"], Control)
