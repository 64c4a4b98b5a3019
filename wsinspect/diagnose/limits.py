"""Limits of hops that are known to end connections, as data, each with its source.

Owns: the tables, and which of their entries are consistent with what was measured. It never says
which one it was: several hops have the same default, and any of them can be configured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wsinspect.model.diagnosis import Candidate

__all__ = [
    "LIMITS",
    "SIZE_CAPS",
    "Limit",
    "SizeCap",
    "at_limit",
    "by_age",
    "by_idle",
    "by_size",
    "reloads",
]


@dataclass(frozen=True, slots=True)
class Limit:
    hop: str
    limit_s: float
    kind: Literal["idle", "lifetime", "reload"]
    source: str


_NGINX = "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout"
_INGRESS = "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/"
_ELB = "https://docs.aws.amazon.com/elasticloadbalancing/latest"
_API_GATEWAY = (
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
    "apigateway-execution-service-websocket-limits-table.html"
)
_CLOUDFRONT = (
    "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/"
    "distribution-working-with.websockets.html"
)
_GCP = "https://cloud.google.com/load-balancing/docs/backend-service#timeout-setting"
_AZURE = "https://learn.microsoft.com/azure/load-balancer/load-balancer-tcp-reset"
_HEROKU = "https://devcenter.heroku.com/articles/error-codes#h15-idle-connection"
_HAPROXY = "https://docs.haproxy.org/3.0/configuration.html#4.2-timeout%20tunnel"
_ENVOY = "https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts"
_APACHE = "https://httpd.apache.org/docs/2.4/mod/mod_proxy.html#proxytimeout"
_CLOUDFLARE = "https://developers.cloudflare.com/fundamentals/reference/connection-limits/"

LIMITS: tuple[Limit, ...] = (
    Limit("GCP HTTP(S) load balancer", 30, "lifetime", _GCP),
    Limit("HAProxy timeout client/server (samples; timeout tunnel unset)", 50, "idle", _HAPROXY),
    Limit("Heroku router (H15)", 55, "idle", _HEROKU),
    Limit("nginx proxy_read_timeout/proxy_send_timeout", 60, "idle", _NGINX),
    Limit("ingress-nginx proxy-read-timeout", 60, "idle", _INGRESS),
    Limit("AWS ALB idle timeout", 60, "idle", _ELB + "/application/"),
    Limit("AWS Classic ELB idle timeout", 60, "idle", _ELB + "/classic/"),
    Limit("Apache ProxyTimeout", 60, "idle", _APACHE),
    Limit("Cloudflare (as users see it)", 100, "idle", _CLOUDFLARE),
    Limit("Cloudflare (as documented)", 120, "idle", _CLOUDFLARE),
    Limit("Azure load balancer", 240, "idle", _AZURE),
    Limit("ingress-nginx worker-shutdown-timeout after a reload", 240, "reload", _INGRESS),
    Limit("Envoy stream_idle_timeout", 300, "idle", _ENVOY),
    Limit("AWS NLB", 350, "idle", _ELB + "/network/"),
    Limit("AWS API Gateway", 600, "idle", _API_GATEWAY),
    Limit("AWS CloudFront", 600, "idle", _CLOUDFRONT),
    Limit("mitmproxy tcp_timeout", 600, "idle", "https://github.com/mitmproxy/mitmproxy/pull/7909"),
    Limit("Envoy tcp_proxy idle_timeout", 3600, "idle", _ENVOY),
    Limit("AWS API Gateway", 7200, "lifetime", _API_GATEWAY),
)


@dataclass(frozen=True, slots=True)
class SizeCap:
    """``of``: what may not be larger. ``product``: whose, where that can be told (``near``)."""

    hop: str
    limit_bytes: int
    source: str
    of: Literal["frame", "message"] = "message"
    product: Literal["api-gateway", "engine.io", ""] = ""

    @property
    def candidate(self) -> Candidate:
        return Candidate(hop=self.hop, source=self.source, limit_bytes=self.limit_bytes)


_SOCKETIO = "https://socket.io/docs/v4/server-options/#maxhttpbuffersize"
_WEBSOCKETS = "https://websockets.readthedocs.io/en/stable/topics/memory.html"
_AIOHTTP = "https://docs.aiohttp.org/en/stable/web_reference.html#aiohttp.web.WebSocketResponse"
_WS = "https://github.com/websockets/ws/blob/master/doc/ws.md"

SIZE_CAPS: tuple[SizeCap, ...] = (
    SizeCap("AWS API Gateway frame", 32 * 1024, _API_GATEWAY, "frame", "api-gateway"),
    SizeCap("AWS API Gateway message", 128 * 1024, _API_GATEWAY, "message", "api-gateway"),
    SizeCap("engine.io maxHttpBufferSize", 1_000_000, _SOCKETIO, "message", "engine.io"),
    SizeCap("websockets (Python) max_size", 1 << 20, _WEBSOCKETS),
    SizeCap("aiohttp max_msg_size", 4 << 20, _AIOHTTP),
    SizeCap("ws (Node.js) maxPayload", 100 << 20, _WS),
)


def _slack_s(limit_s: float) -> float:
    """55 against 60 needs a second; hops with long limits look at their clocks less often."""
    return max(1.05, 0.005 * limit_s)


def _fitting(seconds: float, kind: str) -> list[Candidate]:
    return [
        Candidate(limit.hop, limit.limit_s, limit.source)
        for limit in LIMITS
        if limit.kind == kind and abs(seconds - limit.limit_s) <= _slack_s(limit.limit_s)
    ]


def by_idle(idle_s: float) -> list[Candidate]:
    """Hops that cut a connection after about so long without traffic."""
    return _fitting(idle_s, "idle")


def by_age(age_s: float) -> list[Candidate]:
    """Hops that end a connection at about this age, whatever passes."""
    return _fitting(age_s, "lifetime")


def reloads() -> list[Candidate]:
    """Hops that end many connections at once some time after a reload."""
    return [Candidate(one.hop, one.limit_s, one.source) for one in LIMITS if one.kind == "reload"]


def by_size(
    message_len: int, frame_len: int, *, passed_len: int = 0, passed_frame_len: int = 0
) -> list[Candidate]:
    """Caps below what was refused, over what passed (payload bytes); the nearest first."""
    return [
        cap.candidate
        for cap in reversed(SIZE_CAPS)
        if (
            passed_frame_len <= cap.limit_bytes < frame_len
            if cap.of == "frame"
            else passed_len <= cap.limit_bytes < message_len
        )
    ]


def at_limit(seconds: float, kind: Literal["idle", "lifetime"]) -> bool:
    """Whether a single cut may count: a hop fires at its limit or just after it, not before."""
    return any(
        limit.kind == kind and -1.0 <= seconds - limit.limit_s <= _slack_s(limit.limit_s)
        for limit in LIMITS
    )
