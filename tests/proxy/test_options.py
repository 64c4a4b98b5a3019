"""Options under mitmdump: a mistake stops it before it listens."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import get_origin

import pytest

from tests.proxy.conftest import SCRIPTS
from tests.support.proxy import MITMDUMP, ROOT, ProxyProcess, environment
from tests.support.raw import raw_pair
from wsinspect.proxy import options


def mitmdump(tmp_path: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(MITMDUMP), "-p", "0", "--set", f"confdir={tmp_path / 'ca'}",
         "-s", "addons/wsinspect_addon.py", *args],
        cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("wsinspect_keep_messages=abc", ["wsinspect_keep_messages"]),
        ("wsinspect_keep_messages=-1", ["wsinspect_keep_messages"]),
        ("wsinspect_recrod=all", ["wsinspect_recrod", "did you mean wsinspect_record?"]),
        ("wsinspect_limit=abc", ["wsinspect_limit"]),
        ("wsinspect_record=frame", ["wsinspect_record", "did you mean frames?"]),
        ("wsinspect_audit=true", ["wsinspect_audit needs wsinspect_log"]),
        ("wsinspect_audit=perhaps", ["wsinspect_audit"]),
        ("wsinspect_log=/no/such/folder/x", ["/no/such/folder"]),
        ("wsinspect_socket=/no/such/folder/x", ["/no/such/folder"]),
        (f"wsinspect_socket={'x' * 120}", ["too long"]),
    ],
    ids=lambda value: value.partition("=")[2][:12] if isinstance(value, str) else "",
)
def test_a_mistake_stops_mitmdump(tmp_path: Path, setting: str, words: list[str]) -> None:
    result = mitmdump(tmp_path, "--set", setting)
    said = result.stdout + result.stderr
    assert result.returncode == 1, said
    assert "listening" not in said
    for word in words:
        assert word in said


def test_an_option_of_another_script_is_none_of_our_business(tmp_path: Path) -> None:
    """It is declared after ours is loaded."""
    script = tmp_path / "other.py"
    script.write_text(
        "from mitmproxy import ctx\n"
        "def load(loader):\n"
        "    loader.add_option('other_limit', int, 1, 'help')\n"
        "def running():\n"
        "    print('limit', ctx.options.other_limit, flush=True)\n"
        "    ctx.master.shutdown()\n"
    )
    result = mitmdump(tmp_path, "-s", str(script), "--set", "other_limit=7")
    assert "limit 7" in result.stdout, result
    assert result.returncode == 0


@pytest.mark.parametrize(
    ("args", "host"),
    [((), "127.0.0.1"), (("--listen-host", "127.0.0.2"), "127.0.0.2")],
    ids=["default", "told"],
)
def test_it_listens_where_it_should(tmp_path: Path, args: tuple[str, ...], host: str) -> None:
    script = tmp_path / "places.py"
    script.write_text(
        "from mitmproxy import ctx\n"
        "async def running():\n"
        "    server = ctx.master.addons.get('proxyserver')\n"
        "    print('places', [a[0] for a in server.listen_addrs()], flush=True)\n"
        "    ctx.master.shutdown()\n"
    )
    result = mitmdump(tmp_path, "-s", str(script), *args)
    assert f"places ['{host}']" in result.stdout, result


async def test_reloading_the_addon_never_lets_traffic_pass_uninspected(tmp_path: Path) -> None:
    """mitmdump reloads a script whose file changed: live connections end, new ones are seen."""
    import asyncio
    import os

    addon = tmp_path / "copy.py"
    addon.write_text((ROOT / "addons" / "wsinspect_addon.py").read_text())
    log = tmp_path / "log.jsonl"
    with ProxyProcess(
        tmp_path / "p", "-s", str(addon), "--set", f"wsinspect_log={log}",
        command=[str(MITMDUMP), "--listen-host", "127.0.0.1"],
    ) as proxy:  # fmt: skip
        proxy.log_path = log
        async with raw_pair(proxy.port, "/before") as pair:
            await pair.greet()
            os.utime(addon, (2**31, 2**31))
            async with asyncio.timeout(20):
                await asyncio.gather(pair.client.read_to_end(), pair.server.read_to_end())
        async with raw_pair(proxy.port, "/after") as pair:
            await pair.greet()
    assert [e["open"]["uri"] for e in proxy.log() if e["event_type"] == "ws_open"] == [
        "/before",
        "/after",
    ]
    causes = [e["close"]["cause"] for e in proxy.log() if e["event_type"] == "ws_close"]
    assert causes[0] == "shutdown"
    assert len(causes) == 2


def test_every_option_has_help_and_a_good_default() -> None:
    for name, kind, default, choices, text in options.OPTIONS:
        assert isinstance(default, get_origin(kind) or kind), name
        assert text.endswith("."), name
        assert choices is None or default in choices, name
    assert SCRIPTS.is_dir()
