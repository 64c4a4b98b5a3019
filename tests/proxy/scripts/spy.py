"""Answers ``GET http://spy/`` with the state of the proxy it runs in. Costs no WebSocket hook."""

import gc
import json
import os
from typing import Any

from mitmproxy import ctx, http


def rss_kib() -> int:
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def leg_state(leg: Any) -> dict[str, Any] | None:
    if leg is None:
        return None
    return {"in_lane": "data_received" in vars(leg), "holds": sorted(leg._holds)}


def request(flow: http.HTTPFlow) -> None:
    if flow.request.host != "spy":
        return
    gc.collect()
    inspector = ctx.master.addons.get("wsinspect")
    state = {
        "layers": {
            layer.relay.connection.handshake.uri: {
                "client": leg_state(layer.sockets.leg("client")),
                "server": leg_state(layer.sockets.leg("server")),
                "ways": [
                    layer.relay.to_server.receive.__name__,
                    layer.relay.to_client.receive.__name__,
                ],
            }
            for layer in inspector.layers
        },
        "connections": len(inspector.hub.connections),
        "proxied": len(ctx.master.addons.get("proxyserver").connections),
        "tasks": len(inspector._tasks),
        "rss_kib": rss_kib(),
    }
    flow.response = http.Response.make(200, json.dumps(state), {"Connection": "close"})
