"""A running proxy with rules: what leaves, what is on record, reloads, scripts beside rules."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from tests.proxy.conftest import SCRIPTS, running, spy
from tests.rules.guarding import CARD, rule_file
from tests.support.proxy import ProxyProcess
from tests.support.raw import CLOSE, CONT, KEY, PING, TEXT, frame, raw_pair
from tests.support.tap import parse_frames

STARS = "**** **** **** ****"
FIND = "find: {detector: credit-card}"
MIB = 1 << 20


def rules_at(folder: Path, *rules: str) -> Path:
    path = folder / "rules.yaml"
    path.write_text(rule_file(*rules))
    return path


@pytest.fixture
def ruled(tmp_path: Path) -> Callable[..., Any]:
    """``ruled(rules…, args=…)``: a context with a proxy."""

    def start(*rules: str, args: tuple[str, ...] = (), record: str = "all") -> Any:
        path = rules_at(tmp_path, *rules)
        return running(tmp_path / "proxy", "--rules", str(path), *args, record=record)

    return start


def own(proxy: ProxyProcess, kind: str) -> list[dict[str, Any]]:
    return [event for event in proxy.log() if event["event_type"] == kind]


def alerts(proxy: ProxyProcess) -> list[tuple[str, str]]:
    return [(e["alert"]["rule"], e["alert"]["disposition"]) for e in own(proxy, "alert")]


async def until(proxy: ProxyProcess, wanted: list[tuple[str, str]]) -> None:
    await proxy.until(lambda _: sorted(alerts(proxy)) == sorted(wanted))


@pytest.mark.parametrize("audit", [(), ("--audit",)], ids=["", "audit"])
@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_echo_through_masking_rules(
    ruled: Callable[..., Any], compression: str | None, audit: tuple[str, ...]
) -> None:
    """A strict library on both ends accepts what was written anew."""
    got: list[Any] = []

    async def echo(socket: ServerConnection) -> None:
        async for message in socket:
            got.append(message)
            await socket.send(message)

    with ruled(f"{FIND}, do: mask", args=("--payloads", "full", *audit)) as proxy:
        async with (
            serve(echo, "127.0.0.1", 0, compression=compression, max_size=None) as server,
            connect(
                f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/echo",
                proxy=proxy.url,
                compression=compression,
                max_size=None,
            ) as client,
        ):
            for n in range(10):
                text = f"grüße {n} 👋 {CARD} ende " * (n + 1)
                await client.send([text[i : i + 7] for i in range(0, len(text), 7)])
                assert await client.recv() == text.replace(CARD, STARS)
                await client.send(f"plain {n}")
                assert await client.recv() == f"plain {n}"
            big = "x" * (2 * MIB)
            if compression is None:
                await client.send(big + f" {CARD} " + big)
                assert await client.recv() == big + f" {STARS} " + big
        assert not any(CARD in message for message in got)
        await proxy.recorded("/echo")
        text = proxy.log_path.read_text()
        messages = [event["message"] for event in own(proxy, "ws_message")]
        order = [event["event_type"] for event in proxy.log()]
    assert "4111 1111" not in text
    assert "4111 1111" not in proxy.output
    up = [m for m in messages if m["direction"] == "to_server"]
    assert [m["rules"] for m in up[:4]] == [["r0"], [], ["r0"], []]
    assert [m["action"] for m in up[:4]] == ["rewrite", "pass", "rewrite", "pass"]
    assert up[0]["preview"] == f"grüße 0 👋 {STARS} ende "
    assert all(m["rules"] == [] for m in messages if m["direction"] == "to_client")
    if compression is None:
        assert (up[-1]["rules"], up[-1]["action"]) == (["r0"], "rewrite")
    assert max(i for i, kind in enumerate(order) if kind == "alert") < order.index("ws_close")


async def test_a_secret_is_stopped_before_its_last_byte(ruled: Callable[..., Any]) -> None:
    with ruled(f"{FIND}, do: {{close: {{code: 4008, reason: no cards}}}}") as proxy:
        async with raw_pair(proxy.port, "/close") as pair:
            whole = frame(TEXT, f"pay {CARD}".encode(), mask=KEY)
            for i in range(len(whole)):
                await pair.client.send(whole[i : i + 1])
            await asyncio.gather(pair.server.receive(16), pair.client.receive(12))
            for peer in (pair.server, pair.client):
                ((only),) = parse_frames(bytes(peer.received))[0]
                assert (only.opcode, only.payload) == ("close", (4008).to_bytes(2) + b"no cards")
            await pair.client.send(frame(CLOSE, (4008).to_bytes(2), mask=KEY))
            await pair.server.send(frame(CLOSE, (4008).to_bytes(2)))
            await asyncio.gather(pair.client.read_to_end(), pair.server.read_to_end())
        found = await proxy.recorded("/close")
    assert (found.close["cause"], found.close["initiator"]) == ("policy", "proxy")
    assert found.close["code_relayed"] == 4008
    assert alerts(proxy) == [("r0", "closed")]


@pytest.mark.parametrize("end", ["rst", "fin", "close"])
async def test_a_large_message_that_ends_half_way(ruled: Callable[..., Any], end: str) -> None:
    with ruled(f"{FIND}, do: mask") as proxy:
        async with raw_pair(proxy.port, "/half") as pair:
            content = b"x" * (3 * MIB) + b" " + CARD.encode()
            if end == "close":
                half = frame(TEXT, content, fin=False, mask=KEY)
            else:
                half = frame(TEXT, content + b"y" * MIB, mask=KEY)[: 14 + len(content)]
            await pair.client.send(half)
            await pair.server.receive(2 * MIB)
            if end == "close":
                await pair.client.send(frame(CLOSE, b"\x03\xe8", mask=KEY))
                await pair.server.receive(len(half) + 8)
                await pair.server.send(frame(CLOSE, b"\x03\xe8"))
                pair.client.finish()
            elif end == "fin":
                pair.client.finish()
            else:
                await asyncio.sleep(0.3)
                pair.client.reset()
            await pair.server.read_to_end()
            left = bytes(pair.server.received)
            plain = frame(TEXT, content, mask=KEY)[14:]
            assert left[14 : 14 + 3 * MIB] == plain[: 3 * MIB][: len(left) - 14]
            assert plain[-19:] not in left
            if end != "rst":
                assert len(left) >= len(half)
            pair.server.finish()
        await proxy.recorded("/half")
        await until(proxy, [("r0", "redacted")])


async def test_log_rules_hold_nothing_and_alerts_come_before_the_close(
    ruled: Callable[..., Any],
) -> None:
    with ruled(f"{FIND}, do: log", record="messages") as proxy:
        async with raw_pair(proxy.port, "/log") as pair:
            parts = [frame(TEXT, b"x" * 100, fin=False, mask=KEY),
                     frame(CONT, CARD.encode()[:9], fin=False, mask=KEY)]  # fmt: skip
            sent = 0
            for part in parts:
                await pair.client.send(part)
                sent += len(part)
                await pair.server.receive(sent)  # before its end
            state = await spy(proxy)
            assert state["layers"]["/log"]["ways"] == ["_pass", "_pass"]
            end = frame(CONT, CARD.encode()[9:] + b" ", mask=KEY)
            await pair.client.send(end + frame(PING, CARD.encode(), mask=KEY))
            await pair.client.send(frame(CLOSE, b"\x03\xe8" + CARD.encode(), mask=KEY))
            await pair.server.send(frame(CLOSE, b"\x03\xe8"))
            pair.client.finish()
            await pair.server.read_to_end()
            pair.server.finish()
            await pair.client.read_to_end()
        found = await proxy.recorded("/log")
    kinds = [event["event_type"] for event in proxy.log()]
    assert alerts(proxy) == [("r0", "logged")] * 3
    assert [event["alert"]["opcode"] for event in own(proxy, "alert")] != []
    assert kinds.index("ws_close") > max(i for i, kind in enumerate(kinds) if kind == "alert")
    assert found.close["reason"] == STARS
    assert CARD not in proxy.log_path.read_text()


async def test_throttle_slows_its_sender_and_nobody_else(ruled: Callable[..., Any]) -> None:
    with ruled("find: {words: [flood]}, do: {throttle: {messages_per_second: 20}}") as proxy:
        async with (
            raw_pair(proxy.port, "/slow") as slow,
            raw_pair(proxy.port, "/free") as free,
        ):
            one = frame(TEXT, b"flood", mask=KEY)
            small = frame(TEXT, b"hello", mask=KEY)
            await slow.client.send(one)
            await slow.server.receive(len(one))
            await asyncio.sleep(0.2)  # the batch is looked at
            begun = time.monotonic()
            for _ in range(20):
                await slow.client.send(small)
                await asyncio.sleep(0.005)
            back = frame(TEXT, b"back")
            await slow.server.send(back)
            await slow.client.receive(len(back))
            await free.client.send(small * 50)
            await free.server.receive(50 * len(small))
            quick = time.monotonic() - begun
            await slow.server.receive(len(one) + 20 * len(small))
            await slow.client.send(small)
            await slow.server.receive(len(one) + 21 * len(small))
            took = time.monotonic() - begun
        assert 0.9 < took < 10  # the last one twenty behind the first
        assert quick < took
        await until(proxy, [("r0", "throttled")])


# --- scripts beside rules ---


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Any]]:
    path = tmp_path / "notes"
    path.touch()
    monkeypatch.setitem(os.environ, "NOTES", str(path))
    return lambda: [json.loads(line) for line in path.read_text().splitlines()]


async def test_rules_judge_what_scripts_made(
    ruled: Callable[..., Any], notes: Callable[[], list[Any]]
) -> None:
    with ruled(f"{FIND}, do: mask", args=("-s", str(SCRIPTS / "ruled.py"))) as proxy:
        async with raw_pair(proxy.port, "/script") as pair:
            for text in ("make a card", "stock makes a card", f"take it out {CARD}", f"my {CARD}",
                         f"raise {CARD}", "the end"):  # fmt: skip
                await pair.client.send(frame(TEXT, text.encode(), mask=KEY))
            await pair.client.send(frame(PING, CARD.encode(), mask=KEY))
            want = [f"made {STARS}", f"stock {STARS}", "gone", f"my {STARS}", f"raise {STARS}",
                    "the end", STARS]  # fmt: skip
            await pair.server.receive(sum(6 + len(text) for text in want))
            left = [f.payload.decode() for f in parse_frames(bytes(pair.server.received))[0]]
            assert left == want
        await proxy.recorded("/script")
        await proxy.until(lambda _: len([n for n in notes() if n[0] == "async"]) == 5)
        for one in [n for n in notes() if n[0] == "async"]:
            assert one[1:] == ["r0", "credit-card", "to_server", one[4], "redacted", "/script"]
            assert "4111" not in one[4]
    assert "LookupError" in proxy.output
    assert CARD not in proxy.log_path.read_text()


async def test_finding_hooks_hold_nobody_up(
    ruled: Callable[..., Any], notes: Callable[[], list[Any]]
) -> None:
    """They raise, and each is told all the same; without a handler nobody pays."""
    with ruled(f"{FIND}, do: log", args=("-s", str(SCRIPTS / "findings.py"))) as proxy:
        async with raw_pair(proxy.port, "/found") as pair:
            message = frame(TEXT, f"{CARD} and {CARD}".encode(), mask=KEY)
            await pair.client.send(message)
            await pair.server.receive(len(message))
            assert (await spy(proxy))["layers"]["/found"]["ways"] == ["_pass", "_pass"]
        await proxy.recorded("/found")
        await proxy.until(lambda _: len(notes()) == 2)
    assert notes() == [["r0", 0, 19], ["r0", 24, 19]]
    assert proxy.output.count("a script raised LookupError") == 2


# --- reload ---


async def test_a_reload_reaches_live_connections(ruled: Callable[..., Any], tmp_path: Path) -> None:
    with ruled(f"{FIND}, do: log") as proxy:
        async with raw_pair(proxy.port, "/live") as pair:
            message = frame(TEXT, CARD.encode(), mask=KEY)
            await pair.client.send(message)
            await pair.server.receive(len(message))
            rules_at(tmp_path, f"{FIND}, do: mask")  # by the file's change alone
            await proxy.until(lambda _: "1 rules reloaded" in proxy.output)
            await pair.client.send(message)
            left = await pair.server.receive(2 * len(message))
            assert [f.payload for f in parse_frames(left)[0]] == [CARD.encode(), STARS.encode()]

            path = rules_at(tmp_path, f"{FIND}, do: mask")
            path.write_text("version: 1\nrules:\n  - {id: x, fnd: {words: [a]}, do: log}\n  - 7\n")
            os.utime(path, ns=(1, 1))
            proxy.process.send_signal(signal.SIGHUP)
            await proxy.until(lambda _: "the old ones stay in force" in proxy.output)
            await pair.client.send(message)
            left = await pair.server.receive(3 * len(message))
            assert parse_frames(left)[0][2].payload == STARS.encode()

            # What the broken file began to include is watched, too.
            path.write_text(rule_file(f"{FIND}, do: mask") + "include: [more.yaml]\n")
            (tmp_path / "more.yaml").write_text("version: 1\nrules: [7]\n")
            await proxy.until(lambda _: proxy.output.count("the old ones stay in force") >= 2)
            (tmp_path / "more.yaml").write_text(
                "version: 1\nrules: [{id: y, find: {words: [other]}, do: block}]\n"
            )
            await proxy.until(lambda _: "2 rules reloaded" in proxy.output)
            await pair.client.send(frame(TEXT, b"an other", mask=KEY) + message)
            left = await pair.server.receive(4 * len(message))
            assert [f.payload for f in parse_frames(left)[0][3:]] == [STARS.encode()]
    assert 'rules.yaml:3: unknown key "fnd"' in proxy.output
    assert alerts(proxy) == [
        ("r0", "logged"), *[("r0", "redacted")] * 2, ("y", "blocked"), ("r0", "redacted"),
    ]  # fmt: skip


def test_a_broken_file_at_start_is_two_and_a_line_each(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(
        "version: 1\nrules:\n"
        "  - {id: a, find: {regex: '(?=x)'}, do: log}\n"
        "  - {id: b, find: {detector: credit-crad}, do: block}\n"
        "  - {id: b, find: {words: [x]}, do: blok}\n"
    )
    process = ProxyProcess(tmp_path / "proxy", "--rules", str(path))
    with pytest.raises(pytest.fail.Exception), process:
        pass
    assert process.process.returncode == 2
    lines = [line for line in process.output.splitlines() if "rules.yaml:" in line]
    assert len(lines) >= 3
    assert {line.split("rules.yaml:")[1].split(":")[0] for line in lines} == {"3", "4", "5"}
    assert "Traceback" not in process.output
    assert not [line for line in process.output.splitlines() if "listening" in line]


def test_a_rule_that_fails_its_own_test_stops_the_start(tmp_path: Path) -> None:
    path = rules_at(tmp_path, f"{FIND}, do: block, tests: [{{text: 'hello', expect: block}}]")
    process = ProxyProcess(tmp_path / "proxy", "--rules", str(path))
    with pytest.raises(pytest.fail.Exception), process:
        pass
    assert process.process.returncode == 2
    assert "r0" in process.output


# --- memory ---


async def test_a_large_message_costs_little_memory(ruled: Callable[..., Any]) -> None:
    """64 MiB with a card at 40 MiB: masked in place, and at most 16 MiB more than before."""
    with ruled(f"{FIND}, do: mask", record="messages") as proxy:
        async with raw_pair(proxy.port, "/warm") as pair:
            warm = frame(TEXT, b"w" * (3 * MIB) + b" " + CARD.encode(), mask=KEY)
            await pair.client.send(warm)
            await pair.server.receive(len(warm))
        async with raw_pair(proxy.port, "/large") as pair:
            before = (await spy(proxy))["rss_kib"]
            most = before
            block = (b"some words of a text " * 50_000)[:MIB]
            total = 64 * MIB
            head = bytes([0x81, 0xFF]) + total.to_bytes(8) + b"\0\0\0\0"  # a key of zeros
            received = 0
            found = b""

            async def read() -> None:
                nonlocal received, found
                tail = b""
                while received < total + len(head):
                    data = await pair.server.reader.read(1 << 18)
                    assert data
                    received += len(data)
                    joined = tail + data
                    if STARS.encode() in joined and not found:
                        found = STARS.encode()
                    assert CARD.encode() not in joined
                    tail = joined[-32:]

            reading = asyncio.create_task(read())
            await pair.client.send(head)
            for n in range(64):
                part = block
                if n == 40:
                    part = block[: -len(CARD) - 2] + f" {CARD} ".encode()
                await pair.client.send(part)
                if n % 8 == 7:
                    most = max(most, (await spy(proxy))["rss_kib"])
            await reading
            most = max(most, (await spy(proxy))["rss_kib"])
            assert found
        assert most - before <= 16 * 1024, f"{most - before} KiB"


async def test_a_secret_in_the_handshake_is_told_after_the_open(ruled: Callable[..., Any]) -> None:
    with ruled(f"{FIND}, do: block") as proxy:
        async with raw_pair(
            proxy.port, "/shake?card=4111111111111111", request_lines=("User-Agent: me",)
        ) as pair:
            await pair.greet()
        await proxy.until(lambda _: own(proxy, "ws_close"))
        kinds = [event["event_type"] for event in proxy.log() if event["event_type"] != "stats"]
        assert (kinds[:2], kinds.count("alert")) == (["ws_open", "alert"], 1)
        (alert,) = own(proxy, "alert")
    assert "direction" not in alert["alert"]
    assert alert["alert"]["hits"][0]["path"].startswith("uri")
    assert "4111" not in proxy.log_path.read_text()
