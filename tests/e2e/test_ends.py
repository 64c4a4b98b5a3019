"""How a connection ends: what one side does reaches the other, and the log says what it was."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from tests.e2e.conftest import StartProxy
from tests.support.proxy import MITMDUMP, ProxyProcess, assert_log_is_what_the_tap_saw
from tests.support.raw import (
    CLOSE,
    KEY,
    PING,
    TEXT,
    Pair,
    RawPeer,
    close_frame,
    dial,
    frame,
    raw_pair,
    raw_server,
    switching,
    upgrade_request,
)

ADDON = Path(__file__).resolve().parents[2] / "addons" / "wsinspect_addon.py"
CLIENT_AND_SERVER = pytest.mark.parametrize("initiator", ["client", "server"])

# RFC 6455, 7.4: valid ones first, then those that no endpoint may send; all pass as they are.
CODES = [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4000, 4999,
    0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2999, 5000, 65535,
]  # fmt: skip

ODD_CLOSE_PAYLOADS = {
    "absent": b"",
    "one-byte": b"\x03",
    "not-utf8": b"\x03\xe8\xff\xfe",
    "full": b"\x03\xe8" + b"x" * 123,
}


def sides(pair: Pair, initiator: str) -> tuple[RawPeer, RawPeer, bytes | None, bytes | None]:
    """Who ends and who is left, each with its masking key."""
    if initiator == "client":
        return pair.client, pair.server, KEY, None
    return pair.server, pair.client, None, KEY


async def close_handshake(pair: Pair, initiator: str, sent: bytes, reply: bytes) -> None:
    """Run a closing handshake and assert that each side gets the other's very bytes."""
    first, second, _, _ = sides(pair, initiator)
    await pair.greet()
    before_second, before_first = len(second.received), len(first.received)
    await first.send(sent)
    assert (await second.receive(before_second + len(sent)))[before_second:] == sent
    await second.send(reply)
    assert (await first.receive(before_first + len(reply)))[before_first:] == reply
    pair.server.finish()  # the server closes TCP first (RFC 6455, 7.1.1)
    assert await pair.client.read_to_end() == "fin"
    pair.client.finish()
    assert await pair.server.read_to_end() == "fin"


@CLIENT_AND_SERVER
async def test_close_handshake(proxy: ProxyProcess, target: str, initiator: str) -> None:
    async with raw_pair(proxy.port, target) as pair:
        _, _, mask, other_mask = sides(pair, initiator)
        sent = close_frame(4001, "session taken över", mask=mask)
        await close_handshake(pair, initiator, sent, close_frame(1000, "fine", mask=other_mask))
        passage = await pair.tap.passage(target)
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    close = found.close
    assert (close["cause"], close["initiator"]) == ("close_frame", initiator)
    assert (close["code_observed"], close["reason"]) == (4001, "session taken över")
    assert close["code_relayed"] == 4001
    assert close["clean"] is True
    assert close["age_s"] >= close["idle_s"] >= 0


async def test_every_code_passes_as_it_is(proxy: ProxyProcess, target: str) -> None:
    async def one(initiator: str, code: int) -> None:
        async with raw_pair(proxy.port, f"{target}&{initiator}{code}") as pair:
            _, _, mask, other_mask = sides(pair, initiator)
            sent = close_frame(code, "why", mask=mask)
            await close_handshake(pair, initiator, sent, close_frame(code, mask=other_mask))

    for initiator in ("client", "server"):
        await asyncio.gather(*(one(initiator, code) for code in CODES))
    seen = {}
    for initiator in ("client", "server"):
        for code in CODES:
            close = (await proxy.recorded(f"{target}&{initiator}{code}")).close
            seen[initiator, code] = (close["initiator"], close["code_observed"], close["reason"])
    assert seen == {(who, code): (who, code, "why") for who, code in seen}


@CLIENT_AND_SERVER
@pytest.mark.parametrize("name", ODD_CLOSE_PAYLOADS)
async def test_odd_close_payloads_pass_as_they_are(
    proxy: ProxyProcess, target: str, initiator: str, name: str
) -> None:
    payload = ODD_CLOSE_PAYLOADS[name]
    async with raw_pair(proxy.port, target) as pair:
        _, _, mask, other_mask = sides(pair, initiator)
        sent = frame(CLOSE, payload, mask=mask)
        await close_handshake(pair, initiator, sent, frame(CLOSE, payload, mask=other_mask))
        passage = await pair.tap.passage(target)
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    assert (found.close["cause"], found.close["initiator"]) == ("close_frame", initiator)
    if name == "absent":
        assert found.close["code_observed"] == 1005


@CLIENT_AND_SERVER
async def test_reset_arrives_as_reset(proxy: ProxyProcess, target: str, initiator: str) -> None:
    async with raw_pair(proxy.port, target) as pair:
        first, second, _, _ = sides(pair, initiator)
        await pair.greet()
        first.reset()
        assert await second.read_to_end() == "rst"
        passage = await pair.tap.passage(target)
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    close = found.close
    assert (close["cause"], close["initiator"], close["code_observed"]) == ("rst", initiator, 1006)
    assert close["clean"] is False
    assert "code_relayed" not in close


@CLIENT_AND_SERVER
async def test_fin_without_close_arrives_as_fin(
    proxy: ProxyProcess, target: str, initiator: str
) -> None:
    async with raw_pair(proxy.port, target) as pair:
        first, second, _, _ = sides(pair, initiator)
        await pair.greet()
        before = len(second.received)
        first.finish()
        assert await second.read_to_end() == "fin"
        assert len(second.received) == before, "a frame was made up"
        second.finish()
        assert await first.read_to_end() == "fin"
        passage = await pair.tap.passage(target)
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    close = found.close
    assert (close["cause"], close["initiator"], close["code_observed"]) == ("fin", initiator, 1006)
    assert close["clean"] is False
    assert "code_relayed" not in close


@CLIENT_AND_SERVER
async def test_half_close_lets_the_other_side_go_on(
    proxy: ProxyProcess, target: str, initiator: str
) -> None:
    async with raw_pair(proxy.port, target) as pair:
        first, second, _, mask = sides(pair, initiator)
        await pair.greet()
        before = len(first.received)
        first.finish()
        assert await second.read_to_end() == "fin"
        late = b"".join(frame(TEXT, b"%d" % n * 1000, mask=mask) for n in range(50))
        await second.send(late)
        assert (await first.receive(before + len(late)))[before:] == late
        second.finish()
        assert await first.read_to_end() == "fin"
        passage = await pair.tap.passage(target)
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    assert (found.close["cause"], found.close["initiator"]) == ("fin", initiator)


@CLIENT_AND_SERVER
async def test_data_after_a_close_still_arrives(
    proxy: ProxyProcess, target: str, initiator: str
) -> None:
    """In flight from the other side (legal), and from the closing side itself (a violation)."""
    async with raw_pair(proxy.port, target) as pair:
        first, second, mask, other_mask = sides(pair, initiator)
        await pair.greet()
        before_first, before_second = len(first.received), len(second.received)
        closing = close_frame(1001, "away", mask=mask) + frame(TEXT, b"too late", mask=mask)
        await first.send(closing)
        assert (await second.receive(before_second + len(closing)))[before_second:] == closing
        late = b"".join(frame(TEXT, b"late %d" % n, mask=other_mask) for n in range(20))
        late += frame(PING, b"?", mask=other_mask) + close_frame(1000, mask=other_mask)
        await second.send(late)
        assert (await first.receive(before_first + len(late)))[before_first:] == late
        second.finish()
        assert await first.read_to_end() == "fin"
        first.finish()
        passage = await pair.tap.passage(target)
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    assert (found.close["code_observed"], found.close["initiator"]) == (1001, initiator)


@CLIENT_AND_SERVER
async def test_a_close_decides_even_if_a_reset_follows(
    proxy: ProxyProcess, target: str, initiator: str
) -> None:
    async with raw_pair(proxy.port, target) as pair:
        first, second, mask, _ = sides(pair, initiator)
        await pair.greet()
        before = len(second.received)
        sent = close_frame(1011, "oops", mask=mask)
        await first.send(sent)
        assert (await second.receive(before + len(sent)))[before:] == sent
        first.reset()
        assert await second.read_to_end() == "rst"
        passage = await pair.tap.passage(target)
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    close = found.close
    assert (close["cause"], close["initiator"]) == ("close_frame", initiator)
    assert (close["code_observed"], close["reason"], close["code_relayed"]) == (1011, "oops", 1011)


async def test_both_close_at_once(proxy: ProxyProcess, target: str) -> None:
    async with raw_pair(proxy.port, target) as pair:
        await pair.greet()
        before_server, before_client = len(pair.server.received), len(pair.client.received)
        from_client, from_server = close_frame(4100, mask=KEY), close_frame(4200)
        await asyncio.gather(pair.client.send(from_client), pair.server.send(from_server))
        await pair.server.receive(before_server + len(from_client))
        await pair.client.receive(before_client + len(from_server))
        assert pair.server.received.endswith(from_client)
        assert pair.client.received.endswith(from_server)
        pair.server.finish()
        await pair.client.read_to_end()
        pair.client.finish()
        passage = await pair.tap.passage(target)
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    of = {4100: "client", 4200: "server"}
    assert found.close["initiator"] == of[found.close["code_observed"]]


@CLIENT_AND_SERVER
@pytest.mark.parametrize("how", ["fin", "rst"])
async def test_an_unfinished_frame_arrives_but_is_no_line(
    proxy: ProxyProcess, target: str, initiator: str, how: str
) -> None:
    async with raw_pair(proxy.port, target) as pair:
        first, second, mask, _ = sides(pair, initiator)
        await pair.greet()
        before = len(second.received)
        part = frame(TEXT, b"x" * 1000, mask=mask)[:500]
        await first.send(part)
        assert (await second.receive(before + len(part)))[before:] == part
        if how == "fin":
            first.finish()
        else:
            first.reset()
        assert await second.read_to_end() == how
        second.finish()
        passage = await pair.tap.passage(target)
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    assert (found.close["cause"], found.close["initiator"]) == (how, initiator)
    assert "unfinished" in str(found.close)


async def test_a_reset_by_the_client_while_much_is_under_way(
    proxy: ProxyProcess, target: str
) -> None:
    """The log ends cleanly although the proxy could not deliver everything."""
    async with raw_pair(proxy.port, target) as pair:
        await pair.greet()
        flood = asyncio.create_task(pair.server.send(frame(TEXT, b"y" * 8_000_000)))
        await pair.client.receive(100_000)
        pair.client.reset()
        assert await pair.server.read_to_end() in ("rst", "fin")
        await asyncio.gather(flood, return_exceptions=True)
    found = await proxy.recorded(target)
    assert (found.close["cause"], found.close["initiator"]) == ("rst", "client")


@pytest.mark.parametrize("how", ["wsinspect", "mitmdump"])
async def test_a_reset_behind_a_fin_is_told(
    start_proxy: StartProxy, tmp_path: Path, how: str
) -> None:
    """The client sends FIN and goes; a server that goes on writing must learn that nobody reads.

    ``mitmdump`` runs asyncio's own loop, ``wsinspect`` uvloop: they tell of it in different ways.
    """
    if how == "mitmdump":
        proxy = start_proxy(
            "-s", str(ADDON), "--set", f"wsinspect_log={tmp_path / 'addon.jsonl'}",
            command=[str(MITMDUMP), "--listen-host", "127.0.0.1"],
        )  # fmt: skip
        proxy.log_path = tmp_path / "addon.jsonl"
    else:
        proxy = start_proxy()

    async def writes_on(peer: RawPeer) -> None:
        await peer.send(switching(await peer.read_head()))
        assert await peer.read_to_end() == "fin"
        async with asyncio.timeout(10):
            while await written(peer):
                await asyncio.sleep(0.05)

    async def written(peer: RawPeer) -> bool:
        try:
            await peer.send(frame(TEXT, b"anybody?"))
        except ConnectionError:
            return False
        return True

    async with raw_server(writes_on) as port:
        client = await dial(proxy.port, port)
        await client.send(upgrade_request("/gone", f"127.0.0.1:{port}"))
        await client.read_head()
        await client.close()
        found = await proxy.recorded("/gone")
    assert (found.close["cause"], found.close["initiator"]) == ("fin", "client")
    assert found.rows("to_client")


async def test_a_peer_that_does_not_read_does_not_keep_its_socket(start_proxy: StartProxy) -> None:
    """A connection that we close is gone soon, whatever still waits for it."""
    proxy = start_proxy("--on-violation", "close")
    descriptors = Path(f"/proc/{proxy.process.pid}/fd")
    if not descriptors.is_dir():
        pytest.skip("needs /proc to count another process's descriptors")
    before = len(list(descriptors.iterdir()))
    async with raw_pair(proxy.port, "/stuck") as pair:
        await pair.greet()
        sent = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                while sent < 64:  # until everything on the way to the client is full
                    await pair.server.send(frame(TEXT, b"x" * (1 << 20)))
                    sent += 1
        assert sent < 64
        await pair.client.send(frame(0xB, b"", mask=KEY))
        await proxy.recorded("/stuck")
        async with asyncio.timeout(10):
            while len(list(descriptors.iterdir())) > before:
                await asyncio.sleep(0.1)
