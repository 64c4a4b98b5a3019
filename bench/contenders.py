"""Who is compared: how each proxy is started in its fastest sane configuration.

Owns: command lines and configuration files. Must not know: scenarios, figures.
Those that look inside: wsinspect with its frame log (also with a hundred rules that log or block,
with every view and stream as a newcomer writes them, or ``-plain`` without) and stock mitmproxy.
Those that do not: haproxy (as a TCP splice, and parsing HTTP), mockttp and a plain relay on node's
``ws``.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.client import Endpoint
from bench.processes import free_port, running, wait_for_line, wait_for_port
from bench.tls import Certificate

NODE: Final = Path(__file__).with_name("node")
LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Site:
    """What a proxy is started for: a server to stand in front of, and a place for its files."""

    server_port: int
    directory: Path
    certificate: Certificate | None = None
    """Given when both legs are wss."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that listens."""

    endpoint: Endpoint
    pid: int
    log: Path | None = None
    """Where it writes one line a frame, if it does; complete once it has ended."""


Start = Callable[[Site], AbstractContextManager[Proxy]]


@contextmanager
def direct(site: Site) -> Iterator[Proxy]:
    """No proxy."""
    yield Proxy(Endpoint(site.server_port, site.certificate is not None), pid=0)


def _mode(site: Site) -> str:
    scheme = "https" if site.certificate else "http"
    return f"reverse:{scheme}://{LOOPBACK}:{site.server_port}"


@contextmanager
def stock(site: Site) -> Iterator[Proxy]:
    """mitmdump without output: no dumper, no flow detail, no script."""
    port = free_port()
    said = site.directory / "stock.txt"
    command = (
        *(sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()", "-q"),
        *("--mode", _mode(site), "--listen-host", LOOPBACK, "-p", str(port)),
        *("--set", f"confdir={site.directory}", "--set", "ssl_insecure=true"),
    )
    with running(command, said) as process:
        wait_for_port(process, port, said)
        yield Proxy(Endpoint(port, site.certificate is not None), process.pid)


def wsinspect(rules: str = "") -> Start:
    """Ours, headless, with every frame in the log; with these rules, if any."""

    @contextmanager
    def start(site: Site) -> Iterator[Proxy]:
        said = site.directory / "wsinspect.txt"
        log = site.directory / "frames.jsonl"
        log.unlink(missing_ok=True)
        ruled: tuple[str, ...] = ()
        if rules:
            file = site.directory / "rules.yaml"
            file.write_text(rules)
            ruled = ("--rules", str(file))
        command = (
            *(sys.executable, "-m", "wsinspect", "run", "--headless", "--mode", _mode(site)),
            *("-p", "0", "--log", str(log), "--record", "frames", *ruled),
            *("--socket", str(site.directory / "dashboard.sock")),
            *("--set", f"confdir={site.directory}", "--set", "ssl_insecure=true"),
        )
        with running(command, said) as process:
            line = wait_for_line(process, rb"wsinspect: listening on \S*:(\d+)", said)
            endpoint = Endpoint(int(line[1]), site.certificate is not None)
            yield Proxy(endpoint, process.pid, log)

    return start


def _rules(action: str, defaults: str = "") -> str:
    """A hundred rules of one plain regex each, none of which matches the load."""
    regexes = [f"secret{number}-[0-9a-f]{{16}}" for number in range(100)]
    rules = "".join(
        f"  - {{ id: rule-{number}, find: {{ regex: '{regex}' }}, do: {action} }}\n"
        for number, regex in enumerate(regexes)
    )
    return f"version: 1\n{defaults}rules:\n{rules}"


BARE: Final = "defaults: { decode: [], streams: false }\n"


def haproxy(mode: str) -> Start:
    """haproxy on one thread, as the Python and node proxies are."""

    @contextmanager
    def start(site: Site) -> Iterator[Proxy]:
        port = free_port()
        said = site.directory / "haproxy.txt"
        configuration = site.directory / "haproxy.cfg"
        bind, verify = "", ""
        if site.certificate:
            bind = f" ssl crt {site.certificate.bundle}"
            verify = " ssl verify none"
        splice = "    option splice-auto\n" if mode == "tcp" else ""
        configuration.write_text(
            "global\n    nbthread 1\n    maxconn 4000\n"
            f"defaults\n    mode {mode}\n{splice}"
            "    timeout connect 10s\n    timeout client 10m\n    timeout server 10m\n"
            "    timeout tunnel 10m\n"
            f"listen bench\n    bind {LOOPBACK}:{port}{bind}\n"
            f"    server only {LOOPBACK}:{site.server_port}{verify}\n"
        )
        program = shutil.which("haproxy") or "/usr/sbin/haproxy"
        with running((program, "-db", "-f", str(configuration)), said) as process:
            wait_for_port(process, port, said)
            yield Proxy(Endpoint(port, site.certificate is not None), process.pid)

    return start


def node(script: str) -> Start:
    """A script of ``bench/node``, ``ws`` only."""

    @contextmanager
    def start(site: Site) -> Iterator[Proxy]:
        port = free_port()
        said = site.directory / f"{script}.txt"
        command = ("node", str(NODE / script), str(port), str(site.server_port))
        with running(command, said) as process:
            wait_for_port(process, port, said)
            yield Proxy(Endpoint(port), process.pid)

    return start


CONTENDERS: Final[dict[str, Start]] = {
    "direct": direct,
    "stock": stock,
    "wsinspect": wsinspect(),
    "log-plain": wsinspect(_rules("log", BARE)),
    "log": wsinspect(_rules("log")),
    "block-plain": wsinspect(_rules("block", BARE)),
    "block": wsinspect(_rules("block")),
    "haproxy-tcp": haproxy("tcp"),
    "haproxy-http": haproxy("http"),
    "mockttp": node("mockttp.js"),
    "node-ws": node("relay.js"),
}


def missing(name: str) -> str | None:
    """Why a contender cannot run on this machine, in words; ``None`` if it can."""
    if name.startswith("haproxy") and not (
        shutil.which("haproxy") or Path("/usr/sbin/haproxy").exists()
    ):
        return "haproxy is not installed"
    if name in ("mockttp", "node-ws"):
        if not shutil.which("node"):
            return "node is not installed"
        if not (NODE / "node_modules" / "mockttp").is_dir():
            return "run: npm ci --prefix bench/node"
    return None
