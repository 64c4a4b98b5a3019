"""No secret that a rule sees is written anywhere: planted ten thousand times, then searched for.

What may hold one: the wire, and the inputs (the rule file, its lists). All else that the program
writes is searched: log, standard error and output, the dashboards' socket, caches, temporary
files, and what the ``rules`` commands print.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rules.leaks.carriers import CANARY, close_payload, contents
from tests.rules.leaks.drive import Dashboards, Peers, Plan, peers
from tests.rules.leaks.planted import Search, Secret, make_secrets
from tests.rules.leaks.rulefile import ACTIONS, EXACT_KEY, HASH_KEY, write_rules
from tests.support.proxy import ProxyProcess, environment
from tests.support.raw import TEXT

FAULTS = Path(__file__).parent / "leaks" / "faults.py"
SEED = 20261122
_CONTENTS_A_CONNECTION = 60


@pytest.fixture
def rng() -> random.Random:
    print(f"seed {SEED}")  # noqa: T201 - for a failing test
    return random.Random(SEED)


@pytest.fixture
def secrets(rng: random.Random) -> list[Secret]:
    return make_secrets(rng, 8)


class World:
    """Folders of one proxy's life: ``given`` is its input, ``written`` whatever it writes."""

    def __init__(
        self, folder: Path, secrets: list[Secret], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.secrets = secrets
        self.given = folder / "given"
        self.written = folder / "w"
        self.written.mkdir(parents=True)
        for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
            place = self.written / name.lower()
            place.mkdir(mode=0o700)
            monkeypatch.setenv(name, str(place))
        self.keys = {name: f"{name.lower()}-0123456789-secret" for name in (EXACT_KEY, HASH_KEY)}
        self.keys["WSINSPECT_FINGERPRINT_KEY"] = "fingerprints-0123456789-secret"
        for name, key in self.keys.items():
            monkeypatch.setenv(name, key)
        self.rules = write_rules(self.given, secrets, self.keys[EXACT_KEY])

    def search(self, *more: bytes) -> None:
        """Nothing of it in anything that was written."""
        look = Search([*self.secrets, *(Secret("env", key) for key in self.keys.values())])
        found = [f"said: {told}" for blob in more for told in look(blob)]
        for path in sorted(self.written.rglob("*")):
            if path.is_file():
                found += [f"{path.name}: {told}" for told in look(_readable(path.read_bytes()))]
        assert not found, f"{len(found)} leaks:\n" + "\n".join(found[:20])


@pytest.fixture
def world(tmp_path: Path, secrets: list[Secret], monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, secrets, monkeypatch)


def _readable(written: bytes) -> bytes:
    """With what the encodings of the log and of the socket hide: JSON escapes."""
    escaped = b"\n".join(line for line in written.splitlines() if b"\\" in line)
    return written + b"\n" + escaped.replace(b'\\"', b'"').replace(b"\\\\", b"\\")


def _plans(rng: random.Random, secrets: list[Secret], share: float) -> Iterator[Plan]:
    """All ways of all secrets to all actions, or a ``share`` of them."""
    for action in ACTIONS:
        carried = [
            (secret, content)
            for secret in secrets
            for content in contents(secret)
            if rng.random() < share
        ]
        rng.shuffle(carried)
        size = 3 if action == "close" else _CONTENTS_A_CONNECTION
        for at in range(0, len(carried), size):
            plan = _plan(rng, action, secrets)
            for secret, content in carried[at : at + size]:
                if rng.random() < 0.5:
                    plan.to_server.append(plan.up.message(content))
                else:
                    plan.to_client.append(plan.down.message(content))
                if rng.random() < 0.05:
                    plan.to_server.append(plan.up.control(secret))
                    plan.to_client.append(plan.down.control(secret))
            if action == "close" and at > 40:
                break
            yield plan
    for action in rng.sample(list(ACTIONS), 2):
        yield from _hard_plans(rng, action, secrets)


def _plan(rng: random.Random, action: str, secrets: list[Secret]) -> Plan:
    """With secrets in the handshake and in the close reason."""
    words = [rng.choice(secrets).text for _ in range(3)]
    said = [word.replace(" ", "+").encode("utf-8").decode("latin-1") for word in words]
    key = next(secret.text for secret in secrets if secret.kind == "key")
    visible = [one.text for one in secrets if one.kind != "password"]
    text = rng.choice(visible)
    hidden = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    plan = Plan(
        rng,
        f"/{action}/{text.replace(' ', '%20')}?token={rng.choice(visible).replace(' ', '+')}",
        f"Cookie: session={said[0]}",
        f"Origin: https://{rng.choice(visible).replace(' ', '-')}.example",
        f"User-Agent: tool {rng.choice(visible)}",
        f"Sec-WebSocket-Protocol: chat, {key}, base64.{hidden}",
    )
    plan.close_payload = close_payload(rng.choice(secrets))
    return plan


def _hard_plans(rng: random.Random, action: str, secrets: list[Secret]) -> Iterator[Plan]:
    """What is large, over a limit, or in many messages."""
    plan = _plan(rng, action, secrets)
    visible = [one for one in secrets if one.kind != "password"]
    plan.to_server += [plan.up.huge(rng.choice(visible))]
    plan.to_client += [plan.down.huge(rng.choice(visible))]
    plan.to_client += [plan.down.dribbled(one) for one in rng.sample(visible, 4)]
    yield plan
    plan = _plan(rng, action, secrets)
    plan.to_server += plan.up.over_a_limit(rng.choice(visible))
    plan.to_client += plan.down.over_a_limit(rng.choice(visible))
    yield plan


async def _drive(proxy: ProxyProcess, servers: Peers, plans: list[Plan]) -> None:
    """A few at a time."""
    waiting = iter(plans)

    async def worker() -> None:
        for plan in waiting:
            await servers.converse(proxy.port, plan)

    await asyncio.gather(*(worker() for _ in range(4)))


def _start(world: World, servers: Peers, *args: str) -> ProxyProcess:
    return ProxyProcess(
        world.written / "proxy",
        "--mode", f"reverse:http://127.0.0.1:{servers.server_port}",
        "--set", "keep_host_header=true",
        "--rules", str(world.rules),
        *args,
    )  # fmt: skip


# The share of all that can be planted, what breaks, the proxy's options.
CASES = {
    "everything shown": (0.35, "", ("--record", "all", "--payloads", "full")),
    "audit, previews": (
        0.3, "", ("--record", "all", "--payloads", "preview", "--audit", "--on-error", "closed"),
    ),
    "scripts that raise": (
        0.15, "message finding uncaught", ("--record", "messages", "--payloads", "full"),
    ),
    "scripts that raise, closed": (
        0.1, "frame",
        ("--record", "all", "--payloads", "full", "--on-error", "closed", "--log", "-"),
    ),
    "a broken engine": (0.15, "engine", ("--record", "all", "--payloads", "full")),
    "a broken engine, closed": (
        0.1, "engine", ("--record", "all", "--payloads", "full", "--on-error", "closed"),
    ),
    "broken sinks": (0.05, "telling", ("--record", "frames", "--payloads", "none")),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
async def test_a_proxy(
    case: str, world: World, rng: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    share, faults, args = CASES[case]
    monkeypatch.setenv("LEAK_FAULTS", faults)
    if faults:
        args = (*args, "-s", str(FAULTS))
    dashboards = Dashboards(4)
    async with peers() as servers:
        with _start(world, servers, *args) as proxy:
            await dashboards.attach(proxy.socket_path)
            plans = list(_plans(rng, world.secrets, share))
            await _drive(proxy, servers, plans)
            limits = Path(f"/proc/{proxy.process.pid}/limits").read_text()
        await dashboards.done()
    (core,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert core.split()[4:6] == ["0", "0"]
    log = b"" if "-" in args else proxy.log_path.read_bytes()
    said, shown = proxy.output.encode(), b"".join(dashboards.said)
    world.search(_readable(said), _readable(shown))
    # The places where a secret could have been are there.
    if "full" in args:
        assert (said if "-" in args else log).count(CANARY.encode()) > 3
    if "engine" in faults:
        assert b'"wsinspect-error"' in log
    if "telling" not in faults:
        assert dashboards.contents > 10
        assert b'"event_type":"alert"' in shown
        assert base64.b64encode(CANARY.encode())[:12] in shown


async def test_the_search_finds_a_leak(
    world: World, rng: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With masking switched off."""
    monkeypatch.setenv("LEAK_FAULTS", "unmasked")
    dashboards = Dashboards(2)
    async with peers() as servers:
        with _start(
            world, servers, "--record", "all", "--payloads", "full", "-s", str(FAULTS)
        ) as p:
            await dashboards.attach(p.socket_path)
            plan = _plan(rng, "log", world.secrets)
            for secret in world.secrets:
                plan.to_client += [plan.down.message(one) for one in [*contents(secret)][:5]]
            await servers.converse(p.port, plan)
        await dashboards.done()
    with pytest.raises(AssertionError, match="leaks"):
        world.search()
    look = Search(world.secrets)
    assert look(p.log_path.read_bytes())
    assert look(b"".join(dashboards.said))


async def test_a_reload_that_fails(world: World) -> None:
    """A broken file, then one whose own tests fail: the old rules stay, and nothing is quoted."""
    card = next(one.text for one in world.secrets if one.kind == "card")
    text = world.rules.read_text()
    rule = "    say: redact a card\n"
    async with peers() as servers:
        with _start(world, servers) as proxy:
            for change in (
                f'    tests: [{{text: "pay {card} now", expect: "pay {card} then"}}]\n',
                "    wrong: 1\n",
            ):
                before = len(proxy.lines)
                world.rules.write_text(text.replace(rule, rule + change))
                proxy.process.send_signal(signal.SIGHUP)
                async with asyncio.timeout(20):
                    while not any("old ones stay" in line for line in proxy.lines[before:]):
                        await asyncio.sleep(0.05)
    world.search(proxy.output.encode())


def _run(*words: object, given: bytes = b"") -> tuple[int, bytes]:
    """A command of ours in a process of its own: its exit code, and all that it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "wsinspect", *map(str, words)],
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(),
        check=False,
    )
    return done.returncode, done.stdout


def _lines(secrets: list[Secret], action: str) -> bytes:
    """For ``rules scan``."""
    out = []
    for secret in secrets:
        for opcode, data in contents(secret):
            line = {"base64": base64.b64encode(data).decode()}
            if opcode == TEXT:
                line = {"text": data.decode()}
            out.append(json.dumps({**line, "path": f"/{action}/x"}))
    return "\n".join(out).encode()


def test_rules_scan_says_where_never_what(world: World) -> None:
    for action in ("log", "mask"):
        code, said = _run(
            "rules", "scan", "--rules", world.rules, given=_lines(world.secrets, action)
        )
        assert code == 0
        assert said.count(b'"detector"') > 100
        world.search(_readable(said))


def test_the_other_commands(world: World, tmp_path: Path) -> None:
    said = _run("rules", "check", world.rules)[1] + _run("rules", "test", world.rules)[1]
    said += _run("rules", "list", world.rules)[1] + _run("rules", "list", "--json", world.rules)[1]
    for kind in ("card", "key", "password", "word", "exact"):
        secret = next(one for one in world.secrets if one.kind == kind)
        for form, (_, data) in zip(([], ["--json"]), [*contents(secret)][2:4], strict=True):
            words = ["--path", "/redact/x", "--rules", world.rules, *form]
            code, told = _run("rules", "explain", "-", *words, given=data)
            assert code == 0
            assert b"redact-" + kind.encode() in told
            said += told
    code, told = _run("rules", "replay", _capture(tmp_path, world.secrets), "--rules", world.rules)
    assert code == 0
    assert b"redact-card" in told
    world.search(_readable(said + told))


def _capture(folder: Path, secrets: list[Secret]) -> Path:
    """A log with whole payloads, written without rules."""
    head = {"timestamp": "2026-11-22T13:00:00.000000Z", "flow_id": 1, "src_ip": "127.0.0.1",
            "src_port": 1, "dest_ip": "127.0.0.1", "dest_port": 2, "proto": "TCP",
            "host": "h"}  # fmt: skip
    opened = {"schema_version": 1, "host": "h", "uri": "/redact/x", "status": 101,
              "http_version": "1.1", "tls": False, "client_protocols": [],
              "client_extensions": [], "server_extensions": [], "findings": []}  # fmt: skip
    lines = [{**head, "event_type": "ws_open", "open": opened}]
    for secret in secrets:
        for opcode, data in contents(secret):
            shown = {"preview": data.decode()} if opcode == TEXT else {
                "preview_base64": base64.b64encode(data).decode()
            }  # fmt: skip
            name = "text" if opcode == TEXT else "binary"
            message: dict[str, object] = {"direction": "to_server", "opcode": name,
                       "payload_len": len(data), "wire_len": len(data) + 6, "frames": 1,
                       "compressed": False, "action": "pass", "rules": [], "injected": False,
                       **shown}  # fmt: skip
            lines.append({**head, "event_type": "ws_message", "message": message})
    path = folder / "capture.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    return path


def test_failing_tests_in_a_rule_file(world: World) -> None:
    """Expected against got, the secret masked; and the same where a proxy will not start."""
    text = world.rules.read_text()
    tests = []
    for kind in ("card", "key"):
        secret = next(one for one in world.secrets if one.kind == kind)
        said = f"{CANARY} {secret.text} thanks"
        for content in (said, json.dumps({secret.text: said})):
            tests += [
                (kind, json.dumps({"text": content, "expect": expect}))
                for expect in ("pass", content, f"{said} no", {"redacted": said})
            ]
    for kind, test in tests:
        text = (
            text.replace(
                f"    say: redact a {kind}\n", f"    say: redact a {kind}\n    tests:\n", 1
            )
            if f"redact a {kind}\n    tests" not in text
            else text
        )
        text = text.replace(f"a {kind}\n    tests:\n", f"a {kind}\n    tests:\n      - {test}\n", 1)
    world.rules.write_text(text)
    code, told = _run("rules", "test", world.rules)
    assert code == 1
    assert told.count(b"expected") >= len(tests) - 2
    code, refused = _run("run", "--headless", "-p", "0", "--rules", world.rules)
    assert code == 2
    world.search(_readable(told + refused))
