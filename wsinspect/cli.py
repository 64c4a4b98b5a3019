"""The command line: the composition root.

Owns: the syntax of commands and options, exit codes (0 good, 1 a negative verdict, 2 usage or
configuration: one line), and starting the right parts. Must not know: how any of them works.
Imports are made where they are used, so that ``wsinspect schema`` need not load mitmproxy.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from wsinspect import __version__
from wsinspect.cli_check import CheckUsage, add_check_command
from wsinspect.cli_dashboard import (
    add_dashboard_commands,
    add_serve_option,
    serve_is_missing,
    shows_in_browser,
)
from wsinspect.cli_report import add_report_command
from wsinspect.cli_rules import add_rules_command

__all__ = ["entry", "main"]

USAGE_ERROR = 2
# argparse's own words, of every version that we run on; quotes round the choices came and went.
_INVALID_CHOICE = re.compile(r"argument (.*?): invalid choice: '(.*)' \(choose from (.*)\)")


class UsageError(Exception):
    """One line for the user; exit code 2."""


class _Parser(argparse.ArgumentParser):
    """Errors in one line, with the nearest known word."""

    def error(self, message: str) -> NoReturn:
        wrong = _INVALID_CHOICE.fullmatch(message)
        if wrong is not None:
            known = [word.strip("'") for word in wrong[3].split(", ")]
            meant = difflib.get_close_matches(wrong[2], known, n=1)
            hint = f" – did you mean {meant[0]}?" if meant else f" – known: {', '.join(known)}"
            message = f"{wrong[1]}: not {wrong[2]}{hint}"
        raise UsageError(message)

    def words(self) -> list[str]:
        return [word for action in self._actions for word in action.option_strings]


def main(argv: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in _TOP_OPTIONS):
        arguments.insert(0, "run")
    parser, commands = _parser()
    try:
        if arguments[0] not in {*commands, *_TOP_OPTIONS}:
            meant = _meant(arguments[0], list(commands))
            raise UsageError(f"unknown command {arguments[0]}{meant}")
        args, unknown = parser.parse_known_args(arguments)
        if unknown:
            known = commands[args.command].words()
            raise UsageError(f"unknown option {unknown[0]}{_meant(unknown[0], known)}")
        args.arguments = arguments[1:]
        return int(args.function(args))
    except (UsageError, CheckUsage) as error:
        for line in str(error).splitlines():
            print(f"wsinspect: {line}", file=sys.stderr)
        return USAGE_ERROR
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return 130


def entry() -> NoReturn:
    """The program: :func:`main`, and the end of the process.

    With mitmproxy_rs there are threads of its own (QUIC beside ``reverse:https``). One that calls
    into an interpreter that is being taken down ends the process by SIGSEGV – in one of three
    exits, measured. All of ours is closed by then, so the interpreter need not be taken down.
    """
    code = main()
    if "mitmproxy_rs" in sys.modules:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
    sys.exit(code)


_TOP_OPTIONS = {"-h", "--help", "--version"}


def _meant(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word.partition("=")[0], known, n=1)
    return f" – did you mean {close[0]}?" if close else " – see wsinspect --help"


def _parser() -> tuple[_Parser, dict[str, _Parser]]:
    parser = _Parser(
        prog="wsinspect",
        description="See every WebSocket frame that passes, and why a connection died.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"wsinspect {__version__}")
    sub = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    commands = {}

    run = sub.add_parser("run", help="proxy and dashboard (the default)", allow_abbrev=False)
    run.set_defaults(function=_run)
    _add_proxy_options(run)
    run.add_argument("--headless", action="store_true", help="no dashboard")
    add_serve_option(run)
    commands["run"] = run

    demo = sub.add_parser(
        "demo", help="realistic traffic through the proxy, to look at", allow_abbrev=False
    )
    demo.set_defaults(function=_demo)
    demo.add_argument("--headless", action="store_true", help="print a summary, no dashboard")
    demo.add_argument(
        "--seconds", type=_seconds, metavar="N", help="stop after N seconds (headless: 30)"
    )
    add_serve_option(demo)
    demo.add_argument("--log", metavar="FILE", help="keep the JSON log in FILE")
    demo.add_argument("--socket", metavar="PATH", help="the dashboard socket's place")
    demo.add_argument("--seed", type=int, default=1, help=argparse.SUPPRESS)
    commands["demo"] = demo

    add_dashboard_commands(sub, commands)
    add_check_command(sub, commands)
    add_rules_command(sub, commands)
    add_report_command(sub, commands)

    schema = sub.add_parser("schema", help="the log's JSON Schema", allow_abbrev=False)
    schema.add_argument("--rules", action="store_true", help="of the rule language instead")
    schema.set_defaults(function=_schema)
    commands["schema"] = schema
    return parser, commands


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 < value < 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def _milliseconds(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 10**7:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of milliseconds above 0")
    return int(text)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)


def _add_proxy_options(parser: argparse.ArgumentParser) -> None:
    """What the proxy itself takes; the same names with ``wsinspect_`` are the addon's options."""
    add = parser.add_argument
    add(
        "--mode",
        action="append",
        metavar="MODE",
        help="mitmproxy's mode: regular (default), reverse:URL, socks5, upstream:URL …; repeatable",
    )
    add("--listen-host", default="127.0.0.1", metavar="HOST", help="default: %(default)s")
    add("-p", "--listen-port", type=_port, metavar="PORT", help="default: 8080; 0: a free one")
    add("--rules", action="append", default=[], metavar="FILE", help="a rule file, repeatable")
    add("-s", "--script", action="append", default=[], metavar="FILE", help="a mitmproxy script")
    add("--log", metavar="FILE", help="append the JSON log to FILE; - is standard output")
    add(
        "--record",
        choices=("connections", "messages", "frames", "all"),
        default="frames",
        help="what the log has beside opens, closes and stats (default: %(default)s)",
    )
    add(
        "--payloads",
        choices=("none", "preview", "full"),
        default="none",
        help="how much payload a ws_message line has (default: %(default)s)",
    )
    add("--audit", action="store_true", help="forward nothing before its record is written")
    add(
        "--on-violation",
        choices=("pass", "close"),
        default="pass",
        help="forward and record a protocol violation, or close (default: %(default)s)",
    )
    add(
        "--on-error",
        choices=("open", "closed"),
        default="open",
        help="when inspection or the log fails: forward, or close with 1011 (default: %(default)s)",
    )
    add(
        "--drain-grace",
        type=_seconds,
        default=5.0,
        metavar="S",
        help="how long SIGTERM waits for connections to end (default: %(default)s s)",
    )
    add("--config", metavar="FILE", help="options and routes from FILE; options here beat it")
    add(
        "--http",
        metavar="HOST:PORT",
        help="serve /healthz, /readyz and /metrics (loopback unless a host is named)",
    )
    add("--socket", metavar="PATH", help="the dashboard socket's place")
    add(
        "--pong-deadline",
        type=_milliseconds,
        default=100,
        metavar="MS",
        help="a pong that comes later is slow (default: %(default)s)",
    )
    add(
        "--session",
        action="append",
        metavar="NAME",
        help="a query parameter or cookie that holds a session id, repeatable (default: sid, …)",
    )
    add(
        "--session-path",
        metavar="PLACE",
        help="where a client's first messages have the session id: a.b[0].c, or /regex/",
    )
    add(
        "--sequence-path",
        metavar="PLACE",
        help="where a server's messages have a number that counts up, to see gaps",
    )
    add("--until-stdin-ends", action="store_true", help=argparse.SUPPRESS)  # for child.py
    add(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of mitmproxy's, repeatable",
    )


def _apply_config(args: argparse.Namespace) -> None:
    """What the configuration file says of options that the command line does not have."""
    from wsinspect.config import ConfigError, read_config

    try:
        config = read_config(args.config)
    except ConfigError as error:
        raise UsageError(str(error)) from error
    said = _Parser(allow_abbrev=False)
    _add_proxy_options(said)
    said.add_argument("--headless", action="store_true")
    for action in said._actions:  # noqa: SLF001 - argparse has no other way to ask what was said
        action.default = argparse.SUPPRESS
    given = vars(said.parse_known_args(args.arguments)[0])
    for name, value in config.run.items():
        dest = name.replace("-", "_")
        if dest not in given:
            setattr(args, dest, value)


def _run(args: argparse.Namespace) -> int:
    if args.config:
        _apply_config(args)
    in_browser = _in_browser(args)
    if not args.headless and not in_browser and not (sys.stdin.isatty() and sys.stderr.isatty()):
        print("wsinspect: no terminal here: going on without the dashboard", file=sys.stderr)
        args.headless = True
    if args.headless:
        return _run_headless(args)
    if args.log == "-" and sys.stdout.isatty() and not in_browser:
        raise UsageError("--log - would write over the dashboard – redirect it, or add --headless")
    from wsinspect.child import run_with_dashboard

    try:
        return run_with_dashboard(args.arguments, args.socket, args.drain_grace, args.serve)
    except OSError as error:  # no place for the socket
        raise UsageError(f"cannot start the dashboard: {error}") from error


def _in_browser(args: argparse.Namespace) -> bool:
    """Whether ``--serve`` was said and counts; a missing library is a usage error."""
    try:
        return not args.headless and shows_in_browser(args.serve)
    except ImportError as error:
        raise UsageError(serve_is_missing(error)) from error


def _as_http(mode: str) -> str:
    """`reverse:ws://HOST` is what people write for what mitmproxy calls `reverse:http://HOST`."""
    for scheme, known in (
        ("reverse:ws://", "reverse:http://"),
        ("reverse:wss://", "reverse:https://"),
    ):
        if mode.startswith(scheme):
            return known + mode.removeprefix(scheme)
    return mode


def _run_headless(args: argparse.Namespace) -> int:
    try:
        from wsinspect.proxy.run import StartFailed, run_proxy
    except (ImportError, AttributeError) as error:  # a name that we import or keep has moved
        if "mitmproxy" not in str(error):
            raise
        raise UsageError(f"cannot work with this mitmproxy: {error}") from error

    for item in args.set:
        if "=" not in item:
            raise UsageError(f"--set {item}: NAME=VALUE is needed")
    named: dict[str, object] = {
        "mode": [_as_http(mode) for mode in args.mode or ["regular"]],
        "listen_host": args.listen_host,
        "wsinspect_log": args.log or "",
        "wsinspect_record": args.record,
        "wsinspect_payloads": args.payloads,
        "wsinspect_audit": args.audit,
        "wsinspect_on_violation": args.on_violation,
        "wsinspect_on_error": args.on_error,
        "wsinspect_rules": [str(Path(file).absolute()) for file in args.rules],
        "wsinspect_config": str(Path(args.config).absolute()) if args.config else "",
        "wsinspect_http": args.http or "",
        "wsinspect_socket": args.socket or "",
        "wsinspect_pong_deadline_ms": args.pong_deadline,
        "wsinspect_session_path": args.session_path or "",
        "wsinspect_sequence_path": args.sequence_path or "",
    }
    if args.session:
        named["wsinspect_session_names"] = args.session
    if args.listen_port is not None:
        named["listen_port"] = args.listen_port
    for item in args.set:  # said by mitmproxy's name: our default must not undo it
        named.pop(item.partition("=")[0], None)
    try:
        run_proxy(
            sets=args.set,
            scripts=args.script,
            drain_grace_s=args.drain_grace,
            until_stdin_ends=args.until_stdin_ends,
            **named,
        )
    except StartFailed as error:
        raise UsageError(str(error)) from error
    return 0


def _demo(args: argparse.Namespace) -> int:
    from wsinspect.demo import run_demo

    in_browser = _in_browser(args)
    terminal = sys.stdin.isatty() and sys.stderr.isatty()
    return run_demo(
        headless=args.headless or not (in_browser or terminal),
        serve=args.serve,
        seconds=args.seconds,
        log=args.log,
        socket=args.socket,
        seed=args.seed,
    )


def _schema(args: argparse.Namespace) -> int:
    if args.rules:
        from wsinspect.rules.detect.builtin import BUILTIN
        from wsinspect.rules.language.json_schema import rules_json_schema

        print(rules_json_schema(BUILTIN).decode())
    else:
        from wsinspect.model.events import json_schema

        print(json_schema().decode())
    return 0
