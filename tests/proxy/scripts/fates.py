"""Does what a message says, under the name of our hook; ``inject`` calls mitmproxy's command."""

from typing import Any

from mitmproxy import ctx, http


def wsinspect_message(observation: Any) -> None:
    if "drop" in observation.text:
        observation.drop()
    elif "rewrite" in observation.text:
        observation.rewrite("new")
    elif "stop" in observation.text:
        observation.close(4321, "forbidden")


def websocket_message(flow: http.HTTPFlow) -> None:
    assert flow.websocket is not None
    message = flow.websocket.messages[-1]
    if message.from_client and message.text == "inject":
        ctx.master.commands.call("inject.websocket", flow, True, b"to the client")
        ctx.master.commands.call("inject.websocket", flow, False, b"\xff\xfe", False)
