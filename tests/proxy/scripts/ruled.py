"""Scripts beside rules: what they make of a message is what the rules judge. Notes go to a file."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from mitmproxy import http

NOTES = Path(os.environ["NOTES"])


def note(*what: object) -> None:
    with NOTES.open("a") as file:
        file.write(json.dumps(what) + "\n")


def wsinspect_message(observation: Any) -> None:
    path = observation.connection.path
    if not path.startswith("/script"):
        return
    note("message", observation.text)
    if observation.text == "make a card":
        observation.rewrite("made 4111 1111 1111 1111")
    if observation.text.startswith("take it out"):
        observation.rewrite("gone")
    if observation.text.startswith("raise"):
        raise LookupError(observation.text)


def websocket_message(flow: http.HTTPFlow) -> None:
    assert flow.websocket is not None
    message = flow.websocket.messages[-1]
    if message.content == b"stock makes a card":
        message.content = b"stock 4111 1111 1111 1111"


async def wsinspect_finding(finding: Any) -> None:
    await asyncio.sleep(0)
    note("async", finding.rule, finding.detector, finding.direction, finding.masked,
         finding.disposition, finding.connection.path)  # fmt: skip
