"""What only stands side by side is no secret."""

from __future__ import annotations

import itertools
import json
import random
import uuid

import pytest

from tests.rules.streams.test_streams import CARD, EMAIL, KEY, delta, dribble, feed_all, name


@pytest.mark.parametrize("batch", [1, 2, 99])
def test_addresses_in_a_row_are_not_one(batch: int) -> None:
    raw = [b"ann@one.example", b"bob@two.example", b"cy@three.example"]
    wrapped = [json.dumps({"to": one.decode()}).encode() for one in raw]
    for messages in (raw, wrapped):
        assert feed_all(messages, sizes=itertools.repeat(batch)) == []


@pytest.mark.parametrize("batch", [1, 99])
def test_names_before_an_address(batch: int) -> None:
    messages = [json.dumps({"who": who}).encode() for who in ("ann", EMAIL, "bob", "cy")]
    assert feed_all(messages, sizes=itertools.repeat(batch)) == []


def _cards(pieces: list[str], key: str = "text") -> list[bytes]:
    messages = [json.dumps({key: piece}).encode() for piece in pieces]
    return [hit.value for _, hit in feed_all(messages) if name(hit) == "card"]


@pytest.mark.parametrize(
    "pieces",
    [
        ["4111", "1111", "1111", "1111"],  # more than two numbers of one length: ids
        ["4111111", "4111111", "4111111"],
        ["40000000", "40000002"],  # they count up: joined they have a right check digit
        ["40128888", "40128888"],  # one id twice
        ["2024-01-41 11:11:11", "11:11:11 2024-01-41"],
        ["BTC 4111 1111", "ETH 1111 1111"],
        ["4.5", "4.6", "4.7", "4.8", "4.9"],
    ],
)
def test_values_of_a_kind_are_no_card(pieces: list[str]) -> None:
    assert _cards(pieces) == []


@pytest.mark.parametrize(
    "pieces",
    [
        ["41111111", "11111111"],
        ["4111 1111", " 1111 1111"],
        ["4111 ", "1111 ", "1111 ", "1111"],
        ["pay", " 4111", " 1111", " 1111", " 1111"],  # as language models tell numbers
        ["411", "1111", "1111", "11111"],
        ["my card 4111 11", "11 1111 1111 thanks"],
        ["42424242", "42424242"],
    ],
)
def test_a_card_in_pieces_is_one(pieces: list[str]) -> None:
    assert len(_cards(pieces)) == 1


def test_a_name_can_say_that_it_is_an_id() -> None:
    pieces = ["41111111", "11111111"]
    assert _cards(pieces, "orderId") == []
    assert _cards(pieces, "seq") == []
    assert len(_cards(pieces, "content")) == 1


def test_two_documents_are_not_one_text() -> None:
    messages = [b'["4111111"]', b'["111111111"]']
    assert [hit.path for _, hit in feed_all(messages)] == ["json:$[0]"]
    assert feed_all([b"[4111111]", b"[111111111]"]) == []


def test_a_field_that_never_changes_is_no_text() -> None:
    messages = [json.dumps({"room": "ab@cd.example", "n": n}).encode() for n in range(50)]
    assert feed_all(messages) == []
    assert feed_all(messages, sizes=itertools.repeat(50)) == []


def test_a_value_told_thrice_may_still_be_followed_by_a_secret() -> None:
    pieces = ["ping-pong"] * 5 + dribble(f" {KEY} ", 6)
    for batch in (1, 4, 99):
        assert len(feed_all(map(delta, pieces), sizes=itertools.repeat(batch))) == 1


def _benign(seed: int) -> list[list[bytes]]:
    """Connections of many kinds, ten messages and more each."""
    rng = random.Random(seed)
    words = ["the", "to", "we", "ship", "order", "card", "phone", "mail", "key", "ok", "noon"]

    def sentence() -> str:
        return " ".join(rng.choices(words, k=rng.randint(1, 9)))

    def stamp() -> str:
        return f"2026-0{rng.randint(1, 9)}-{rng.randint(10, 28)}T{rng.randint(10, 23)}:00:00Z"

    def one(kind: int) -> object:
        number = rng.randint(10**7, 10**8 - 1)
        table: list[object] = [
            {"id": str(number), "text": sentence()},
            {"order": str(rng.randint(10**11, 10**12)), "at": stamp()},
            {"s": "BTC", "p": f"{rng.randint(10**6, 10**7) / 100}", "q": str(rng.randint(1, 9999))},
            {
                "uuid": str(uuid.UUID(int=rng.getrandbits(128))),
                "hash": f"{rng.getrandbits(160):040x}",
            },
            {"ts": str(1_700_000_000_000 + rng.randint(0, 10**9)), "v": [1, 2, number]},
            {"user": rng.choice(["ann", "bob", "cy"]), "mail": f"{rng.choice('abc')}@x.example"},
            sentence(),
            f"{rng.randint(1, 10**5)},{rng.random():.2f},{number},{stamp()}",
            f"{number} {sentence()}",
            {"version": f"{rng.randint(0, 9)}.{rng.randint(0, 20)}.{rng.randint(0, 99)}"},
        ]
        return table[kind]

    connections = []
    for kind in range(10):
        for _ in range(12):
            seen = [one(kind) for _ in range(rng.randint(10, 20))]
            connections.append(
                [(v if isinstance(v, str) else json.dumps(v)).encode() for v in seen]
            )
    for _ in range(40):  # all kinds in one connection
        seen = [one(rng.randrange(10)) for _ in range(20)]
        connections.append([(v if isinstance(v, str) else json.dumps(v)).encode() for v in seen])
    return connections


def test_ordinary_traffic_has_none() -> None:
    for seed in range(5):
        for connection in _benign(seed):
            hits = feed_all(connection, sizes=itertools.repeat(1 if seed else 100))
            assert [(seed, name(hit), hit.path) for _, hit in hits] == []


def test_the_benign_test_can_fail() -> None:
    connection = _benign(1)[0]
    card = CARD.replace(" ", "")
    connection[3:5] = [delta(f"pay {card[:9]}"), delta(card[9:])]
    assert [name(hit) for _, hit in feed_all(connection)] == ["card"]
