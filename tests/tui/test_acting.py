"""Copying, saving and closing: what comes out is run, parsed, or seen by a real peer."""

from __future__ import annotations

import ast
import asyncio
import base64
import contextlib
import json
import shlex
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as ws_serve
from websockets.exceptions import ConnectionClosed

from tests.support.fake_story import T0_NS, Story, frame, hello, opened
from tests.support.proxy import ProxyProcess
from tests.tui.conftest import Open, until
from wsinspect.tui.app import DashboardApp
from wsinspect.tui.copying import curl, of_connection, of_entry, python, url, websocat, wscat
from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.wire import OpenFacts
from wsinspect.tui.panes.closing import CODES, check_code, check_reason
from wsinspect.tui.saving import save_text, trouble_with

NASTY = [b"plain", b'it\'s $(reboot) `x` "q" \\n %s', b"two\nlines", "Tür 東京".encode(), b"a\0b"]
BINARY = [b"\x00\xff\xfe", b"", bytes(range(256))]


def connection(**facts: Any) -> Connection:
    c = Connection(7)
    c.server = facts.pop("server", "127.0.0.1:9000")
    c.facts = OpenFacts(**{"host": "host.example", "uri": "/a?b=c&d='e'", **facts})
    return c


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"tls": True, "server": "1.2.3.4:443"}, "wss://host.example/a"),
        ({"tls": False, "server": "1.2.3.4:80"}, "ws://host.example/a"),
        ({"tls": True}, "wss://host.example:9000/a"),
        ({"host": "h:81", "server": "1.2.3.4:81"}, "ws://h:81/a"),
        ({"host": "[::1]:81", "server": "[::1]:81"}, "ws://[::1]:81/a"),
        ({"host": "[::1]", "server": "[::1]:81"}, "ws://[::1]:81/a"),
        ({"uri": "http://other.example/a"}, "http://other.example/a"),
    ],
)
def test_url(facts: dict[str, Any], expected: str) -> None:
    assert url(connection(**{"uri": "/a", **facts})) == expected


@pytest.mark.parametrize("content", NASTY)
def test_websocat_gets_the_very_text(content: bytes) -> None:
    """The shell runs what is left of the pipe; the right side is one quoted command."""
    line = websocat(connection(origin="http://o'rigin", subprotocol="a b"), content, 1)
    feed, _, command = line.rpartition(" | ")
    out = subprocess.run(["sh", "-c", feed], capture_output=True, check=True).stdout
    assert out.rstrip(b"\n\0") == content
    words = shlex.split(command)
    assert words[0] == "websocat"
    assert words[-1] == url(connection())
    assert words[words.index("--origin") + 1] == "http://o'rigin"
    assert words[words.index("--protocol") + 1] == "a b"


@pytest.mark.parametrize("content", BINARY)
def test_websocat_gets_the_very_bytes(content: bytes) -> None:
    feed, _, command = websocat(connection(), content, 2).rpartition(" | ")
    assert subprocess.run(["sh", "-c", feed], capture_output=True, check=True).stdout == content
    assert "-b" in shlex.split(command)


@pytest.mark.parametrize(
    ("opcode", "content"),
    [(1, content) for content in (*NASTY, b"")] + [(2, content) for content in (*NASTY, *BINARY)],
)
async def test_the_python_program_sends_it(content: bytes, opcode: int, tmp_path: Path) -> None:
    got: list[str | bytes] = []

    async def take(websocket: ServerConnection) -> None:
        assert websocket.subprotocol == "chat"
        got.append(await websocket.recv())

    async with ws_serve(take, "127.0.0.1", 0, subprotocols=["chat"]) as server:  # type: ignore[list-item]
        port = server.sockets[0].getsockname()[1]
        c = connection(host=f"127.0.0.1:{port}", subprotocol="chat", origin="http://o")
        program = tmp_path / "program.py"
        program.write_text(python(c, content, opcode), encoding="ascii")
        process = await asyncio.create_subprocess_exec(sys.executable, str(program))
        assert await asyncio.wait_for(process.wait(), 20) == 0
    assert got == [content.decode() if opcode == 1 else content]


def test_python_is_python_whatever_is_in_it() -> None:
    evil = '"; import os; os.system("x") #\n\\'
    text = python(connection(origin=evil, user_agent=evil, client_protocols=[evil]), b"\xff", 1)
    tree = ast.parse(text)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    assert "system" not in {call.attr for call in calls}
    assert "text=True" in text


def test_commands_for_the_handshake() -> None:
    c = connection(client_protocols=["a", "b'c"], origin="http://o", tls=True)
    words = shlex.split(curl(c))
    assert words[-1].startswith("https://host.example:9000/a?b=c")
    assert "Sec-WebSocket-Protocol: a, b'c" in words
    assert shlex.split(wscat(c))[-2:] == ["--connect", url(c)]


async def test_ways_to_copy(desk: Open) -> None:
    told = Story([hello(), opened(1, T0_NS, "host.example", "/")])
    masked = b'{"card":"**** 1111"}'
    told.frames[1] = [
        frame(T0_NS, 0, 0, 1, masked),
        frame(T0_NS, 1, 0, 2, b"\xff\x00"),
        frame(T0_NS, 1, 1, 9, b"beat"),
    ]
    async with desk(told=told) as d:
        c, log = d.selected, d.app.store.watched.entries
        ways = {w.name: w.text() for w in of_entry(c, log[0], masked, True, "$.card")}
        assert ways["text"] == masked.decode()
        assert ways["pretty"] == json.dumps(json.loads(masked), indent=2)
        assert base64.b64decode(ways["base64"]) == masked
        assert bytes.fromhex(ways["hex"]) == masked
        assert ways["path"] == "$.card"
        assert json.loads(ways["json"])["text"] == masked.decode()
        assert "1111" in ways["websocat"]
        binary = {w.name: w.text() for w in of_entry(c, log[1], b"\xff\x00", True)}
        assert "text" not in binary
        assert base64.b64decode(json.loads(binary["json"])["base64"]) == b"\xff\x00"
        assert "printf" not in binary["websocat"]  # the server sent it: a client does not
        assert {w.name for w in of_connection(c)} >= {"url", "curl", "wscat"}
        await d.press("enter", "g", "y", *"base64", "enter")
        await until(d.pilot, lambda: d.app.clipboard)
        assert base64.b64decode(d.app.clipboard) == masked
        said = next(iter(d.app._notifications)).message
        assert "sent to the terminal: payload as base64" in said


async def test_save_writes_marked_entries_and_asks_before_writing_over(
    desk: Open, tmp_path: Path
) -> None:
    told = Story([hello(), opened(1, T0_NS, "host.example", "/")])
    told.frames[1] = [frame(T0_NS, 0, n, 1, b"%d" % n) for n in range(5)]
    target = tmp_path / "out.jsonl"
    async with desk(told=told) as d:
        await d.press("enter", "g", "m", "j", "j", "m", "w", *str(target), "enter")
        lines = [json.loads(line) for line in target.read_text().splitlines()]
        assert [line["text"] for line in lines] == ["0", "2"]
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
        target.write_text("mine")
        await d.press("w", *str(target), "enter")
        assert target.read_text() == "mine"
        assert "Enter once more writes over it" in d.screen_text()
        await d.press("enter")
        assert len(target.read_text().splitlines()) == 2
        await d.press("tab", "w", *str(tmp_path / "none" / "x"), "enter")
        assert "there is no folder" in d.screen_text()


def test_saving_to_places_that_cannot_be(tmp_path: Path) -> None:
    assert trouble_with(" ") == "a file name is needed"
    assert "is a folder" in trouble_with(str(tmp_path))
    assert trouble_with(str(tmp_path / "new")) == ""
    path = save_text(str(tmp_path / "new"), "x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("code", [*CODES, 3000, 4999])
def test_codes_that_may_be_sent(code: int) -> None:
    assert check_code(str(code)) == ""


@pytest.mark.parametrize("text", ["", "x", "999", "1004", "1005", "1006", "1015", "2999", "5000"])
def test_codes_that_may_not(text: str) -> None:
    assert check_code(text)


def test_reasons_fit_into_a_control_frame() -> None:
    assert check_reason("ü" * 61) == ""
    assert "124 bytes" in check_reason("ü" * 62)


async def test_close_a_connection_of_a_real_proxy(tmp_path: Path) -> None:
    """Both peers get the Close frame that the dialog announced."""
    ended: list[tuple[int | None, str | None]] = []

    async def echo(websocket: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in websocket:
                await websocket.send(message)
        ended.append((websocket.close_code, websocket.close_reason))

    async with ws_serve(echo, "127.0.0.1", 0) as server:
        upstream = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with ProxyProcess(tmp_path, "--mode", f"reverse:{upstream}") as proxy:
            async with connect(f"ws://127.0.0.1:{proxy.port}/") as client:
                await client.send("hello")
                await client.recv()
                app = DashboardApp(str(proxy.socket_path))
                async with app.run_test(size=(120, 36)) as pilot:
                    await until(pilot, lambda: app.connections.selected)
                    await pilot.press("X", "down", "down", "tab", "tab", *"not here")
                    text = "\n".join(s.text for s in app.screen._compositor.render_strips())
                    assert "1008 (policy violation) “not here”" in text
                    await pilot.press("enter")
                    with pytest.raises(ConnectionClosed):
                        await asyncio.wait_for(client.recv(), 10)
                    await until(pilot, lambda: ended)
            assert (client.close_code, client.close_reason) == (1008, "not here")
    assert ended == [(1008, "not here")]
