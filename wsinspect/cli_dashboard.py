"""``wsinspect attach`` and ``wsinspect open``: the dashboard on what is running or was recorded.

Owns: their syntax, ``--serve`` (the dashboard in a browser) for every command that has one, and
finding the one proxy that is meant. Must not know: how anything is shown.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsinspect.tui.data.recording import Kind
    from wsinspect.tui.data.source import Source
    from wsinspect.tui.data.store import Store
    from wsinspect.tui.owned import Owned

__all__ = [
    "add_dashboard_commands",
    "add_serve_option",
    "serve_is_missing",
    "show_dashboard",
    "shows_in_browser",
]

USAGE_ERROR = 2
_NICE = 5  # of a dashboard: where the processor is short, the proxy's traffic goes first


def add_dashboard_commands(sub: Any, commands: dict[str, Any]) -> None:
    """``sub``: the subparsers of ``wsinspect``."""
    attach = sub.add_parser("attach", help="dashboard on a running proxy", allow_abbrev=False)
    attach.set_defaults(function=_attach)
    attach.add_argument("address", nargs="?", metavar="SOCKET", help="default: the only one")
    add_serve_option(attach)
    commands["attach"] = attach

    opening = sub.add_parser("open", help="dashboard on a recording", allow_abbrev=False)
    opening.set_defaults(function=_open)
    opening.add_argument(
        "file", metavar="FILE", type=Path, help="a log or .har file (also .gz), or .mitm"
    )
    add_serve_option(opening)
    commands["open"] = opening


def add_serve_option(parser: Any) -> None:
    parser.add_argument(
        "--serve",
        nargs="?",
        const=0,
        type=_port,
        metavar="PORT",
        help="the dashboard in a browser, on 127.0.0.1 with a one-time address (extra: serve)",
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535); write --serve=PORT")
    return int(text)


def _usage(say: str) -> int:
    print(f"wsinspect: {say}", file=sys.stderr)
    return USAGE_ERROR


def shows_in_browser(serve: int | None) -> bool:
    """Whether the dashboard goes to a browser; loads what that needs. Raises ImportError."""
    if serve is None:
        return False
    import wsinspect.tui.browser  # noqa: F401 - says early that it is not installed

    return True


def show_dashboard(socket: str, serve: int | None, owned: Owned | None = None) -> int:
    """The dashboard on a running proxy's socket, in this terminal or in a browser. ``owned``: the
    proxy, where it is to end with a dashboard in this terminal.

    A dashboard in this terminal yields the processor to others from here on.
    """
    if serve is None:
        if hasattr(os, "nice"):
            os.nice(_NICE)
        from wsinspect.tui.app import run_dashboard

        return run_dashboard(socket, owned=owned)
    return _in_browser(["attach", socket], serve)


def serve_is_missing(error: ImportError) -> str:
    """What to do about it, in one line."""
    return (
        f"--serve: {error} – pip install 'wsinspect[serve]' (in a clone: "
        ".venv/bin/pip install -e '.[serve]')"
    )


def _in_browser(arguments: Sequence[str], port: int) -> int:
    try:
        from wsinspect.tui.browser import run_browser
    except ImportError as error:
        return _usage(serve_is_missing(error))
    from wsinspect.child import module_command

    return run_browser(module_command("wsinspect", *arguments), port)


def _attach(args: argparse.Namespace) -> int:
    address = args.address
    if address is None:
        from wsinspect.sinks.dashboard import running_sockets

        try:
            found = running_sockets()
        except OSError as error:
            return _usage(f"cannot look for proxies: {error}")
        if not found:
            return _usage("no proxy is running – start one with `wsinspect run`")
        if len(found) > 1:
            names = " ".join(map(str, found))
            return _usage(f"several proxies are running, name one: {names}")
        address = str(found[0])
    return show_dashboard(address, args.serve)


def _open(args: argparse.Namespace) -> int:
    from wsinspect.tui.data.recording import NotARecording, kind_of

    file: Path = args.file
    try:
        kind = kind_of(file)
    except NotARecording as error:
        return _usage(str(error))
    except OSError as error:
        return _usage(f"{file}: {error.strerror}")
    if args.serve is not None:
        return _in_browser(["open", str(file.absolute())], args.serve)
    from wsinspect.tui.app import run_dashboard

    return run_dashboard(str(file), _recording(file, kind))


def _recording(file: Path, kind: Kind) -> Callable[[str, Store], Source]:
    """What makes the dashboard's source of a file."""
    from wsinspect.tui.data.recording import Kind, RecordingSource

    def make(_address: str, store: Store) -> Source:
        if kind is not Kind.FLOWS:
            return RecordingSource(file, store)
        from wsinspect.proxy.flows import event_lines  # mitmproxy loads slowly

        return RecordingSource(file, store, event_lines(file))

    return make
