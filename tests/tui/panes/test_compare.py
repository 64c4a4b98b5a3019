"""Two messages or handshakes side by side."""

from __future__ import annotations

import json
from typing import Any

import msgpack
import pytest

from tests.support.fake_story import NS, T0_NS
from tests.support.pane_host import PaneHost
from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.entries import Message
from wsinspect.tui.data.wire import Finding, Frame, OpenFacts
from wsinspect.tui.panes.compare import CompareScreen, same_shape


def message(seq: int, content: Any, opcode: int = 1, direction: int = 1) -> Message:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    at = T0_NS + seq * NS
    return Message(
        Frame(at, direction, seq, 0x80 | opcode, None, len(data), len(data) + 2, None, data)
    )


async def shown(screen: CompareScreen, size: tuple[int, int] = (100, 40), *keys: str) -> str:
    app = PaneHost()
    async with app.run_test(size=size) as pilot:
        await app.push_screen(screen)
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        assert app.screen is screen
        text = app.screen_text()
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is not screen
        return text


def line_of(text: str, word: str) -> str:
    """The first line with `word`, one space between words."""
    return " ".join(next(line for line in text.splitlines() if word in line).split()).strip("│ ")


A = {"type": "order", "id": 1, "user": {"name": "Jo", "tags": ["a", "b"]}, "old": None}
B = {"type": "order", "id": 2, "user": {"name": "Jo", "tags": ["a", "b", "c"]}, "new": {}}


async def test_documents_are_compared_path_by_path() -> None:
    text = await shown(CompareScreen.of_messages(message(3, A), message(9, B)))
    assert "≠ 1 changed − 1 only left + 2 only right 4 equal" in line_of(text, "changed")
    assert line_of(text, "$.id") == "≠ $.id 1 2"
    assert line_of(text, "$.old") == "− $.old null"
    assert line_of(text, "$.user.tags[2]") == "+ $.user.tags[2] “c”"
    assert line_of(text, "$.new") == "+ $.new {}"
    assert "$.user.name" not in text
    assert "right is 6.0 s later" in text
    assert "#3" in text
    assert "#9" in text


async def test_long_values_show_where_they_differ() -> None:
    left, right = message(1, {"v": "x" * 500 + "END"}), message(2, {"v": "x" * 500 + "FIN"})
    text = await shown(CompareScreen.of_messages(left, right), (80, 24))
    assert "END”" in text
    assert "FIN”" in text


async def test_texts_are_compared_word_by_word() -> None:
    left, right = message(1, b"the quick fox"), message(2, b"the slow fox")
    screen = CompareScreen.of_messages(left, right)
    app = PaneHost()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(screen)
        await pilot.pause()
        marked = [
            segment.text
            for strip in app.screen._compositor.render_strips()
            for segment in strip
            if segment.style is not None and segment.style.underline
        ]
        assert marked == ["quick", "slow"]


async def test_bytes_are_compared_at_their_offsets() -> None:
    left, right = message(1, b"\xff" * 20, 2), message(2, b"\xff" * 19 + b"\xfe", 2)
    text = await shown(CompareScreen.of_messages(left, right), (80, 24))
    assert line_of(text, "00010").startswith("≠ 00010")
    assert line_of(text, "00000").startswith("00000")


async def test_what_is_equal_or_not_here_says_so() -> None:
    assert "same, byte for byte" in await shown(
        CompareScreen.of_messages(message(1, A), message(2, A))
    )
    written = message(2, json.dumps(A, indent=4).encode())
    assert "only written differently" in await shown(
        CompareScreen.of_messages(message(1, A), written)
    )
    bare = Message(Frame(T0_NS, 1, 3, 0x81, None, 10, 12))
    assert "One of them has content" not in await shown(CompareScreen.of_messages(bare, bare))
    assert "Neither has content here" in await shown(CompareScreen.of_messages(bare, bare))


def connection(flow_id: int, **facts: Any) -> Connection:
    made = Connection(flow_id)
    made.facts = OpenFacts(host="chat.example.net", uri="/a", accept_valid=True, **facts)
    return made


async def test_handshakes_are_compared_and_differences_explained() -> None:
    left = connection(7, server_extensions=["permessage-deflate; server_no_context_takeover"])
    right = connection(9, user_agent="curl/8", findings=[Finding("accept-wrong", "")])
    screen = CompareScreen.of_handshakes(left, right)
    text = await shown(screen, (120, 60))
    assert line_of(text, "user agent") == "≠ user agent none curl/8"
    assert line_of(text, "host") == "host chat.example.net chat.example.net"
    assert "2 fields differ: ≠" in text
    assert "– accept-wrong" in line_of(text, "accept-wrong")
    assert "begins each message with an empty window" in text


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (200, 60)])
async def test_it_scrolls_at_every_size(size: tuple[int, int]) -> None:
    many = {f"key{i}": i for i in range(300)}
    other = {f"key{i}": i + 1 for i in range(300)}
    screen = CompareScreen.of_messages(message(1, many), message(2, other))
    text = await shown(screen, size, "G")
    assert "$.key299" in text
    assert "Esc close" in text


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (message(1, A), message(2, {**A, "id": 5}), True),
        (message(1, A), message(2, {**A, "type": "refund"}), False),
        (message(1, A), message(2, B), False),
        (message(1, A), message(2, A, direction=0), False),
        (message(1, ["msg", {"a": 1}]), message(2, ["msg", {"a": 2}]), True),
        (message(1, ["msg", {"a": 1}]), message(2, ["join", {"a": 1}]), False),
        (message(1, b"hello"), message(2, b"bye"), True),
        (message(1, b"hello"), message(2, A), False),
        (message(1, msgpack.packb(A), 2), message(2, msgpack.packb({**A, "id": 9}), 2), True),
        (message(1, msgpack.packb(A), 2), message(2, msgpack.packb(B), 2), False),
        (message(1, {"b": 1, "a": 2}), message(2, {"a": 1, "b": 2}), True),
    ],
)
def test_messages_of_one_shape(a: Message, b: Message, same: bool) -> None:
    assert same_shape(a, b) is same
    assert same_shape(b, a) is same
