"""Empty states: each says why, and what to do next."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from wsinspect.tui.data.connection import Connection, State
from wsinspect.tui.data.wire import Hello
from wsinspect.tui.draw import guide
from wsinspect.tui.draw.guide import Row
from wsinspect.tui.draw.palette import plain

P = plain()


def said(rows: list[Row]) -> str:
    return " ".join("".join(text for text, _ in row).strip() for row in rows)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("regular", "curl --proxy http://10.0.0.1:9 --cacert $CA wss://HOST/PATH"),
        ("regular", "https_proxy=http://10.0.0.1:9 SSL_CERT_FILE=$CA python -m websockets"),
        ("regular", 'HttpsProxyAgent("http://10.0.0.1:9")'),
        ("regular", "chromium --proxy-server=http://10.0.0.1:9"),
        ("regular", "CA=/tmp/ca.pem"),
        ("socks5", "--proxy socks5h://10.0.0.1:9"),
        ("socks5", "--proxy-server=socks5://10.0.0.1:9"),
        ("reverse:ws://b", "curl ws://10.0.0.1:9/"),
        ("local", "needs no setting"),
        ("wireguard", "needs no setting"),
    ],
)
def test_first_steps_have_the_real_address_and_ca(mode: str, expected: str) -> None:
    hello = Hello(listen=["10.0.0.1:9"], mode=[mode], ca="/tmp/ca.pem")
    assert expected in said(guide.first_steps(hello, P))


def test_a_reverse_proxy_needs_no_ca() -> None:
    hello = Hello(listen=["10.0.0.1:9"], mode=["reverse:ws://b"], ca="/tmp/ca.pem")
    assert "CA=" not in said(guide.first_steps(hello, P))


def connection(frames: int, ended: bool) -> Connection:
    made = Connection(1)
    made.to_server = (frames, 0, 0, 0)
    made.state = State.CLEAN if ended else State.OPEN
    return made


@pytest.mark.parametrize(
    ("made", "hello", "expected"),
    [
        (None, None, "Choose one above"),
        (connection(0, False), None, "No frame yet"),
        (connection(0, True), None, "ended without a single frame"),
        (connection(5, False), None, "New ones appear here"),
        (
            connection(5, True),
            Hello(log="/var/log/ws.jsonl"),
            "The log has them: /var/log/ws.jsonl",
        ),
        (connection(5, True), Hello(), "No log was kept"),
        (connection(5, True), Hello(mode=["recording"], log="/a"), "not in this recording"),
    ],
)
def test_without_frames(made: Connection | None, hello: Hello | None, expected: str) -> None:
    assert expected in said(guide.no_frames(made, hello, P))


def test_other_situations_name_the_key_or_the_command() -> None:
    assert "F takes it off" in said(guide.filtered_out(12, "connections", "host:x", P))
    assert "host:x" in said(guide.filtered_out(12, "connections", "host:x", P))
    assert "e shows them" in said(guide.all_ended(3, P))
    assert "wsinspect --payloads preview" in said(guide.no_payloads(P))
    lost = said(guide.proxy_lost("refused", "/run/ws.sock", P))
    assert "wsinspect attach /run/ws.sock" in lost
    assert "refused" in lost


@pytest.mark.parametrize(("width", "height"), [(120, 30), (80, 9), (40, 5), (10, 3), (2, 1)])
def test_rows_are_centred_and_cut_to_the_room(width: int, height: int) -> None:
    hello = Hello(listen=["127.0.0.1:8080"])
    for line in guide.guide(hello, P, width, height):
        assert sum(cell_len(segment.text) for segment in line) <= max(width, 2)
    assert guide.guide(None, P, width, height)
