"""Run a proxy of our own: a mitmproxy master with the inspector, and errors that people can read.

Owns: the process' life from options to exit code. Must not know: the command line's syntax.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import re
import signal
import sys
from collections.abc import Sequence
from typing import Any

from mitmproxy import addons, ctx, exceptions, master
from mitmproxy import options as mitmproxy_options

from wsinspect.proxy.addon import Inspector
from wsinspect.proxy.loop import loop_factory
from wsinspect.proxy.options import BrokenConfig
from wsinspect.proxy.private import MovedName
from wsinspect.proxy.ruling import BrokenRules
from wsinspect.proxy.secrecy import keep_secrets, places

__all__ = ["StartFailed", "run_proxy"]

logger = logging.getLogger("wsinspect")
_GC_ALLOCATIONS = 20_000  # records come and go by the thousand, and none is part of a cycle
# What mitmproxy says about every connection is what we say better.
_QUIET_LOGGERS = ("mitmproxy.proxy.server", "mitmproxy.proxy.mode_servers", "hpack", "tornado")


class StartFailed(Exception):
    """The proxy did not start; the text is one line for the user."""


class _Complaints(logging.Handler):
    """Collects what is wrong during the start, prints it in one line each afterwards."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.errors: list[str] = []
        self.starting = True

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        text = record.getMessage().removeprefix("wsinspect: ")
        if self.starting and record.levelno >= logging.ERROR:
            first = text.partition("\n")[0]
            self.errors.append(first if error is None else f"{first}: {_named(error)}")
        elif record.levelno >= logging.ERROR or record.name == "wsinspect":
            if record.name != "wsinspect":
                text = text.partition("\n")[0]
            if error is not None:
                text = _without_values(error)
            with contextlib.suppress(OSError, ValueError):  # nobody reads stderr
                print(f"wsinspect: {text}", file=sys.stderr, flush=True)


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {_one_line(error)}"


def _without_values(error: BaseException) -> str:
    """What happened where, without the exception's text: that may quote a payload."""
    return f"{type(error).__name__} in a script or in mitmproxy{places(error.__traceback__)}"


class _StartCheck:
    """Under the name that mitmproxy's master asks during its start."""

    name = "errorcheck"

    def __init__(self, complaints: _Complaints) -> None:
        self.complaints = complaints

    async def shutdown_if_errored(self) -> None:
        await asyncio.sleep(0)
        if self.complaints.errors:
            raise StartFailed(_in_our_words(self.complaints.errors[0]))

    def finish(self) -> None:
        self.complaints.starting = False


class _Announce:
    """Says where it listens, in the line that scripts wait for."""

    def running(self) -> None:
        server = ctx.master.addons.get("proxyserver")
        # reverse:https listens on TCP and, for HTTP/3, on UDP: one place to a person
        addresses = dict.fromkeys(f"{host}:{port}" for host, port, *_ in server.listen_addrs())
        places = ", ".join(addresses)
        print(f"wsinspect: listening on {places}", file=sys.stderr, flush=True)


def _in_our_words(complaint: str) -> str:
    """mitmproxy says "[Errno 98] … failed to listen on PLACE with [Errno 98] …"."""
    found = re.search(r"failed to listen on (\S+) with", complaint)
    if found and "already in use" in complaint:
        return f"cannot listen on {found[1]}: the port is in use – choose another with -p"
    if found:
        why = re.sub(r".*\[Errno \d+\] ", "", complaint)
        return f"cannot listen on {found[1]}: {why}"
    return complaint


def _one_line(error: BaseException) -> str:
    """Without the user and password of a URL in it: a mode may have one."""
    return re.sub(r"//[^/\s]*@", "//", " ".join(str(error).split()))


async def _run(
    sets: Sequence[str],
    named: dict[str, Any],
    scripts: Sequence[str],
    grace_s: float,
    until_stdin_ends: bool,
) -> None:
    complaints = _Complaints()
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(complaints)
    for name in _QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    opts = mitmproxy_options.Options()
    proxy = master.Master(opts)
    inspector = Inspector()
    inspector.config_is_applied = True  # by the command line
    try:
        proxy.addons.add(*addons.default_addons(), _StartCheck(complaints))
        opts.update(listen_host="127.0.0.1")
        opts.set(*sets, defer=True)
        proxy.addons.add(inspector)
        if opts.deferred:
            raise exceptions.OptionsError(f"unknown option {next(iter(opts.deferred))}")
        opts.update(**named)
        if not inspector.settings:
            inspector.configure({"wsinspect_log"})
        opts.update(scripts=list(scripts))
        proxy.addons.add(_Announce())
    except MovedName as error:
        raise StartFailed(
            f"cannot work with this mitmproxy: {_one_line(error)} has moved – install one of the "
            "versions in pyproject.toml"
        ) from error
    except (BrokenRules, BrokenConfig) as error:
        raise StartFailed("\n".join(error.lines)) from error
    except (exceptions.OptionsError, ValueError, TypeError) as error:
        raise StartFailed(_one_line(error)) from error

    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []

    async def stop() -> None:
        try:
            await inspector.drain(grace_s)
        finally:
            proxy.shutdown()

    def on_signal() -> None:
        if stopping:
            proxy.shutdown()  # a second time: at once
        else:
            stopping.append(asyncio.ensure_future(stop()))

    def on_stdin() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            on_signal()

    loop.add_signal_handler(signal.SIGINT, on_signal)
    loop.add_signal_handler(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    if until_stdin_ends:  # our parent holds the other end: it must not leave us behind
        loop.add_reader(0, on_stdin)
    # What was loaded stays: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_ALLOCATIONS, 5, 5)
    try:
        await proxy.run()
    finally:
        if inspector.hub.connections:
            inspector.done()
        # A signal that comes now is late, not a reason for an exit code of -15.
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)


def run_proxy(
    *,
    sets: Sequence[str] = (),
    scripts: Sequence[str] = (),
    drain_grace_s: float = 5.0,
    until_stdin_ends: bool = False,
    **named: Any,
) -> None:
    """Run until a signal. ``sets`` are mitmproxy's NAME=VALUE, ``named`` options by name.

    Raises StartFailed if it never listened.
    """
    keep_secrets()
    asyncio.run(
        _run(sets, named, scripts, drain_grace_s, until_stdin_ends), loop_factory=loop_factory()
    )
