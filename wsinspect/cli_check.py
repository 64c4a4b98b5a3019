"""``wsinspect check URL``: its syntax, and putting the check together.

Owns: the options, whether an endpoint may be sent a herd, and the exit code: 0 good, 1 bad, 2 not
a URL. Must not know: how anything is checked.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import re
import socket
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsinspect.check.model import Asked, Dial

__all__ = ["CheckUsage", "add_check_command"]

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2


class CheckUsage(Exception):
    """One line for the user; exit code 2."""


def add_check_command(sub: Any, commands: dict[str, Any]) -> None:
    """``sub``: the subparsers of ``wsinspect``."""
    check = sub.add_parser(
        "check",
        help="try an endpoint: upgrade, pings, idle time",
        description="Try a WebSocket endpoint and say what is wrong. Exit code: 0 good, 1 bad.",
        allow_abbrev=False,
    )
    commands["check"] = check
    add = check.add_argument
    add("url", metavar="URL", help="ws:// or wss://")
    add("--idle", type=_seconds, metavar="S", help="hold it idle for S seconds, say when it is cut")
    add("--json", action="store_true", help="for programs")
    add("--proxy", metavar="URL", help="go through http://…, socks5://… or socks5h://…")
    add("--healthz", metavar="URL", help="ask this health check, too: does it agree?")
    add("--herd", type=_herd, metavar="N", help="N connections at once, to an endpoint of yours")
    add("--yes-it-is-mine", action="store_true", help="a herd may go to a host beyond loopback")
    add("--header", action="append", default=[], type=_header, metavar="'NAME: VALUE'")
    add(
        "--subprotocol",
        default="",
        type=_subprotocol,
        metavar="NAMES",
        help="what to offer, as it is sent",
    )
    add("--ca", metavar="FILE", type=Path, help="trust these certificates (PEM)")
    add("--insecure", action="store_true", help="trust any certificate")
    check.set_defaults(function=_check)


def _seconds(text: str) -> float:
    try:
        value = float(text.removesuffix("s"))
    except ValueError:
        value = -1.0
    if not 0 < value < 10**6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def _herd(text: str) -> int:
    from wsinspect.check.herd import HERD_LIMIT

    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= HERD_LIMIT:
        raise argparse.ArgumentTypeError(f"a herd is 1 to {HERD_LIMIT} connections")
    return int(text)


def _header(text: str) -> tuple[bytes, bytes]:
    name, colon, value = text.partition(":")
    # Not the text in the message: it may hold a password.
    if not colon or not _TOKEN.fullmatch(name.strip()) or {"\r", "\n", "\0"} & set(text):
        raise argparse.ArgumentTypeError("a header is 'NAME: VALUE'")
    return name.strip().encode(), value.strip().encode("utf-8", "surrogateescape")


def _subprotocol(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise argparse.ArgumentTypeError("subprotocols are names, with commas between them")
    return text


def _check(args: argparse.Namespace) -> int:
    from wsinspect.check.run import run_check
    from wsinspect.check.text import render

    report = asyncio.run(run_check(_asked(args)))
    encoding = sys.stdout.encoding or "utf-8"
    if args.json:
        plain = encoding.lower() not in ("utf-8", "utf8")
        print(json.dumps(report.as_json(), ensure_ascii=plain))
    else:
        text = render(report, colour=sys.stdout.isatty())
        print(text.encode(encoding, "replace").decode(encoding))
    return 0 if report.verdict == "good" else 1


def _asked(args: argparse.Namespace) -> Asked:
    from wsinspect.check.model import Asked, NotAUrl, parse_target

    try:
        target = parse_target(args.url)
    except NotAUrl as error:
        raise CheckUsage(str(error)) from None
    if args.healthz is not None and not args.healthz.startswith(("http://", "https://")):
        raise CheckUsage("--healthz: http://… or https://… is needed")
    if args.herd and not args.yes_it_is_mine and not _is_here(target.host):
        raise CheckUsage(
            f"--herd {args.herd}: {target.host} is not this machine – a herd goes to an endpoint "
            "of your own only; if it is: --yes-it-is-mine"
        )
    tls = _tls(args) if target.tls or args.healthz else None
    return Asked(
        target=target,
        dial=_dial(args.proxy),
        tls=tls if target.tls else None,
        healthz_tls=tls,
        headers=tuple(args.header),
        subprotocols=args.subprotocol,
        idle_s=args.idle,
        herd=args.herd,
        healthz=args.healthz,
        proxied=args.proxy is not None,
    )


def _tls(args: argparse.Namespace) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=args.ca)
    except (OSError, ssl.SSLError) as error:
        raise CheckUsage(f"--ca {args.ca}: {error.strerror or 'no certificates'}") from None
    if args.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _dial(proxy: str | None) -> Dial:
    if proxy is None:
        return lambda address: asyncio.open_connection(*address)
    from wsinspect.config import ConfigError, parse_upstream
    from wsinspect.proxy.socks import dial

    try:
        upstream = parse_upstream(proxy)
    except ConfigError as error:
        raise CheckUsage(f"--proxy: {error.lines[0].partition(': ')[2]}") from None
    return lambda address: dial(upstream, address)


def _is_here(host: str) -> bool:
    """Whether all that the name stands for is loopback."""
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return True  # the check will say that there is no such host
    return all(ipaddress.ip_address(str(address)).is_loopback for address in found)
