"""What a flow keeps of its messages is bounded, in number and in bytes."""

from __future__ import annotations

import pytest
from mitmproxy import options
from mitmproxy.addons.save import Save
from mitmproxy.test import taddons, tflow

from tests.support.facts import NOW_NS, make_connection
from wsinspect.proxy import hooks
from wsinspect.proxy.hooks import ScriptHooks
from wsinspect.relay.observation import Observation


class Script:
    def websocket_message(self, flow: object) -> None: ...


async def kept(lens: list[int], keep_messages: int) -> list[int]:
    """The lengths of what is there after messages of these lengths."""
    with taddons.context(Save(), Script(), options=options.Options()):
        flow = tflow.twebsocketflow()
        assert flow.websocket is not None
        flow.websocket.messages.clear()
        judge = ScriptHooks(flow, keep_messages)
        for length in lens:
            seen = Observation(make_connection(), "to_server", "message", 2, bytes(length), NOW_NS)
            await judge.observe(seen)
            assert len(flow.websocket.messages[-1].content) == length
        return [len(message.content) for message in flow.websocket.messages]


@pytest.mark.parametrize(
    ("lens", "keep_messages", "wanted"),
    [
        ([1, 2, 3, 4], 3, [2, 3, 4]),
        ([40, 40, 30, 40], 100, [30, 40]),
        ([50, 60, 200], 100, [200]),
        ([200, 1], 100, [1]),
        ([90, 1, 1, 1, 9], 3, [1, 1, 9]),
        ([90, 90, 90], 0, [90, 90, 90]),
    ],
)
async def test_messages_are_bounded_in_number_and_bytes(
    monkeypatch: pytest.MonkeyPatch, lens: list[int], keep_messages: int, wanted: list[int]
) -> None:
    monkeypatch.setattr(hooks, "KEEP_LEN", 100)
    assert await kept(lens, keep_messages) == wanted
