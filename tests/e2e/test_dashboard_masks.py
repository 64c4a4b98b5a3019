"""What a rule calls secret is nowhere on the dashboard: screen, pictures, copies, saved files.

A real client sends secrets in every place that a connection has, through a proxy whose rules
only note them (what is masked on the wire is the easier case). Then the real dashboard looks at
everything that it can show.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from tests.e2e.conftest import StartProxy
from tests.tui.conftest import until
from wsinspect.tui.app import DashboardApp

CARD = "4111 1111 1111 1111"
KEY = "AKIAIOSFODNN7QWERTYU"
MAIL = "grace.hopper@navy.example.org"
SECRETS = (CARD, CARD.replace(" ", ""), KEY, MAIL, KEY.encode().hex(" "), KEY.encode().hex())
RULES = """\
version: 1
rules:
  - {id: cards, find: {detector: credit-card}, do: log}
  - {id: keys, find: {detector: aws-access-key}, do: log}
  - {id: mails, find: {detector: email}, do: log}
"""
TABS = 7


async def _peer(connection: ServerConnection) -> None:
    """Echoes, but for one word that ends it with a secret in the close reason."""
    async for message in connection:
        if message == "go":
            await connection.close(4000, f"no more of {KEY}")
            return
        await connection.send(message)


async def _talk(proxy: str, port: int, target: str) -> None:
    url = f"ws://127.0.0.1:{port}{target}?access={KEY}"
    async with connect(url, proxy=proxy, user_agent_header=f"shop/1 ({MAIL})") as client:
        await client.send(f'{{"text":"card {CARD}","n":1}}')
        await client.recv()
        await client.send([f'{{"a":"{KEY[:9]}', f'{KEY[9:]}","b":[1,2,3]}}'])  # two fragments
        await client.recv()
        await client.send(f"mail {MAIL} ".encode() * 40)
        await client.recv()
        await (await client.ping(KEY))
        await client.send("go")
        await client.wait_closed()


def _found(text: str) -> list[str]:
    squeezed = text.replace("\n", "")
    return [secret for secret in SECRETS if secret in text or secret in squeezed]


class _Eyes:
    """Sees what a person sees, and remembers who saw what."""

    def __init__(self, app: DashboardApp) -> None:
        self.app = app
        self.seen = ""
        self.leaks: list[str] = []

    def look(self, where: str) -> None:
        strips = self.app.screen._compositor.render_strips()
        text = "\n".join(strip.text for strip in strips)
        self.seen += text
        self.leaks += [f"{where}: {secret}" for secret in _found(text)]
        self.read(f"picture of {where}", self.app.export_screenshot().replace("&#160;", " "))

    def read(self, where: str, text: str) -> None:
        self.leaks += [f"{where}: {secret}" for secret in _found(text)]


@pytest.mark.parametrize("when", ["watched", "afterwards"])
async def test_nothing_secret_is_shown(
    start_proxy: StartProxy, tmp_path: Path, target: str, when: str
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    proxy = start_proxy("--rules", str(rules))
    async with serve(_peer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        if when == "afterwards":
            await _talk(proxy.url, port, target)
        app = DashboardApp(str(proxy.socket_path), memory=tmp_path / "memory.json")
        async with app.run_test(size=(170, 60)) as pilot:
            await until(pilot, lambda: app.store.hello is not None)
            if when == "watched":
                talk = asyncio.ensure_future(_talk(proxy.url, port, target))
                await until(pilot, lambda: len(app.store) > 0)
                await talk
            await until(pilot, lambda: any(c.alerts for c in app.store.newest_first()))
            await until(pilot, lambda: app.store.watched.entries)
            await until(pilot, lambda: all(c.ended for c in app.store.newest_first()))
            eyes = _Eyes(app)
            eyes.look("connections")
            await _all_of_it(app, pilot, eyes)
        assert not eyes.leaks, "\n".join(sorted(set(eyes.leaks)))
        assert "cards" in eyes.seen, "no hit was shown at all"
        assert "card **** **** **** ****" in eyes.seen, "no content was shown at all"
    for path in tmp_path.rglob("*"):
        if path.is_file() and path != rules and "confdir" not in path.parts:
            assert not _found(path.read_bytes().decode(errors="replace")), path


async def _all_of_it(app: DashboardApp, pilot: Pilot[Any], eyes: _Eyes) -> None:
    """Every connection, every entry, every tab, every copy; the views beside them."""
    press = pilot.press
    for connection in list(app.connections.shown):
        app.connections.move_to(app.connections.shown.index(connection))
        while app.store.watched.flow_id != connection.flow_id:
            await pilot.pause(0.01)
        app.sync()
        for way in app.ways_to_copy(connection, None):
            eyes.read(f"copy of the connection as {way.name}", way.text())
        await press("enter", "i")
        for index, entry in enumerate(list(app.store.watched.entries)):
            app.frames.move_to(index)
            for tab in range(1, TABS + 1):
                app.detail.action_tab(tab)
                app.sync()
                await pilot.pause()
                eyes.look(f"entry {index}, tab {tab}")
            for way in app.ways_to_copy(connection, entry):
                eyes.read(f"copy of entry {index} as {way.name}", way.text())
        await press("escape", "escape", "escape")
    await press("v")
    eyes.look("cohorts")
    await press("v", "question_mark")
    eyes.look("help")
    await press("escape", "f")
    eyes.look("filter")
    for char in "host:":
        await press(char)
    eyes.look("completion")
