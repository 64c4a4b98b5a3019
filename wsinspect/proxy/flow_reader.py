"""The WebSocket messages of flows that mitmproxy saved.

Owns: reading such a file. Must not know: what is done with the messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mitmproxy import exceptions, http
from mitmproxy.io import FlowReader

from wsinspect.model.app_protocol import app_protocol
from wsinspect.proxy.flow_filter import flow_matches
from wsinspect.rules.language.scope import ConnectionFacts
from wsinspect.rules.tools.capture import CaptureBroken, CapturedMessage

__all__ = ["read_flows"]


def read_flows(path: Path) -> Iterator[CapturedMessage]:
    """In order, flow by flow. Raises CaptureBroken, OSError."""
    with path.open("rb") as file:
        try:
            for number, flow in enumerate(FlowReader(file).stream()):
                if isinstance(flow, http.HTTPFlow) and flow.websocket:
                    yield from _messages(number, flow)
        except exceptions.FlowReadException as error:
            raise CaptureBroken(f"{path}: {error}") from error


def _messages(number: int, flow: http.HTTPFlow) -> Iterator[CapturedMessage]:
    assert flow.websocket is not None
    subprotocol = ""
    if flow.response is not None:
        subprotocol = flow.response.headers.get("sec-websocket-protocol", "")
    peer: Any = flow.client_conn.peername  # None where it was not known
    facts = ConnectionFacts(
        host=flow.request.headers.get("host", flow.request.host),
        path=flow.request.path,
        subprotocol=subprotocol,
        origin=flow.request.headers.get("origin", ""),
        client=peer[0] if peer else "",
        app=app_protocol(subprotocol, flow.request.path),
        flow_matches=lambda expression: flow_matches(expression, flow),
    )
    for message in flow.websocket.messages:
        yield CapturedMessage(
            connection=number,
            direction="to_server" if message.from_client else "to_client",
            opcode="text" if message.is_text else "binary",
            payload=message.content,
            facts=facts,
            timestamp_ns=int(message.timestamp * 1e9),
        )
