"""--http: /healthz that really goes through the proxy, /readyz, /metrics that Prometheus reads."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.e2e.conftest import StartProxy
from tests.support.echo import echo_server
from tests.support.ports import free_port
from tests.support.proxy import MITMDUMP, ROOT, ProxyProcess
from tests.support.raw import KEY, PING, PONG, TEXT, RawPeer, close_frame, frame, raw_pair
from tests.support.upstreams import SocksServer

RULES = """
rules:
  - {id: all-words, find: {words: [wsinspect, x, e]}, do: alert}
  - {id: tick, find: {words: [tick]}, do: alert, severity: high}
"""


async def get(proxy: ProxyProcess, path: str) -> tuple[int, str]:
    for _ in range(100):
        found = re.search(r"http on (\S+) ", proxy.output)
        if found:
            break
        await asyncio.sleep(0.05)
    assert found, proxy.output
    async with aiohttp.ClientSession() as session, session.get(found[1] + path) as response:
        return response.status, await response.text()


async def healthz(proxy: ProxyProcess) -> tuple[int, dict[str, Any]]:
    status, text = await get(proxy, "/healthz")
    found: dict[str, Any] = json.loads(text)
    return status, found


def samples(families: Iterable[Metric]) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


MODES: list[tuple[str, ...]] = [
    (),
    ("--mode", "reverse:http://127.0.0.1:9"),  # nobody is there: not our illness
    ("--mode", "reverse:https://127.0.0.1:9"),
    ("--mode", "socks5"),
    ("--mode", "upstream:http://127.0.0.1:9"),
    ("--set", "proxyauth=me:secret"),
    ("--set", "connection_strategy=lazy"),
    ("--set", "allow_hosts=nobody"),
    ("--listen-host", "0.0.0.0"),
]


@pytest.mark.parametrize("args", MODES, ids=lambda args: "-".join(args)[2:] or "regular")
async def test_health_is_exercised_in_every_mode(
    start_proxy: StartProxy, args: tuple[str, ...]
) -> None:
    proxy = start_proxy("--http", "127.0.0.1:0", *args)
    status, found = await healthz(proxy)
    assert (status, found["status"]) == (200, "ok"), found
    (listener,) = found["exercised"]
    assert listener["steps"] == ["accept", "handshake", "message", "ping", "relay"]
    assert str(proxy.port) in listener["listener"]
    assert "the way to the user's server" in found["not_exercised"]


async def test_every_listener_is_exercised(start_proxy: StartProxy) -> None:
    proxy = start_proxy(
        "--http", "127.0.0.1:0",
        "--mode", f"regular@{free_port()}", "--mode", f"socks5@{free_port()}",
    )  # fmt: skip
    _, found = await healthz(proxy)
    assert len(found["exercised"]) == 2
    assert all(one["ok"] for one in found["exercised"])


async def test_probes_are_seen_by_nobody(start_proxy: StartProxy, tmp_path: Path) -> None:
    """Not by the log, rules, totals, metrics, or scripts' own hooks; one probe a second."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    script = tmp_path / "script.py"
    script.write_text(
        "def wsinspect_open(connection):\n    print('SAW open', flush=True)\n"
        "def wsinspect_message(observation):\n    print('SAW message', flush=True)\n"
        "def wsinspect_close(connection):\n    print('SAW close', flush=True)\n"
    )
    proxy = start_proxy("--http", "127.0.0.1:0", "--rules", str(rules), "-s", str(script))
    begun = asyncio.get_running_loop().time()
    answers = await asyncio.gather(*(healthz(proxy) for _ in range(20)))
    assert {status for status, _ in answers} == {200}
    assert len({found["took_ms"] for _, found in answers}) == 1  # the same probe
    soon = (await healthz(proxy))[1]
    if asyncio.get_running_loop().time() - begun < 0.9:  # a slow machine proves nothing
        assert soon["took_ms"] == answers[0][1]["took_ms"]
    await asyncio.sleep(max(0.0, begun + 1.3 - asyncio.get_running_loop().time()))
    _, later = await healthz(proxy)
    assert later["took_ms"] not in {found["took_ms"] for _, found in answers}
    assert later["age_ms"] < 1000
    _, page = await get(proxy, "/metrics")
    found = samples(text_string_to_metric_families(page))
    assert found["wsinspect_connections_total", frozenset()] == 0
    assert not any(name == "wsinspect_frames_total" for name, _ in found)
    assert not any(name == "wsinspect_handshakes_total" for name, _ in found)
    proxy.stop()
    assert "SAW" not in proxy.output
    assert {event["event_type"] for event in proxy.log()} == {"stats"}
    assert proxy.log()[-1]["stats"]["connections_total"] == 0


async def test_a_real_connection_has_the_first_flow_id(start_proxy: StartProxy) -> None:
    proxy = start_proxy("--http", "127.0.0.1:0")
    assert (await healthz(proxy))[0] == 200
    async with echo_server() as port:
        async with connect(f"ws://127.0.0.1:{port}/first", proxy=proxy.url) as client:
            await client.send("x")
            await client.recv()
        assert (await proxy.recorded("/first")).flow_id == 1


async def test_the_script_that_breaks_the_path_is_found(
    start_proxy: StartProxy, tmp_path: Path
) -> None:
    """The process lives, and no WebSocket passes: that is what the check is for."""
    script = tmp_path / "broken.py"
    script.write_text(
        "from mitmproxy import http\n"
        "def request(flow):\n    flow.response = http.Response.make(500, 'out of order')\n"
    )
    proxy = start_proxy("--http", "127.0.0.1:0", "-s", str(script))
    status, found = await healthz(proxy)
    assert (status, found["status"]) == (503, "broken")
    (listener,) = found["exercised"]
    assert (listener["ok"], listener["failed"]) == (False, "handshake")
    assert "500" in listener["problem"]


async def test_uninspected_traffic_is_no_health(start_proxy: StartProxy, tmp_path: Path) -> None:
    """Bytes pass, the relay sees none of them."""
    script = tmp_path / "past.py"
    script.write_text(
        "from wsinspect.proxy import private\nprivate.uninstall()\nfrom mitmproxy import ctx\n"
    )
    proxy = start_proxy("--http", "127.0.0.1:0", "-s", str(script))
    status, found = await healthz(proxy)
    assert status == 503
    assert found["exercised"][0]["failed"] == "relay"


async def test_a_crowd_at_http_is_not_the_data_path_s_trouble(start_proxy: StartProxy) -> None:
    """Half-sent requests take no descriptors from it, requests in a pipeline no time."""
    proxy = start_proxy("--http", "127.0.0.1:0")
    status, _ = await get(proxy, "/readyz")
    assert status == 200
    found = re.search(r"http on http://127\.0\.0\.1:(\d+)", proxy.output)
    assert found
    crowd = []
    for _ in range(400):
        _, writer = await asyncio.open_connection("127.0.0.1", int(found[1]))
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: slow")
        crowd.append(writer)
    descriptors = Path(f"/proc/{proxy.process.pid}/fd")
    assert len(list(descriptors.iterdir())) < 200
    assert (await get(proxy, "/readyz"))[0] == 200
    for _ in range(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(found[1]))
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
        with contextlib.suppress(ConnectionError):
            assert (await reader.read()).count(b"HTTP/1.1 200 OK") <= 1
        crowd.append(writer)
    for junk in (b"GET /\xff\xfe HTTP/1.1\r\n\r\n", b"\x16\3\1\0", b"GET / HTTP/1.1\r\n:\r\n\r\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(found[1]))
        writer.write(junk + b"\r\n\r\n")
        assert b" 400 " in await reader.readline()
        crowd.append(writer)
    assert (await healthz(proxy))[0] == 200
    assert len(proxy.output.splitlines()) == 2, proxy.output
    for writer in crowd:
        writer.transport.abort()


async def test_a_dead_log_with_on_error_closed(start_proxy: StartProxy, tmp_path: Path) -> None:
    """Nobody is let in, and both say so."""
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    proxy = ProxyProcess(
        tmp_path / "p", "--http", "127.0.0.1:0", "--on-error", "closed",
        command=["python", "-m", "wsinspect", "run", "--headless", "--log", "/dev/full",
                 "--socket", str(tmp_path / "s")],
    )  # fmt: skip
    proxy.command[0] = str(MITMDUMP.with_name("python"))
    with proxy:
        assert (await get(proxy, "/readyz"))[0] == 200
        async with echo_server() as port:
            for _ in range(100):
                try:
                    client = await connect(f"ws://127.0.0.1:{port}/", proxy=proxy.url)
                    await client.wait_closed()
                except InvalidStatus:
                    break
                await asyncio.sleep(0.05)
            status, text = await get(proxy, "/readyz")
            assert (status, json.loads(text)["why"]) == (503, "its log cannot be written")
            assert (await healthz(proxy))[0] == 503
            _, page = await get(proxy, "/metrics")
            assert (
                samples(text_string_to_metric_families(page))["wsinspect_log_up", frozenset()] == 0
            )


async def test_a_drain_is_told(start_proxy: StartProxy) -> None:
    proxy = start_proxy("--http", "127.0.0.1:0", "--drain-grace", "6")
    async with raw_pair(proxy.port, "/drains") as pair:
        assert (await get(proxy, "/readyz"))[0] == 200
        proxy.signal(signal.SIGTERM)
        await pair.client.receive(4)  # its Close frame
        status, text = await get(proxy, "/readyz")
        assert (status, json.loads(text)["why"]) == (503, "it is shutting down")
        status, found = await healthz(proxy)  # alive: nobody should kill it now
        assert (status, found["status"]) == (200, "draining")
        _, page = await get(proxy, "/metrics")
        assert samples(text_string_to_metric_families(page))["wsinspect_draining", frozenset()] == 1
        assert await asyncio.to_thread(proxy.stop) == 0


async def test_metrics_are_what_passed(start_proxy: StartProxy, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    proxy = start_proxy("--http", "127.0.0.1:0", "--rules", str(rules))
    async with raw_pair(proxy.port, "/open") as open_one, raw_pair(proxy.port, "/ends") as pair:
        await pair.client.send(frame(TEXT, b"tick", mask=KEY) * 3 + frame(PING, b"p", mask=KEY))
        await pair.server.receive(3 * 10 + 7)
        await pair.server.send(frame(PONG, b"p") + frame(3, b"reserved"))
        await pair.client.receive(3 + 10)
        await pair.client.send(close_frame(4321, mask=KEY))
        await pair.server.receive(37 + 8)
        await pair.server.send(close_frame(4321))
        await ended(pair.client, pair.server)
        await proxy.recorded("/ends")
        await open_one.greet()
        await asyncio.sleep(0.1)
        status, page = await get(proxy, "/metrics")
    assert status == 200
    families = list(text_string_to_metric_families(page))
    found = samples(families)

    def value(name: str, **labels: str) -> float:
        return found[name, frozenset(labels.items())]

    assert value("wsinspect_connections_open") == 1
    assert value("wsinspect_connections_total") == 2
    assert value("wsinspect_handshakes_total", status="101") == 2
    assert value("wsinspect_frames_total", direction="to_server", opcode="text") == 4
    assert value("wsinspect_frames_total", direction="to_server", opcode="ping") == 1
    assert value("wsinspect_frames_total", direction="to_client", opcode="pong") == 1
    assert value("wsinspect_frames_total", direction="to_client", opcode="unknown-3") == 1
    assert value("wsinspect_messages_total", direction="to_server") == 4
    assert value("wsinspect_payload_bytes_total", direction="to_server") == 12 + 1 + 2 + 5
    assert value("wsinspect_wire_bytes_total", direction="to_server") == 30 + 7 + 8 + 11
    assert (
        value("wsinspect_violations_total", direction="to_client", violation="reserved-opcode") == 1
    )
    assert value("wsinspect_alerts_total", rule="tick", severity="high", action="allowed") == 3
    assert (
        value("wsinspect_closes_total", code="4xxx", cause="close_frame", initiator="client") == 1
    )
    assert value("wsinspect_ping_rtt_seconds_count") == 1
    assert value("wsinspect_ping_rtt_seconds_bucket", le="+Inf") == 1
    assert value("wsinspect_handshake_duration_seconds_count") == 2
    assert value("wsinspect_connection_duration_seconds_count") == 1
    assert value("wsinspect_added_latency_seconds_count") >= 4
    assert value("wsinspect_log_up") == 1
    assert value("wsinspect_log_lines_total") > 0
    assert {f.type for f in families} == {"counter", "gauge", "histogram"}
    for family in families:
        assert family.documentation, family.name
        assert re.match(r"(wsinspect|process)_", family.name)
        for unit in ("_ms", "_milliseconds", "_kb"):  # base units only
            assert not family.name.endswith(unit)


async def ended(*peers: RawPeer) -> None:
    for peer in peers:
        await peer.close()


async def test_routes_are_counted(start_proxy: StartProxy, tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    async with SocksServer() as socks, echo_server() as port:
        config.write_text(
            f"routes:\n- {{name: feeds, port: {port}, via: 'socks5://127.0.0.1:{socks.port}'}}\n"
            f"- {{via: 'socks5://u:geheim@127.0.0.1:1', name: gone}}\n"
        )
        proxy = start_proxy("--http", "127.0.0.1:0", "--config", str(config))
        assert (await healthz(proxy))[0] == 200  # the probe takes no route
        async with connect(f"ws://127.0.0.1:{port}/", proxy=proxy.url):
            pass
        with pytest.raises(Exception, match="502"):
            await connect(f"ws://127.0.0.1:{free_port()}/", proxy=proxy.url)
        _, page = await get(proxy, "/metrics")
    found = {
        (labels, value)
        for (name, labels), value in samples(text_string_to_metric_families(page)).items()
        if name == "wsinspect_route_dials_total"
    }
    upstream = f"socks5://127.0.0.1:{socks.port}"
    assert found == {
        (frozenset({"route": "feeds", "upstream": upstream, "outcome": "ok"}.items()), 1.0),
        (
            frozenset(
                {
                    "route": "gone",
                    "upstream": "socks5://127.0.0.1:1",
                    "outcome": "unreachable",
                }.items()
            ),
            1.0,
        ),
    }
    assert "geheim" not in page + proxy.output


# --- where it listens ---


async def test_beyond_this_machine_is_said_loudly(start_proxy: StartProxy) -> None:
    proxy = start_proxy("--http", "0.0.0.0:0")
    await get(proxy, "/readyz")
    await proxy.said("open beyond this machine")


def test_a_port_in_use_stops_the_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        process = ProxyProcess(tmp_path / "p", "--http", place)
        with pytest.raises(pytest.fail.Exception, match="did not start"), process:
            pass
    assert f"wsinspect: cannot serve HTTP on {place}: address already in use" in process.output


async def test_mitmdump_serves_it_too(tmp_path: Path) -> None:
    with ProxyProcess(
        tmp_path / "p", "-s", "addons/wsinspect_addon.py", "--set", "wsinspect_http=127.0.0.1:0",
        command=[str(MITMDUMP), "--listen-host", "127.0.0.1"],
    ) as proxy:  # fmt: skip
        assert (await healthz(proxy))[0] == 200


async def test_reloading_the_addon_gives_the_port_back(tmp_path: Path) -> None:
    addon = tmp_path / "copy.py"
    addon.write_text((ROOT / "addons" / "wsinspect_addon.py").read_text())
    place = f"127.0.0.1:{free_port()}"
    with ProxyProcess(
        tmp_path / "p", "-s", str(addon), "--set", f"wsinspect_http={place}",
        command=[str(MITMDUMP), "--listen-host", "127.0.0.1"],
    ) as proxy:  # fmt: skip
        assert (await healthz(proxy))[0] == 200
        os.utime(addon, (2**31, 2**31))
        for _ in range(100):
            if proxy.output.count("http on") == 2:
                break
            await asyncio.sleep(0.1)
        assert (await healthz(proxy))[0] == 200, proxy.output
