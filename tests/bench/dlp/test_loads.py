"""What is measured with: sizes and forms, never a time."""

from __future__ import annotations

import base64
import gzip
import json
import random
import zlib

import pytest

from bench.dlp import loads, speed


@pytest.mark.parametrize("size", [512, 1024, 60_000])
def test_chat_json_is_valid_and_of_its_size(size: int) -> None:
    for payload in loads.ordinary(size, 50, 1):
        assert len(payload) == size
        assert len(json.loads(payload)["data"]["body"]) > size // 2


def test_ordinary_messages_differ() -> None:
    assert len(set(loads.ordinary(1024, 100, 1))) == 100
    assert loads.ordinary(1024, 3, 1) == loads.ordinary(1024, 3, 1)


def made(name: str) -> bytes:
    return loads.WORST[name].make(random.Random(1))


def test_nested_json_is_as_deep_as_it_says() -> None:
    assert made("JSON 10,000 deep").count(b"{") == 10_000
    assert made("lists 100,000 deep") == b"[" * 100_000 + b"]" * 100_000


def test_a_bomb_is_small_and_its_inside_large() -> None:
    bomb = made("gzip bomb, 256 MiB")
    assert len(bomb) < 300_000
    inside = zlib.decompressobj(31)
    grown = sum(len(inside.decompress(inside.unconsumed_tail or bomb, 1 << 20)) for _ in range(256))
    assert grown == 256 << 20


def test_gzip_lies_in_gzip() -> None:
    data = base64.b64decode(made("gzip in gzip in base64"))
    for _ in range(4):
        data = gzip.decompress(data)
    assert data.startswith(b"\x1f\x8b")


def test_every_hit_is_one() -> None:
    keys = made("10,000 keys").split()
    assert len(set(keys)) == 10_000
    assert all(len(key) == 20 and key.startswith(b"AKIA") for key in keys)


@pytest.mark.parametrize("name", loads.WORST)
def test_a_worst_message_is_what_its_opcode_says(name: str) -> None:
    payload = made(name)
    assert payload
    if loads.WORST[name].opcode == "text":
        payload.decode("utf-8")


def test_a_cost_is_held_against_benign_text() -> None:
    assert speed.Cost("n", 10, 0.4, 0.1, 0).ratio == 4.0
