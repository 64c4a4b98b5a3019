"""Hooks for mitmproxy scripts: who defines them, and running them under the user's policy.

Owns: finding the handlers and calling them in addon order, sync or async. An exception does not
vanish in mitmproxy's log: it follows ``--on-error``. Must not know: how verdicts are carried out.

mitmproxy's own ``websocket_message`` counts as defined when a script has it, when flows are saved
(``-w``), or when a user interface shows them; not for the built-in addons that merely print.
"""

from __future__ import annotations

import inspect
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mitmproxy import ctx, flow, http, websocket
from mitmproxy.addonmanager import traverse
from mitmproxy.proxy.commands import StartHook
from wsproto.frame_protocol import Opcode

from wsinspect.model.connection import Connection
from wsinspect.relay.observation import Observation
from wsinspect.rules.policy import Guard

__all__ = ["Job", "ScriptHooks", "script_failed"]

logger = logging.getLogger("wsinspect")

OPEN = "wsinspect_open"
FRAME = "wsinspect_frame"
MESSAGE = "wsinspect_message"
CLOSE = "wsinspect_close"
FINDING = "wsinspect_finding"
STOCK_MESSAGE = "websocket_message"

KEEP_LEN = 16 * 1024 * 1024  # bytes of messages that one flow keeps
KILLED = flow.Error.KILLED_MESSAGE
_USER_INTERFACES = ("view",)  # mitmproxy's console and web keep what they are shown


@dataclass
class Job(StartHook):
    """Blocks the layer that yields it until ``run`` is through (the addon awaits it)."""

    run: Callable[[], Awaitable[None]]
    name = "wsinspect_job"


# mitmproxy's @concurrent takes only functions with the name of a hook that it knows.


@dataclass
class OpenHook(StartHook):
    """The opening handshake is done; nothing has been forwarded yet."""

    connection: Connection
    name = OPEN


@dataclass
class FrameHook(StartHook):
    """A frame, before it is forwarded."""

    observation: Observation
    name = FRAME


@dataclass
class MessageHook(StartHook):
    """A message, joined and decompressed, before it is forwarded."""

    observation: Observation
    name = MESSAGE


@dataclass(frozen=True)
class Found:
    """What a rule found, for scripts: where and what kind, never what (docs/log.md, ``alert``)."""

    connection: Connection
    direction: str
    rule: str
    say: str
    severity: str
    detector: str
    path: str
    start: int
    end: int
    length: int
    masked: str
    fingerprint: str
    disposition: str


@dataclass
class FindingHook(StartHook):
    """A rule found something; the message's fate is decided."""

    finding: Found
    name = FINDING


@dataclass
class CloseHook(StartHook):
    """The connection has ended."""

    connection: Connection
    name = CLOSE


def handlers(name: str) -> Iterator[Callable[..., Any]]:
    """The functions of that name in all addons and scripts, in mitmproxy's order."""
    for addon in traverse(ctx.master.addons.chain):
        function = getattr(addon, name, None)
        if callable(function) and not inspect.isclass(function):
            yield function


async def call(name: str, argument: object) -> None:
    """Call every handler; the first exception ends it."""
    for function in handlers(name):
        result = function(argument)
        if inspect.isawaitable(result):
            await result


def _wants_stock_messages() -> bool:
    if ctx.options.save_stream_file or any(ctx.master.addons.get(x) for x in _USER_INTERFACES):
        return True
    return any(
        not (getattr(function, "__module__", None) or "").startswith("mitmproxy.addons")
        for function in handlers(STOCK_MESSAGE)
    )


class ScriptHooks:
    """The hooks that somebody defines at the time a connection opens; a policy of the relay.

    ``keep_messages`` bounds ``flow.websocket.messages``, and :data:`KEEP_LEN` their bytes (0: no
    bounds, as when flows are saved).
    """

    outside = True  # answers come from jobs that the layer waits for

    def __init__(self, flow: http.HTTPFlow, keep_messages: int) -> None:
        self.flow = flow
        self.rules: tuple[Guard | None, Guard | None] = (None, None)  # asked after the scripts
        self.controls = self.masks = False
        self.keep_messages = 0 if ctx.options.save_stream_file else keep_messages
        self._kept_len = 0  # of the messages, about: a script may change them
        self.stock_messages = _wants_stock_messages()
        self.frames = any(True for _ in handlers(FRAME))
        self.own_messages = any(True for _ in handlers(MESSAGE))
        self.messages = self.own_messages or self.stock_messages
        self.opens = any(True for _ in handlers(OPEN))
        self.closes = any(True for _ in handlers(CLOSE))

    def judge(self, observation: Observation) -> None:  # noqa: ARG002 - of Policy
        raise AssertionError("scripts answer by jobs")

    def large(self, opcode: int, *, compressed: bool, seq: int) -> None:
        """Scripts are shown whole messages only."""

    def unreadable(self, now_ns: int, seq: int) -> bool | None:
        """The rules, if any, have not said what they would."""
        says = [guard.unreadable(now_ns, seq) for guard in self.rules if guard is not None]
        return False if False in says else None if None in says or not says else True

    @property
    def wanted(self) -> bool:
        return self.frames or self.messages

    def silence(self) -> None:
        """Nobody is told of this connection: it is our own."""
        self.frames = self.own_messages = self.stock_messages = self.messages = False
        self.opens = self.closes = False

    def with_rules(self, to_server: Guard | None, to_client: Guard | None) -> None:
        """Rules judge what the scripts made of it."""
        self.rules = to_server, to_client
        self.controls = self.masks = self.messages = any(self.rules)

    async def observe(self, observation: Observation) -> None:
        """Show it to the scripts, then to the rules. Raises what they raise."""
        try:
            await self._observe(observation)
        finally:  # a script that fails must not switch the rules off
            guard = self.rules[observation.direction == "to_client"]
            whole = observation.kind == "message" or observation.opcode_number > 2
            if guard is not None and whole and not (observation.dropped or observation.closing):
                guard.judge(observation)

    async def _observe(self, observation: Observation) -> None:
        if observation.kind == "frame" and not self.frames:
            return
        if observation.kind == "frame":
            await call(FRAME, observation)
            return
        if self.own_messages:
            await call(MESSAGE, observation)
        if self.stock_messages and observation.closing is None and not observation.dropped:
            await self._stock(observation)

    async def _stock(self, observation: Observation) -> None:
        """mitmproxy's ``websocket_message`` with ``flow.websocket.messages[-1]``."""
        flow = self.flow
        if flow.websocket is None:
            return
        payload = observation.payload
        if observation.rewritten is not None:
            payload = observation.rewritten
        message = websocket.WebSocketMessage(
            Opcode(observation.opcode_number),
            observation.direction == "to_server",
            payload,
            observation.timestamp_ns / 1e9,
        )
        messages = flow.websocket.messages
        messages.append(message)
        if self.keep_messages:
            self._trim(messages)
        await call(STOCK_MESSAGE, flow)
        await flow.wait_for_resume()  # somebody may have intercepted it
        if flow.error is not None and flow.error.msg == KILLED:
            observation.close(1008, "killed by a script")
        elif message.dropped:
            observation.drop()
        elif message.content != payload:
            observation.rewrite(message.content)

    def _trim(self, messages: list[websocket.WebSocketMessage]) -> None:
        """Forget the oldest; never the newest, which is being judged."""
        del messages[: -self.keep_messages]
        self._kept_len += len(messages[-1].content)
        if self._kept_len <= KEEP_LEN:
            return
        self._kept_len = sum(len(message.content) for message in messages)
        while self._kept_len > KEEP_LEN and len(messages) > 1:
            self._kept_len -= len(messages.pop(0).content)

    async def opened(self, connection: Connection) -> None:
        await call(OPEN, connection)

    async def closed(self, connection: Connection) -> None:
        await call(CLOSE, connection)


def script_failed(error: Exception) -> None:
    """Where it happened, for the script's author; not its text, which may quote a payload."""
    places = [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    logger.error(
        "wsinspect: a script raised %s\n  %s", type(error).__name__, "\n  ".join(places[-5:])
    )
