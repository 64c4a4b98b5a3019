"""``wsinspect rules …``: the commands that work on rule files, without a proxy.

Owns: their syntax, and handing them files, streams and what only the proxy's side knows (filter
expressions, captured flows). Must not know: how any of them works.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsinspect.rules.ruleset import RuleSet

__all__ = ["add_rules_command"]


def add_rules_command(sub: Any, commands: dict[str, Any]) -> None:
    """``sub``: the subparsers of ``wsinspect``."""
    rules = sub.add_parser("rules", help="check, test and try rule files", allow_abbrev=False)
    commands["rules"] = rules
    verbs = rules.add_subparsers(dest="verb", metavar="VERB", required=True)

    check = verbs.add_parser("check", help="read rule files; say what is wrong, line by line")
    check.add_argument("files", nargs="+", metavar="FILE", type=Path)
    check.set_defaults(function=_check)

    test = verbs.add_parser("test", help="run the tests inside rule files")
    test.add_argument("files", nargs="+", metavar="FILE", type=Path)
    test.set_defaults(function=_test)

    listing = verbs.add_parser("list", help="the rules, a line each")
    listing.add_argument("files", nargs="+", metavar="FILE", type=Path)
    listing.add_argument("--json", action="store_true", help="for programs")
    listing.set_defaults(function=_list)

    scan = verbs.add_parser("scan", help="judge messages from standard input, JSON Lines both ways")
    _add_rules(scan)
    scan.set_defaults(function=_scan)

    replay = verbs.add_parser("replay", help="what would have fired on a capture")
    replay.add_argument("capture", metavar="CAPTURE", type=Path, help="a log, .har or .mitm file")
    _add_rules(replay)
    replay.add_argument("--json", action="store_true", help="for programs")
    replay.set_defaults(function=_replay)

    explain = verbs.add_parser("explain", help="why each rule matched a message, or did not")
    explain.add_argument("text", metavar="TEXT", help="the message; - reads standard input")
    _add_rules(explain)
    explain.add_argument("--direction", choices=("to_server", "to_client"), default="to_server")
    explain.add_argument("--opcode", choices=("text", "binary", "ping", "pong"), default="text")
    for name in _FACTS:
        explain.add_argument(f"--{name}", metavar="TEXT")
    explain.add_argument("--json", action="store_true", help="for programs")
    explain.set_defaults(function=_explain)

    exact = verbs.add_parser("exact", help="make a file of keyed hashes for find: {exact: …}")
    exact.add_argument("target", metavar="FILE", type=Path, help="the file to write")
    exact.add_argument("--key", required=True, metavar="env:NAME", help="where the key is")
    exact.set_defaults(function=_exact)


_FACTS = ("host", "path", "subprotocol", "origin", "client")


def _add_rules(parser: Any) -> None:
    parser.add_argument(
        "--rules",
        action="append",
        required=True,
        metavar="FILE",
        type=Path,
        help="a rule file, repeatable",
    )


def _load(paths: Sequence[Path]) -> RuleSet:
    from wsinspect.rules.cache_dir import cache_dir
    from wsinspect.rules.patience import patience
    from wsinspect.rules.ruleset import load_rules

    with patience():
        return load_rules(paths, check_flow=_check_flow, cache=cache_dir())


def _check_flow(expression: str) -> str | None:
    from wsinspect.proxy.flow_filter import check_flow  # mitmproxy loads slowly

    return check_flow(expression)


def _check(args: argparse.Namespace) -> int:
    from wsinspect.rules.tools.check import run_check

    return run_check(args.files, sys.stdout, sys.stderr, loader=_load)


def _test(args: argparse.Namespace) -> int:
    from wsinspect.rules.tools.test import run_test

    return run_test(args.files, sys.stdout, sys.stderr, loader=_load)


def _list(args: argparse.Namespace) -> int:
    from wsinspect.rules.tools.list import run_list

    return run_list(args.files, sys.stdout, sys.stderr, as_json=args.json, loader=_load)


def _scan(args: argparse.Namespace) -> int:
    from wsinspect.rules.tools.scan import run_scan

    return run_scan(args.rules, sys.stdin.buffer, sys.stdout.buffer, sys.stderr, loader=_load)


def _replay(args: argparse.Namespace) -> int:
    from wsinspect.rules.tools.replay import run_replay

    def flows(path: Path) -> Any:
        from wsinspect.proxy.flow_reader import read_flows

        return read_flows(path)

    return run_replay(
        args.capture,
        args.rules,
        sys.stdout,
        sys.stderr,
        as_json=args.json,
        flows=flows,
        loader=_load,
    )


def _exact(args: argparse.Namespace) -> int:
    from wsinspect.rules.tools.exact import run_exact

    return run_exact(sys.stdin, args.key, args.target, sys.stdout, sys.stderr)


def _explain(args: argparse.Namespace) -> int:
    from wsinspect.rules.tools.explain import run_explain

    payload = sys.stdin.buffer.read() if args.text == "-" else args.text.encode()
    said = {name: getattr(args, name) for name in _FACTS if getattr(args, name) is not None}
    return run_explain(
        args.rules,
        payload,
        sys.stdout,
        sys.stderr,
        opcode=args.opcode,
        direction=args.direction,
        said=said,
        as_json=args.json,
        loader=_load,
    )
