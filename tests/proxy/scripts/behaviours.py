"""A script with every hook; the request target says what it does. Its notes go to a file."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from mitmproxy import ctx, http
from mitmproxy.script import concurrent

NOTES = Path(os.environ["NOTES"])


def note(*what: object) -> None:
    with NOTES.open("a") as file:
        file.write(json.dumps(what) + "\n")


async def wsinspect_open(connection: Any) -> None:
    path = connection.path
    if path.startswith("/note"):
        note("open", path, connection.host)
    if path == "/slow-open":
        await asyncio.sleep(0.5)
    if path == "/bad-open":
        raise ValueError(connection.handshake.uri)


@concurrent  # type: ignore[untyped-decorator]
def websocket_start(flow: http.HTTPFlow) -> None:
    if flow.request.path.startswith("/slow-start"):
        import time

        time.sleep(0.5)


async def wsinspect_frame(observation: Any) -> None:
    path = observation.connection.path
    if path.startswith("/note"):
        note(
            "frame",
            observation.direction,
            observation.opcode,
            observation.payload.decode("latin-1"),
        )
    if path == "/bad-frame":
        raise ValueError(observation.payload)
    if path == "/async-frame":
        await asyncio.sleep(0.01)
        if observation.opcode == "text":
            observation.rewrite(observation.payload + b"!")
    if path == "/stuck" and observation.payload == b"stick":
        await asyncio.sleep(2.5)


def wsinspect_message(observation: Any) -> None:
    path = observation.connection.path
    if path.startswith("/note"):
        note("message", observation.direction, observation.opcode, observation.text)
    if path == "/bad-message":
        raise KeyError(observation.text)
    if path == "/close-message":
        observation.close(4321, "forbidden")
    if path == "/order":
        observation.rewrite(observation.text + " first")


def websocket_message(flow: http.HTTPFlow) -> None:
    assert flow.websocket is not None
    message = flow.websocket.messages[-1]
    path = flow.request.path.partition("?")[0]
    if path.startswith("/note"):
        note("stock", message.from_client, message.text if message.is_text else "binary")
    if path == "/bad-stock":
        raise RuntimeError(message.content)
    if path == "/edit":
        message.text = message.text.replace("old", "nöu")
    if path == "/drop" and b"drop" in message.content:
        message.drop()
    if path == "/inject" and message.from_client and message.text == "go":
        ctx.master.commands.call("inject.websocket", flow, True, b"injected to the client")
        ctx.master.commands.call("inject.websocket", flow, False, b"injected \xff", False)
    if path == "/kill" and message.text == "kill":
        flow.kill()
    if path == "/kept":
        note("kept", len(flow.websocket.messages))


def websocket_end(flow: http.HTTPFlow) -> None:
    assert flow.websocket is not None
    if flow.request.path.startswith("/note"):
        note(
            "end",
            flow.live,
            flow.websocket.close_code,
            flow.websocket.close_reason,
            flow.websocket.closed_by_client,
            len(flow.websocket.messages),
        )


def wsinspect_close(connection: Any) -> None:
    if connection.path.startswith("/note"):
        note("close", connection.ending.code_observed, connection.ending.cause)
