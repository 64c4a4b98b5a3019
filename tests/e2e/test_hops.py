"""nginx and haproxy as the next hop, as they stand in front of many servers."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.e2e.conftest import StartProxy
from tests.support.echo import assert_recorded, echo_server, talk
from tests.support.ports import free_port
from tests.support.proxy import assert_log_is_what_the_tap_saw
from tests.support.tap import Tap
from tests.support.tools import require_tool

NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{target};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_set_header Host $http_host;
      proxy_read_timeout {timeout_s}s;
    }}
  }}
}}
"""
HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout tunnel {timeout_s}s
frontend front
  bind 127.0.0.1:{port}
  default_backend back
backend back
  server one 127.0.0.1:{target}
"""
HOPS = pytest.mark.parametrize("name", ["nginx", "haproxy"])


@contextmanager
def running_hop(
    name: str, folder: Path, target: int, timeout_s: int = 60, template: str = ""
) -> Iterator[int]:
    """nginx or haproxy in front of `target`; yields its port."""
    program = require_tool(name)
    port = free_port()
    config = folder / f"{name}.conf"
    template = template or (NGINX if name == "nginx" else HAPROXY)
    config.write_text(template.format(folder=folder, port=port, target=target, timeout_s=timeout_s))
    if name == "nginx":
        command = [program, "-e", f"{folder}/error.log", "-p", str(folder), "-c", str(config)]
    else:
        command = [program, "-db", "-f", str(config)]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, (folder / "output").read_text()
            process_wait(process, 0.05)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def process_wait(process: subprocess.Popen[bytes], duration_s: float) -> None:
    try:
        process.wait(duration_s)
    except subprocess.TimeoutExpired:
        pass


@HOPS
async def test_through_a_hop(start_proxy: StartProxy, tmp_path: Path, name: str) -> None:
    """Tap on both sides of the hop's front: the log equals what the hop was sent."""
    async with echo_server() as port:
        with running_hop(name, tmp_path, port) as hop:
            async with Tap(hop) as tap:
                proxy = start_proxy("--mode", f"reverse:http://127.0.0.1:{tap.port}")
                async with connect(f"ws://127.0.0.1:{proxy.port}/hop", proxy=None) as client:
                    await talk(client)
                await assert_recorded(proxy, tap, "/hop", tls=False)


@HOPS
async def test_a_hop_that_cuts_idle_connections(
    start_proxy: StartProxy, tmp_path: Path, name: str
) -> None:
    """The client is cut off without a Close, and the log says who did it, and how."""
    async with echo_server() as port:
        with running_hop(name, tmp_path, port, timeout_s=1) as hop:
            async with Tap(hop) as tap:
                proxy = start_proxy("--mode", f"reverse:http://127.0.0.1:{tap.port}")
                url = f"ws://127.0.0.1:{proxy.port}/idle"
                async with connect(url, proxy=None, ping_interval=None) as client:
                    await client.send("once")
                    assert await client.recv() == "once"
                    async with asyncio.timeout(30):
                        with pytest.raises(ConnectionClosed) as caught:
                            await client.recv()
                assert caught.value.rcvd is None, "a Close frame was made up"
                passage = await tap.passage("/idle")
                found = await proxy.recorded("/idle")
    assert_log_is_what_the_tap_saw(found, passage)
    assert passage.ends[0][0] == "to_client"
    assert (found.close["cause"], found.close["initiator"]) == (passage.ends[0][1], "server")
    assert found.close["code_observed"] == 1006
    assert found.close["idle_s"] >= 0.9
