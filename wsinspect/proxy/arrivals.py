"""A connection's beginning: what mitmproxy knows of a handshake, as the model's ``Connection``.

Owns: which addresses are meant, and text that JSON can take. Must not know: what is done with it.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from mitmproxy import http

from wsinspect.model.connection import Connection
from wsinspect.model.events import envelope
from wsinspect.protocol.handshake import Request, Response, examine
from wsinspect.sinks.hub import Hub

__all__ = ["connection_of"]


def connection_of(flow: http.HTTPFlow, hub: Hub) -> Connection:
    """With the next flow id and the hub's time; the handshake may have failed."""
    request, response = flow.request, flow.response
    handshake = examine(
        Request(request.method, request.path, request.http_version, request.headers.fields),
        None if response is None else Response(response.status_code, response.headers.fields),
    )
    client = _address(flow.client_conn.peername)
    asked = _address(flow.server_conn.address or (request.host, request.port))
    peername = flow.server_conn.peername
    # Behind another proxy, or where nobody was reached, there is only the name asked for.
    server = _address(peername) if peername else (_ip_or_nothing(asked[0]), asked[1])
    flow_id = hub.next_flow_id()
    took_ms = None
    if response is not None and response.timestamp_end:
        took_ms = round((response.timestamp_end - request.timestamp_start) * 1e3, 3)
    return Connection(
        flow_id=flow_id,
        client=client,
        server=server,
        handshake=handshake,
        opened_ns=hub.clock(),
        envelope=envelope(flow_id, client, server, hub.host),
        tls=flow.request.scheme == "https",
        handshake_ms=took_ms,
        upstream="{}:{}".format(*asked),
    )


def _address(address: tuple[Any, ...] | None) -> tuple[str, int]:
    if not address:
        return "", 0
    # A client may ask for any bytes; JSON takes text only.
    host = str(address[0]).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return host, int(address[1])


def _ip_or_nothing(host: str) -> str:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return ""
    return host
