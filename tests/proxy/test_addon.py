"""What the addon makes of mitmproxy's flow."""

from __future__ import annotations

import json

import pytest
from mitmproxy.test import tflow

from wsinspect.model.events import open_event
from wsinspect.proxy.addon import Inspector


@pytest.mark.parametrize(
    ("peername", "asked", "dest_ip", "dest_port"),
    [
        (("192.0.2.1", 443), ("example.com", 443), "192.0.2.1", 443),
        (("2001:db8::1", 443, 0, 0), ("example.com", 443), "2001:db8::1", 443),
        (None, ("example.com", 443), "", 443),
        (None, ("192.0.2.1", 80), "192.0.2.1", 80),
        (None, ("::1", 80), "::1", 80),
        (None, ("1.2.3", 80), "", 80),
    ],
)
async def test_dest_ip_is_an_address_or_empty(
    peername: tuple[str, int] | None, asked: tuple[str, int], dest_ip: str, dest_port: int
) -> None:
    """Behind an upstream proxy, or where nobody was reached, there is only the name asked for."""
    flow = tflow.twebsocketflow()
    flow.server_conn.peername = peername
    flow.server_conn.address = asked
    connection = Inspector()._connection(flow)
    line = json.loads(open_event(connection, connection.opened_ns, 101))
    assert (line["dest_ip"], line["dest_port"]) == (dest_ip, dest_port)
    assert line["open"]["upstream"] == "{}:{}".format(*asked)
