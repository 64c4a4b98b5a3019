"""The dashboard in a browser, through textual-serve, for one person on this machine.

Owns who may come in: 127.0.0.1 only, a one-time token in the address, then a cookie; the Host and
Origin of every request are checked, so that no other page reaches it by name (DNS rebinding).
Must not know what is shown: it starts `command` once a visit. See docs/adr/0008-serve.md.
"""

import asyncio
import contextlib
import hmac
import secrets
import shlex
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

try:
    from textual_serve.server import Server
except ImportError as error:  # an optional extra
    raise ImportError("textual-serve is not installed") from error

COOKIE = "wsinspect"
HOST = "127.0.0.1"
_TOKEN_LEN = 32  # bytes of randomness
_NAMES = ("127.0.0.1", "localhost")

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Door:
    """Lets in whoever brings the token, once, and afterwards the cookie that was given for it."""

    def __init__(self, port: int) -> None:
        self.token = secrets.token_urlsafe(_TOKEN_LEN)
        self._token: str | None = self.token
        self._session = secrets.token_urlsafe(_TOKEN_LEN)
        self._hosts = {f"{name}:{port}" for name in _NAMES}
        self._origins = {f"http://{host}" for host in self._hosts}
        self._policy = (
            "default-src 'self'; script-src 'self' 'unsafe-inline'; "
            "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
            f"connect-src 'self' {' '.join(f'ws://{host}' for host in sorted(self._hosts))}; "
            "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        )

    def _is_from_here(self, request: web.Request) -> bool:
        if request.headers.get("Host", "").lower() not in self._hosts:
            return False
        origin = request.headers.get("Origin")
        if origin is None:  # every browser names it with an upgrade
            return "Upgrade" not in request.headers
        return origin.lower() in self._origins

    def _knows(self, request: web.Request) -> bool:
        cookie = request.cookies.get(COOKIE, "")
        return hmac.compare_digest(cookie.encode(), self._session.encode())

    def _takes(self, request: web.Request) -> bool:
        """Whether the request brings the token; it is void from then on."""
        token = request.query.get("token", "")
        if self._token is None or request.path != "/" or request.method != "GET":
            return False
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            return False
        self._token = None
        return True

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """In front of every route, the upgrade to a WebSocket included."""
        if not self._is_from_here(request):
            raise web.HTTPForbidden(text="not from here\n")
        known = self._knows(request)
        fresh = not known and self._takes(request)
        if not known and not fresh:
            raise web.HTTPForbidden(text="the address with a fresh token is needed\n")
        response = await handler(request)
        if not response.prepared:
            response.headers["Content-Security-Policy"] = self._policy
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["Cache-Control"] = "no-store"
            response.headers["X-Content-Type-Options"] = "nosniff"
            if fresh:
                response.set_cookie(
                    COOKIE, self._session, httponly=True, samesite="Strict", path="/"
                )
        return response


class _Quiet(Server):
    """textual-serve without its banner."""

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing."""

    async def application(self, door: Door) -> web.Application:
        app = await self._make_app()
        app.middlewares.append(door.guard)
        return app


def _listen(port: int) -> socket.socket:
    """Raises OSError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener


async def serve(
    command: Sequence[str], port: int, say: Callable[[str], None], until: asyncio.Event
) -> None:
    """Serve `command`'s screen until `until` is set. `say` is told the address. Raises OSError."""
    listener = _listen(port)
    port = listener.getsockname()[1]
    door = Door(port)
    server = _Quiet(shlex.join(command), HOST, port, title="wsinspect")
    runner = web.AppRunner(await server.application(door), access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        say(f"http://{HOST}:{port}/?token={door.token}")
        await until.wait()
    finally:
        await runner.cleanup()


def run_browser(command: Sequence[str], port: int) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP; the exit code."""

    def say(address: str) -> None:
        sys.stderr.write(f"wsinspect: dashboard at {address}\n")
        sys.stderr.write("wsinspect: the address works once; Ctrl-C ends it\n")
        sys.stderr.flush()

    async def run() -> None:
        until = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, until.set)
        await serve(command, port, say, until)

    try:
        asyncio.run(run())
    except OSError as error:
        sys.stderr.write(f"wsinspect: --serve {port}: {error.strerror}\n")
        return 2
    return 0
