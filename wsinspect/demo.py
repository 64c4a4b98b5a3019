"""``wsinspect demo``: the lab's traffic through a real proxy, watched or summed up.

Owns: putting lab, proxy and dashboard together, each in a process of its own, and the summary.
"""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import msgspec

from wsinspect.child import module_command, proxy_child
from wsinspect.lab import Story, run_story
from wsinspect.model.events import AlertLine, CloseLine, Event, FrameLine, OpenLine
from wsinspect.protocol.close_codes import close_words

__all__ = ["run_demo"]

HEADLESS_SECONDS = 30.0
RULES = Path(__file__).with_name("lab") / "rules.yaml"
_FOR_EVER_S = 10**6


def run_demo(
    *,
    headless: bool,
    seconds: float | None,
    log: str | None,
    socket: str | None,
    seed: int,
    serve: int | None = None,
) -> int:
    """Returns the exit code: 1 if the lab met something that it did not mean to happen."""
    with tempfile.TemporaryDirectory(prefix="wsinspect-demo-") as folder:
        log_path = log or str(Path(folder) / "demo.jsonl")
        arguments = ["-p", "0", "--log", log_path, "--set", f"confdir={folder}/ca"]
        arguments += ["--rules", str(RULES)]
        if socket:
            arguments += ["--socket", socket]
        began = _size(log_path)
        with proxy_child(arguments, socket) as child:
            if not child.wait_until_it_listens():
                return child.process.wait()
            proxy = f"http://{child.address}"
            if not headless:
                return _watch(proxy, child.socket, seconds, seed, serve)
            duration_s = seconds or HEADLESS_SECONDS
            print(f"Real traffic through {proxy} for {duration_s:g} s …", flush=True)
            story = asyncio.run(run_story(proxy, duration_s, seed=seed))
        for line in [*story.lines(), "", *_summary(log_path, began)]:
            print(line)
        if log:
            print(f"Log: {log}")
        return _verdict(story)


def _watch(proxy: str, socket: str, seconds: float | None, seed: int, serve: int | None) -> int:
    from wsinspect.cli_dashboard import show_dashboard

    lab = subprocess.Popen(
        module_command(
            *("wsinspect.lab", "--proxy", proxy, "--seed", str(seed)),
            *("--seconds", str(seconds or _FOR_EVER_S), "--until-stdin-ends"),
        ),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the dashboard
    )
    try:
        return show_dashboard(socket, serve)
    finally:
        lab.terminate()
        try:
            lab.wait(5)
        except subprocess.TimeoutExpired:
            lab.kill()
            lab.wait()
        assert lab.stdin is not None
        lab.stdin.close()


def _verdict(story: Story) -> int:
    return 1 if story.errors else 0


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def _summary(path: str, began: int) -> list[str]:
    """What the proxy recorded, in words, from the log's lines after byte ``began``."""
    decode = msgspec.json.Decoder(Event).decode
    opcodes: Counter[str] = Counter()
    ends: Counter[tuple[str, str, int]] = Counter()
    alerts: Counter[str] = Counter()
    opened = failed = violations = 0
    with Path(path).open("rb") as file:
        file.seek(began)
        for line in file:
            event = decode(line)
            if isinstance(event, FrameLine):
                opcodes[event.websocket.opcode] += 1
                violations += event.ws.violation is not msgspec.UNSET
            elif isinstance(event, OpenLine):
                opened += event.open.status == 101
                failed += event.open.status != 101
            elif isinstance(event, AlertLine):
                alerts[f"{event.alert.signature} ({event.alert.disposition})"] += 1
            elif isinstance(event, CloseLine):
                close = event.close
                ends[close.initiator, close.cause, close.code_observed] += 1
    kinds = ", ".join(f"{name} {count}" for name, count in opcodes.most_common())
    lines = [
        f"wsinspect recorded {opened} connections and {failed} failed handshakes,",
        f"{opcodes.total()} frames, {violations} of which break the protocol.",
        f"Frames: {kinds}.",
        f"What the rules saw: {'' if alerts else 'nothing'}".rstrip(),
        *(f"  {count:4} × {say}" for say, count in alerts.most_common()),
        "How they ended:",
    ]
    for (initiator, cause, code), count in ends.most_common():
        lines.append(f"  {count:4} × {code} {close_words(code)} ({cause}, by the {initiator})")
    return lines
