"""The canary: every private name that wsinspect touches is where we know it, or nothing starts."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from mitmproxy.proxy import layer
from mitmproxy.proxy.layers import http as http_layers
from mitmproxy.proxy.layers import websocket as websocket_layers
from mitmproxy.proxy.layers.http import HttpLayer
from mitmproxy.proxy.layers.http._http1 import Http1Connection
from mitmproxy.proxy.server import ConnectionHandler, TimeoutWatchdog

from tests.support.proxy import MITMDUMP, ROOT, environment
from wsinspect.proxy import private
from wsinspect.proxy.layer import InspectingLayer

STOCK: object = websocket_layers.WebsocketLayer


def test_the_canary_sings() -> None:
    private.canary()


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (http_layers.HttpStream, "flow_done"),
        (HttpLayer, "_handle_event"),
        (ConnectionHandler, "close_connection"),
        (ConnectionHandler, "server_event"),
        (ConnectionHandler, "open_connection"),
        (Http1Connection, "make_pipe"),
        (websocket_layers, "WebsocketLayer"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_name_that_is_gone_is_told(
    owner: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(owner, name)
    with pytest.raises(private.MovedName, match=name):
        private.canary()


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (layer.Layer, "_paused"),
        (layer.Layer, "_paused_event_queue"),
        (ConnectionHandler, "transports"),
        (ConnectionHandler, "layer"),
        (TimeoutWatchdog, "timeout"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_an_attribute_that_is_gone_is_told(
    owner: type, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(owner.__annotations__, name)
    with pytest.raises(private.MovedName, match=name):
        private.canary()


def test_another_way_to_make_the_layer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def flow_done(self: object) -> None:
        """As if it made the layer otherwise."""

    monkeypatch.setattr(http_layers.HttpStream, "flow_done", flow_done)
    with pytest.raises(private.MovedName):
        private.canary()


def test_uninstall_gives_back_what_was_there() -> None:
    make_pipe = Http1Connection.make_pipe
    private.install(InspectingLayer)
    try:
        layers: list[object] = [websocket_layers.WebsocketLayer]
        assert layers == [InspectingLayer]
        assert Http1Connection.make_pipe is not make_pipe
    finally:
        private.uninstall()
    assert websocket_layers.WebsocketLayer is STOCK
    assert Http1Connection.make_pipe is make_pipe


async def test_connections_are_opened_by_the_dialer_until_it_is_taken_away() -> None:
    import asyncio

    from mitmproxy.proxy import server as proxy_server

    async def dialer(*_: object) -> object:
        raise OSError("asked")

    stock = ConnectionHandler.open_connection
    private.install_dialer(dialer)  # type: ignore[arg-type]
    try:
        assert ConnectionHandler.open_connection is not stock
        theirs = vars(proxy_server)["asyncio"]
        assert theirs.StreamReader is asyncio.StreamReader
        assert theirs.open_connection is not asyncio.open_connection
    finally:
        private.uninstall()
    assert ConnectionHandler.open_connection is stock
    assert vars(proxy_server)["asyncio"] is asyncio


# --- a mitmproxy that moved, as its users meet it ---

MOVED = {
    "an attribute": (
        "from mitmproxy.proxy.layers.http import HttpStream\n"
        "HttpStream.flow_done = lambda self: None\n"
    ),
    "a module": "import sys\nsys.modules['mitmproxy.proxy.layers.http._http1'] = None\n",
}


def environment_with(folder: Path, source: str) -> dict[str, str]:
    """A Python that changes mitmproxy before anybody imports it."""
    late = (
        "import sys, importlib.abc\n"
        "class Late(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'wsinspect.proxy.private':\n"
        "            sys.meta_path.remove(self)\n"
        f"            exec({source!r})\n"
        "sys.meta_path.insert(0, Late())\n"
    )
    (folder / "sitecustomize.py").write_text(late)
    env = environment()
    env["PYTHONPATH"] = f"{folder}:{env['PYTHONPATH']}"
    return env


@pytest.mark.parametrize("what", MOVED)
def test_the_command_says_so_in_one_line(tmp_path: Path, what: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "wsinspect", "run", "--headless", "-p", "0",
         "--set", f"confdir={tmp_path}"],
        cwd=ROOT, env=environment_with(tmp_path, MOVED[what]), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == 2, result.stderr
    (line,) = result.stderr.splitlines()
    assert line.startswith("wsinspect: cannot work with this mitmproxy")


@pytest.mark.parametrize("what", MOVED)
def test_mitmdump_does_not_run_uninspected(tmp_path: Path, what: str) -> None:
    result = subprocess.run(
        [str(MITMDUMP), "-s", "addons/wsinspect_addon.py", "-p", "0", "--set",
         f"confdir={tmp_path}"],
        cwd=ROOT, env=environment_with(tmp_path, MOVED[what]), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == 1
    assert not re.search(r"listening at", result.stdout + result.stderr)
